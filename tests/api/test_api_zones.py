"""Times that got or lost their zone: told, since the moments may be others."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from dsv.api.diff import compare
from dsv.api.options import DiffOptions

NOON = pa.array([datetime(2026, 1, 31, 12)] * 2, pa.timestamp("us"))


def times(zone: str | None) -> pa.Table:
    return pa.table({"id": [1, 2], "at": NOON.cast(pa.timestamp("us", zone)), "day": NOON})


@pytest.mark.parametrize(
    ("old", "new", "said"), [(None, "UTC", "got"), ("Asia/Tokyo", None, "lost"), ("UTC", "Asia/Tokyo", None)]
)
def test_a_zone_that_comes_or_goes_is_told(tmp_path: Path, old: str | None, new: str | None, said: str | None) -> None:
    for name, zone in (("a", old), ("b", new)):
        pq.write_table(times(zone), tmp_path / f"{name}.parquet")
        feather.write_feather(times(zone), tmp_path / f"{name}.feather")
        for part in ("1", "2"):
            (tmp_path / name / f"part={part}").mkdir(parents=True)
            pq.write_table(times(zone), tmp_path / name / f"part={part}" / "rows.parquet")
    for pair in (["a.parquet", "b.parquet"], ["a.feather", "b.parquet"], ["a", "b"]):
        with compare(
            tmp_path, pair, None, DiffOptions(key=("id", *(["part"] if pair == ["a", "b"] else [])))
        ) as comparison:
            told = [(item.rule, item.count, item.message.split(";")[0]) for item in comparison.result.findings]
            told = [item for item in told if item[0] == "zone-changed"]
        assert told == ([] if said is None else [("zone-changed", 1, f"times {said} a time zone: at")])
