"""Show what the pending migrations would do."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.completion import complete
from dsv.cli.options import Display, dataset_option, result_options
from dsv.cli.output import Terminal


@click.command("plan")
@click.argument("to", required=False, metavar="[ID]", shell_complete=complete("migration"))
@dataset_option
@click.option(
    "--pin", "pinned", is_flag=True, help="Write what they come to into their documents; up holds them to it."
)
@result_options("dsv.plan/1")
@click.pass_obj
def command(terminal: Terminal, to: str | None, dataset: str | None, pinned: bool, display: Display) -> None:
    """Show what the pending migrations would do, up to ID, counted before anything runs."""
    from dsv.api.migrate.plan import pin, plan
    from dsv.renderers import _plan
    from dsv.views.plan import build

    found = (pin if pinned else plan)(Path.cwd(), to, dataset=dataset)
    terminal.present(display, lambda: build(*found), lambda: _plan.render(found))
