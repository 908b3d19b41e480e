"""Pairing, order, re-keyed rows, the changeset, datasets of one side."""

from __future__ import annotations

import datetime
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from dsv.diff import cells, rows
from dsv.diff.dataset import diff_tables
from dsv.diff.request import DiffRequest
from dsv.errors import SchemaError
from dsv.model.counts import Counts
from dsv.model.diff import Cell, KeyChange
from dsv.model.schema import Field, Schema
from dsv.tables.duckdb import Engine
from dsv.tables.table import Table

TYPES = {"id": "string", "x": "string"}
KEYED = DiffRequest(key=("id",))


def compare(make: Any, old: list[list[Any]], new: list[list[Any]], request: DiffRequest = KEYED) -> Any:
    return diff_tables("d", "d", make.rows(TYPES, old), make.rows(TYPES, new), request)


@pytest.mark.parametrize(
    ("old", "new", "reordered"),
    [
        ("abcd", "abcd", False),
        ("abcd", "acd", False),
        ("abcd", "xaybzcwd", False),
        ("abcdef", "bxdyf", False),
        ("abcd", "abdc", True),
        ("abcd", "dabc", True),
        ("abcdef", "bxfyd", True),
        ("abcdefgh", "aXcbYefgh", True),
        ("abc", "xyz", False),
        ("aab", "aba", True),
    ],
)
def test_order(make: Any, old: str, new: str, reordered: bool) -> None:
    diff = compare(make, [[name, "x"] for name in old], [[name, "x"] for name in new])
    assert diff.formatting.reordered is reordered
    assert diff.rows.changed == 0


def test_an_order_that_changed_is_a_modification_without_rows(make: Any) -> None:
    diff = compare(make, [["a", "x"], ["b", "x"]], [["b", "x"], ["a", "x"]])
    assert (diff.status, diff.rows.unchanged, list(diff.changes.rows())) == ("modified", 2, [])


def test_by_position(make: Any) -> None:
    old, new = [["a", "x"], ["b", "y"], ["c", "z"]], [["a", "x"], ["c", "y"]]
    diff = compare(make, old, new, DiffRequest(key=("id",), by_position=True))
    assert (diff.key, diff.key_source, diff.duplicate_keys) == ((), "none", None)
    assert (diff.rows.changed, diff.rows.removed, diff.rows.added) == (1, 1, 0)
    changed, removed = diff.changes.rows()
    assert (changed.cells, changed.old_position, changed.new_position) == ({"id": Cell(old="b", new="c")}, 2, 2)
    assert (removed.old_position, removed.new_position, dict(removed.key)) == (3, None, {})
    assert diff.formatting.reordered is None


def test_duplicate_keys_never_join_each_with_each(make: Any) -> None:
    old = [["a", str(number)] for number in range(2000)]
    diff = compare(make, old, [*old[:1999], ["a", "new"], ["b", "x"]])
    assert (diff.rows.added, diff.rows.removed, diff.rows.changed, diff.rows.unchanged) == (2, 1, 0, 1999)
    assert diff.duplicate_keys == Counts(old=2000, new=2000)


@pytest.mark.parametrize("key", [(), ("id",)])
@pytest.mark.parametrize("repeated", [0, 1, 2])
def test_small_numbers_repeat(make: Any, key: tuple[str, ...], repeated: int) -> None:
    """Of a row that repeats, no copy is taken for the row of another small number."""
    for other in (1, 2, 3):
        old, new = [[repeated], [repeated], [other + 2]], [[other], [9]]
        kinds = {"id": "integer", "v": "integer"} if key else {"v": "integer"}
        before, after = ([[*row, 0] if key else row for row in rows] for rows in (old, new))
        diff = diff_tables("t", "t", make.rows(kinds, before), make.rows(kinds, after), DiffRequest(key=key))
        common = (Counter(map(tuple, before)) & Counter(map(tuple, after))).total()
        assert (diff.rows.unchanged, diff.rows.changed) == (common, 0)
        assert (diff.rows.removed, diff.rows.added) == (3 - common, 2 - common)


