"""Tables of many fields: the same answers as of few, in time and memory that do not grow with the square."""

from __future__ import annotations

import importlib
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dsv.api.diff import DiffOptions, compare
from dsv.errors import TooLittleMemory
from dsv.tables import duckdb
from dsv.tables.duckdb import Engine

OPTIONS = DiffOptions(key=("id",))


def table(fields: int, rows: int = 20) -> dict[str, list[Any]]:
    kinds = (lambda n, r: n * r % 7, lambda n, r: f"v {n * r % 5}", lambda n, r: n * r / 4)
    return {"id": list(range(rows))} | {f"f{n}": [kinds[n % 3](n, r) for r in range(rows)] for n in range(fields)}


def write(folder: Path, old: dict[str, list[Any]], new: dict[str, list[Any]]) -> None:
    pq.write_table(pa.table(old), folder / "old.parquet")
    pq.write_table(pa.table(new), folder / "new.parquet")


@pytest.mark.parametrize("many", [1, 3, 1000])
def test_many_fields_are_compared_as_few_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    cells = importlib.import_module("dsv.diff.cells")
    monkeypatch.setattr(cells, "MANY_FIELDS", many)
    monkeypatch.setattr(duckdb, "FEW", many)
    monkeypatch.setattr(cells, "FEW_FIELDS", min(many, 2))
    old, new = table(12), table(12)
    new["f0"][3], new["f1"][4], new["f2"][5], new["f4"][6] = -1, "other", None, "v  " + str(old["f4"][6])[2:]
    for name in new:
        new[name] = new[name][1:]
    new["id"][-1] = 99
    write(tmp_path, old, new)
    with compare(tmp_path, ["old.parquet", "new.parquet"], None, OPTIONS) as found:
        (diff,) = found.result.datasets
        rows = list(diff.changes.rows())
    assert (diff.rows.added, diff.rows.removed, diff.rows.changed) == (1, 2, 4)
    assert diff.changed_cells == {"f0": 1, "f1": 1, "f2": 1, "f4": 1}
    assert diff.changed_cells_whitespace_only == {"f4": 1}
    changed = {
        row.key["id"]: {name: (cell.old, cell.new) for name, cell in row.cells.items()}
        for row in rows
        if row.kind == "changed"
    }
    assert changed == {
        3: {"f0": (old["f0"][3], -1)},
        4: {"f1": (old["f1"][4], "other")},
        5: {"f2": (old["f2"][5], None)},
        6: {"f4": (old["f4"][6], "v  " + str(old["f4"][6])[2:])},
    }
    assert all(len(row.cells) == 13 for row in rows if row.kind != "changed")


def test_two_thousand_fields_take_seconds(tmp_path: Path) -> None:
    old, new = table(2000), table(2000)
    new["f7"][3], new["f1999"][5] = "changed", "too"
    write(tmp_path, old, new)
    started = time.process_time()
    with compare(tmp_path, ["old.parquet", "new.parquet"], None, OPTIONS) as found:
        (diff,) = found.result.datasets
        rows = list(diff.changes.rows())
    assert diff.changed_cells == {"f7": 1, "f1999": 1}
    assert [list(row.cells) for row in rows] == [["f7"], ["f1999"]]
    # 6 s where this was written; it was 33 s when every flag was an alias of one SELECT
    assert time.process_time() - started < 25


def test_too_little_memory_is_said() -> None:
    # one list of 160 MB, which cannot be spilled in parts
    query = "SELECT len(list(range)) FROM range(20000000)"
    with Engine(memory=40_000_000) as engine:
        for ask in (engine.rows, engine.execute, lambda sql: list(engine.stream(sql))):
            with pytest.raises(TooLittleMemory, match="too little memory") as caught:
                ask(query)
            assert "--memory" in str(caught.value.hint)
