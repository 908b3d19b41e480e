"""A diff that is written down is the same when it is read."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from dsv.diff.codec import Unstorable
from dsv.diff.dataset import diff_tables
from dsv.diff.request import DiffRequest
from dsv.diff.stored import load, save
from dsv.model.finding import Finding
from dsv.tables.duckdb import Engine

SAID = (Finding(rule="r", level="info", message="m", count=3, dataset="d"),)


def test_fields_that_come_and_go_and_are_renamed(make: Any, tmp_path: Path) -> None:
    types = {"id": "integer", "name": "string", "box": "list<number>", "gone": "string"}
    old = make.rows(types, [[n, f"name {n}", [n, 0.5], "x"] for n in range(20)])
    after = {"new": "boolean", "id": "integer", "title": "string", "box": "list<integer>"}
    new = make.rows(after, [[True, n, f"name {n}", [n, 1]] for n in range(2, 22)])
    request = DiffRequest(key=("id",), labels=("gone",))
    diff = diff_tables("d", "d", old, new, request)
    assert {change.change for change in diff.schema_changes} >= {"field_renamed", "field_added", "field_removed"}
    content = save(diff, SAID, tmp_path)
    assert diff.changes is not None
    rows = list(diff.changes.rows())
    with Engine() as other:
        back, said = load(other, content, tmp_path)
        assert back.changes is not None
        assert repr(list(back.changes.rows())) == repr(rows)
        assert dataclasses.replace(back, changes=None) == dataclasses.replace(diff, changes=None)
        assert said == SAID


@pytest.mark.parametrize(("kind", "type_name", "value"), [("HUGEINT", "integer", 10**20), ("ENUM('a')", "enum", "a")])
def test_columns_that_parquet_would_change_are_refused(
    make: Any, tmp_path: Path, kind: str, type_name: str, value: Any
) -> None:
    types = {"id": "integer", "x": type_name}
    old, new = (make.rows(types, rows, engine_types={"x": kind}) for rows in ([[1, value]], [[1, None], [2, value]]))
    diff = diff_tables("d", "d", old, new, DiffRequest(key=("id",)))
    with pytest.raises(Unstorable, match="type"):
        save(diff, (), tmp_path)


def test_a_condition_is_not_written_down(make: Any, tmp_path: Path) -> None:
    types = {"id": "integer", "x": "string"}
    old, new = make.rows(types, [[1, "a"]]), make.rows(types, [[1, "b"]])
    diff = diff_tables("d", "d", old, new, DiffRequest(key=("id",), where="new.x = 'b'"))
    with pytest.raises(Unstorable, match="condition"):
        save(diff, (), tmp_path)


def test_a_table_of_one_side_is_not_written_down(make: Any, tmp_path: Path) -> None:
    diff = diff_tables("d", "d", None, make.rows({"id": "integer"}, [[1]]), DiffRequest())
    with pytest.raises(Unstorable, match="one side"):
        save(diff, (), tmp_path)
