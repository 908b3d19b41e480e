"""Part files: the same rows give the same bytes; an edit changes the part that it is in."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from dsv.errors import SchemaError
from dsv.model.schema import Field, Schema
from dsv.tables.duckdb import Engine
from dsv.tables.parts import read_version, write_version
from dsv.tables.table import POSITION, Table
from dsv.tables.tally import tally

SCHEMA = Schema(
    fields=(Field(name="id", type="integer"), Field(name="class", type="string"), Field(name="split", type="string"))
)


def table(engine: Engine, order: str, edited: int = -1) -> Table:
    relation = (
        f"(SELECT i AS id, CASE WHEN i = {edited} THEN 'edited' ELSE 'c' || (i % 3) END AS class, "
        "CASE WHEN i % 5 = 0 THEN 'test' ELSE 'train' END AS split, "
        f"row_number() OVER (ORDER BY {order}) AS {POSITION} "
        "FROM range(1000) r(i))"
    )
    return Table(engine=engine, relation=relation, schema=SCHEMA)


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.md5(path.read_bytes()).hexdigest() for path in (folder / "rows").glob("*")}


def test_row_order_never_matters_and_an_edit_stays_in_its_part(tmp_path: Path) -> None:
    with Engine() as engine:
        for name, rows in {
            "a": table(engine, "i"),
            "b": table(engine, "i DESC"),
            "c": table(engine, "i", edited=7),
        }.items():
            write_version(rows, tmp_path / name, ("id",), 4)
        first, second, third = (digests(tmp_path / name) for name in "abc")
        assert len(first) == 4 and first == second
        assert sum(first[name] != third[name] for name in first) == 1
        back = read_version(engine, tmp_path / "c", SCHEMA)
        assert engine.value(f"SELECT count(*) FROM {back.relation}") == 1000
        assert engine.rows(f"SELECT id FROM {back.relation} WHERE class = 'edited'") == [(7,)]


def test_without_a_key_rows_keep_order_and_position(tmp_path: Path) -> None:
    with Engine() as engine:
        write_version(table(engine, "i DESC"), tmp_path / "v", (), 2)
        back = read_version(engine, tmp_path / "v", SCHEMA)
        found = [row[0] for row in engine.rows(f"SELECT id FROM {back.relation} ORDER BY {POSITION}")]
    assert found == list(range(999, -1, -1))


def test_tally_counts_rows_by_split_and_class() -> None:
    import pandas as pd

    frame = pd.DataFrame({"i": range(1000)})
    frame["class"] = "c" + (frame["i"] % 3).astype(str)
    frame["split"] = ["test" if i % 5 == 0 else "train" for i in frame["i"]]
    with Engine() as engine:
        found = tally(table(engine, "i"), ("class",), "split", "c2")
    assert found.rows == 1000 and found.by_split == frame["split"].value_counts().to_dict()
    assert found.by_class["class"] == {name: int((frame["class"] == name).sum()) for name in ("c0", "c1")}
    test = frame[frame["split"] == "test"]["class"]
    assert found.by_split_class["class"]["test"] == {name: int((test == name).sum()) for name in ("c0", "c1")}


@pytest.mark.parametrize(
    ("value", "kind"),
    [("9223372036854775808::UHUGEINT", "integer"), ("'2024-01-01 00:00:00.000000001'::TIMESTAMP_NS", "datetime")],
)
def test_a_value_that_would_lose_a_part_is_refused(tmp_path: Path, value: str, kind: str) -> None:
    schema = Schema(fields=(Field(name="id", type="integer"), Field(name="x", type=kind)))
    with Engine() as engine, pytest.raises(SchemaError, match="cannot hold a value exactly"):
        rows = Table(engine=engine, relation=f"(SELECT 1 AS id, {value} AS x, 1 AS {POSITION})", schema=schema)
        write_version(rows, tmp_path / "v", ("id",), 1)