def test_a_join_of_repeated_keys_is_cut_off(make: Any) -> None:
    """With three keys in 200,000 rows a join would have 13 thousand million."""
    engine = make.engine
    schema = Schema(fields=(Field(name="id", type="integer"), Field(name="x", type="integer")))
    old, new = (
        Table(
            engine=engine,
            relation=f"(SELECT i % 3 AS id, i // {divisor} AS x, i + 1 AS _dsv_position FROM range(200000) AS t(i))",
            schema=schema,
        )
        for divisor in (1, 2)
    )
    left, right = (Counter((i % 3, i // divisor) for i in range(200_000)) for divisor in (1, 2))
    diff = diff_tables("d", "d", old, new, KEYED)
    assert (diff.rows.added, diff.rows.removed) == ((right - left).total(), (left - right).total())
    assert diff.duplicate_keys == Counts(old=200_000, new=200_000)


def test_a_key_that_repeats_on_one_side_only(make: Any) -> None:
    diff = compare(make, [["a", "1"], ["a", "2"], ["b", "x"]], [["a", "2"], ["b", "y"]])
    assert (diff.rows.removed, diff.rows.added, diff.rows.changed) == (1, 0, 1)
    assert diff.duplicate_keys == Counts(old=2, new=0)


def test_rekeyed_rows_are_listed_and_stay_counted(make: Any) -> None:
    old = [["1", "alpha"], ["2", "beta"], ["3", "twin"], ["4", "twin"], ["5", "kept"], ["8", "common"]]
    new = [["1b", "alpha"], ["2", "beta"], ["3b", "twin"], ["4b", "twin"], ["5", "kept"], ["9", "kept"], ["7", "new"]]
    diff = compare(make, old, new)
    assert diff.rekeyed == (KeyChange(old={"id": "1"}, new={"id": "1b"}),)
    assert (diff.rows.removed, diff.rows.added, diff.rows.rekeyed) == (4, 5, 1)


def test_content_that_other_rows_share_tells_no_key_change(make: Any) -> None:
    """A row of the class `car` went, another came: that is not one row."""
    diff = compare(make, [["1", "car"], ["2", "car"]], [["2", "car"], ["3", "car"]])
    assert diff.rekeyed == ()


def test_rows_without_a_key_are_not_rekeyed(make: Any) -> None:
    diff = compare(make, [[None, "x"]], [[None, "x"]])
    assert (diff.rekeyed, diff.rows.added, diff.rows.removed) == ((), 1, 1)


def test_changes_stand_in_the_order_of_the_files_and_are_limited_by_kind(make: Any) -> None:
    old = [["a", "1"], ["b", "1"], ["c", "1"], ["d", "1"]]
    new = [["e", "1"], ["d", "2"], ["b", "2"], ["f", "1"]]
    diff = compare(make, old, new)
    shown = [(change.kind, change.key["id"]) for change in diff.changes.rows()]
    assert shown == [
        ("removed", "a"),
        ("changed", "b"),
        ("removed", "c"),
        ("changed", "d"),
        ("added", "e"),
        ("added", "f"),
    ]
    assert [change.key["id"] for change in diff.changes.rows(limit=1)] == ["a", "b", "e"]
    assert [change.key["id"] for change in diff.changes.rows(("added",))] == ["e", "f"]
    assert list(diff.changes.rows(limit=0)) == []
    assert list(diff.changes.rows(())) == []


def test_changes_can_be_read_twice_and_at_once(make: Any) -> None:
    diff = compare(make, [["a", "1"], ["b", "1"]], [["a", "2"], ["b", "2"]])
    first, second = diff.changes.rows(), diff.changes.rows()
    assert [next(first), next(second), next(first), next(second)] == [
        change for change in diff.changes.rows() for _ in range(2)
    ]


def test_values_are_plain(make: Any) -> None:
    text = {"id": "integer", "n": "number", "b": "boolean", "d": "date", "s": "string"}
    old = make.text(text, [["1", "1.50", "True", "2024-02-01", "4"]])
    diff = diff_tables("d", "d", old, make.text(text, []), KEYED)
    (change,) = diff.changes.rows()
    assert {name: cell.old for name, cell in change.cells.items()} == {
        "id": 1,
        "n": 1.5,
        "b": True,
        "d": datetime.date(2024, 2, 1),
        "s": "4",
    }
    native = {
        "id": "integer",
        "n": "number",
        "l": "list<number>",
        "s": "struct<a: number, l: list<string>>",
        "u": "string",
    }
    stored = {"n": "DECIMAL(6,2)", "l": "FLOAT[2]", "s": "STRUCT(a DECIMAL(4,1), l VARCHAR[])", "u": "UUID"}
    uuid = "5c4ee0ee-0000-4000-8000-000000000001"
    row = [1, "1.50", [1, 2], {"a": "0.5", "l": ["x", None]}, uuid]
    diff = diff_tables(
        "d", "d", make.rows(native, [], engine_types=stored), make.rows(native, [row], engine_types=stored), KEYED
    )
    (change,) = diff.changes.rows()
    assert {name: cell.new for name, cell in change.cells.items()} == {
        "id": 1,
        "n": 1.5,
        "l": [1.0, 2.0],
        "s": {"a": 0.5, "l": ["x", None]},
        "u": uuid,
    }


def test_two_texts_of_one_value_are_shown_as_texts(make: Any) -> None:
    types = {"id": "integer", "b": "boolean", "c": "boolean"}
    old, new = make.text(types, [["1", "True", "True"]]), make.text(types, [["1", "true", "False"]])
    (change,) = diff_tables("d", "d", old, new, KEYED).changes.rows()
    assert change.cells == {"b": Cell(old="True", new="true"), "c": Cell(old=True, new=False)}


@pytest.mark.parametrize("status", ["added", "removed"])
def test_a_dataset_of_one_side(make: Any, status: str) -> None:
    table = make.rows({"id": "string", "x": "string", "part": "string"}, [["a", "car", "train"], ["b", None, "test"]])
    sides = (None, table) if status == "added" else (table, None)
    request = DiffRequest(key=("id",), key_source="declared", labels=("x",), split="part")
    diff = diff_tables("d", "d", *sides, request)
    assert (diff.status, diff.key, diff.key_source) == (status, ("id",), "declared")
    assert {diff.rows.old, diff.rows.new} == {0, 2}
    assert getattr(diff.rows, status) == 2
    shown = list(diff.changes.rows(limit=1))
    assert [(change.kind, change.key) for change in shown] == [(status, {"id": "a"})]
    assert list(diff.changes.rows(("changed",))) == []
    (label,) = diff.labels
    assert [item.name for item in label.classes] == ["car"]
    assert label.unlabelled == (Counts(old=0, new=1) if status == "added" else Counts(old=1, new=0))
    assert label.js_distance is None
    with pytest.raises(SchemaError):
        diff_tables("d", "d", *sides, DiffRequest(key=("nope",)))


def test_tables_without_rows(make: Any) -> None:
    assert compare(make, [], []).status == "unchanged"
    diff = compare(make, [], [["a", "x"]], DiffRequest())
    assert (diff.rows.added, diff.key) == (1, ("id",))


@pytest.mark.parametrize(
    "request_", [DiffRequest(labels=("nope",)), DiffRequest(split="nope"), DiffRequest(ignore=("nope",))]
)
def test_an_unknown_field_is_an_error(make: Any, request_: DiffRequest) -> None:
    with pytest.raises(SchemaError, match="nope"):
        compare(make, [["a", "x"]], [["a", "x"]], request_)


def test_counts_that_contradict_each_other_are_never_printed() -> None:
    pairing = rows.Pairing(
        table="t", rows=Counts(old=3, new=3), pairs=3, duplicate_keys=None, null_keys=None, reordered=False
    )
    counts = cells.CellCounts(
        added=1, removed=0, changed=0, same=0, cells={}, whitespace_only={}, case_only={}, number_spelling=0
    )
    with pytest.raises(AssertionError, match="do not add up"):
        cells.reconcile(pairing, counts)


def test_counts_hold_when_the_engine_spills(tmp_path: Path) -> None:
    """Two tables of 300,000 rows in 60 MB: 1 % changed, 0.5 % removed, 0.5 % added."""
    schema = Schema(
        fields=(
            Field(name="id", type="string"),
            Field(name="x", type="string"),
            Field(name="l", type="list<integer>"),
        )
    )
    tables = []
    with Engine(memory=75_000_000, threads=2) as engine:
        for side, changed, first in (("old", "false", 0), ("new", "i % 100 = 7", 1500)):
            text = f"'text of some length ' || hash(i) || CASE WHEN {changed} THEN '!' ELSE '' END"
            source = f"FROM range({first}, {first} + 300000) AS t(i) ORDER BY hash(i + {first})"
            path = tmp_path / f"{side}.parquet"
            engine.execute(
                f"COPY (SELECT 'key ' || i AS id, {text} AS x, [i, i + 1] AS l {source}) "
                f"TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE 30000)"
            )
            numbered = "* EXCLUDE (file_row_number), file_row_number + 1 AS _dsv_position"
            relation = f"(SELECT {numbered} FROM read_parquet('{path}', file_row_number = true))"
            tables.append(Table(engine=engine, relation=relation, schema=schema))
        diff = diff_tables("d", "d", tables[0], tables[1], KEYED)
        expected = sum(number % 100 == 7 for number in range(1500, 300000))
        assert (diff.rows.added, diff.rows.removed, diff.rows.changed) == (1500, 1500, expected)
        assert diff.changed_cells == {"x": expected}
        assert diff.changes is not None
        assert sum(1 for _ in diff.changes.rows()) == 3000 + expected


def test_nothing_heavy_is_imported() -> None:
    code = """
import sys
from dsv.diff.dataset import diff_tables
from dsv.diff.request import DiffRequest
from dsv.model.schema import Field, Schema
from dsv.tables.duckdb import Engine
from dsv.tables.table import Table
assert "duckdb" not in sys.modules
with Engine() as engine:
    schema = Schema(fields=(Field(name="id", type="integer"), Field(name="l", type="list<number>")))
    source = "FROM range(1, 9) AS t(i)"
    old, new = (
        Table(engine=engine, relation=f"(SELECT i AS id, [{side}.5] AS l, i AS _dsv_position {source})", schema=schema)
        for side in (1, 2)
    )
    diff = diff_tables("d", "d", old, new, DiffRequest(labels=("l",)))
    assert len(list(diff.changes.rows())) == 8
heavy = {"numpy", "pandas", "pyarrow", "deepdiff", "dvc", "rich", "click"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True)
