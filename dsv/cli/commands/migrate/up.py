"""Apply the pending migrations."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.completion import complete
from dsv.cli.options import dataset_option
from dsv.cli.output import Terminal


@click.command("up")
@click.argument("to", required=False, metavar="[ID]", shell_complete=complete("migration"))
@dataset_option
@click.pass_obj
def command(terminal: Terminal, to: str | None, dataset: str | None) -> None:
    """Apply the pending migrations, up to ID: write their stages, run DVC, compare with the plan."""
    from dsv.api.migrate.up import up as apply

    for line in apply(Path.cwd(), to, dataset=dataset, progress=terminal.progress()):
        terminal.say(line)
