"""One large JSON object or list, read piece by piece: top-level members, and the elements of lists."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, Literal

from dsv.errors import FormatError
from dsv.formats._shared.bytes import open_bytes
from dsv.model.snapshot import Snapshot

CHUNK = 1 << 20
_BLANKS = re.compile(r"[ \t\r\n]*")
_NEAR_END = 16
"""A literal that is cut off fails at most so many characters before the end of what was read."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the text; all pieces in a row are the whole text.

    A "value" is that of the top-level member `name`; where that is a list, each of its elements is
    a piece of its own, an "element", and `index` counts them from 0. An "open" is what stands before
    the first element of a list, empty ones included. A "gap" is whatever stands between. `nan`: the
    text spells a number as NaN or Infinity, which JSON does not have.
    """

    kind: Literal["gap", "open", "element", "value"]
    text: str
    name: str = ""
    index: int = 0
    value: Any = None
    nan: bool = False


def pieces(snapshot: Snapshot, limit_bytes: int | None = None) -> Iterator[Piece]:
    """Read a document; of a limited read, what lies beyond the limit is taken for cut off.

    Raises: FormatError: it is no JSON object; with the line.
    """
    with open_bytes(snapshot) as stream:
        yield from _Reader(snapshot, stream, limit_bytes).document()


def elements(snapshot: Snapshot, limit_bytes: int | None = None) -> Iterator[tuple[int, Any]]:
    """The elements of a document that is one list, each with the line on which it begins.

    Raises: FormatError: it is no JSON list; with the line.
    """
    with open_bytes(snapshot) as stream:
        yield from _Reader(snapshot, stream, limit_bytes).elements()


def line_of(snapshot: Snapshot, name: str, index: int) -> int:
    """The line on which an element of a list begins."""
    line = 1
    for piece in pieces(snapshot):
        if piece.kind == "element" and piece.name == name and piece.index == index:
            return line
        line += piece.text.count("\n")
    return line


class _Reader:
    """A text that is read as it is needed."""

    def __init__(self, snapshot: Snapshot, stream: IO[bytes], limit_bytes: int | None) -> None:
        self._shown = snapshot.shown_path
        self._stream = stream
        self._left = limit_bytes
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._json = json.JSONDecoder(object_pairs_hook=_apart, parse_constant=self._constant)
        self._text = ""
        self._place = 0
        self._lines = 1
        self._chunk = CHUNK
        self._ended = False
        self._nan = False

    def document(self) -> Iterator[Piece]:
        """All pieces."""
        yield Piece("gap", self._byte_order_mark() + self._blanks())
        if not self._peek():
            raise self._error("the file is empty")
        yield Piece("gap", self._mark("{", "the document is no JSON object") + self._blanks())
        names: set[str] = set()
        while self._peek() != "}":
            if names:
                yield Piece("gap", self._mark(",", "expected ',' or '}'") + self._blanks())
            yield from self._member(names)
            yield Piece("gap", self._blanks())
        yield Piece("gap", self._mark("}", "expected '}'") + self._blanks())
        if self._peek():
            raise self._error("text follows the end of the document")

    def elements(self) -> Iterator[tuple[int, Any]]:
        """The elements of a list and their lines."""
        line = 1 + (self._byte_order_mark() + self._blanks()).count("\n")
        if not self._peek():
            raise self._error("the file is empty")
        self._mark("[", "the document is no JSON list")
        line += self._blanks().count("\n")
        first = True
        while self._peek() != "]":
            if not first:
                self._mark(",", "expected ',' or ']'")
                line += self._blanks().count("\n")
            text, value = self._value()
            yield line, value
            line += text.count("\n") + self._blanks().count("\n")
            first = False
        self._mark("]", "expected ']'")
        self._blanks()
        if self._peek():
            raise self._error("text follows the end of the document")

    def _member(self, names: set[str]) -> Iterator[Piece]:
        if self._peek() != '"':
            raise self._error("expected the name of a member, in double quotes")
        key, name = self._value()
        if name in names:
            raise self._error(f"the name {name!r} stands twice")
        names.add(name)
        key += self._blanks() + self._mark(":", "expected ':'") + self._blanks()
        if self._peek() == "[":
            yield from self._list(name, key)
        else:
            yield Piece("gap", key)
            text, value = self._value()
            yield Piece("value", text, name, 0, value, self._nan)

    def _list(self, name: str, key: str) -> Iterator[Piece]:
        yield Piece("open", key + self._mark("[", "expected '['") + self._blanks(), name)
        index = 0
        while self._peek() != "]":
            if index:
                yield Piece("gap", self._mark(",", "expected ',' or ']'") + self._blanks(), name)
            text, value = self._value()
            yield Piece("element", text, name, index, value, self._nan)
            index += 1
            blanks = self._blanks()
            if blanks:
                yield Piece("gap", blanks, name)
        yield Piece("gap", self._mark("]", "expected ']'"))

    def _value(self) -> tuple[str, Any]:
        """The text and value of what begins here."""
        while True:
            try:
                self._nan = False
                value, end = self._json.raw_decode(self._text, self._place)
            except json.JSONDecodeError as error:
                if self._ended or not self._cut_off(error):
                    raise self._error(f"this is no JSON: {error.msg}", error.pos) from None
            except RecursionError:
                raise self._error("its values are nested too deep") from None
            except ValueError as error:
                raise self._error(str(error)) from None
            else:
                # A number may go on: what follows `1` may be `e-` and its digits beyond what was read.
                if end < len(self._text) - 2 or self._ended:
                    text = self._text[self._place : end]
                    self._check_text(text, value)
                    self._place = end
                    self._chunk = CHUNK
                    return text, value
            self._read()
            self._chunk *= 2

    def _cut_off(self, error: json.JSONDecodeError) -> bool:
        """Say whether more text may mend the error."""
        return error.pos >= len(self._text) - _NEAR_END or error.msg.startswith("Unterminated string")

    def _check_text(self, text: str, value: Any) -> None:
        if "\\ud" not in text and "\\uD" not in text:
            return
        try:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            raise self._error("half a surrogate pair stands alone") from None

    def _constant(self, name: str) -> float:
        self._nan = True
        return float(name)

    def _byte_order_mark(self) -> str:
        if self._peek() != "\ufeff":
            return ""
        self._place += 1
        return "\ufeff"

    def _mark(self, mark: str, otherwise: str) -> str:
        found = self._peek()
        if found != mark:
            raise self._error(otherwise if found else "the file ends in the middle")
        self._place += 1
        return mark

    def _blanks(self) -> str:
        found = ""
        while True:
            match = _BLANKS.match(self._text, self._place)
            if match is not None:
                found += match[0]
                self._place = match.end()
            if self._place < len(self._text) or not self._read():
                return found

    def _peek(self) -> str:
        if self._place >= len(self._text):
            self._read()
        return self._text[self._place : self._place + 1]

    def _read(self) -> bool:
        """Read on; False at the end. Raises: FormatError: the bytes are no text."""
        if self._ended:
            return False
        self._lines += self._text.count("\n", 0, self._place)
        self._text, self._place = self._text[self._place :], 0
        text = ""
        while not text and not self._ended:
            wanted = self._chunk if self._left is None else min(self._chunk, self._left)
            raw = self._stream.read(wanted)
            if self._left is not None:
                self._left -= len(raw)
            self._ended = not raw
            text = self._decode(raw)
        if "\0" in text:
            raise self._error("the text holds a NUL byte", len(self._text) + text.index("\0"), text)
        self._text += text
        return not self._ended

    def _decode(self, raw: bytes) -> str:
        try:
            # What a limited read cuts off may be a character.
            return self._decoder.decode(raw, final=self._ended and self._left is None)
        except UnicodeDecodeError as error:
            self._text += error.object[: error.start].decode("utf-8")
            raise self._error("the text is not UTF-8", len(self._text)) from None

    def _error(self, message: str, place: int | None = None, more: str = "") -> FormatError:
        line = self._lines + (self._text + more).count("\n", 0, self._place if place is None else place)
        return FormatError(message, where=f"{self._shown}:{line}", hint="mend the file, or write it again")


def _apart(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        raise ValueError(f"the name {twice!r} stands twice in an object")
    return found
