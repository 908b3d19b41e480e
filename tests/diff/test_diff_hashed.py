"""Counts that hashes tell are those of the whole diff."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsv.diff.dataset import diff_tables
from dsv.diff.request import DiffRequest
from dsv.errors import SchemaError
from dsv.tables.duckdb import Engine

TYPES = {"id": "integer", "score": "number", "box": "list<number>"}
numbers = st.sampled_from([0.0, -0.0, 1.5, math.nan, -math.nan, None])
boxes = st.lists(numbers, max_size=2) | st.none()
rows = st.lists(st.tuples(st.integers(0, 6) | st.none(), numbers, boxes), max_size=12)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=rows, after=rows, key=st.sampled_from([("id",), ("id", "score"), ()]), text=st.booleans())
def test_counts_are_those_of_the_whole_diff(
    shared_make: Any, before: list[Any], after: list[Any], key: tuple[str, ...], text: bool
) -> None:
    old = shared_make.rows(TYPES, before)
    new = shared_make.rows({**TYPES, "id": "string"} if text else TYPES, after)
    whole = diff_tables("d", "d", old, new, DiffRequest(key=key))
    counted = diff_tables("d", "d", old, new, DiffRequest(key=key, counts=True))
    assert (whole.compared, counted.compared) == ("rows", "hashes")
    names = ("old", "new", "added", "removed", "changed", "unchanged")
    assert [getattr(counted.rows, name) for name in names] == [getattr(whole.rows, name) for name in names]
    assert (counted.duplicate_keys, counted.null_keys) == (whole.duplicate_keys, whole.null_keys)
    assert counted.formatting.reordered == whole.formatting.reordered
    assert counted.status == whole.status
    # Which fields came to lack values is told by the cells.
    assert counted.layers() | {"schema"} == whole.layers() | {"schema"}
    assert counted.changed_cells in (None, whole.changed_cells)


@pytest.mark.parametrize(
    "asked",
    [
        {"tolerance": 0.5},
        {"hide_case": True},
        {"hide_whitespace": True},
        {"where": "new.label = 'B'"},
        {"similar": True},
    ],
    ids=str,
)
def test_cells_are_read_where_the_counts_depend_on_them(make: Any, asked: dict[str, Any]) -> None:
    types = {"id": "integer", "score": "number", "label": "string"}
    old = make.rows(types, [[1, 1.0, "a"], [2, 1.0, "b"], [3, 1.0, "c"]])
    new = make.rows(types, [[1, 1.25, "a"], [2, 1.0, "B"], [3, 1.0, "c "]])
    whole = diff_tables("d", "d", old, new, DiffRequest(key=("id",), **asked))
    counted = diff_tables("d", "d", old, new, DiffRequest(key=("id",), counts=True, **asked))
    assert counted.compared == "rows"
    assert (counted.rows, counted.matching) == (whole.rows, whole.matching)


def test_another_spelling_of_a_number_is_no_change(make: Any) -> None:
    types = {"id": "integer", "score": "number"}
    old, new = make.text(types, [["1", "1.0"], ["2", "2"]]), make.text(types, [["1", "1"], ["2", "3"]])
    counted = diff_tables("d", "d", old, new, DiffRequest(key=("id",), counts=True))
    assert (counted.rows.changed, counted.rows.unchanged) == (1, 1)


def test_no_differing_row_is_fetched(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = (make.rows({"id": "integer", "label": "string"}, [[1, label]]) for label in "ab")
    said: list[str] = []
    real = Engine.execute
    monkeypatch.setattr(Engine, "execute", lambda self, sql, *more: (said.append(sql), real(self, sql, *more))[1])
    diff = diff_tables("d", "d", old, new, DiffRequest(key=("id",), labels=("label",), counts=True))
    assert diff.rows.changed == 1
    assert diff.changed_cells is None
    assert not any("diff_fetched" in sql for sql in said)
    said.clear()
    diff_tables("d", "d", old, new, DiffRequest(key=("id",)))
    assert any("diff_fetched" in sql for sql in said)


def test_fields_that_only_one_side_has_are_told(make: Any) -> None:
    old = make.rows({"id": "integer", "gone": "string"}, [[1, "a"]])
    new = make.rows({"id": "string", "new": "string"}, [["1", "b"]])
    diff = diff_tables("d", "d", old, new, DiffRequest(key=("id",), counts=True))
    assert diff.status == "modified"
    assert {change.change for change in diff.schema_changes} == {"field_removed", "field_added", "type_changed"}


@pytest.mark.parametrize("asked", [{"labels": ("no",)}, {"split": "no"}], ids=str)
def test_a_field_that_is_not_there_is_an_error(make: Any, asked: dict[str, Any]) -> None:
    old, new = (make.rows({"id": "integer"}, [[number]]) for number in range(2))
    with pytest.raises(SchemaError, match="no"):
        diff_tables("d", "d", old, new, DiffRequest(key=("id",), counts=True, **asked))
