"""List the revisions that changed a dataset, with rows added, removed and changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dsv.cli.completion import complete, words
from dsv.cli.options import Display, result_options
from dsv.cli.output import Terminal
from dsv.cli.words import Words, targets

if TYPE_CHECKING:
    from dsv.api.targets import Target

INCOMPLETE = 3


@click.command("log", cls=Words)
@click.argument("revisions", nargs=-1, metavar="[RANGE] [-- DATASET[:KEY]…]", shell_complete=words)
@click.option("--stat", is_flag=True, help="Show author, number of rows, schema changes and class moves too.")
@click.option("-n", "--limit", type=click.IntRange(min=0), metavar="N", help="Show at most N revisions.")
@click.option(
    "-k",
    "--key",
    multiple=True,
    metavar="FIELD",
    shell_complete=complete("field"),
    help="With DATASET:KEY, field that names a row, where none is declared. Give it once for each field of the key.",
)
@result_options("dsv.log/1")
@click.pass_obj
def command(
    terminal: Terminal,
    revisions: tuple[str, ...],
    stat: bool,
    limit: int | None,
    key: tuple[str, ...],
    display: Display,
) -> int | None:
    """List the revisions that changed a dataset: rows added (+), removed (-) and changed (~).

    With DATASET:KEY, the life of one row: the revisions that changed it, and how.
    """
    if any(":" in word for word in targets() or ()):
        from dsv.api.row_log import named_row

        row = named_row(Path.cwd(), targets() or ())
        if row is not None:
            return _row(terminal, revisions, row, key, limit, display)
    from dsv.api.log import log
    from dsv.renderers import _log
    from dsv.views.log import build

    meaning = stat or display.form == "json"
    entries = log(Path.cwd(), revisions, targets(), limit=limit, meaning=meaning, progress=terminal.progress())
    terminal.present(display, lambda: build(entries, stat=stat), lambda: _log.render(entries))
    return None


def _row(
    terminal: Terminal,
    revisions: tuple[str, ...],
    target: Target,
    key: tuple[str, ...],
    limit: int | None,
    display: Display,
) -> int:
    from dsv.api.row_log import row_log
    from dsv.renderers import _log
    from dsv.views.log import build_rows

    events, findings = row_log(Path.cwd(), revisions, target, key=key, limit=limit, progress=terminal.progress())
    terminal.present(display, lambda: build_rows(events, findings), lambda: _log.render_rows(events, findings))
    return INCOMPLETE if findings else 0
