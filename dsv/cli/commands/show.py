"""Show a commit, and what it changed in the datasets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dsv.cli.completion import words
from dsv.cli.options import Display, diff_options
from dsv.cli.output import Terminal
from dsv.cli.words import Words, targets

if TYPE_CHECKING:
    from dsv.api.diff import DiffOptions
    from dsv.model.diff import DiffResult
    from dsv.model.history import CommitDetails
    from dsv.model.page import Page

LIMIT = 10
DIFFERENT, INCOMPLETE = 1, 3


@click.command("show", cls=Words)
@click.argument("revision", default="HEAD", metavar="[REV] [-- DATASET[:KEY]…]", shell_complete=words)
@diff_options
@click.pass_obj
def command(terminal: Terminal, revision: str, options: DiffOptions, display: Display) -> int:
    """Show a commit (HEAD, if none is named): author, date, message, and the diff with its first parent.

    Options are those of dsv diff.
    """
    from dsv.api.show import show

    commit, comparison = show(Path.cwd(), revision, targets(), options, terminal.progress())
    with comparison:
        result = comparison.result
        if display.form == "jsonl":
            from dsv.renderers import jsonl

            terminal.emit(jsonl.stream(result, limit=display.limit, kinds=display.kinds), display.output)
        else:
            terminal.present(display, lambda: _page(commit, result, display), lambda: _json(commit, result, display))
    if not result.complete:
        return INCOMPLETE
    different = any(item.status != "unchanged" and item.layers() - display.hide for item in result.datasets)
    return DIFFERENT if display.exit_code and different else 0


def _page(commit: CommitDetails, result: DiffResult, display: Display) -> Page:
    from dsv.views import diff, show

    limit = LIMIT if display.limit is None and "rows" not in display.views else display.limit
    return show.build(
        commit, diff.build(result, views=display.views, limit=limit, kinds=display.kinds, hide=display.hide)
    )


def _json(commit: CommitDetails, result: DiffResult, display: Display) -> str:
    from dsv.renderers import _show, json

    limit = json.SAMPLES if display.limit is None else display.limit
    return _show.render(commit, json.document(result, limit, display.kinds))
