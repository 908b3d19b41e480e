"""Scanning CoNLL column files: tokens are the rows; sentences with their comments are another table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from dsv.formats._conll.blocks import Sentence, kept
from dsv.formats._conll.column_lines import DOCUMENT, Columns, columns, sentences
from dsv.formats._conll.sentence_tables import SentenceTables, check_text
from dsv.formats._shared.bytes import open_bytes
from dsv.formats.base import Part, Scan
from dsv.model.identity import Rung
from dsv.model.schema import Field, Schema
from dsv.model.snapshot import Snapshot
from dsv.tables.duckdb import Engine
from dsv.tables.table import Table

_SENTENCE = (
    Field(name="sentence", type="integer"),
    Field(name="text", type="string"),
    Field(name="occurrence", type="integer"),
    Field(name="document", type="integer"),
    Field(name="comments", type="list<string>"),
)


def scan(engine: Engine, snapshot: Snapshot) -> Scan:
    """Read a file of columns. Raises: FormatError: it is malformed; names file and line."""
    check_text(snapshot)
    cut = columns(snapshot)
    malformed, first = 0, None
    with SentenceTables(engine) as tables, open_bytes(snapshot) as stream:
        writer = _Writer(cut, tables)
        for sentence, is_read in kept(snapshot, sentences(cut, snapshot, stream)):
            if is_read:
                writer.sentence(sentence)
            else:
                malformed += len(sentence.tokens)
                first = first or (sentence.problem.where if sentence.problem else None)
        writer.close()
    table = tables.load_sentences(_SENTENCE)
    return Scan(
        table=tables.load_tokens(snapshot, ("id", *cut.names), table, dict(_fields(cut))),
        malformed=malformed,
        first_malformed=first,
        identity=(Rung(fields=("text", "occurrence", "id")), Rung(fields=("id",), sequence="sentence")),
        labels=("tag",),
        context=("sentence", "text", "occurrence"),
        told=("sentence", "id"),
        sequence="sentence",
        parts={"sentences": _part(table)},
    )


class _Writer:
    """Writes sentences with what tells them apart: their words, and how often these came before.

    Comments that no token follows belong to the next sentence, and at the end of the file to one
    without tokens, so that none is lost.
    """

    def __init__(self, cut: Columns, tables: SentenceTables) -> None:
        self.cut = cut
        self.tables = tables
        self.seen: Counter[str] = Counter()
        self.documents = 0
        self.comments: list[str] = []

    def sentence(self, sentence: Sentence) -> None:
        """Write a sentence and its tokens."""
        self.comments += [comment.decode("utf-8") for comment in sentence.comments]
        self.documents += sum(comment.startswith(DOCUMENT) for comment in sentence.comments)
        if not sentence.tokens:
            return
        rows = [self.cut.cells(token) for token in sentence.tokens]
        text = b" ".join(row[0] for row in rows).decode("utf-8")
        self.seen[text] += 1
        self._begin(text, self.seen[text])
        for number, row in enumerate(rows):
            self.tables.token(sentence.token_line + number, b"\t".join([b"%d" % (number + 1), *row]))

    def close(self) -> None:
        """Write the comments that are left."""
        if self.comments:
            self._begin(None, None)

    def _begin(self, text: str | None, occurrence: int | None) -> None:
        values = {"text": text, "occurrence": occurrence, "document": self.documents, "comments": self.comments}
        self.tables.sentence(values)
        self.comments = []


def _fields(cut: Columns) -> Iterator[tuple[Field, str]]:
    """Fields of a token, and SQL for them. An empty cell is missing."""
    yield Field(name="sentence", type="integer"), "s.sentence"
    yield Field(name="id", type="integer"), "CAST(t.id AS BIGINT)"
    for name in cut.names:
        yield Field(name=name, type="string"), f"t.{name}"
    yield Field(name="text", type="string"), "s.text"
    yield Field(name="occurrence", type="integer"), "s.occurrence"


def _part(sentences: Table) -> Part:
    return Part(
        table=replace(sentences, schema=Schema(fields=_SENTENCE)),
        key=("sentence",),
        identity=(Rung(fields=("text", "occurrence")), Rung(fields=(), sequence="sentence")),
        context=("sentence", "occurrence"),
        told=("sentence",),
    )
