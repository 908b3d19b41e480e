"""Say which commit last changed each cell of a row."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.completion import blamed, complete
from dsv.cli.options import Display, result_options
from dsv.cli.output import Terminal
from dsv.cli.words import Words, targets
from dsv.errors import UsageError

INCOMPLETE = 3


@click.command("blame", cls=Words)
@click.argument("words", nargs=-1, metavar="[REV] [--] DATASET[:KEY]", shell_complete=blamed)
@click.option(
    "--field",
    "fields",
    multiple=True,
    metavar="FIELD",
    shell_complete=complete("field"),
    help="Follow this field only. May be given again.",
)
@click.option("--where", metavar="SQL", help="Follow the rows for which this is true, such as \"class = 'bike'\".")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Follow at most N rows (1,000).")
@click.option(
    "-k",
    "--key",
    multiple=True,
    metavar="FIELD",
    shell_complete=complete("field"),
    help="Field that names a row, where none is declared. Give it once for each field of the key.",
)
@result_options("dsv.blame/1")
@click.pass_obj
def command(
    terminal: Terminal,
    words: tuple[str, ...],
    fields: tuple[str, ...],
    where: str | None,
    limit: int | None,
    key: tuple[str, ...],
    display: Display,
) -> int:
    """Say which commit and migration last changed each cell of a row, at a revision or (without one) now.

    KEY is the row's key; write a composite one as a CSV record: DATASET:"a,b",3.
    """
    from dsv.api.blame import MOST_ROWS, blame
    from dsv.renderers import _blame
    from dsv.views.blame import build

    revision, target = _meant(words)
    found = blame(
        Path.cwd(),
        revision,
        target,
        key=key,
        fields=fields,
        where=where,
        limit=limit or MOST_ROWS,
        progress=terminal.progress(),
    )
    terminal.present(display, lambda: build(found), lambda: _blame.render(found))
    return 0 if found.complete else INCOMPLETE


def _meant(words: tuple[str, ...]) -> tuple[str | None, str]:
    """The revision and the target, as `git blame` reads its arguments."""
    named = targets()
    revisions, rest = (words[:-1], words[-1:]) if named is None else (words, named)
    if len(rest) != 1 or len(revisions) > 1:
        raise UsageError("name one row of one dataset", hint="dsv blame [REV] [--] DATASET:KEY")
    if any(".." in word for word in revisions):
        raise UsageError(f"{revisions[0]!r} is a range; blame begins at one revision")
    return revisions[0] if revisions else None, rest[0]
