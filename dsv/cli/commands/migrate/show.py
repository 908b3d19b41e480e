"""Show one migration: its document, effect, counts, digest and environment."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.completion import complete
from dsv.cli.options import Display, dataset_option, result_options
from dsv.cli.output import Terminal


@click.command("show")
@click.argument("migration", metavar="ID", shell_complete=complete("migration"))
@dataset_option
@result_options("dsv.migrate-show/1")
@click.pass_obj
def command(terminal: Terminal, migration: str, dataset: str | None, display: Display) -> None:
    """Show one migration: what it does, counted from its input, its parameters, who brought it, its document.

    The beginning of an id is enough, such as m0004.
    """
    from dsv.api.migrate.show import show
    from dsv.renderers import _plan
    from dsv.views.migration import build_show

    found = show(Path.cwd(), migration, dataset=dataset)
    terminal.present(display, lambda: build_show(found), lambda: _plan.show(found))
