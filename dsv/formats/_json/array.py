"""A JSON array of objects, element by element, in memory no more than one of them."""

from __future__ import annotations

import mmap
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, ClassVar

from dsv.errors import FormatError
from dsv.formats._json.lines import Line, Shape
from dsv.formats._shared.bytes import BOM, MARKER, marker_error, open_bytes
from dsv.model.snapshot import Snapshot

_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+("?)|[][{},]', re.DOTALL)
_FIRST = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*\[[ \t\r\n]*([]{]|\Z)")
_MARKER_LINE = re.compile(rb"^" + MARKER, re.MULTILINE)
_BLANKS = b" \t\r\n"
_STEPS = {b"[": 1, b"{": 1, b"]": -1, b"}": -1}
_HEAD_BYTES = 64 * 1024


@dataclass(slots=True)
class Element(Line):
    """An element of the array, without blanks around it, from byte `start` to `end` of the file.

    `number` is the line that it begins on.
    """

    start: int = 0
    end: int = 0
    noun: ClassVar[str] = "element"

    @property
    def blank(self) -> bool:
        """Never: nothing between two commas is a fault."""
        return False


def looks_like(snapshot: Snapshot) -> bool:
    """Say whether a file begins as an array of objects does. Never fails."""
    try:
        with open_bytes(snapshot) as stream:
            return _FIRST.match(stream.read(_HEAD_BYTES)) is not None
    except (FormatError, OSError):
        return False


def elements(snapshot: Snapshot, stream: IO[bytes]) -> Iterator[Element]:
    """The elements of the array in a file.

    Raises: FormatError: the file is no array, cut short, or holds more than it; with the line.
    """
    with mapped(snapshot, stream) as data:
        marker = _MARKER_LINE.search(data)
        if marker is not None:
            raise marker_error(snapshot, _line(data, marker.start()))
        yield from _elements(snapshot, data)


@contextmanager
def mapped(snapshot: Snapshot, stream: IO[bytes]) -> Iterator[mmap.mmap]:
    """The unzipped bytes of a file that is not empty, as if in memory."""
    if not snapshot.gzip:
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield data
        return
    with tempfile.TemporaryFile() as unzipped:
        while block := stream.read(1 << 20):
            unzipped.write(block)
        unzipped.flush()
        with mmap.mmap(unzipped.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield data


def _elements(snapshot: Snapshot, data: mmap.mmap) -> Iterator[Element]:
    line = counted = 0
    for number, (begin, end) in enumerate(_spans(snapshot, data), start=1):
        text = data[begin:end]
        start = begin + len(text) - len(text.lstrip(_BLANKS))
        line, counted = line + data[counted:start].count(b"\n"), start
        raw = text.strip(_BLANKS)
        if raw or number > 1 or data[end : end + 1] == b",":
            yield Element(raw=raw, number=line + 1, start=start, end=start + len(raw))


def _spans(snapshot: Snapshot, data: mmap.mmap) -> Iterator[tuple[int, int]]:
    """Where each element begins and ends; also the nothing of an empty array."""
    depth = begin = 0
    for token in _TOKEN.finditer(data):
        mark = data[token.start() : token.start() + 1]
        if depth == 0:
            begin, depth = _opening(snapshot, data, token), 1
        elif mark == b'"' and not token[1]:
            raise _error(snapshot, data, token.start(), "a text that begins here is never closed")
        elif mark == b"," and depth == 1:
            yield begin, token.start()
            begin = token.end()
        else:
            depth += _STEPS.get(mark, 0)
            if depth == 0:
                yield begin, token.start()
                _check_rest(snapshot, data, token.end())
                return
    where = "the file is no JSON array" if depth == 0 else "the array is cut short: it is never closed"
    raise _error(snapshot, data, len(data), where)


def _opening(snapshot: Snapshot, data: mmap.mmap, token: re.Match[bytes]) -> int:
    before = data[: token.start()].removeprefix(BOM)
    if token[0] != b"[" or before.strip(_BLANKS):
        raise _error(snapshot, data, 0, "the file is no JSON array")
    return token.end()


def _check_rest(snapshot: Snapshot, data: mmap.mmap, end: int) -> None:
    rest = data[end:]
    if rest.strip(_BLANKS):
        place = end + len(rest) - len(rest.lstrip(_BLANKS))
        raise _error(snapshot, data, place, "text follows the end of the array")


def _error(snapshot: Snapshot, data: mmap.mmap, place: int, message: str) -> FormatError:
    return FormatError(
        message,
        where=f"{snapshot.shown_path}:{_line(data, place)}",
        hint="the file must be one array of objects: [{…}, {…}]",
    )


def _line(data: mmap.mmap, place: int) -> int:
    return data[:place].count(b"\n") + 1


ARRAY = Shape(name="array", read=elements)
