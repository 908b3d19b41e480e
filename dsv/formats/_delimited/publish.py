"""Publishing delimited text: what did not change keeps the base's bytes, cell by cell."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

from dsv.formats._delimited.layout import Kind, Layout, lines, read_layout
from dsv.formats._delimited.records import Record, syntax
from dsv.formats._shared import spelling
from dsv.formats._shared.bytes import BOM, MARKER, LineWriter, open_bytes
from dsv.formats._shared.changes import Changes, RowEdit
from dsv.formats._shared.changes import publish as publish_changes
from dsv.formats.base import Publication, scan
from dsv.tables.duckdb import identifier


def publish(publication: Publication, stream: IO[bytes], delimiters: Sequence[str]) -> None:
    """Write the final rows as the base spells them. Raises: FormatError: the base cannot be read."""

    def write(changes: Changes, edits: Iterator[RowEdit], added: Iterator[Mapping[str, Any]], out: IO[bytes]) -> int:
        writer = _Writer(changes, read_layout(publication.base, delimiters))
        with open_bytes(publication.base) as source:
            head = source.read(len(BOM))
            out.write(head if head == BOM else b"")
        with open_bytes(publication.base) as source:
            target = LineWriter(out)
            writer.base_lines(source, edits, target)
            writer.added_lines(added, target)
            target.close()
        return writer.rows

    publish_changes(publication, stream, write)


MISREAD = (MARKER.decode(), BOM.decode())
"""What a reader would take for something else at the beginning of a line or a file."""


class _Writer:
    """Spells the lines of the published file, and counts its rows.

    `quotes_all`: the base quotes every cell of its header.
    """

    def __init__(self, changes: Changes, layout: Layout) -> None:
        kept = changes.kept
        self.changes = changes
        self.layout = layout
        self.rules = syntax(layout.delimiter)
        self.marks = (layout.delimiter, '"', "\n", "\r")
        self.fields = changes.final.schema.names
        self.places = [layout.names.index(kept[name]) if name in kept else None for name in self.fields]
        self.truths = _title_case_truths(changes)
        self.rows = 0
        self.quotes_all = False

    def base_lines(self, source: IO[bytes], edits: Iterator[RowEdit], target: LineWriter) -> None:
        """Write the header and the base's rows, in their order, without the removed ones."""
        edit = next(edits, None)
        position = 0
        walk = self.layout.walk(lines(source), check=self.changes.publication.base.options.skip_malformed)
        for kind, record in walk:
            target.saw(record.line_end())
            if kind == "blank" and len(self.fields) == 1 < len(self.layout.names):
                continue  # in a file of one field it would read as a row
            values: Mapping[str, Any] = {}
            if kind == "row":
                position += 1
                if edit is not None and edit.position == position:
                    values, removed = edit.values, edit.removed
                    edit = next(edits, None)
                    if removed:
                        continue
                self.rows += 1
            target.write(self._line(kind, record, values), record.line_end())

    def added_lines(self, added: Iterator[Mapping[str, Any]], target: LineWriter) -> None:
        """Write the rows that the base does not have."""
        for row in added:
            self.rows += 1
            cells = (self._cell(name, row[name], self.quotes_all) for name in self.fields)
            target.write(self.rules.delimiter.join(cells))

    def _line(self, kind: Kind, record: Record, values: Mapping[str, Any]) -> bytes:
        if kind == "header":
            self.quotes_all = _all_quoted(self.rules.cells(record))
        if kind in ("blank", "malformed") or (self.changes.same_fields and not values):
            return record.body()
        return self._header(record) if kind == "header" else self._row(record, values)

    def _header(self, record: Record) -> bytes:
        cells = self.rules.cells(record)
        kept = self.changes.kept
        return self.rules.delimiter.join(
            cells[place] if place is not None and kept[name] == name else self._quoted(name, self.quotes_all)
            for name, place in zip(self.fields, self.places, strict=True)
        )

    def _row(self, record: Record, values: Mapping[str, Any]) -> bytes:
        """A row of the base with some cells replaced; a cell that was quoted stays so."""
        cells = self.rules.cells(record)
        quotes_all = _all_quoted(cells)
        found = []
        for name, place in zip(self.fields, self.places, strict=True):
            raw = cells[place] if place is not None else b""
            if name in values:
                raw = self._cell(name, values[name], quotes_all or raw.startswith(b'"'))
            found.append(raw)
        return self.rules.delimiter.join(found)

    def _cell(self, name: str, value: Any, quoted: bool) -> bytes:
        if value is None:
            return b""
        if isinstance(value, bool):
            text = str(value) if name in self.truths else str(value).lower()
        elif isinstance(value, float):
            text = spelling.number(value)
        elif isinstance(value, str | int):
            text = str(value)
        elif isinstance(value, Mapping | list):
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=spelling.plain)
        else:
            text = str(spelling.plain(value))
        return self._quoted(text, quoted)

    def _quoted(self, text: str, always: bool) -> bytes:
        if always or text == "" or text.startswith(MISREAD) or any(mark in text for mark in self.marks):
            text = '"' + text.replace('"', '""') + '"'
        return text.encode("utf-8")


def _all_quoted(cells: Sequence[bytes]) -> bool:
    return all(cell.startswith(b'"') for cell in cells)


def _title_case_truths(changes: Changes) -> frozenset[str]:
    """Fields whose truth values the base spells `True` and `False`."""
    kept = {name: origin for name, origin in changes.kept.items() if changes.base.schema[origin].type == "boolean"}
    if not kept:
        return frozenset()
    table = scan(changes.base.engine, changes.publication.base).table
    tests = ", ".join(f"bool_or({identifier(origin)} IN ('True', 'False'))" for origin in kept.values())
    found = table.engine.rows(f"SELECT {tests} FROM {table.relation}")[0]
    return frozenset(name for name, titled in zip(kept, found, strict=True) if titled)
