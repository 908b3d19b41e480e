"""Arrow files and streams: read as other formats are, written as they were, broken ones named."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather as feather
import pytest

from dsv.errors import FormatError
from dsv.formats.base import Publication, Scan, detect, publish, scan
from dsv.model.schema import Schema
from dsv.model.snapshot import ReadOptions, Snapshot
from dsv.tables.duckdb import Engine
from dsv.tables.table import POSITION, Table

ROWS = 1000
CLASSES = pa.dictionary(pa.int8(), pa.string())
TABLE = pa.table(
    {
        "id": pa.array(range(ROWS), pa.int32()),
        "class": pa.array(["cat", "dog", None, "cow"] * 250).dictionary_encode().cast(CLASSES),
        "score": pa.array([float("nan"), 0.5, None, -1.0] * 250, pa.float16()),
        "tags": pa.array([["a"], [], None, ["b", "c"]] * 250, pa.list_(CLASSES)),
        "box": pa.array([{"x": 1, "y": 2.5}] * ROWS),
        "raw": pa.array([b"\x00\xff"] * ROWS, pa.large_binary()),
        "nothing": pa.nulls(ROWS),
        "price": pa.array([1, 2, 3, 4] * 250).cast(pa.decimal128(24, 2)),
    }
)  # fmt: skip
FLAT = TABLE.drop_columns(["tags"])


def write(path: Path, table: pa.Table, *, stream: bool = False, codec: str | None = None, rows: int = 300) -> Path:
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    with path.open("wb") as out, make(out, table.schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as writer:
        writer.write_table(table.combine_chunks(), max_chunksize=rows)
    return path


def snapshot(path: Path, **options: Any) -> Snapshot:
    form, zipped = detect(path.name)
    return Snapshot(path=path, format=form, gzip=zipped, shown_path=path.name, options=ReadOptions(**options))


def read(path: Path) -> list[tuple[Any, ...]]:
    with Engine() as engine:
        table = scan(engine, snapshot(path)).table
        return engine.rows(f"SELECT * FROM {table.relation} ORDER BY {POSITION}")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("codec", [None, "lz4", "zstd"])
def test_values_and_order(tmp_path: Path, stream: bool, codec: str | None) -> None:
    rows = read(write(tmp_path / "t.arrow", TABLE, stream=stream, codec=codec))
    expected = TABLE.to_pylist()
    assert [row[-1] for row in rows] == list(range(1, ROWS + 1))
    for found, row in zip(rows, expected, strict=True):
        assert found[:2] == (row["id"], row["class"]) and found[3] == row["tags"]
        assert found[4:7] == (row["box"], row["raw"], None) and found[7] == row["price"]
        assert repr(found[2]) == repr(None if row["score"] is None else float(row["score"]))


def test_types_are_dsvs_own(tmp_path: Path) -> None:
    with Engine() as engine:
        found = scan(engine, snapshot(write(tmp_path / "t.ipc", TABLE))).table.schema
    assert {item.name: item.type for item in found} == {
        "id": "integer", "class": "string", "score": "number", "tags": "list<string>",
        "box": "struct<x: integer, y: number>", "raw": "bytes", "nothing": "string", "price": "number",
    }  # fmt: skip


def test_feather_is_read(tmp_path: Path) -> None:
    feather.write_feather(FLAT, tmp_path / "t.feather", compression="zstd")
    assert len(read(tmp_path / "t.feather")) == ROWS


def test_a_large_file_is_kept_beside_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dsv.tables.arrow.STAGE_LIMIT_BYTES", 10)
    path = write(tmp_path / "t.arrow", FLAT)
    with Engine() as engine:
        table = scan(engine, snapshot(path)).table
        # a cursor of its own sees it, too
        ids = [row[0] for row in engine.stream(f"SELECT id FROM {table.relation} ORDER BY {POSITION} DESC")]
        assert engine._spill is not None and list(engine._spill.path.glob("*.duckdb"))
    assert ids == list(reversed(range(ROWS)))


BROKEN = {
    "cut.arrow": lambda good, stream: good[: len(good) // 2],
    "tail.arrow": lambda good, stream: good[:-30],
    "stream.arrow": lambda good, stream: stream[: len(stream) - 700],
    "text.arrow": lambda good, stream: b"id,class\n1,a\n",
    "empty.arrow": lambda good, stream: b"",
    "old.feather": lambda good, stream: b"FEA1" + b"\0" * 60,
    "zeros.ipc": lambda good, stream: good[:-600] + b"\0" * 500 + good[-100:],
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_named(tmp_path: Path, name: str) -> None:
    good = write(tmp_path / "good.arrow", FLAT).read_bytes()
    stream = write(tmp_path / "good.arrows", FLAT, stream=True).read_bytes()
    (tmp_path / name).write_bytes(BROKEN[name](good, stream))
    with pytest.raises(FormatError) as caught:
        read(tmp_path / name)
    assert caught.value.where == name and str(tmp_path) not in caught.value.message


def test_offsets_out_of_range_are_refused_and_not_followed(tmp_path: Path) -> None:
    offsets = pa.py_buffer(b"".join(n.to_bytes(4, "little", signed=True) for n in (0, 2**30, 4)))
    evil = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"abcd")])
    path = write(tmp_path / "t.arrow", pa.table({"id": evil}))
    with pytest.raises(FormatError, match="no sound Arrow file"):
        read(path)


@pytest.mark.parametrize("names", [["id", "id"], ["id", "ID"], ["id", ""]])
def test_names_that_cannot_be_told_apart(tmp_path: Path, names: list[str]) -> None:
    path = write(tmp_path / "t.arrow", pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=names))
    with pytest.raises(FormatError, match="name"):
        read(path)


def pinned(engine: Engine, path: Path) -> tuple[Snapshot, Table]:
    base = snapshot(path)
    found: Scan = scan(engine, base)
    schema = Schema(fields=tuple(replace(item, origin=item.name) for item in found.table.schema))
    return replace(base, options=ReadOptions(schema=schema)), replace(found.table, schema=schema)


def published(engine: Engine, base: Snapshot, table: Table, relation: str) -> bytes:
    held = io.BytesIO()
    publish(Publication(base=base, final=replace(table, relation=relation), key=("id",)), held)
    return held.getvalue()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("codec", [None, "zstd"])
def test_publishing_changes_only_what_changed(tmp_path: Path, stream: bool, codec: str | None) -> None:
    path = write(tmp_path / "t.arrow", FLAT, stream=stream, codec=codec)
    with Engine() as engine:
        base, table = pinned(engine, path)
        assert published(engine, base, table, table.relation) == path.read_bytes()
        changed = (
            f"(SELECT * REPLACE (CASE WHEN id = 4 THEN 'emu' ELSE class END AS class) FROM {table.relation} "
            f"WHERE id <> 7"
            f" UNION ALL SELECT * REPLACE (5000 AS id) FROM {table.relation} WHERE id = 7)"
        )
        (tmp_path / "new.arrow").write_bytes(published(engine, base, table, changed))
    opened = pa.ipc.open_stream if stream else pa.ipc.open_file
    after = opened((tmp_path / "new.arrow").read_bytes())
    assert after.schema.equals(FLAT.schema, check_metadata=True)
    found = after.read_all()
    assert found["id"].chunk(0).__len__() == 300
    expected = FLAT.to_pylist()
    expected[4]["class"] = "emu"
    moved = {**expected.pop(7), "id": 5000}
    assert [repr(row) for row in found.to_pylist()] == [repr(row) for row in [*expected, moved]]
    # the codec is the base's: 2 KB of it against 60 KB without
    assert ((tmp_path / "new.arrow").stat().st_size < path.stat().st_size * 1.2) and (
        codec or path.stat().st_size > 40_000
    )


def test_a_dictionary_without_room_is_refused(tmp_path: Path) -> None:
    values = pa.array([f"v{n}" for n in range(127)]).dictionary_encode()
    path = write(tmp_path / "t.arrow", pa.table({"id": range(127), "v": values.cast(CLASSES)}))
    with Engine() as engine:
        base, table = pinned(engine, path)
        more = f"(SELECT id + 1000 * n AS id, v || n AS v, {POSITION} FROM {table.relation}, range(2) r(n))"
        with pytest.raises(FormatError, match="more values than its dictionary"):
            published(engine, base, table, more)


def test_dictionaries_inside_values_are_read_and_not_written(tmp_path: Path) -> None:
    path = write(tmp_path / "t.arrow", TABLE.select(["id", "tags"]))
    with Engine() as engine:
        base, table = pinned(engine, path)
        changed = f"(SELECT * REPLACE (id + 1 AS id) FROM {table.relation})"
        with pytest.raises(FormatError, match="dictionaries inside"):
            published(engine, base, table, changed)
