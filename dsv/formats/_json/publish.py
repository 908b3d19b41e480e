"""Publishing a JSON array: elements, and what stands between them, keep their bytes."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping
from typing import IO, Any

from dsv.formats._json.array import ARRAY, Element, mapped
from dsv.formats._json.lines import Line, rows
from dsv.formats._json.spelling import Speller
from dsv.formats._shared.bytes import open_bytes
from dsv.formats._shared.changes import Changes, RowEdit


def write(changes: Changes, edits: Iterator[RowEdit], added: Iterator[Mapping[str, Any]], out: IO[bytes]) -> int:
    """Write the elements of the base without the removed ones, then the added ones; the number of rows.

    Raises: FormatError: an element that the engine reads is not JSON by the book.
    """
    base = changes.publication.base
    with open_bytes(base) as stream, open_bytes(base) as again, mapped(base, again) as data:
        writer = _Writer(Speller(changes), data, out)
        writer.base_elements(rows(base, stream, ARRAY), edits)
        writer.added_elements(added)
        writer.close()
        return writer.rows


class _Writer:
    """Writes elements with what the base has between them, and counts the rows."""

    def __init__(self, speller: Speller, data: mmap.mmap, out: IO[bytes]) -> None:
        self.speller = speller
        self.data = data
        self.out = out
        self.rows = 0
        self.written = 0
        self.first: Element | None = None
        self.last: Element | None = None
        self.gap: bytes | None = None

    def base_elements(self, source: Iterator[tuple[Line, bool]], edits: Iterator[RowEdit]) -> None:
        """Write the base's elements, in their order, without the removed rows."""
        edit = next(edits, None)
        position = 0
        for element, is_row in source:
            assert isinstance(element, Element)
            gap = self._gap_before(element)
            values: Mapping[str, Any] = {}
            removed = False
            if is_row:
                position += 1
                if edit is not None and edit.position == position:
                    values, removed = edit.values, edit.removed
                    edit = next(edits, None)
                self.speller.like(element, element.raw)
            if not removed:
                self.rows += is_row
                self._write(self.speller.edited(element, element.raw, values) if is_row else element.raw, gap)

    def added_elements(self, added: Iterator[Mapping[str, Any]]) -> None:
        """Write the rows that the base does not have, between them what is between the base's first two."""
        for row in added:
            self.rows += 1
            self._write(self.speller.added(row), self.gap if self.gap is not None else self._likely_gap())

    def close(self) -> None:
        """Write what stands behind the last element."""
        if not self.written:
            self.out.write(self._head())
        self.out.write(self.data[self.last.end if self.last is not None else len(self.data) :])

    def _write(self, body: bytes, gap: bytes) -> None:
        self.out.write(gap if self.written else self._head())
        self.out.write(body)
        self.written += 1

    def _gap_before(self, element: Element) -> bytes:
        gap = b"" if self.last is None else self.data[self.last.end : element.start]
        if self.last is not None and self.gap is None:
            self.gap = gap
        self.first = self.first or element
        self.last = element
        return gap

    def _head(self) -> bytes:
        return self.data[: self.first.start] if self.first is not None else b""

    def _likely_gap(self) -> bytes:
        """Of an array of one element: a comma, and what stands before that element in its own line."""
        return b"," + (self._head().rpartition(b"[")[2] or b" ")
