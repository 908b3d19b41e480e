"""Types of text fields: a missing cell says nothing about the type of the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsv.formats.base import scan
from dsv.model.snapshot import Snapshot
from dsv.tables.duckdb import Engine


@pytest.mark.parametrize(
    ("type_name", "values"),
    [
        ("integer", ["1", "-20", "0"]),
        ("number", ["1.5", "2", "-3e5"]),
        ("boolean", ["true", "false", "true"]),
        ("date", ["2024-02-29", "1999-12-31", "2000-01-01"]),
        ("string", ["a", "1", "2024-01-01"]),
        ("string", ["2024-02-30", "1999-12-31", "2000-01-01"]),
        ("string", ["1.5", "2", "1e999"]),
    ],
)
@pytest.mark.parametrize("place", [None, 0, 1, 3])
def test_types_are_those_of_the_values_that_are_there(
    tmp_path: Path, type_name: str, values: list[str], place: int | None
) -> None:
    cells = [*values] if place is None else [*values[:place], "", *values[place:]]
    path = tmp_path / "a.csv"
    path.write_text("id,x\n" + "".join(f"{number},{cell}\n" for number, cell in enumerate(cells)))
    with Engine() as engine:
        table = scan(engine, Snapshot(path=path, format="csv", shown_path="a.csv")).table
        assert table.schema["x"].type == type_name


@pytest.mark.parametrize(
    ("values", "type_name"),
    [
        (["0", "-1"], "integer"),
        (["-9223372036854775808", "9223372036854775807"], "integer"),
        (["null", "-1", "7"], "integer"),
        (["[0, -1]", "[]"], "list<integer>"),
        (['{"x": -1}', '{"x": 2}'], "struct<x: integer>"),
        (["-1", "9223372036854775808"], "json"),
        (["[-1, 9223372036854775808]"], "json"),
    ],
)
def test_integers_of_both_signs_are_integers(tmp_path: Path, values: list[str], type_name: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(f'{{"id": {number}, "x": {value}}}\n' for number, value in enumerate(values)))
    with Engine() as engine:
        table = scan(engine, Snapshot(path=path, format="jsonl", shown_path="a.jsonl")).table
        assert table.schema["x"].type == type_name
        assert table.count() == len(values)
        if type_name == "integer":
            cells = [cell for (cell,) in engine.rows(f"SELECT x FROM {table.relation} ORDER BY id")]
            assert cells == [None if value == "null" else int(value) for value in values]
