"""Folders of part files: one table in the order of the paths, and what differs between files is said."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from dsv.api.diff import compare
from dsv.api.snapshots import plain_snapshot
from dsv.errors import FormatError
from dsv.formats.base import Scan, scan
from dsv.tables.duckdb import Engine
from dsv.tables.table import POSITION

Rows = list[dict[str, Any]]


def put(folder: Path, files: dict[str, bytes | str | pa.Table]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, pa.Table):
            if name.endswith((".parquet", ".pq")):
                pq.write_table(content, path)
            else:
                feather.write_feather(content, path, compression="uncompressed")
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def read(folder: Path) -> tuple[Rows, dict[str, str], Scan]:
    with Engine() as engine:
        snapshot = plain_snapshot(folder, "set")
        assert snapshot.format == "parts"
        found = scan(engine, snapshot)
        table = found.table.typed_table()
        rows = engine.rows(f"SELECT * FROM {table.relation} ORDER BY {POSITION}")
        names = (*table.schema.names, POSITION)
        places = [row[-1] for row in rows]
        assert places == list(range(1, len(rows) + 1))
        return (
            [dict(zip(names[:-1], row[:-1], strict=True)) for row in rows],
            {item.name: item.type for item in table.schema},
            found,
        )


def lines(rows: Rows) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


ONE: Rows = [{"id": 1, "v": "a"}, {"id": 2, "v": "b"}]
TWO: Rows = [{"id": 3, "v": None}]
TYPES = pa.schema([("id", pa.int64()), ("v", pa.string())])
WRITTEN = {
    "csv": ("a.csv", "id,v\n1,a\n2,b\n", "sub/b.csv", "id,v\n3,\n"),
    "tsv": ("a.tsv", "id\tv\n1\ta\n2\tb\n", "b.tsv", "id\tv\n3\t\n"),
    "jsonl": ("a.jsonl", lines(ONE), "b.ndjson", lines(TWO)),
    "parquet": ("a.parquet", pa.Table.from_pylist(ONE), "b.parquet", pa.Table.from_pylist(TWO, TYPES)),
    "arrow": ("a.arrow", pa.Table.from_pylist(ONE), "b.arrow", pa.Table.from_pylist(TWO)),
    "gzip": ("a.csv.gz", gzip.compress(b"id,v\n1,a\n2,b\n"), "b.csv", "id,v\n3,\n"),
    "gzip-jsonl": ("a.jsonl.gz", gzip.compress(lines(ONE).encode()), "b.jsonl", lines(TWO)),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRITTEN)
def test_rows_come_by_path_and_files_know_theirs(tmp_path: Path, kind: str) -> None:
    first, content, second, more = WRITTEN[kind]
    put(
        tmp_path,
        {second: more, first: content, "_SUCCESS": "", "_temporary/x.csv": "broken\n1,2\n", ".hidden.csv": "x\n"},
    )
    rows, types, found = read(tmp_path)
    assert rows == [*ONE, *TWO]
    assert types == {"id": "integer", "v": "string"}
    assert [(item.path, item.first, item.count) for item in found.ranges] == [(first, 1, 2), (second, 3, 1)]
    assert found.findings == ()


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_hive_folders_are_fields(tmp_path: Path, kind: str) -> None:
    def part(n: int) -> Any:
        return f"id\n{n}\n" if kind == "csv" else pa.table({"id": [n]})

    put(
        tmp_path,
        {
            f"split=train/lang=a%2Fb%20%C3%A9/p.{kind}": part(1),
            f"split=__HIVE_DEFAULT_PARTITION__/lang=007/p.{kind}": part(2),
            f"split=test/lang=x=y/p.{kind}": part(3),
        },
    )
    rows, types, found = read(tmp_path)
    assert rows == [
        {"id": 2, "split": None, "lang": "007"},
        {"id": 3, "split": "test", "lang": "x=y"},
        {"id": 1, "split": "train", "lang": "a/b é"},
    ]
    assert types == {"id": "integer", "split": "string", "lang": "string"} and found.findings == ()


def test_a_field_in_folder_and_file_must_agree(tmp_path: Path) -> None:
    put(tmp_path, {"split=train/p.csv": "id,split\n1,train\n", "split=test/p.csv": "id,split\n2,test\n"})
    assert [row["split"] for row in read(tmp_path)[0]] == ["test", "train"]
    put(tmp_path, {"split=val/p.csv": "id,split\n3,test\n"})
    with pytest.raises(FormatError, match="'val' by the folder's name") as caught:
        read(tmp_path)
    assert caught.value.where == "set/split=val/p.csv"


def said(found: Scan, rule: str) -> list[str]:
    return [item.message for item in found.findings if item.rule == rule]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "arrow"])
def test_missing_fields_are_nulls_and_said(tmp_path: Path, kind: str) -> None:
    written = {
        "csv": ("id\n1\n", "id,v\n2,x\n"),
        "jsonl": (lines([{"id": 1}]), lines([{"id": 2, "v": "x"}])),
        "parquet": (pa.table({"id": [1]}), pa.table({"v": ["x"], "id": [2]})),
        "arrow": (pa.table({"id": [1]}), pa.table({"v": ["x"], "id": [2]})),
    }[kind]
    put(tmp_path, {f"a.{kind}": written[0], f"b.{kind}": written[1]})  # type: ignore[dict-item]
    rows, _, found = read(tmp_path)
    assert rows == [{"id": 1, "v": None}, {"id": 2, "v": "x"}]
    (message,) = said(found, "missing-field")
    assert "'v' is in 1 of 2 files" in message and f"set/a.{kind}" in message


@pytest.mark.parametrize(
    ("files", "kind", "values"),
    [
        ({"a.csv": "id\n1\n", "b.csv": "id\n01x\n"}, "string", ["1", "01x"]),
        ({"a.csv": "id\n1\n", "b.csv": "id\n0.5\n"}, "number", [1.0, 0.5]),
        ({"a.jsonl": '{"id": 1}\n', "b.jsonl": '{"id": "x"}\n'}, "json", ["1", '"x"']),
        ({"a.jsonl": '{"id": "x"}\n{"id": null}\n', "b.jsonl": '{"id": [1]}\n'}, "json", ['"x"', None, "[1]"]),
        ({"a.jsonl": '{"id": 1}\n', "b.jsonl": '{"id": 0.5}\n'}, "number", [1.0, 0.5]),
        ({"a.parquet": pa.table({"id": [1]}), "b.parquet": pa.table({"id": [0.5]})}, "number", [1.0, 0.5]),
        (
            {"a.jsonl": '{"id": {"x": 1}}\n', "b.jsonl": '{"id": {"y": "b"}}\n'},
            "struct<x: integer, y: string>",
            [{"x": 1, "y": None}, {"x": None, "y": "b"}],
        ),
    ],
)
def test_types_that_differ_are_widened_and_said(tmp_path: Path, files: Any, kind: str, values: list[Any]) -> None:
    rows, types, found = read(put(tmp_path, files))
    assert types == {"id": kind} and [row["id"] for row in rows] == values
    (message,) = said(found, "widened-field")
    assert f"read as {kind}" in message and "set/b." in message


def test_types_of_one_name_and_several_widths_are_nothing_to_say(tmp_path: Path) -> None:
    small, large = pa.table({"id": pa.array([1], pa.int8())}), pa.table({"id": pa.array([2**63], pa.uint64())})
    rows, types, found = read(put(tmp_path, {"a.parquet": small, "b.parquet": large}))
    assert [row["id"] for row in rows] == [1, 2**63] and types == {"id": "integer"} and found.findings == ()


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_missing_cells_have_any_type(tmp_path: Path, kind: str) -> None:
    written = {
        "csv": ("id,v\n1,\n", "id,v\n2,7\n", "id,v\n3,\n"),
        "jsonl": ('{"id": 1, "v": null}\n', '{"id": 2, "v": 7}\n', '{"id": 3, "v": null}\n'),
        "parquet": tuple(
            pa.table({"id": [n], "v": pa.array([v], t)})
            for n, v, t in ((1, None, pa.string()), (2, 7, pa.int64()), (3, None, pa.string()))
        ),
    }[kind]
    put(tmp_path, {f"{n}.{kind}": content for n, content in enumerate(written)})  # type: ignore[misc]
    rows, types, found = read(tmp_path)
    assert [row["v"] for row in rows] == [None, 7, None] and types["v"] == "integer" and found.findings == ()


def test_typed_files_that_disagree_are_an_error(tmp_path: Path) -> None:
    put(tmp_path, {"a.parquet": pa.table({"id": [1]}), "b.parquet": pa.table({"id": ["x"]})})
    with pytest.raises(FormatError, match=r"'id' is of type string here, and integer in a\.parquet") as caught:
        read(tmp_path)
    assert caught.value.where == "set/b.parquet"


BROKEN: dict[str, tuple[dict[str, Any], str, str]] = {
    "mixed": ({"a.csv": "id\n1\n", "b.jsonl": '{"id": 1}\n'}, "several formats: csv", "set"),
    "strangers": ({"a.csv": "id\n1\n", "b.csv": "other\n1\n"}, "no field in common with a.csv", "set/b.csv"),
    "ragged": ({"a.csv": "id,v\n1,a\n", "b.csv": "id,v\n1,a\n2\n"}, "not have 2 fields", "set/b.csv:3"),
    "cut": ({"a.jsonl": '{"id": 1}\n', "b.jsonl": '{"id": 1}\n{"id'}, "no JSON object", "set/b.jsonl:2"),
    "empty": ({"a.csv": "id\n1\n", "b.csv": ""}, "empty", "set/b.csv"),
    "fake": ({"a.parquet": pa.table({"id": [1]}), "b.parquet": "PAR1"}, "no sound Parquet", "set/b.parquet"),
    "twins": ({"a.csv": "id,v\n1,a\n", "b.csv": "id,V\n2,b\n"}, "only its case differs", "set/b.csv"),
    "twice": ({"s=1/s=2/a.csv": "id\n1\n"}, "two folders give the field 's'", "set/s=1/s=2/a.csv"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_is_said_with_the_file(tmp_path: Path, name: str) -> None:
    files, message, where = BROKEN[name]
    with pytest.raises(FormatError, match=message) as caught:
        read(put(tmp_path, files))
    assert caught.value.where == where


def test_an_empty_folder_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no table of a known format"):
        plain_snapshot(tmp_path, "set")
    (tmp_path / "notes.txt").write_text("x")
    with Engine() as engine, pytest.raises(FormatError, match="no file of rows"):
        scan(engine, plain_snapshot(tmp_path, "set", given="parts"))


def test_other_files_are_counted(tmp_path: Path) -> None:
    found = read(put(tmp_path, {"a.csv": "id\n1\n", "README.md": "x", "LICENSE": "y"}))[2]
    assert [(item.rule, item.count, item.level) for item in found.findings] == [("other-files", 2, "info")]


def test_parquet_of_one_schema_is_not_copied(tmp_path: Path) -> None:
    files = {f"p{n:02d}.parquet": pa.table({"id": [n * 10, n * 10 + 1], "v": [str(n)] * 2}) for n in range(20)}
    put(tmp_path, files)
    with Engine() as engine:
        table = scan(engine, plain_snapshot(tmp_path, "set")).table
        assert engine.rows("SELECT count(*) FROM duckdb_tables()") == [(0,)]
        found = engine.rows(f"SELECT id FROM {table.relation} ORDER BY {POSITION}")
        # a cursor of its own sees it, too, in parallel and with a condition
        assert list(engine.stream(f"SELECT {POSITION} FROM {table.relation} WHERE v = '7'")) == [(15,), (16,)]
    assert [row[0] for row in found] == [n * 10 + k for n in range(20) for k in (0, 1)]


def test_large_parts_are_gathered_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dsv.formats._parts.rows.STAGE_LIMIT_BYTES", 3)
    rows, _, found = read(put(tmp_path, {"a.csv": "id,v\n1,a\n", "b.csv": "id\n2\n"}))
    assert rows == [{"id": 1, "v": "a"}, {"id": 2, "v": None}] and len(found.findings) == 1


def test_two_folders_are_compared(tmp_path: Path) -> None:
    put(tmp_path / "old", {"a.csv": "id,v\n1,a\n2,b\n", "b.csv": "id,v\n3,c\n"})
    put(tmp_path / "new", {"a.csv": "id,v\n1,a\n", "c.csv": "id,v\n3,x\n4,d\n2,b\n"})
    with compare(tmp_path, ["old", "new"], None) as found:
        (diff,) = found.result.datasets
        assert (diff.rows.added, diff.rows.removed, diff.rows.changed, diff.rows.unchanged) == (1, 0, 1, 2)


def test_malformed_lines_of_all_files_are_counted(tmp_path: Path) -> None:
    from dataclasses import replace

    put(tmp_path, {"a.csv": "id,v\n1,a\n2\n", "b.csv": "id,v\n3,c\n4\n5\n"})
    snapshot = plain_snapshot(tmp_path, "set")
    with Engine() as engine:
        options = replace(snapshot.options, skip_malformed=True)
        found = scan(engine, replace(snapshot, options=options))
        assert (found.malformed, found.first_malformed, found.table.count()) == (3, "set/a.csv:3", 2)
