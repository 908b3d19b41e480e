"""Publishing delimited text: what did not change keeps the base's bytes, cell by cell."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import IO, Any

from dsv.formats._bytes import BOM, open_bytes
from dsv.formats._changes import Changes, RowEdit, find
from dsv.formats._layout import Layout, lines, read_layout
from dsv.formats._records import Record, syntax
from dsv.formats.base import Publication
from dsv.tables.duckdb import identifier

Line = tuple[bytes, bytes]
"""A line without its end, and the end."""


def publish(publication: Publication, stream: IO[bytes], delimiters: Sequence[str]) -> None:
    """Write the final rows as the base spells them. Raises: FormatError: the base cannot be read."""
    changes = find(publication)
    layout = read_layout(publication.base, delimiters)
    writer = _Writer(changes, layout)
    with open_bytes(publication.base) as source:
        head = source.read(len(BOM))
        stream.write(head if head == BOM else b"")
    with open_bytes(publication.base) as source:
        _write(stream, writer.base_lines(source), writer.added_lines(), writer)


def _write(stream: IO[bytes], kept: Iterator[Line], added: Iterator[Line], writer: _Writer) -> None:
    """Write lines, each with its own end; the last one ends as the base's last one does."""
    held: Line | None = None
    for body, end in itertools.chain(kept, added):
        if held is not None:
            stream.write(held[0] + (held[1] or writer.line_end))
        held = (body, end)
    if held is not None:
        stream.write(held[0] + (writer.line_end if writer.ends else b""))


class _Writer:
    """Spells the lines of the published file."""

    def __init__(self, changes: Changes, layout: Layout) -> None:
        self.changes = changes
        self.layout = layout
        self.rules = syntax(layout.delimiter)
        self.line_end, self.ends = b"\n", True
        self.fields = changes.publication.final.schema.names
        kept = changes.kept
        self.places = [layout.names.index(kept[name]) if name in kept else None for name in self.fields]
        self.truths = {name: _capital_truths(changes, name) for name in self.fields}

    def base_lines(self, source: IO[bytes]) -> Iterator[Line]:
        """The header and the base's rows, in their order, without the removed ones."""
        edits = self.changes.edits()
        edit = next(edits, None)
        position = 0
        for kind, record in self.layout.walk(lines(source), check=False):
            self._note_end(record)
            if kind == "row":
                position += 1
            if kind == "row" and edit is not None and edit.position == position:
                if not edit.removed:
                    yield self._edited(record, edit), record.line_end()
                edit = next(edits, None)
            elif self.changes.same_fields or kind == "blank":
                yield record.body(), record.line_end()
            elif kind == "header":
                yield self._header(record), record.line_end()
            else:
                yield self._edited(record, RowEdit(position, False, {})), record.line_end()

    def added_lines(self) -> Iterator[Line]:
        """The rows that the base does not have."""
        for row in self.changes.added():
            yield self._join(self._spell(name, row[name]) for name in self.fields), self.line_end

    def _note_end(self, record: Record) -> None:
        end = record.line_end()
        self.ends = bool(end)
        self.line_end = end or self.line_end

    def _header(self, record: Record) -> bytes:
        cells = self.rules.cells(record)
        kept = self.changes.kept
        return self._join(
            cells[place] if place is not None and kept[name] == name else self._text(name)
            for name, place in zip(self.fields, self.places, strict=True)
        )

    def _edited(self, record: Record, edit: RowEdit) -> bytes:
        cells = self.rules.cells(record)
        return self._join(
            self._spell(name, edit.values[name])
            if name in edit.values
            else (cells[place] if place is not None else b"")
            for name, place in zip(self.fields, self.places, strict=True)
        )

    def _join(self, cells: Iterator[bytes]) -> bytes:
        return self.rules.delimiter.join(cells)

    def _spell(self, name: str, value: Any) -> bytes:
        if isinstance(value, bool):
            text = str(value)
            return text.encode() if self.truths[name] else text.lower().encode()
        return spelled(value, self.layout.delimiter)

    def _text(self, text: str) -> bytes:
        return spelled(text, self.layout.delimiter)


def spelled(value: Any, delimiter: str) -> bytes:
    """A value as a cell: nothing for a missing one, quotes only where they are needed."""
    if value is None:
        return b""
    if isinstance(value, datetime | date):
        text = value.isoformat()
    elif isinstance(value, bytes):
        text = value.hex()
    elif isinstance(value, Mapping | list):
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    else:
        text = value if isinstance(value, str) else repr(value)
    if text == "" or any(mark in text for mark in (delimiter, '"', "\n", "\r")):
        text = '"' + text.replace('"', '""') + '"'
    return text.encode("utf-8")


def _capital_truths(changes: Changes, name: str) -> bool:
    """Say whether the base spells the truth values of a field `True` and `False`."""
    from dsv.formats.base import scan

    origin = changes.kept.get(name)
    if origin is None or changes.base.schema[origin].type != "boolean":
        return False
    table = scan(changes.base.engine, changes.publication.base).table
    column = identifier(origin)
    return bool(table.engine.value(f"SELECT count(*) FROM {table.relation} WHERE {column} IN ('True', 'False')"))
