"""Publishing annotated text: lines that did not change keep their bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any, Protocol

from dsv.errors import FormatError
from dsv.formats._conll.blocks import Sentence, kept
from dsv.formats._shared.bytes import BOM, LineWriter, line_end, open_bytes
from dsv.formats._shared.changes import Changes, RowEdit, Write
from dsv.model.snapshot import Snapshot
from dsv.model.values import shown


class Spelling(Protocol):
    """How a format writes what changed."""

    @property
    def name(self) -> str:
        """The format's name, for people."""

    def sentences(self, snapshot: Snapshot, stream: IO[bytes]) -> Iterator[Sentence]:
        """Sentences of the base, the malformed ones too."""

    def edited(self, token: bytes, values: Mapping[str, Any]) -> bytes:
        """A token's line with other cells, whatever comes of it."""

    def read(self, token: bytes) -> Mapping[str, Any] | None:
        """The cells of a token's line by their fields; None if it is no such line."""

    def fault(self, tokens: list[bytes]) -> str | None:
        """Why lines that were changed would not be read as the tokens of one sentence; None if they would."""

    def place(self, comment: bytes) -> bytes | None:
        """What a comment begins that goes beyond its sentence, such as a document; None: it does not."""


def writer(make: Callable[[Changes], Spelling]) -> Write:
    """What publishes a format of sentences."""

    def write(changes: Changes, edits: Iterator[RowEdit], added: Iterator[Mapping[str, Any]], out: IO[bytes]) -> int:
        base = changes.publication.base
        spelling = make(changes)
        if not changes.same_fields:
            raise FormatError(f"{spelling.name} has no place for other fields than the base's", where=base.shown_path)
        if next(added, None) is not None:
            raise FormatError(
                f"a migration cannot add tokens to {spelling.name}", where=base.shown_path, hint="add them to the base"
            )
        with open_bytes(base) as stream:
            head = stream.read(len(BOM))
            out.write(head if head == BOM else b"")
        target = _Writer(base, spelling, edits, LineWriter(out))
        with open_bytes(base) as stream:
            for sentence, is_read in kept(base, spelling.sentences(base, stream)):
                target.sentence(sentence, is_read)
        target.lines.close()
        return target.rows

    return write


class _Writer:
    """Writes sentences, and counts their tokens.

    A sentence that lost all its tokens is left out. `places` are its comments that begin something
    larger: they go to the next sentence, unless that begins its own.
    """

    def __init__(self, base: Snapshot, spelling: Spelling, edits: Iterator[RowEdit], lines: LineWriter) -> None:
        self.base = base
        self.spelling = spelling
        self.edits = edits
        self.edit = next(edits, None)
        self.lines = lines
        self.rows = self.position = 0
        self.places: dict[bytes, bytes] = {}

    def sentence(self, sentence: Sentence, is_read: bool) -> None:
        """Write the next sentence of the base, as far as it stays. Raises: FormatError."""
        block, begin = sentence.block, len(sentence.comments)
        for line in (*block.lines, *block.blanks):
            self.lines.saw(line_end(line))
        own = {place: line for line in block.lines[:begin] if (place := self.spelling.place(line)) is not None}
        if b"newdoc" in own:
            self.places.clear()
        tokens = self._tokens(sentence) if is_read else block.lines[begin:]
        if sentence.tokens and not tokens:
            self.places.update(own)
            return
        inherited = [line for place, line in self.places.items() if place not in own]
        self.places.clear()
        for line in (*inherited, *block.lines[:begin], *tokens, *block.blanks):
            end = line_end(line)
            self.lines.write(line.removesuffix(end), end)

    def _tokens(self, sentence: Sentence) -> list[bytes]:
        """The lines of the tokens that stay, as they are published."""
        found: list[bytes] = []
        touched = False
        for line, token in zip(sentence.block.lines[len(sentence.comments) :], sentence.tokens, strict=True):
            self.position += 1
            if self.edit is None or self.edit.position != self.position:
                found.append(line)
                continue
            touched = True
            if not self.edit.removed:
                found.append(self._edited(token, self.edit.values) + line_end(line))
            self.edit = next(self.edits, None)
        why = self.spelling.fault([line.rstrip(b"\r\n") for line in found]) if touched and found else None
        if why is not None:
            message = f"the sentence at line {sentence.block.line} would no longer be {self.spelling.name}: {why}"
            raise FormatError(message, where=self.base.shown_path, hint="drop whole sentences, all tokens alike")
        self.rows += len(found)
        return found

    def _edited(self, token: bytes, values: Mapping[str, Any]) -> bytes:
        line = self.spelling.edited(token, values)
        read = {} if b"\n" in line or b"\r" in line else self.spelling.read(line) or {}
        for name, value in values.items():
            if name not in read or read[name] != value:
                raise FormatError(
                    f"the value {shown(value)} of field {name!r} cannot be written in {self.spelling.name}",
                    where=self.base.shown_path,
                    hint="fields of a sentence do not change token by token"
                    if name not in (self.spelling.read(token) or {})
                    else "blanks, tabs, line ends and empty cells have no place there",
                )
        return line
