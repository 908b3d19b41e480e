"""Show what the pending migrations would do."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.options import dataset_option
from dsv.cli.output import Terminal


@click.command("plan")
@click.argument("to", required=False, metavar="[ID]")
@dataset_option
@click.pass_obj
def command(terminal: Terminal, to: str | None, dataset: str | None) -> None:
    """Show what the pending migrations would do, up to ID, counted before anything runs."""
    from dsv.api.migrate.plan import plan as foretell
    from dsv.views.plan import build

    for found in foretell(Path.cwd(), to, dataset=dataset):
        terminal.show(build(found))
