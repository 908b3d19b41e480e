from __future__ import annotations

from typing import Any

import pytest

from dsv.diff.dataset import diff_tables
from dsv.diff.request import DiffRequest
from dsv.errors import SchemaError
from dsv.model.diff import DatasetDiff, SchemaChange

KEYED = DiffRequest(key=("id",))


def renames(diff: DatasetDiff) -> list[tuple[str, str | None]]:
    return [(item.field, item.to) for item in diff.schema_changes if item.change == "field_renamed"]


def with_cells(make: Any, field: str, cells: list[Any], kind: str = "string", before: str = "note") -> Any:
    """A table of a key, a constant, and one more field."""
    return make.rows({"id": "integer", before: "string", field: kind}, [[n, "n", cell] for n, cell in enumerate(cells)])


def test_a_field_of_one_side_is_a_schema_change_and_no_change_of_rows(make: Any) -> None:
    old = make.rows({"id": "integer", "a": "string", "gone": "string"}, [[1, "x", "y"]])
    new = make.rows({"id": "integer", "come": "integer", "a": "string"}, [[1, 5, "x"]])
    diff = diff_tables("d", "d", old, new, KEYED)
    assert diff.schema_changes == (
        SchemaChange(change="field_removed", field="gone", old_type="string", breaking=True),
        SchemaChange(change="field_added", field="come", new_type="integer"),
    )
    assert (diff.rows.changed, diff.rows.unchanged, diff.changed_cells) == (0, 1, {})


@pytest.mark.parametrize(
    ("equal", "of", "moved", "found"),
    [
        (95, 100, True, True),
        (94, 100, True, False),
        (80, 100, False, True),
        (79, 100, False, False),
    ],
)
def test_a_rename_is_told_by_its_content(make: Any, equal: int, of: int, moved: bool, found: bool) -> None:
    """19 cells of 20 must be equal, four of five where the field kept its place."""
    cells = [f"text {number}" for number in range(of)]
    edited = [cell if number < equal else f"{cell}!" for number, cell in enumerate(cells)]
    old = with_cells(make, "before", cells)
    new = with_cells(make, "after", edited)
    if moved:
        new = make.rows(
            {"after": "string", "id": "integer", "note": "string"}, [[c, n, "n"] for n, c in enumerate(edited)]
        )
    diff = diff_tables("d", "d", old, new, KEYED)
    assert renames(diff) == ([("before", "after")] if found else [])
    assert diff.changed_cells == ({"after": of - equal} if found and of > equal else {})


def test_likeness_by_chance_is_no_rename(make: Any) -> None:
    old = with_cells(make, "before", ["no"] * 98 + ["yes", "no"])
    new = with_cells(make, "after", ["no"] * 97 + ["yes", "no", "no"])
    assert renames(diff_tables("d", "d", old, new, KEYED)) == []


def test_an_empty_field_is_not_renamed_to_another_empty_field(make: Any) -> None:
    old = with_cells(make, "before", [None] * 9, before="x")
    new = with_cells(make, "after", [None] * 8, before="x")
    assert renames(diff_tables("d", "d", old, new, KEYED)) == []


def test_renames_are_one_to_one_and_best_first(make: Any) -> None:
    cells = [f"t{number}" for number in range(40)]
    nearly = ["edited", *cells[1:]]
    old = make.rows(
        {"id": "integer", "a": "string", "b": "string"},
        [[n, x, y] for n, (x, y) in enumerate(zip(nearly, cells, strict=True))],
    )
    new = make.rows({"c": "string", "id": "integer", "d": "string"}, [[x, n, "d"] for n, x in enumerate(cells)])
    diff = diff_tables("d", "d", old, new, KEYED)
    assert renames(diff) == [("b", "c")]
    assert {item.field for item in diff.schema_changes if item.change != "field_renamed"} == {"a", "d"}


def test_a_header_that_changed_above_equal_rows(make: Any) -> None:
    """Without any field that pairs the rows, and even where a field says nothing."""
    rows = [["x", 1, None], ["x", 1, None], ["y", 2, None]]
    old = make.rows({"a": "string", "b": "integer", "c": "string"}, rows)
    new = make.rows({"A1": "string", "b1": "integer", "c1": "string"}, rows)
    diff = diff_tables("d", "d", old, new, DiffRequest())
    assert renames(diff) == [("a", "A1"), ("b", "b1"), ("c", "c1")]
    assert (diff.rows.unchanged, diff.rows.changed, diff.formatting.reordered) == (3, 0, False)


