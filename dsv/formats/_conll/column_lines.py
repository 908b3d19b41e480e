"""Sentences of CoNLL column files (as of the shared tasks of 2000 to 2003), line by line.

Columns stand apart by tabs, or by runs of blanks in a file whose first sentence has no tab.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import IO

from dsv.errors import FormatError
from dsv.formats._conll.blocks import Block, Sentence, blocks
from dsv.formats._shared.bytes import line_end, open_bytes
from dsv.model.snapshot import Snapshot

DOCUMENT = b"-DOCSTART-"
DOCUMENT_2012 = b"#begin document"
_CELL = re.compile(rb"[^ \t]+")
_MOST_TAGS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """How a file's lines are cut. `tags` are last cells of it, where that tells tokens from comments."""

    tabs: bool
    width: int
    tags: frozenset[bytes] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        """Field names: the first column is the token, the last its tag, the others are numbered."""
        return ("token", *(f"field_{number}" for number in range(2, self.width)), "tag")

    def spans(self, line: bytes) -> list[tuple[int, int]]:
        """Where the cells of a line begin and end."""
        if not self.tabs:
            return [match.span() for match in _CELL.finditer(line)]
        spans, begin = [], 0
        for cell in line.split(b"\t"):
            spans.append((begin, begin + len(cell)))
            begin += len(cell) + 1
        return spans

    def cells(self, line: bytes) -> list[bytes]:
        """The cells of a line."""
        return line.split(b"\t") if self.tabs else _CELL.findall(line)

    def is_comment(self, line: bytes, first: bool) -> bool:
        """Say whether a line, `first` of its sentence or not, is no token.

        A hash is a token too: where it has as many columns as a token and, at the beginning of a
        sentence, a tag that other tokens have.
        """
        if line.startswith(DOCUMENT):
            return first
        if not first or not line.startswith(b"#"):
            return False
        cells = self.cells(line)
        return len(cells) != self.width or cells[-1] not in self.tags


def cut(snapshot: Snapshot) -> Columns:
    """How the lines of the first sentence are cut. Raises: FormatError: there is none, or it has one column only."""
    with open_bytes(snapshot) as stream:
        if stream.read(len(DOCUMENT_2012)) == DOCUMENT_2012:
            raise FormatError(
                "dsv does not read CoNLL-2012, where a sentence has a column more for each of its predicates",
                where=f"{snapshot.shown_path}:1",
                hint="write the columns that all sentences have, such as word and entity, to a file of their own",
            )
    with open_bytes(snapshot) as stream:
        line = next((line for block in blocks(stream) if (line := _model(block)) is not None), None)
    if line is None:
        raise FormatError("the file has no token", where=snapshot.shown_path)
    tabs = b"\t" in line
    found = Columns(tabs=tabs, width=len(Columns(tabs=tabs, width=0).cells(line)))
    if found.width < 2:
        raise FormatError(
            "the lines have one column, where a token and its tag are expected", where=snapshot.shown_path
        )
    return found


def columns(snapshot: Snapshot) -> Columns:
    """How a file's lines are cut, and its tags, from all its lines. Raises: FormatError: as `cut`."""
    found = cut(snapshot)
    with open_bytes(snapshot) as stream:
        return replace(found, tags=_tags(found, stream))


def sentences(columns: Columns, snapshot: Snapshot, stream: IO[bytes]) -> Iterator[Sentence]:
    """Sentences of a file, the malformed ones too."""
    for block in blocks(stream):
        yield _sentence(columns, snapshot, block)


def fault(columns: Columns, tokens: list[bytes]) -> tuple[int, str] | None:
    """The first of the lines that is no token, counted from 0, and why; None if all are."""
    for number, line in enumerate(tokens):
        width = len(columns.cells(line))
        if width != columns.width:
            apart = "tabs" if columns.tabs else "blanks"
            many = "1 column" if width == 1 else f"{width} columns"
            return number, f"the line has {many}, not {columns.width} with {apart} between them"
        if b"\r" in line:
            return number, "a carriage return stands inside the line"
    return None


def _sentence(columns: Columns, snapshot: Snapshot, block: Block) -> Sentence:
    found = Sentence(block)
    for raw in block.lines:
        body = raw.removesuffix(line_end(raw))
        (found.comments if columns.is_comment(body, not found.tokens) else found.tokens).append(body)
    wrong = fault(columns, found.tokens)
    if wrong is not None:
        line = found.token_line + wrong[0]
        found.problem = FormatError(
            wrong[1],
            where=f"{snapshot.shown_path}:{line}",
            hint="mend the line, or leave such sentences out: --skip-malformed",
        )
    return found


def _model(block: Block) -> bytes | None:
    """The last line of a sentence, which is no comment, or the last with a tab; None of a block without tokens."""
    last = block.lines[-1].rstrip(b"\r\n") if block.lines else b""
    alone = len(block.lines) == 1 and last.startswith(b"#")
    if not last or alone or last.startswith(DOCUMENT):
        return None
    tabbed = [line.rstrip(b"\r\n") for line in block.lines if b"\t" in line and not line.startswith(b"#")]
    return tabbed[-1] if tabbed else last


def _tags(columns: Columns, stream: IO[bytes]) -> frozenset[bytes]:
    """Last cells of tokens, if any line begins with a hash: only then they are needed."""
    tags: set[bytes] = set()
    hashes = False
    for line in stream:
        if line.startswith(b"#"):
            hashes = True
        elif len(tags) < _MOST_TAGS and (cells := columns.cells(line.rstrip(b"\r\n"))):
            tags.add(cells[-1])
    return frozenset(tags) if hashes else frozenset()
