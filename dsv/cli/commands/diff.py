"""Show what differs: rows, cells, schema, labels, between two revisions or two files."""

from __future__ import annotations

from collections.abc import Iterable
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

LIMIT = 10
DIFFERENT, INCOMPLETE = 1, 3


@click.command("diff", cls=Words)
@click.argument(
    "revisions",
    nargs=-1,
    metavar="[REV [REV] | A..B | A...B | OLD_FILE NEW_FILE] [-- DATASET[:KEY]…]",
    shell_complete=words,
)
@diff_options
@click.pass_obj
def command(terminal: Terminal, revisions: tuple[str, ...], options: DiffOptions, display: Display) -> int:
    """Show what differs between two snapshots of the datasets.

    \b
    dsv diff                  HEAD and the workspace
    dsv diff REV              REV and the workspace
    dsv diff A B, dsv diff A..B
    dsv diff A...B            the merge base of A and B, and B
    dsv diff OLD_FILE NEW_FILE

    What stands after -- names datasets or paths; NAME:KEY names one row.
    """  # noqa: D301 - the mark keeps click from joining the lines
    from dsv.api.diff import compare

    with compare(Path.cwd(), revisions, targets(), options, terminal.progress()) as comparison:
        result = comparison.result
        _emit(terminal, result, display)
    if not result.complete:
        return INCOMPLETE
    different = any(item.status != "unchanged" and item.layers() - display.hide for item in result.datasets)
    return DIFFERENT if display.exit_code and different else 0


def _emit(terminal: Terminal, result: DiffResult, display: Display) -> None:
    if display.form == "json" or display.form == "jsonl":
        terminal.emit(_machine(result, display), display.output)
        return
    from dsv.views.diff import build

    limit = LIMIT if display.limit is None and "rows" not in display.views else display.limit
    page = build(result, views=display.views, limit=limit, kinds=display.kinds, hide=display.hide)
    if display.form == "md":
        from dsv.renderers import markdown

        terminal.emit(markdown.stream(page), display.output)
    else:
        terminal.show(page, display.output)


def _machine(result: DiffResult, display: Display) -> Iterable[str]:
    if display.form == "json":
        from dsv.renderers import json

        return json.stream(result, limit=display.limit, kinds=display.kinds)
    from dsv.renderers import jsonl

    return jsonl.stream(result, limit=display.limit, kinds=display.kinds)