def test_without_a_key_a_field_is_renamed_only_if_every_cell_stayed(make: Any) -> None:
    rows = [["x", "1", "p"], ["x", "1", "p"], ["y", "1", "q"]]
    old = make.rows({"a": "string", "b": "string", "c": "string"}, rows)
    shape = {"z": "string", "new": "string", "a": "string"}
    same = make.rows(shape, [[c, "z", a] for a, _, c in rows])
    other = make.rows(shape, [["q", "z", a] for a, _, c in rows])
    assert renames(diff_tables("d", "d", old, same, DiffRequest())) == [("c", "z")]
    assert renames(diff_tables("d", "d", old, other, DiffRequest())) == []


def test_two_label_names_of_two_sides_are_one_label(make: Any) -> None:
    old, new = with_cells(make, "Sector", ["a", "b", "c"]), with_cells(make, "GICS Sector", ["x", "y", "z"])
    request = DiffRequest(key=("id",), labels=("Sector", "GICS Sector"))
    diff = diff_tables("d", "d", old, new, request)
    assert renames(diff) == [("Sector", "GICS Sector")]
    assert [label.field for label in diff.labels] == ["GICS Sector"]
    assert diff.changed_cells == {"GICS Sector": 3}


def test_a_given_rename_overrides_names(make: Any) -> None:
    """`b` is dropped, and `a` takes its name."""
    old = make.rows({"id": "integer", "a": "string", "b": "string"}, [[1, "x", "y"]])
    new = make.rows({"id": "integer", "b": "string"}, [[1, "x"]])
    diff = diff_tables("d", "d", old, new, DiffRequest(key=("id",), renames=(("a", "b"),)))
    assert [(item.change, item.field, item.to) for item in diff.schema_changes] == [
        ("field_renamed", "a", "b"),
        ("field_removed", "b", None),
    ]
    assert diff.rows.unchanged == 1


@pytest.mark.parametrize("rename", [("x", "b"), ("a", "x")])
def test_a_rename_of_an_unknown_field(make: Any, rename: tuple[str, str]) -> None:
    old, new = with_cells(make, "a", ["1"]), with_cells(make, "b", ["1"])
    with pytest.raises(SchemaError, match="no field 'x'"):
        diff_tables("d", "d", old, new, DiffRequest(key=("id",), renames=(rename,)))


@pytest.mark.parametrize(
    ("old", "new", "breaking"),
    [
        (("integer", 1), ("number", 1.5), False),
        (("number", 1.5), ("integer", 1), True),
        (("integer", 1), ("string", "x"), False),
        (("string", "1"), ("integer", 1), True),
        (("string", "1"), ("json", "1"), False),
        (("list<integer>", [1]), ("string", "1"), True),
    ],
)
def test_a_type_that_changed(make: Any, old: tuple[str, Any], new: tuple[str, Any], breaking: bool) -> None:
    tables = [with_cells(make, "x", [value], kind) for kind, value in (old, new)]
    (change,) = diff_tables("d", "d", *tables, KEYED).schema_changes
    assert change == SchemaChange(change="type_changed", field="x", old_type=old[0], new_type=new[0], breaking=breaking)


def test_a_side_without_values_has_no_type_to_change(make: Any) -> None:
    old, new = with_cells(make, "x", [None, None]), with_cells(make, "x", [1, None], "integer")
    assert diff_tables("d", "d", old, new, KEYED).schema_changes == ()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (["a", "b"], ["a", None], [True]),
        (["a", None], ["a", "b"], [False]),
        (["a", None, "c"], [None, None, "c"], []),
        (["a", None], ["b", None], []),
        (["a", None], ["a"], [False]),
        (["a"], ["a", None], [True]),
    ],
)
def test_missing_values_that_came_or_went(make: Any, old: list[Any], new: list[Any], expected: list[bool]) -> None:
    diff = diff_tables("d", "d", with_cells(make, "x", old), with_cells(make, "x", new), KEYED)
    assert [item.breaking for item in diff.schema_changes if item.change == "nullable_changed"] == expected


def test_missing_values_that_only_equal_rows_have(make: Any) -> None:
    """The rows that differ lack a value on the new side; an equal row lacks it on both."""
    old, new = with_cells(make, "x", ["a", None]), with_cells(make, "x", [None, None])
    assert diff_tables("d", "d", old, new, KEYED).schema_changes == ()
