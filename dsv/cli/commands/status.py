"""Say what is uncommitted, pending or edited by hand, and what to run next."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.output import Terminal
from dsv.errors import DsvError


@click.command("status")
@click.pass_obj
def command(terminal: Terminal) -> int:
    """Say where each dataset stands: what is uncommitted, which migrations are pending."""
    from dsv.api.status import status
    from dsv.views.status import build

    found = status(Path.cwd(), terminal.progress())
    terminal.show(build(found.datasets, heading=found.heading))
    return 0 if all(item.readable for item in found.datasets) else DsvError.exit_code
