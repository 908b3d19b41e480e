"""Say what is uncommitted, not pushed, pending or edited by hand, and what to run next."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.options import Display, result_options
from dsv.cli.output import Terminal
from dsv.errors import DsvError


@click.command("status")
@click.option("--remote", is_flag=True, help="Ask DVC's remote what it has; one on this machine is looked at anyway.")
@result_options("dsv.status/1")
@click.pass_obj
def command(terminal: Terminal, remote: bool, display: Display) -> int:
    """Say where each dataset stands: what is uncommitted or not pushed, which migrations are pending."""
    from dsv.api.status import status
    from dsv.renderers import _status
    from dsv.views.status import build

    found = status(Path.cwd(), terminal.progress(), remote=remote)
    terminal.present(display, lambda: build(found), lambda: _status.render(found))
    return 0 if found.complete else DsvError.exit_code
