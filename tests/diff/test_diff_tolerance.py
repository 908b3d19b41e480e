"""Numbers within a tolerance, wherever in a cell they stand."""

from __future__ import annotations

from typing import Any

import pytest

from dsv.diff.dataset import diff_tables
from dsv.diff.request import DiffRequest


@pytest.mark.parametrize(
    ("before", "after", "equal"),
    [
        ([[1.0, 2.0], [3.0]], [[1.05, 2.0], [2.95]], True),
        ([[1.0, 2.0], [3.0]], [[1.2, 2.0], [3.0]], False),
        ([[1.0, 2.0], [3.0]], [[1.0], [3.0]], False),
        ([[1.0, None]], [[1.05, None]], True),
        ([[1.0, None]], [[1.0, 2.0]], False),
        ([], [], True),
        (None, [], False),
        ([[float("nan")]], [[float("nan")]], True),
        ([[float("nan")]], [[1.0]], False),
    ],
)
def test_a_tolerance_is_for_each_number_of_a_list(make: Any, before: Any, after: Any, equal: bool) -> None:
    tables = [make.rows({"id": "integer", "shape": "list<list<number>>"}, [[1, side]]) for side in (before, after)]
    request = DiffRequest(key=("id",), tolerance=0.1)
    diff = diff_tables("d", "d", *tables, request)
    assert diff.rows.changed == (0 if equal else 1)


def test_a_tolerance_is_for_lists_of_integers_and_numbers(make: Any) -> None:
    old = make.rows({"id": "integer", "box": "list<integer>"}, [[1, [1, 2]], [2, [1, 2]]])
    new = make.rows({"id": "integer", "box": "list<number>"}, [[1, [1.4, 2.0]], [2, [1.6, 2.0]]])
    diff = diff_tables("d", "d", old, new, DiffRequest(key=("id",), tolerance=0.5))
    assert [change.key for change in diff.changes.rows()] == [{"id": 2}]


@pytest.mark.parametrize(
    ("before", "after", "equal"),
    [
        ("[[1,2.5]]", "[[1.05,2.5]]", True),
        ("[[1,2.5]]", "[[1.2,2.5]]", False),
        ("[[1,2]]", "[[1,2,2]]", False),
        ("[[1,2]]", "[[1],[2]]", False),
        ("[1,null]", "[1.05,null]", True),
        ("[1,null]", "[1,2]", False),
        ('{"counts":"a1","size":[1]}', '{"counts":"a1","size":[1.05]}', True),
        ('{"counts":"a1"}', '{"counts":"a1.05"}', False),
        ('{"a\\"1":1}', '{"a\\"1.05":1}', False),
        ('["1"]', "[1]", False),
        ("[9007199254740992]", "[9007199254740993]", False),
        ("1", "1.05", True),
        ('"1"', '"1.05"', False),
    ],
)
def test_a_tolerance_is_for_each_number_of_json(make: Any, before: str, after: str, equal: bool) -> None:
    tables = [make.rows({"id": "integer", "shape": "json"}, [[1, side]]) for side in (before, after)]
    diff = diff_tables("d", "d", *tables, DiffRequest(key=("id",), tolerance=0.1))
    assert diff.rows.changed == (0 if equal else 1)


def test_a_tolerance_is_for_each_number_of_structs_and_of_a_polygon_among_masks(make: Any) -> None:
    kind = "struct<n: string, at: list<struct<x: number, y: integer>>>"
    rows = [[1, {"n": "1", "at": [{"x": 1.0, "y": 2}]}], [2, {"n": "1", "at": [{"x": 1.0, "y": 2}]}], [3, None]]
    old = make.rows({"id": "integer", "shape": kind}, rows)
    new = make.rows(
        {"id": "integer", "shape": kind},
        [
            [1, {"n": "1", "at": [{"x": 1.1, "y": 2}]}],
            [2, {"n": "1.1", "at": [{"x": 1.1, "y": 2}]}],
            [3, {"n": "1", "at": []}],
        ],
    )
    diff = diff_tables("d", "d", old, new, DiffRequest(key=("id",), tolerance=0.1))
    assert [change.key for change in diff.changes.rows()] == [{"id": 2}, {"id": 3}]
    polygon = make.rows({"id": "integer", "shape": "list<list<number>>"}, [[1, [[1.0, 2.0]]]])
    mask = make.rows({"id": "integer", "shape": "json"}, [[1, "[[1.05,2]]"]])
    diff = diff_tables("d", "d", polygon, mask, DiffRequest(key=("id",), tolerance=0.1))
    assert diff.rows.changed == 0
