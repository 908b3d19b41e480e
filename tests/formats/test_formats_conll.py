"""CoNLL column files: what is read, what is refused, and what is published."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dsv.errors import FormatError
from dsv.formats.base import Publication, Scan, publish, recognised, scan
from dsv.model.schema import Schema
from dsv.model.snapshot import ReadOptions, Snapshot
from dsv.tables.duckdb import Engine, identifier, literal
from dsv.tables.table import POSITION, Table

NEWS = """\
-DOCSTART- -X- O O

EU NNP I-NP I-ORG
# # I-NP O
rejects VBZ I-VP O

-DOCSTART- -X- O O

# a remark
# CD I-NP O
4  CD\tI-NP O

EU NNP I-NP I-ORG
# # I-NP O
rejects VBZ I-VP O
"""


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as found:
        yield found


def snapshot(path: Path, content: bytes, **options: Any) -> Snapshot:
    path.write_bytes(content)
    return recognised(Snapshot(path=path, format="", shown_path=path.name, options=ReadOptions(**options)))


def read(engine: Engine, path: Path, content: str, **options: Any) -> Scan:
    return scan(engine, snapshot(path, content.encode(), **options))


def rows(table: Table, *names: str) -> list[tuple[Any, ...]]:
    columns = ", ".join(map(identifier, names or table.schema.names))
    return table.engine.rows(f"SELECT {columns} FROM {table.relation} ORDER BY {POSITION}")


def test_blanks_part_columns_and_a_hash_may_be_a_token(engine: Engine, tmp_path: Path) -> None:
    found = read(engine, tmp_path / "t.conll", NEWS)
    assert found.table.schema.names[2:6] == ("token", "field_2", "field_3", "tag") and found.labels == ("tag",)
    assert rows(found.table, "sentence", "id", "token", "tag") == [
        (1, 1, "EU", "I-ORG"),
        (1, 2, "#", "O"),
        (1, 3, "rejects", "O"),
        (2, 1, "#", "O"),
        (2, 2, "4", "O"),
        (3, 1, "EU", "I-ORG"),
        (3, 2, "#", "O"),
        (3, 3, "rejects", "O"),
    ]
    docstart = "-DOCSTART- -X- O O"
    assert rows(found.parts["sentences"].table) == [
        (1, "EU # rejects", 1, 1, [docstart]),
        (2, "# 4", 1, 2, [docstart, "# a remark"]),
        (3, "EU # rejects", 2, 2, []),
    ]


def test_tabs_part_columns_whatever_stands_in_them(engine: Engine, tmp_path: Path) -> None:
    found = read(
        engine,
        tmp_path / "t.bio",
        "# id 7 x\nNew York\tB-LOC\n\tO\n5\u00a0%\tO\n# last\n".replace("# last\n", "\n# last\n"),
    )
    assert rows(found.table, "token", "tag") == [("New York", "B-LOC"), (None, "O"), ("5\u00a0%", "O")]
    # A remark at the very end belongs to no sentence, and is kept.
    assert [row[-1] for row in rows(found.parts["sentences"].table)] == [["# id 7 x"], ["# last"]]


@pytest.mark.parametrize("suffix", [".conll", ".bio", ".iob", ".iob2"])
def test_names_that_such_files_have(tmp_path: Path, suffix: str) -> None:
    assert snapshot(tmp_path / f"t{suffix}", b"a O\n").format == "conll"


@pytest.mark.parametrize(
    ("content", "where", "message"),
    [
        ("a O\nb O\n\nc\n", "t.bio:4", "1 column, not 2"),
        ("a\tO\nb O\n", "t.bio:2", "1 column, not 2 with tabs"),
        ("a O\n\nb O X\n", "t.bio:3", "3 columns, not 2"),
        ("a O\n<<<<<<< ours\nb O\n", "t.bio:2", "unfinished merge"),
        ("a O\nb \rO\n", "t.bio:2", "carriage return"),
        ("word\n\n", "t.bio", "one column"),
        ("# only a remark\n", "t.bio", "no token"),
    ],
)
def test_what_is_broken_is_named_with_its_line(
    engine: Engine, tmp_path: Path, content: str, where: str, message: str
) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        read(engine, tmp_path / "t.bio", content)
    assert caught.value.where == where


def test_malformed_sentences_are_left_out_only_when_told(engine: Engine, tmp_path: Path) -> None:
    found = read(engine, tmp_path / "t.bio", "a O\n\nb\nc O\n\nd O\n", skip_malformed=True)
    assert (found.malformed, found.first_malformed) == (2, "t.bio:3")
    assert rows(found.table, "token") == [("a",), ("d",)]


def published(engine: Engine, path: Path, content: bytes, value: str | None, where: str, drop: str = "false") -> bytes:
    """The file with the tags changed `where`, without the rows to drop."""
    base = snapshot(path, content)
    table = scan(engine, base).table
    schema = Schema(fields=tuple(replace(item, origin=item.name) for item in table.schema))
    tag = f"CASE WHEN {where} THEN {literal(value)} ELSE tag END AS tag"
    relation = f"(SELECT * REPLACE ({tag}) FROM {table.relation} WHERE NOT ({drop}))"
    held = io.BytesIO()
    final = replace(table, schema=schema, relation=relation)
    publish(
        Publication(base=replace(base, options=ReadOptions(schema=schema)), final=final, key=("sentence", "id")), held
    )
    return held.getvalue()


@pytest.mark.parametrize(
    "content", [NEWS, NEWS.rstrip("\n"), "\ufeff" + NEWS, "\n" + NEWS + "\n\n", NEWS.replace("\n", "\r\n")]
)
def test_a_relabel_changes_its_cells_only(engine: Engine, tmp_path: Path, content: str) -> None:
    path = tmp_path / "t.conll"
    assert published(engine, path, content.encode(), "x", "false") == content.encode()
    found = published(engine, path, content.encode(), "B-ORG", "tag = 'I-ORG'")
    assert found == content.replace("I-ORG", "B-ORG").encode()


def test_a_sentence_leaves_whole_and_its_document_stays(engine: Engine, tmp_path: Path) -> None:
    found = published(engine, tmp_path / "t.conll", NEWS.encode(), "x", "false", drop="sentence = 2")
    assert found == NEWS.replace("# a remark\n# CD I-NP O\n4  CD\tI-NP O\n\n", "").encode()


@pytest.mark.parametrize("value", ["B ORG", "B\nORG", "", None])
def test_a_tag_that_would_not_be_read_again_is_refused(engine: Engine, tmp_path: Path, value: str | None) -> None:
    with pytest.raises(FormatError, match="CoNLL"):
        published(engine, tmp_path / "t.conll", NEWS.encode(), value, "tag = 'I-ORG'")


def test_a_file_whose_sentences_differ_in_width_is_refused_by_its_name(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "t.conll"
    path.write_text("#begin document (d); part 000\nd 0 0 It PRP (S* - -\nd 0 1 is VBZ *) be 01 (V*)\n")
    with pytest.raises(FormatError, match="CoNLL-2012") as caught:
        scan(engine, recognised(Snapshot(path=path, format="", shown_path=path.name)))
    assert caught.value.where == "t.conll:1"
