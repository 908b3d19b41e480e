"""How much memory the engine takes, and what waits on the disk."""

from __future__ import annotations

import csv
import json
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dsv.diff.dataset import diff_tables
from dsv.diff.request import DiffRequest
from dsv.errors import UsageError
from dsv.formats.base import detect, scan
from dsv.model.snapshot import Snapshot
from dsv.tables import memory, table
from dsv.tables.duckdb import Engine


@pytest.mark.parametrize(
    ("text", "size"),
    [("800MB", 800_000_000), ("2GB", 2_000_000_000), ("1.5GiB", 3 * 2**29), ("64 kib", 65536), ("123", 123)],
)
def test_sizes(text: str, size: int) -> None:
    assert memory.parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MB", "-1GB", "1 XB", "1e9", "2GB; DROP"])
def test_no_sizes(text: str) -> None:
    with pytest.raises(UsageError):
        memory.parse_size(text)


def test_the_engine_leaves_room_below_what_was_granted() -> None:
    with Engine(memory=1_000_000_000) as engine:
        assert engine.value("SELECT current_setting('memory_limit')") == "762.9 MiB"


def test_the_usual_limit_is_half_of_a_small_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_machine", lambda: 3 * 2**29)
    assert memory.engine_limit() == int(0.8 * 1.5 * 2**29)
    monkeypatch.setattr(memory, "_machine", lambda: 2**40)
    assert memory.engine_limit() == int(0.8 * 2**30)
    monkeypatch.setattr(memory, "_machine", lambda: 2**20)
    assert memory.engine_limit() == int(0.8 * 512 * 2**20)


def _rows(path: Path) -> tuple[list[tuple[Any, ...]], dict[str, str]]:
    name, gzip = detect(path.name)
    with Engine() as engine:
        found = scan(engine, Snapshot(path=path, format=name, gzip=gzip, shown_path=path.name)).table
        columns = ", ".join(found.schema.names)
        rows = engine.rows(f"SELECT _dsv_position, {columns} FROM {found.relation} ORDER BY _dsv_position")
        offsets = engine.rows(f"SELECT _dsv_position - _dsv_offset FROM {found.lookup}")
        assert Counter(offsets) == Counter({(1,): len(rows)})
        return rows, {item.name: item.type for item in found.schema}


def _write(path: Path, records: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        if path.suffix == ".jsonl":
            stream.writelines(json.dumps(record) + "\n" for record in records)
        else:
            writer = csv.DictWriter(stream, list(records[0]))
            writer.writeheader()
            writer.writerows(
                {key: json.dumps(value) if isinstance(value, list | dict) else value for key, value in record.items()}
                for record in records
            )


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_large_text_waits_on_the_disk_and_reads_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    rng = random.Random(3)
    records: list[dict[str, Any]] = [
        {
            "id": number,
            "name": rng.choice(["", "a,b", 'say "x"', "line\nend", "é", "NULL"]),
            "day": f"2024-01-{rng.randrange(1, 29):02d}",
            "score": rng.choice([0.5, -0.0, 1e300, None]),
            "box": rng.choice([None, [], [1.5, None], [2.5]]),
            "seen": rng.choice([True, False]),
            "inside": rng.choice([None, {"a": None, "b": ["x"]}, {"a": 1, "b": []}]),
        }
        for number in range(5000)
    ]
    path = tmp_path / f"t{suffix}"
    _write(path, records)
    kept = _rows(path)
    monkeypatch.setattr(table, "STAGE_LIMIT_BYTES", 0)
    waiting = _rows(path)
    assert repr(waiting) == repr(kept)
    assert [row[1] for row in waiting[0]] == [number if suffix == ".jsonl" else str(number) for number in range(5000)]


def test_wide_rows_are_written_in_small_groups(tmp_path: Path) -> None:
    with Engine() as engine:
        for width, groups in ((10, 1), (20_000, 3)):
            path = tmp_path / f"{width}.parquet"
            table.write_rows(engine, f"(SELECT repeat('x', {width}) AS x FROM range(6000))", path)
            found = engine.value(f"SELECT count(DISTINCT row_group_id) FROM parquet_metadata('{path}')")
            assert found == groups


def test_a_long_line_is_read_below_a_small_limit(tmp_path: Path) -> None:
    """The engine sets aside twice the longest line; a usual file does not pay for it."""
    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps({"id": n, "x": "y" * (30_000_000 if n == 1 else 5)}) + "\n" for n in range(3)))
    with Engine(memory=120_000_000) as engine:
        found = scan(engine, Snapshot(path=path, format="jsonl", shown_path="t.jsonl")).table
        assert engine.rows(f"SELECT id, len(x) FROM {found.relation} ORDER BY 1") == [(0, 5), (1, 30_000_000), (2, 5)]
        assert engine.value("SELECT current_setting('memory_limit')") == "91.5 MiB"


def test_rows_of_another_relation_are_not_looked_up_in_the_file(tmp_path: Path) -> None:
    """`002` becomes `2` before rows are paired: their cells must come from there, too."""
    versions = {"old": "id,x\n001,a\n002,b\n", "new": "id,x\n1,a\n2,c\n"}
    with Engine() as engine:
        tables = []
        for name, text in versions.items():
            path = tmp_path / f"{name}.csv"
            path.write_text(text)
            tables.append(scan(engine, Snapshot(path=path, format="csv", shown_path=path.name)).table)
        assert all(found.lookup is not None for found in tables)
        assert replace(tables[0], relation="(SELECT 1)").lookup is None
        request = DiffRequest(key=("id",), key_forms=(("id", "leading-zeros"),))
        diff = diff_tables("d", "d", *tables, request)
    assert (diff.rows.added, diff.rows.removed, diff.rows.changed, diff.rows.unchanged) == (0, 0, 1, 1)


def test_large_records_get_more_than_usual_and_never_more_than_was_granted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_machine", lambda: 16 * 2**30)
    usual = memory.engine_limit()
    limit, threads = memory.large_limits(1_100, 0, 8)
    assert usual < limit < 16 * 2**30 and threads == 4
    assert memory.large_limits(50_000, 0, 8) == (int(0.8 * 16 * 2**30), 1)
    assert memory.large_limits(50_000, 0, 8, granted=2**30) == (memory.engine_limit(2**30), 1)
    limit, threads = memory.large_limits(2, 200 * 2**20, 2)
    assert limit > 2 * 200 * 2**20 and threads == 2
