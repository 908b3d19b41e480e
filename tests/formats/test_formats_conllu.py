"""CoNLL-U: what is read, what is refused, and what is published."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dsv.errors import FormatError
from dsv.formats.base import Publication, Scan, publish, recognised, scan
from dsv.model.schema import Field, Schema
from dsv.model.snapshot import ReadOptions, Snapshot
from dsv.tables.duckdb import Engine, identifier, literal
from dsv.tables.table import POSITION, Table
from tests.formats.conftest import Folders

FIRST = """\
# newdoc id = d1
# sent_id = s1
# text = It's _ here
# note = odd spacing  kept
1-2\tIt's\t_\t_\t_\t_\t_\t_\t_\t_
1\tIt\tit\tPRON\tPRP\tCase=Nom|Number=Sing\t4\tnsubj\t4:nsubj\t_
2\t's\tbe\tAUX\tVBZ\t_\t4\tcop\t4:cop\t_
3\t_\t_\tSYM\t_\t_\t4\tdep\t_\t_
3.1\t"gone\tgo\tVERB\t_\t_\t_\t_\t0:root\tCopyOf=-1
4\there\there\tADV\tRB\t_\t0\troot\t_\tSpaceAfter=No
"""
SECOND = """\
# newpar
# sent_id = s2
1\tYes\tyes\tINTJ\tUH\t_\t0\troot\t_\t_
2\t!\t!\tPUNCT\t.\t_\t1\tpunct\t_\t_
"""
TEXT = f"{FIRST}\n{SECOND}\n"


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as found:
        yield found


def snapshot(path: Path, content: bytes, **options: Any) -> Snapshot:
    path.write_bytes(content)
    found = Snapshot(path=path, format="", shown_path=path.name, options=ReadOptions(**options))
    return recognised(found)


def read(engine: Engine, path: Path, content: str, **options: Any) -> Scan:
    return scan(engine, snapshot(path, content.encode(), **options))


def rows(table: Table, *names: str) -> list[tuple[Any, ...]]:
    columns = ", ".join(map(identifier, names or table.schema.names))
    return table.engine.rows(f"SELECT {columns} FROM {table.relation} ORDER BY {POSITION}")


def test_tokens_are_rows_and_an_underscore_is_missing_but_for_a_form(engine: Engine, tmp_path: Path) -> None:
    found = read(engine, tmp_path / "t.conllu", TEXT)
    assert rows(found.table, "id", "form", "lemma", "upos", "feats", "head", "deprel", "misc")[:5] == [
        ("1-2", "It's", None, None, None, None, None, None),
        ("1", "It", "it", "PRON", "Case=Nom|Number=Sing", 4, "nsubj", None),
        ("2", "'s", "be", "AUX", None, 4, "cop", None),
        ("3", "_", "_", "SYM", None, 4, "dep", None),
        ("3.1", '"gone', "go", "VERB", None, None, None, "CopyOf=-1"),
    ]
    assert found.labels == ("upos", "deprel") and found.findings == ()
    # The text of the second sentence is not given: its words stand for it.
    assert set(rows(found.table, "sentence", "sent_id", "text")) == {(1, "s1", "It's _ here"), (2, "s2", "Yes !")}


def test_every_comment_is_kept(engine: Engine, tmp_path: Path) -> None:
    found = read(engine, tmp_path / "t.conllu", "# global.columns = ID FORM\n" + TEXT).parts["sentences"]
    assert rows(found.table) == [
        ("s1", 1, "It's _ here", 1, "d1", None, ["# global.columns = ID FORM", "# note = odd spacing  kept"]),
        ("s2", 2, None, 1, None, "", []),
    ]


def test_the_older_spelling_of_a_text_is_one(engine: Engine, tmp_path: Path) -> None:
    text = TEXT.replace("# text =", "# sentence-text:").replace("# sent_id = s1\n", "")
    found = read(engine, tmp_path / "t.conllu", text).parts["sentences"]
    assert rows(found.table, "sent_id", "text")[0] == (None, "It's _ here")


def test_a_repeated_sent_id_is_a_finding(engine: Engine, tmp_path: Path) -> None:
    found = read(engine, tmp_path / "t.conllu", TEXT.replace("= s2", "= s1"))
    (finding,) = found.findings
    assert (finding.rule, finding.count) == ("duplicate-sent-id", 1) and "'s1'" in finding.message


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("\t4\tcop\t4:cop\t_\n", "\t4\tcop\t4:cop\n", 7, "9 columns, not 10"),
        ("1\tYes\t", "1 Yes ", 14, "8 columns, not 10"),
        ("3\t_\t_\tSYM", "3\t_\t\tSYM", 8, "column lemma is empty"),
        ("4\there", "5\there", 10, "the id 5 does not follow"),
        ("3.1\t", "3.2\t", 9, "the id 3.2 does not follow"),
        ("1-2\t", "2-3\t", 5, "the id 2-3 does not follow"),
        ("1-2\t", "1-9\t", 10, "before 9"),
        ("2\t!", "two\t!", 15, "'two' is no id"),
        ("\t1\tpunct", "\tone\tpunct", 15, "'one' is no number of a word"),
        ("2\t!", "# late\n2\t!", 15, "a comment stands between"),
        ("2\t!\t!", "2\t!\r\t!", 15, "carriage return"),
        ("1\tpunct\t_\t_\n\n", "1\tpunct\t_\t_\n", 15, "no empty line ends"),
        ("# newpar", "<<<<<<< ours\n# newpar", 12, "unfinished merge"),
        ("2\t!", "2\t\x00", 15, "NUL"),
    ],
)
def test_what_is_broken_is_named_with_its_line(
    engine: Engine, tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    assert TEXT.count(old) == 1
    with pytest.raises(FormatError, match=message) as caught:
        read(engine, tmp_path / "t.conllu", TEXT.replace(old, new))
    assert caught.value.where == f"t.conllu:{line}"


def test_latin_1_is_refused(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="not UTF-8") as caught:
        scan(engine, snapshot(tmp_path / "t.conllu", TEXT.encode().replace(b"here\there", b"h\xe9re\there")))
    assert caught.value.where == "t.conllu:10"


def test_malformed_sentences_are_left_out_only_when_told(engine: Engine, tmp_path: Path) -> None:
    found = read(engine, tmp_path / "t.conllu", TEXT.replace("2\t!", "7\t!"), skip_malformed=True)
    assert (found.malformed, found.first_malformed) == (2, "t.conllu:15")
    assert rows(found.table, "sent_id") == [("s1",)] * 6


def test_a_conll_file_of_ten_columns_is_conllu(tmp_path: Path) -> None:
    assert snapshot(tmp_path / "a.conll", TEXT.encode()).format == "conllu"
    assert snapshot(tmp_path / "b.conll", b"EU B-ORG\nrejects O\n\n").format == "conll"
    assert snapshot(tmp_path / "c.conllu.gz", gzip.compress(TEXT.encode())).format == "conllu"


def test_a_declared_schema_is_kept_to(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "t.conllu"
    fields = read(engine, path, TEXT).table.schema
    narrow = tuple(
        replace(item, type="enum", values=("PRON", "AUX", "SYM", "VERB", "ADV", "INTJ"))
        if item.name == "upos"
        else item
        for item in fields
    )
    with pytest.raises(FormatError, match="'upos' holds PUNCT") as caught:
        read(engine, path, TEXT, schema=Schema(fields=narrow))
    assert caught.value.where == "t.conllu:15"
    with pytest.raises(FormatError, match="not the declared ones"):
        read(engine, path, TEXT, schema=Schema(fields=(*fields, Field(name="more", type="string"))))


# Publishing


def final(table: Table, field: str, value: str | int | None, where: str, drop: str = "false") -> Table:
    columns = [
        f"CASE WHEN {where} THEN {literal(value)} ELSE {identifier(name)} END AS {identifier(name)}"
        if name == field
        else identifier(name)
        for name in table.schema.names
    ]
    return replace(
        table, relation=f"(SELECT {', '.join(columns)}, {POSITION} FROM {table.relation} WHERE NOT ({drop}))"
    )


def published(engine: Engine, path: Path, content: bytes, *change: Any, drop: str = "false") -> bytes:
    base = snapshot(path, content)
    table = scan(engine, base).table
    schema = Schema(fields=tuple(replace(item, origin=item.name) for item in table.schema))
    base = replace(base, options=ReadOptions(schema=schema))
    table = replace(table, schema=schema)
    table = final(table, *(change or ("upos", None, "false")), drop=drop)
    held = io.BytesIO()
    publish(Publication(base=base, final=table, key=("sentence", "id")), held)
    return held.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        ("\ufeff" + TEXT).encode(),
        TEXT.replace("\n", "\r\n").encode(),
        ("\n\n" + TEXT + "\n# the end\n").encode(),
        gzip.compress(TEXT.encode(), mtime=0),
    ],
)
def test_unchanged_sentences_keep_their_bytes(engine: Engine, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / ("t.conllu.gz" if content.startswith(b"\x1f\x8b") else "t.conllu")
    assert published(engine, path, content) == content


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_a_relabel_changes_its_lines_only(engine: Engine, tmp_path: Path, line_end: str, bom: str) -> None:
    content = (bom + "\n" + TEXT).replace("\n", line_end).encode()
    found = published(engine, tmp_path / "t.conllu", content, "deprel", "nsubj:outer", "deprel = 'nsubj'")
    assert found == content.replace(b"\tnsubj\t", b"\tnsubj:outer\t")


def test_missing_is_written_as_an_underscore(engine: Engine, tmp_path: Path) -> None:
    found = published(engine, tmp_path / "t.conllu", TEXT.encode(), "head", None, "form = '!'")
    assert found == TEXT.replace("\t1\tpunct", "\t_\tpunct").encode()


@pytest.mark.parametrize(
    ("field", "value", "where"),
    [
        ("upos", "A\tB", "id = '1'"),
        ("upos", "A\nB", "id = '1'"),
        ("upos", "", "id = '1'"),
        ("upos", "_", "id = '1'"),
        ("form", None, "id = '1'"),
        ("text", "other", "sentence = 1"),
        ("lemma", "_", "form = 'Yes'"),
    ],
)
def test_a_value_that_would_not_be_read_again_is_refused(
    engine: Engine, tmp_path: Path, field: str, value: str | None, where: str
) -> None:
    with pytest.raises(FormatError, match="(cannot be written in|no longer be) CoNLL-U"):
        published(engine, tmp_path / "t.conllu", TEXT.encode(), field, value, where)


def test_a_sentence_leaves_whole_and_its_document_goes_on(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "t.conllu"
    assert published(engine, path, TEXT.encode(), drop="sentence = 2") == f"{FIRST}\n".encode()
    assert published(engine, path, TEXT.encode(), drop="sentence = 1") == f"# newdoc id = d1\n{SECOND}\n".encode()
    with pytest.raises(FormatError, match="the id 2 does not follow"):
        published(engine, path, TEXT.encode(), drop="sentence = 2 AND id = '1'")
    without_range = published(engine, path, TEXT.encode(), drop="id = '1-2'")
    assert without_range == TEXT.replace("1-2\tIt's" + "\t_" * 8 + "\n", "").encode()


def test_a_token_of_several_words_is_no_change_of_the_schema(folders: Folders) -> None:
    def line(*cells: str) -> str:
        return "\t".join([*cells, *["_"] * (10 - len(cells))]) + "\n"

    words = line("1", "It", "it", "PRON", "_", "_", "2", "nsubj") + line("2", "'s", "be", "AUX", "_", "_", "0", "root")
    head = "# sent_id = a\n# text = It's\n"
    diff = folders.diff(head + words + "\n", head + line("1-2", "It's") + words + "\n", ".conllu")
    assert (diff.rows.added, diff.rows.changed, diff.schema_changes) == (1, 0, ())
