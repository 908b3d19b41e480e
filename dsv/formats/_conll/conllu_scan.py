"""Scanning CoNLL-U: tokens are the rows; sentences with their comments are another table."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator

from dsv.formats._conll.blocks import Sentence, kept
from dsv.formats._conll.conllu_lines import COLUMNS, UNSPECIFIED, about, sentences
from dsv.formats._conll.sentence_tables import SentenceTables, check_text
from dsv.formats._shared.bytes import open_bytes
from dsv.formats.base import Part, Scan
from dsv.model.finding import Finding
from dsv.model.identity import Rung
from dsv.model.schema import Field, Schema
from dsv.model.snapshot import Snapshot
from dsv.tables.duckdb import Engine
from dsv.tables.table import Table

CONTEXT = ("sent_id", "sentence", "text", "occurrence")
"""Fields of a token that are its sentence's, and are compared there."""
_SENTENCE = (
    Field(name="sent_id", type="string"),
    Field(name="sentence", type="integer"),
    Field(name="text", type="string"),
    Field(name="occurrence", type="integer"),
    Field(name="newdoc", type="string"),
    Field(name="newpar", type="string"),
    Field(name="comments", type="list<string>"),
)
_KNOWN_BY = Field(name="known_by", type="string")
"""What a sentence without an id is known by: its text, or its words if none is given."""


def scan(engine: Engine, snapshot: Snapshot) -> Scan:
    """Read a CoNLL-U file. Raises: FormatError: it is malformed; names file and line."""
    check_text(snapshot)
    malformed, first = 0, None
    seen: Counter[str] = Counter()
    with SentenceTables(engine) as tables, open_bytes(snapshot) as stream:
        for sentence, is_read in kept(snapshot, sentences(snapshot, stream)):
            if is_read and sentence.block.lines:
                _write(tables, sentence, seen)
            elif not is_read:
                malformed += len(sentence.tokens)
                first = first or (sentence.problem.where if sentence.problem else None)
    table = tables.load_sentences((*_SENTENCE, _KNOWN_BY))
    return Scan(
        table=tables.load_tokens(snapshot, COLUMNS, table, dict(_fields())),
        malformed=malformed,
        first_malformed=first,
        identity=(
            Rung(fields=("sent_id", "id")),
            Rung(fields=("text", "occurrence", "id")),
            Rung(fields=("id",), sequence="sentence"),
        ),
        labels=("upos", "deprel"),
        context=CONTEXT,
        told=("sent_id", "sentence", "id"),
        optional=tuple(name for name in COLUMNS if name not in ("id", "form")),
        sequence="sentence",
        parts={"sentences": _part(table)},
        findings=tuple(_repeated(engine, snapshot, table)),
    )


def _write(tables: SentenceTables, sentence: Sentence, seen: Counter[str]) -> None:
    said = about(sentence.comments)
    text = said.text or _words(sentence)
    seen[text] += 1
    tables.sentence({**dataclasses.asdict(said), "known_by": text, "occurrence": seen[text]})
    for number, token in enumerate(sentence.tokens, start=sentence.token_line):
        tables.token(number, token)


def _words(sentence: Sentence) -> str:
    rows = (token.split(b"\t", 2) for token in sentence.tokens)
    return b" ".join(form for name, form, _ in rows if name.isdigit()).decode("utf-8")


def _fields() -> Iterator[tuple[Field, str]]:
    """Fields of a token, and SQL for them: an underscore says that nothing is specified.

    In a form it is the text itself, and in a lemma too where the form is one.
    """
    yield Field(name="sent_id", type="string"), "s.sent_id"
    yield Field(name="sentence", type="integer"), "s.sentence"
    for name in COLUMNS:
        literal = {"id": "true", "form": "true", "lemma": f"form = '{UNSPECIFIED}'"}.get(name, "false")
        cell = f"CASE WHEN {literal} OR t.{name} <> '{UNSPECIFIED}' THEN t.{name} END"
        yield (
            Field(name=name, type="integer" if name == "head" else "string"),
            (f"CAST({cell} AS BIGINT)" if name == "head" else cell),
        )
    yield Field(name="text", type="string"), "s.known_by"
    yield Field(name="occurrence", type="integer"), "s.occurrence"


def _part(sentences: Table) -> Part:
    """Sentences are known by their ids, and where there are none by their texts."""
    table = dataclasses.replace(sentences, schema=Schema(fields=_SENTENCE))
    return Part(
        table=table,
        key=("sent_id",),
        identity=(Rung(fields=("sent_id",)), Rung(fields=("text", "occurrence")), Rung(fields=(), sequence="sentence")),
        context=("sentence", "occurrence"),
        told=("sent_id", "sentence"),
    )


def _repeated(engine: Engine, snapshot: Snapshot, sentences: Table) -> Iterator[Finding]:
    """Ids that several sentences have."""
    surplus, name, number = engine.rows(
        f"SELECT coalesce(sum(n) - count(*), 0), arg_min(sent_id, again), min(again) FROM "
        f"(SELECT sent_id, count(*) AS n, max(sentence) AS again FROM {sentences.relation} "
        f"WHERE sent_id IS NOT NULL GROUP BY sent_id HAVING n > 1)"
    )[0]
    if surplus:
        message = f"{surplus} sentences of {snapshot.shown_path} repeat a sent_id, such as {name!r} (sentence {number})"
        yield Finding(rule="duplicate-sent-id", level="warning", message=message, count=int(surplus))
