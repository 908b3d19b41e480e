"""Sentences of a CoNLL-U file, line by line: what is sound, and what is wrong with the rest."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from dsv.errors import FormatError
from dsv.formats._conll.blocks import Block, Sentence, blocks
from dsv.formats._shared.bytes import line_end, open_bytes
from dsv.model.snapshot import Snapshot

COLUMNS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
"""The columns of a line, by their field names."""
UNSPECIFIED = "_"
_HEAD_BYTES = 64 * 1024
_HEAD_LINES = 10
_UNCLOSED = "no empty line ends the last sentence, which may be cut"
_HINTS = {_UNCLOSED: "end the file with an empty line, or leave the sentence out: --skip-malformed"}
_WORD = re.compile(
    rb"(?P<id>(?P<first>0|[1-9][0-9]{0,8})(?:(?P<mark>[-.])(?P<last>[1-9][0-9]{0,8}))?)"
    rb"(?:\t[^\t\r\n]+){5}\t(?:_|0|[1-9][0-9]{0,8})(?:\t[^\t\r\n]+){3}\r?\n?"
)
_COMMENT = re.compile(
    r"#\s*(sent_id|text|newdoc|newpar)\s*(?:(?:=|\sid\s*=)\s*(.*?))?\s*|#\s*(sentence-text):\s*(.*?)\s*"
)


@dataclass(slots=True)
class About:
    """What the comments of a sentence say. The rest of them are the `comments`, in order, as spelled.

    `newdoc` and `newpar` are empty where such a comment has no id, None where there is none.
    """

    sent_id: str | None = None
    text: str | None = None
    newdoc: str | None = None
    newpar: str | None = None
    comments: list[str] = field(default_factory=list)


def sentences(snapshot: Snapshot, stream: IO[bytes]) -> Iterator[Sentence]:
    """Sentences of a file, the malformed ones too.

    Blank lines at the very beginning are a sentence of no lines.
    """
    for block in blocks(stream):
        yield _sentence(snapshot, block)


def about(comments: list[bytes]) -> About:
    """What comments say; the first of a kind counts."""
    found = About()
    for comment in comments:
        text = comment.decode("utf-8")
        match = _COMMENT.fullmatch(text)
        name = "text" if match and match[3] else match[1] if match else None
        value = (match[2] or match[4] or "") if match else ""
        takes_none = name in ("newdoc", "newpar")
        if name is None or getattr(found, name) is not None or not (value or takes_none):
            found.comments.append(text)
        else:
            setattr(found, name, value)
    return found


def fault(tokens: list[bytes]) -> tuple[int, str] | None:
    """The first of the token lines that is wrong, counted from 0, and why; None if all are sound.

    Words count up from 1; a multiword token `3-4` stands before its first word, an empty node
    `3.1` after the word of its number.
    """
    word = empty = covered = 0
    for number, line in enumerate(tokens):
        match = _WORD.fullmatch(line)
        if match is None:
            return number, _why(line)
        mark = match["mark"]
        if mark is None:
            sound = int(match["first"]) == word + 1
            word, empty = word + 1, 0
        elif mark == b".":
            sound = int(match["first"]) == word and int(match["last"]) == empty + 1
            empty += 1
        else:
            sound = int(match["first"]) == word + 1 and int(match["last"]) > word and covered <= word
            covered = int(match["last"])
        if not sound:
            return number, f"the id {match['id'].decode()} does not follow on the ids before it"
    return (
        (len(tokens) - 1, f"the ids end before {covered}, the last word of a multiword token")
        if covered > word
        else None
    )


def cells(line: bytes) -> dict[str, str | None]:
    """The cells of a sound token line; None where unspecified. A form is text whatever it is.

    An underscore is a lemma too where the form is one.
    """
    found = dict(zip(COLUMNS, line.decode("utf-8").split("\t"), strict=True))
    literal = ("form", "lemma") if found["form"] == UNSPECIFIED else ("form",)
    return {name: None if text == UNSPECIFIED and name not in literal else text for name, text in found.items()}


def _sentence(snapshot: Snapshot, block: Block) -> Sentence:
    found = Sentence(block)
    for raw in block.lines:
        body = raw.removesuffix(line_end(raw))
        (found.comments if body.startswith(b"#") and not found.tokens else found.tokens).append(body)
    wrong = fault(found.tokens)
    if wrong is None and found.tokens and not block.blanks:
        wrong = len(found.tokens) - 1, _UNCLOSED
    if wrong is not None:
        number, why = wrong
        line = found.token_line + number
        hint = _HINTS.get(why, "mend the line, or leave such sentences out: --skip-malformed")
        found.problem = FormatError(why, where=f"{snapshot.shown_path}:{line}", hint=hint)
    return found


def _why(line: bytes) -> str:
    if line.startswith(b"#"):
        return "a comment stands between the tokens of a sentence"
    columns = line.split(b"\t")
    if len(columns) != len(COLUMNS):
        return f"the line has {len(columns)} column{'s' if len(columns) > 1 else ''}, not 10 with tabs between them"
    empty = next((name for name, cell in zip(COLUMNS, columns, strict=True) if not cell), None)
    if empty is not None:
        return f"the column {empty} is empty; what is not specified is written _"
    if b"\r" in line:
        return "a carriage return stands inside the line"
    shown_id, head = columns[0].decode("utf-8"), columns[6].decode("utf-8")
    if _WORD.fullmatch(b"\t".join([columns[0], *[b"_"] * 9])) is None:
        return f"{shown_id!r} is no id such as 3, 3-4 or 3.1"
    return f"the head {head!r} is no number of a word"


def looks_like(snapshot: Snapshot) -> bool:
    """Say whether a file begins with tokens of CoNLL-U. Reads little; never fails."""
    if snapshot.members is not None:
        return False
    try:
        with open_bytes(snapshot) as stream:
            head = stream.read(_HEAD_BYTES)
    except (FormatError, OSError):
        return False
    lines = (line for line in head.splitlines() if not line.startswith(b"#") and line)
    return any(map(_WORD.fullmatch, itertools.islice(lines, _HEAD_LINES)))
