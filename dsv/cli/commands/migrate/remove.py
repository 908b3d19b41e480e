"""Take out the last migration, if it is not committed."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.completion import complete
from dsv.cli.options import dataset_option
from dsv.cli.output import Terminal


@click.command("remove")
@click.argument("migration", metavar="ID", shell_complete=complete("migration"))
@dataset_option
@click.pass_obj
def command(terminal: Terminal, migration: str, dataset: str | None) -> None:
    """Remove the last migration, if it is not committed; with the last one goes the chain.

    Its file, its stage and its parameters are taken out.
    """
    from dsv.api.migrate.remove import remove as take_out

    for line in take_out(Path.cwd(), migration, dataset=dataset):
        terminal.say(line)
