"""Publishing JSON Lines: members and lines that did not change keep their bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import IO, Any

from dsv.formats._json.lines import Line, rows
from dsv.formats._json.spelling import Speller
from dsv.formats._shared.bytes import BOM, LineWriter, line_end, open_bytes
from dsv.formats._shared.changes import Changes, RowEdit


def write(changes: Changes, edits: Iterator[RowEdit], added: Iterator[Mapping[str, Any]], out: IO[bytes]) -> int:
    """Write the lines of the base without the removed ones, then the added ones; the number of rows.

    Raises: FormatError: a line that the engine reads is not JSON by the book.
    """
    base = changes.publication.base
    speller = Speller(changes)
    with open_bytes(base) as stream:
        head = stream.read(len(BOM))
        out.write(head if head == BOM else b"")
    with open_bytes(base) as stream:
        target = LineWriter(out)
        written = _base_lines(speller, rows(base, stream), edits, target)
        for row in added:
            target.write(speller.added(row))
            written += 1
        target.close()
    return written


def _base_lines(
    speller: Speller, source: Iterator[tuple[Line, bool]], edits: Iterator[RowEdit], target: LineWriter
) -> int:
    """Write the base's lines, in their order, without the removed rows; the number of rows written."""
    edit = next(edits, None)
    position = written = 0
    last: Line | None = None
    for line, is_row in source:
        end = line_end(line.raw)
        target.saw(end)
        body = line.raw.removesuffix(end)
        if not is_row:
            target.write(body, end)
            continue
        position += 1
        last = line
        values: Mapping[str, Any] = {}
        removed = False
        if edit is not None and edit.position == position:
            values, removed = edit.values, edit.removed
            edit = next(edits, None)
        if not removed:
            written += 1
            target.write(speller.edited(line, body, values), end)
    if last is not None:
        speller.like(last, last.raw.removesuffix(line_end(last.raw)))
    return written
