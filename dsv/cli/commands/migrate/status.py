"""List the migrations: applied, pending, and what does not agree."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.options import dataset_option
from dsv.cli.output import Terminal


@click.command("status")
@dataset_option
@click.pass_obj
def command(terminal: Terminal, dataset: str | None) -> None:
    """List the migrations: applied, pending, and what does not agree."""
    from dsv.api.migrate.status import status as state
    from dsv.views.migrations import build

    for found in state(Path.cwd(), dataset=dataset):
        terminal.show(build(found.dataset, found.migrations, lock=found.lock, problems=found.findings))
