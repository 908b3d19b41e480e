"""Say what is uncommitted, not pushed, pending or edited by hand, and what to run next."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.output import Terminal
from dsv.errors import DsvError


@click.command("status")
@click.option("--remote", is_flag=True, help="Ask DVC's remote what it has; one on this machine is looked at anyway.")
@click.pass_obj
def command(terminal: Terminal, remote: bool) -> int:
    """Say where each dataset stands: what is uncommitted or not pushed, which migrations are pending."""
    from dsv.api.status import status
    from dsv.views.status import build

    found = status(Path.cwd(), terminal.progress(), remote=remote)
    terminal.show(build(found.datasets, heading=found.heading))
    return 0 if all(item.readable for item in found.datasets) else DsvError.exit_code
