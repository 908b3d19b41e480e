"""List the migrations, newest first: effect, rows, and who brought them."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.options import Display, dataset_option, result_options
from dsv.cli.output import Terminal


@click.command("log")
@dataset_option
@click.option("-n", "--limit", type=click.IntRange(min=0), metavar="N", help="Show at most N migrations.")
@result_options("dsv.migrate-log/1")
@click.pass_obj
def command(terminal: Terminal, dataset: str | None, limit: int | None, display: Display) -> None:
    """List the migrations of a chain, newest first: effect, rows added (+), removed (-) and changed (~), commit."""
    from dsv.api.migrate.log import log
    from dsv.renderers import _plan
    from dsv.views.migration import build_log

    found = log(Path.cwd(), dataset=dataset)[:limit]
    terminal.present(display, lambda: build_log(found), lambda: _plan.log(found))
