"""Blocks of a text file: the lines between blank lines, which are the sentences of annotated text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO

from dsv.errors import FormatError
from dsv.formats._shared.bytes import BOM
from dsv.model.snapshot import Snapshot


@dataclass(slots=True)
class Block:
    """Lines that belong together, and the blank lines after them, all with their line ends.

    `line` is the number of the first line, from 1. Only the first block of a file can have no lines.
    """

    line: int
    lines: list[bytes] = field(default_factory=list)
    blanks: list[bytes] = field(default_factory=list)


@dataclass(slots=True)
class Sentence:
    """A block that is a sentence: first comments, then tokens, all without their line ends.

    `problem` says why it cannot be read, None if it can.
    """

    block: Block
    comments: list[bytes] = field(default_factory=list)
    tokens: list[bytes] = field(default_factory=list)
    problem: FormatError | None = None

    @property
    def token_line(self) -> int:
        """The number of the line of the first token."""
        return self.block.line + len(self.comments)


def kept(snapshot: Snapshot, sentences: Iterable[Sentence]) -> Iterator[tuple[Sentence, bool]]:
    """Sentences, each with whether it is read.

    Raises: FormatError: one is malformed, and the snapshot does not say to skip such.
    """
    for sentence in sentences:
        if sentence.problem is not None and not snapshot.options.skip_malformed:
            raise sentence.problem
        yield sentence, sentence.problem is None


def blocks(stream: IO[bytes]) -> Iterator[Block]:
    """Blocks of a file, from its beginning; a byte order mark is left out. A line of blanks alone is blank."""
    block = Block(1)
    number = 0
    for number, raw in enumerate(stream, start=1):
        line = raw.removeprefix(BOM) if number == 1 else raw
        if not line or line.isspace():
            block.blanks.append(line)
            continue
        if block.blanks:
            yield block
            block = Block(number)
        block.lines.append(line)
    if number:
        yield block
