"""Take away what dsv install has put into the repository."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.output import Terminal


@click.command("uninstall")
@click.option("--dry-run", is_flag=True, help="Say what would be changed, and change nothing.")
@click.pass_obj
def command(terminal: Terminal, dry_run: bool) -> None:
    """Take away what dsv install has put into the repository, and nothing else."""
    from dsv.api.install import uninstall

    found = uninstall(Path.cwd(), dry_run=dry_run)
    word = "would take away" if dry_run else "took away"
    terminal.say(*([f"{word} {item}" for item in found.changed] or ["nothing is installed"]))
