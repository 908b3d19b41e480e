"""How a delimited file is laid out: its delimiter and its fields, found from its first bytes."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Literal

from dsv.errors import FormatError
from dsv.formats._delimited.records import LONE_RETURN, TEXT_AFTER_QUOTE, UNCLOSED, Record, records, syntax
from dsv.formats._shared.bytes import BOM, MARKER, marker_error, open_bytes, text_pieces
from dsv.formats._shared.names import check_names_apart
from dsv.model.snapshot import Dialect, Snapshot

Kind = Literal["header", "row", "blank", "malformed"]
_HEAD_BYTES = 256 * 1024
_HEAD_RECORDS = 200
_HINTS = {
    TEXT_AFTER_QUOTE: 'write a quote inside a quoted cell twice: ""',
    LONE_RETURN: "end lines with \\n or \\r\\n, or quote the cell",
    UNCLOSED: "close the quote; a quote inside a quoted cell is written twice",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How to read the records of one file. `names` are its fields, in the file's order."""

    delimiter: str
    names: tuple[str, ...]
    header: bool

    def walk(self, source: Iterable[bytes], check: bool) -> Iterator[tuple[Kind, Record]]:
        """Records of a file's lines, each with what it is.

        A blank line is a row only in a file of one field, where it spells a missing value. With
        `check`, rows of the wrong number of cells are told apart as malformed.
        """
        rules = syntax(self.delimiter)
        width = len(self.names)
        awaits_header = self.header
        for record in records(source, self.delimiter):
            if record.blank and (awaits_header or width > 1):
                yield "blank", record
            elif awaits_header:
                awaits_header = False
                yield "header", record
            elif record.problem or (check and len(rules.cells(record)) != width):
                yield "malformed", record
            else:
                yield "row", record


def lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Lines of a text file with their line ends; a byte order mark is left out."""
    first = stream.readline().removeprefix(BOM)
    if first:
        yield first
    yield from stream


def read_layout(snapshot: Snapshot, delimiters: Sequence[str]) -> Layout:
    """Read how a file is laid out; `delimiters` are tried in order of preference.

    Raises: FormatError: the file is empty, or its header is malformed.
    """
    options = snapshot.options
    with open_bytes(snapshot) as stream:
        # The first piece is checked before anything in it is decoded; the scan checks all of them.
        next(text_pieces(snapshot, stream), None)
    delimiter = options.dialect.delimiter if options.dialect else _sniffed(snapshot, delimiters)
    with open_bytes(snapshot) as stream:
        first = next((item for item in records(lines(stream), delimiter) if not item.blank), None)
    if first is None:
        raise FormatError("the file is empty", where=snapshot.shown_path, hint="a table has a header line at the least")
    if first.raw.startswith(MARKER):
        raise marker_error(snapshot, first.line)
    if first.problem is not None:
        raise record_error(snapshot, first)
    cells = [unquoted(raw) or "" for raw in syntax(delimiter).cells(first)]
    names = tuple(cells) if options.header else tuple(f"field_{n}" for n in range(1, len(cells) + 1))
    check_names_apart(names, f"{snapshot.shown_path}:{first.line}")
    return Layout(delimiter=delimiter, names=names, header=options.header)


def read_dialect(snapshot: Snapshot, delimiters: Sequence[str]) -> Dialect:
    """The dialect of a file, from all its bytes. Raises: FormatError: it is not UTF-8 text."""
    head = last = b""
    feeds = returns = 0
    with open_bytes(snapshot) as stream:
        for piece in text_pieces(snapshot, stream):
            head = head or piece[:_HEAD_BYTES]
            last = piece[-1:]
            feeds += piece.count(b"\n")
            returns += piece.count(b"\r\n") if b"\r" in piece else 0
    return Dialect(
        delimiter=sniff_delimiter(head.removeprefix(BOM), delimiters),
        header=snapshot.options.header,
        line_end="\r\n" if returns * 2 > feeds else "\n",
        bom=head.startswith(BOM),
        final_line_end=last == b"\n",
    )


def sniff_delimiter(head: bytes, delimiters: Sequence[str]) -> str:
    """The delimiter that splits most of the first records into as many cells as the very first.

    `head` is the beginning of a file without its BOM. The first of `delimiters` stands for a file
    of one field.
    """
    best, delimiter = max(
        ((_agreement(head, delimiter), delimiter) for delimiter in delimiters), key=lambda score: score[0]
    )
    return delimiter if best > (0.5, 0) else delimiters[0]


def unquoted(raw: bytes) -> str | None:
    """The value of a cell as it is spelled; None for a missing one."""
    if raw.startswith(b'"'):
        return raw[1:-1].replace(b'""', b'"').decode("utf-8")
    return raw.decode("utf-8") if raw else None


def record_error(snapshot: Snapshot, record: Record) -> FormatError:
    """The error for a record that cannot be split into cells."""
    problem = record.problem or ""
    return FormatError(problem, where=f"{snapshot.shown_path}:{record.line}", hint=_HINTS.get(problem))


def _sniffed(snapshot: Snapshot, delimiters: Sequence[str]) -> str:
    if len(delimiters) == 1:
        return delimiters[0]
    with open_bytes(snapshot) as stream:
        return sniff_delimiter(stream.read(_HEAD_BYTES).removeprefix(BOM), delimiters)


def _agreement(head: bytes, delimiter: str) -> tuple[float, int]:
    if delimiter.encode() not in head:
        return 0.0, 0
    rules = syntax(delimiter)
    whole = head.rfind(b"\n") + 1 if len(head) >= _HEAD_BYTES else 0
    sample = io.BytesIO(head[:whole] if whole else head)
    widths = [
        0 if record.problem else len(rules.cells(record))
        for _, record in zip(range(_HEAD_RECORDS), records(sample, delimiter), strict=False)
        if not record.blank
    ]
    if not widths or widths[0] < 2:
        return 0.0, 0
    return sum(width == widths[0] for width in widths) / len(widths), widths[0]
