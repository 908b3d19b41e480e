"""Types of text fields: what all cells that have a value agree on."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from dsv.formats._shared.infer import infer
from dsv.formats.base import scan
from dsv.model.snapshot import Snapshot
from dsv.tables.duckdb import Engine


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "20"], "integer"),
        (["0.5", "1"], "number"),
        (["2026-01-31", "2024-02-29"], "date"),
        (["true", "false"], "boolean"),
        (["1", "x"], "string"),
        (["0.5", "1e999"], "string"),
        (["2026-01-31", "2026-02-30"], "string"),
    ],
)
@pytest.mark.parametrize("missing", [0, 1, 40])
def test_missing_cells_leave_the_type_as_it_is(tmp_path: Path, cells: list[str], expected: str, missing: int) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,x\n" + "".join(f"{n},{cell}\n" for n, cell in enumerate([""] * missing + cells)))
    with Engine() as engine:
        table = scan(engine, Snapshot(path=path, format="csv", shown_path="t.csv")).table
        assert table.schema["x"].type == expected


def test_the_time_of_many_fields_does_not_grow_with_their_square() -> None:
    names = [f"f{number}" for number in range(3000)]
    with Engine() as engine:
        cells = ", ".join(f"CAST(range AS VARCHAR) AS {name}" for name in names)
        engine.execute(f"CREATE TABLE wide AS SELECT {cells} FROM range(3)")
        started = time.process_time()
        schema = infer(engine, "wide", names)
        assert time.process_time() - started < 10
    assert {field.type for field in schema} == {"integer"}
