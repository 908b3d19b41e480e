"""Show datasets in git diff, show and log, and have Git's hooks check them."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.output import Terminal


@click.command("install")
@click.option("--no-hooks", is_flag=True, help="Leave Git's hooks as they are.")
@click.option("--private", is_flag=True, help="Keep the attributes in .git/info, not in .gitattributes.")
@click.option("--dry-run", is_flag=True, help="Say what would be changed, and change nothing.")
@click.pass_obj
def command(terminal: Terminal, no_hooks: bool, private: bool, dry_run: bool) -> None:
    """Have Git show datasets by dsv in this repository, and run dsv in its hooks after those that are there.

    dsv uninstall takes it all away again.
    """
    from dsv.api.install import install

    found = install(Path.cwd(), hooks=not no_hooks, private=private, dry_run=dry_run)
    word = "would set" if dry_run else "set"
    terminal.say(*([f"{word} {item}" for item in found.changed] or ["all is installed already"]))
    for note in found.notes:
        terminal.note(note)
