"""List the revisions that changed a dataset, with rows added, removed and changed."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.completion import words
from dsv.cli.output import Terminal
from dsv.cli.words import Words, targets


@click.command("log", cls=Words)
@click.argument("revisions", nargs=-1, metavar="[RANGE] [-- DATASET…]", shell_complete=words)
@click.option("--stat", is_flag=True, help="Show author, number of rows and migrations too.")
@click.option("-n", "--limit", type=click.IntRange(min=0), metavar="N", help="Show at most N revisions.")
@click.pass_obj
def command(terminal: Terminal, revisions: tuple[str, ...], stat: bool, limit: int | None) -> None:
    """List the revisions that changed a dataset: rows added (+), removed (-) and changed (~)."""
    from dsv.api.log import log
    from dsv.views.log import build

    entries = log(Path.cwd(), revisions, targets(), limit=limit, progress=terminal.progress())
    terminal.show(build(entries, stat=stat))
