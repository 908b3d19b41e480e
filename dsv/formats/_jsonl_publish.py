"""Publishing JSON Lines: members and lines that did not change keep their bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import IO, Any

from dsv.errors import FormatError
from dsv.formats import _spelling
from dsv.formats._bytes import BOM, LineWriter, line_end, open_bytes
from dsv.formats._changes import Changes, RowEdit
from dsv.formats._json_spans import Members
from dsv.formats._jsonl_lines import Line, rows


def write(changes: Changes, edits: Iterator[RowEdit], added: Iterator[Mapping[str, Any]], out: IO[bytes]) -> int:
    """Write the lines of the base without the removed ones, then the added ones; the number of rows.

    Raises: FormatError: a line that the engine reads is not JSON by the book.
    """
    base = changes.publication.base
    writer = _Writer(changes)
    with open_bytes(base) as stream:
        head = stream.read(len(BOM))
        out.write(head if head == BOM else b"")
    with open_bytes(base) as stream:
        target = LineWriter(out)
        writer.base_lines(rows(base, stream), edits, target)
        writer.added_lines(added, target)
        target.close()
    return writer.rows


class _Writer:
    """Spells the lines of the published file, and counts its rows."""

    def __init__(self, changes: Changes) -> None:
        kept = {origin: name for name, origin in changes.kept.items()}
        self.changes = changes
        self.names = {origin: kept.get(origin) for origin in changes.base.schema.names}
        self.types = {item.name: item.type for item in changes.final.schema}
        self.rows = 0
        self.model = Members("{}")

    def base_lines(self, source: Iterator[tuple[Line, bool]], edits: Iterator[RowEdit], target: LineWriter) -> None:
        """Write the base's lines, in their order, without the removed rows."""
        edit = next(edits, None)
        position = 0
        last: Line | None = None
        for line, is_row in source:
            end = line_end(line.raw)
            target.saw(end)
            values: Mapping[str, Any] = {}
            if is_row:
                position += 1
                last = line
                if edit is not None and edit.position == position:
                    values, removed = edit.values, edit.removed
                    edit = next(edits, None)
                    if removed:
                        continue
                self.rows += 1
            body = line.raw.removesuffix(end)
            touched = is_row and (values or not self.changes.same_fields)
            target.write(self._edited(line, body, values) if touched else body, end)
        if last is not None:
            self.model = self._members(last, last.raw.removesuffix(line_end(last.raw)))

    def added_lines(self, added: Iterator[Mapping[str, Any]], target: LineWriter) -> None:
        """Write the rows that the base does not have, in the style of its last one."""
        nothing = dict.fromkeys(self.names)
        for row in added:
            self.rows += 1
            target.write(self.model.edited(nothing, self._texts(row, self.model)).encode("utf-8"))

    def _edited(self, line: Line, body: bytes, values: Mapping[str, Any]) -> bytes:
        members = self._members(line, body)
        return members.edited(self.names, self._texts(values, members)).encode("utf-8")

    def _members(self, line: Line, body: bytes) -> Members:
        try:
            return Members(body.decode("utf-8"))
        except (ValueError, IndexError):
            raise FormatError(
                "the line is not JSON by the book, and so it cannot be changed in place",
                where=f"{self.changes.publication.base.shown_path}:{line.number}",
                hint="a comma may be too many",
            ) from None

    def _texts(self, values: Mapping[str, Any], members: Members) -> dict[str, str]:
        return {name: self._text(name, value, members.escapes) for name, value in values.items()}

    def _text(self, name: str, value: Any, escapes: bool) -> str:
        if value is not None and self.types[name] == "json":
            return str(value)
        return json.dumps(value, ensure_ascii=escapes, default=_spelling.plain)
