"""Move the head back to a migration."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.completion import complete
from dsv.cli.options import dataset_option
from dsv.cli.output import Terminal


@click.command("down")
@click.argument("to", metavar="ID", shell_complete=complete("migration"))
@dataset_option
@click.pass_obj
def command(terminal: Terminal, to: str, dataset: str | None) -> None:
    """Move the head back to ID (m0000_base is the base). Nothing is deleted; up comes back."""
    from dsv.api.migrate.down import down as back

    with terminal.progress().task("moving the head") as task:
        done = back(Path.cwd(), to, dataset=dataset)
        task.advance()
    for line in done:
        terminal.say(line)
