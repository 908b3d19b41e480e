"""Broken files: each a FormatError that names the file, and the line where it is known."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from dsv.api.diff import compare
from dsv.errors import FormatError
from dsv.formats.base import detect, scan
from dsv.model.snapshot import ReadOptions, Snapshot
from dsv.tables.duckdb import Engine

GOOD_JSON = b'{"id": 1}\n'
BROKEN = {
    ("ragged.csv", b"id,class\n1,a\n2,b,c\n3\n"): ":3",
    ("nul.csv", b"id,class\n1,a\0\n"): ":2",
    ("latin.csv", b"id,class\n1,caf\xe9\n"): ":2",
    ("twins.csv", b"id,id\n1,a\n"): ":1",
    ("nameless.csv", b"id,\n1,a\n"): ":1",
    ("empty.csv", b""): "empty.csv",
    ("markers.csv", b"id,class\n<<<<<<< ours\n1,a\n=======\n1,b\n>>>>>>> theirs\n"): ":2",
    ("open.csv", b'id,class\n1,"a\n2,b\n'): ":2",
    ("after.csv", b'id,class\n1,"a"b\n'): ":2",
    ("utf16.csv", "id,class\n1,a\n".encode("utf-16")): ":1",
    ("short.csv.gz", gzip.compress(b"id,class\n" + b"1,a\n" * 999, mtime=0)[:-12]): "short.csv.gz",
    ("fake.csv.gz", b"id,class\n1,a\n"): "fake.csv.gz",
    ("ragged.tsv", b"id\tclass\n1\ta\tb\n"): ":2",
    ("cut.jsonl", GOOD_JSON + b'{"id": 2, "cla'): ":2",
    ("list.jsonl", GOOD_JSON + b"[1]\n"): ":2",
    ("latin.jsonl", GOOD_JSON + b'{"id": "caf\xe9"}\n'): ":2",
    ("markers.jsonl", GOOD_JSON + b"<<<<<<< ours\n"): ":2",
    ("twins.jsonl", GOOD_JSON + b'{"id": 1, "id": 2}\n'): ":2",
    ("fake.parquet", b"PAR1 this is not one PAR1"): "fake.parquet",
    ("short.parquet", b"PAR1"): "short.parquet",
}


def read(path: Path, **options: bool) -> int:
    form, zipped = detect(path.name)
    snapshot = Snapshot(path=path, format=form, gzip=zipped, shown_path=path.name, options=ReadOptions(**options))
    with Engine() as engine:
        return scan(engine, snapshot).table.count()


@pytest.mark.parametrize(("name", "content"), BROKEN)
def test_a_broken_file_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FormatError) as caught:
        read(tmp_path / name)
    where = str(caught.value.where)
    assert where.startswith(name) and where.endswith(BROKEN[name, content])
    assert str(tmp_path) not in f"{caught.value.message} {where} {caught.value.hint}"


def test_a_corrupt_page_is_a_format_error(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"id": list(range(5000))}), path, compression="zstd")
    content = bytearray(path.read_bytes())
    content[20:400] = b"\xff" * 380
    path.with_name("u.parquet").write_bytes(bytes(content))
    with pytest.raises(FormatError, match="cannot be read to its end"):
        compare(tmp_path, ["t.parquet", "u.parquet"], None)


def test_a_folder_named_like_a_partition_adds_no_field(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "split=train" / "t.parquet"
    path.parent.mkdir()
    pq.write_table(pa.table({"id": [1]}), path)
    with Engine() as engine:
        snapshot = Snapshot(path=path, format="parquet", shown_path="t.parquet")
        assert scan(engine, snapshot).table.schema.names == ("id",)


@pytest.mark.parametrize(
    ("name", "content"), [("t.csv", b"id,split\n1,test\n"), ("t.jsonl", b'{"id": 1, "split": "test"}\n')]
)
def test_a_folder_named_like_a_partition_changes_no_cell(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / "split=train" / "more=1" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with Engine() as engine:
        table = scan(engine, Snapshot(path=path, format=detect(name)[0], shown_path=name)).table
        assert engine.columns(table.relation).keys() == {"id", "split", "_dsv_position"}
        assert engine.rows(f"SELECT split FROM {table.relation}") == [("test",)]


def test_malformed_lines_are_left_out_only_when_told(tmp_path: Path) -> None:
    path = tmp_path / "ragged.csv"
    path.write_bytes(b"id,class\n1,a\n2,b,c\n3,x\n")
    assert read(path, skip_malformed=True) == 2


def test_unknown_suffixes_list_the_known_ones() -> None:
    with pytest.raises(FormatError) as caught:
        detect("table.xlsx")
    assert ".csv" in str(caught.value.hint) and ".parquet" in str(caught.value.hint)


def test_missing_empty_and_words_are_five_things(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b'id,v\n1,\n2,""\n3,NaN\n4,NA\n5,None\n')
    with Engine() as engine:
        table = scan(engine, Snapshot(path=path, format="csv", shown_path="t.csv")).table
        assert engine.rows(f"SELECT v FROM {table.relation} ORDER BY id") == [
            (None,),
            ("",),
            ("NaN",),
            ("NA",),
            ("None",),
        ]


def test_a_cell_larger_than_a_readers_piece(tmp_path: Path) -> None:
    """40 MB in one cell, in the middle of a file without quotes, which the engine would cut for its threads."""
    path = tmp_path / "t.csv"
    path.write_text("id,v\n" + "1,a\n" * 1000 + "2," + "x" * 40_000_000 + "\n" + "3,c\n" * 1000)
    with Engine() as engine:
        table = scan(engine, Snapshot(path=path, format="csv", shown_path="t.csv")).table
        assert table.count() == 2001
        assert engine.rows(f"SELECT length(v) FROM {table.relation} WHERE id = '2'") == [(40_000_000,)]


@pytest.mark.parametrize("name", ["long.csv", "long.csv.gz"])
def test_a_cell_of_megabytes_is_read_within_the_memory_of_the_engine(tmp_path: Path, name: str) -> None:
    content = b'id,text\n1,"' + b"line\n" * 600_000 + b'"\n2,short\n'
    (tmp_path / name).write_bytes(gzip.compress(content, 1) if name.endswith(".gz") else content)
    assert read(tmp_path / name) == 2
