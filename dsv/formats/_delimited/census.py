"""A count of a delimited file's rows, made from its bytes and not by the engine that parses it.

DuckDB drops an unclosed last record and a surplus empty cell without a word, and takes blanks
around quotes and lone carriage returns in ways of its own. So its count is compared with this
one, and what it would read otherwise than `_records` does is found here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from dsv.formats._delimited.layout import Layout
from dsv.formats._shared.bytes import marker_offset

_BLANK_LINE = re.compile(rb"(?<=\n)\r?\n")


@dataclass(slots=True)
class Census:
    """Counts over the pieces of a file, each of which ends with a line end or the file's end.

    `plain`: no quote stands where it neither opens nor closes a cell, nothing looks like a merge
    marker, and carriage returns stand before line feeds only. `quotes`: there are any.
    """

    layout: Layout
    size_bytes: int = 0
    quotes: bool = False
    plain: bool = True
    _feeds: int = 0
    _blanks: int = 0
    _marks: int = 0
    _inside: bool = False

    def agrees(self, rows: int) -> bool:
        """Say whether the file holds so many rows, each of the right number of cells."""
        width = len(self.layout.names)
        records = self._feeds - (self._blanks if width > 1 else 0)
        whole = self.plain and not self._inside and self._marks == records * (width - 1)
        return whole and rows == records - self.layout.header

    def add(self, piece: bytes) -> None:
        """Count the next piece."""
        if self.size_bytes == 0 and piece.startswith((b"\n", b"\r\n")):
            self.plain = False
        if b"\r" in piece and piece.count(b"\r") != piece.count(b"\r\n"):
            self.plain = False
        if marker_offset(piece) is not None:
            self.plain = False
        self.size_bytes += len(piece)
        if self.plain:
            self._count(piece if piece.endswith(b"\n") else piece + b"\n")

    def _count(self, piece: bytes) -> None:
        if not self._inside:
            piece = b"\n" + piece
            self._feeds -= 1
        bare = self._outside_quotes(piece) if self._inside or b'"' in piece else piece
        self._feeds += bare.count(b"\n")
        self._marks += bare.count(self.layout.delimiter.encode())
        if b"\n\n" in bare or b"\n\r\n" in bare:
            self._blanks += len(_BLANK_LINE.findall(bare))

    def _outside_quotes(self, piece: bytes) -> bytes:
        """The piece with one quote in the place of every quoted cell."""
        self.quotes = True
        parts = piece.split(b'"')
        begins, ends = self._inside, self._inside ^ (len(parts) % 2 == 0)
        bare = b'"' * begins + b'"'.join(filter(None, parts[begins::2])) + b'"' * ends
        mark = self.layout.delimiter.encode()
        opened = begins + bare.count(b'\n"') + bare.count(mark + b'"')
        closed = ends + bare.count(b'"\n') + bare.count(b'"\r\n') + bare.count(b'"' + mark)
        if not opened == closed == bare.count(b'"'):
            self.plain = False
        self._inside = ends
        return bare
