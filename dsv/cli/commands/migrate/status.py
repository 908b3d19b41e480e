"""List the migrations: applied, pending, and what does not agree."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.options import Display, dataset_option, result_options
from dsv.cli.output import Terminal


@click.command("status")
@dataset_option
@result_options("dsv.migrate-status/1")
@click.pass_obj
def command(terminal: Terminal, dataset: str | None, display: Display) -> int:
    """List the migrations: applied, pending, and what does not agree, each with the next command."""
    from dsv.api.migrate.status import status
    from dsv.renderers import _chains
    from dsv.views.migrations import build

    found = status(Path.cwd(), dataset=dataset)
    terminal.present(display, lambda: build(*found), lambda: _chains.status(found))
    return max(item.exit_code for item in found)
