"""dsv and an independent diff in pandas agree on generated files of every type; the changes make new of old."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsv.api.diff import DiffOptions, compare

EAST = timezone(timedelta(hours=2))
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
TEXTS = ["", " ", "a", "A", "a ", "NA", "None", "NaN", "é", "e\u0301", "1", "01", "1.0", "true", 'q"q', "l\nm"]
NUMBERS = [0.0, -0.0, 1.5, 1e300, 5e-324, 0.1, 2.0**53]
CLOSE = [0.0, -0.0, 0.5, 1.5, 2.0, -1.0, 10.5]
SPECIAL = [float("nan"), float("inf"), float("-inf")]
PARQUET = {
    "text": (pa.string(), st.sampled_from(TEXTS)),
    "integer": (pa.int64(), st.sampled_from([0, 1, -1, 2**53, 2**53 + 1, 2**63 - 1, -(2**63)])),
    "small": (pa.int8(), st.integers(-128, 127)),
    "number": (pa.float64(), st.sampled_from(NUMBERS + SPECIAL)),
    "single": (pa.float32(), st.sampled_from([0.0, -0.0, 1.5, 0.25, float("nan")])),
    "decimal": (pa.decimal128(20, 4), st.sampled_from([Decimal("0.0000"), Decimal("1.5"), Decimal("-99999999.9999")])),
    "truth": (pa.bool_(), st.booleans()),
    "day": (pa.date32(), st.sampled_from([date(2024, 2, 29), date(1969, 12, 31)])),
    "local": (pa.timestamp("us"), st.sampled_from([datetime(2024, 1, 1, 12), datetime(2024, 1, 1, 12, 0, 0, 1)])),
    "instant": (pa.timestamp("us", tz="UTC"), st.sampled_from([NOON, NOON.astimezone(EAST), NOON.replace(hour=14)])),
    "bytes": (pa.binary(), st.sampled_from([b"", b"\xff\xfe", b"\x00", b"a"])),
    "list": (pa.list_(pa.float64()), st.lists(st.sampled_from([None, 0.0, 1.0, float("nan")]), max_size=3)),
    "struct": (
        pa.struct([("x", pa.int64()), ("s", pa.string())]),
        st.fixed_dictionaries({"x": st.none() | st.integers(0, 1), "s": st.sampled_from([None, "", "é"])}),
    ),
}
JSON = {
    "text": st.sampled_from(TEXTS),
    "integer": st.sampled_from([0, 1, -1, 2**53 - 1]),
    "number": st.sampled_from([1.5, 0.1, -2.25, 1e300]),
    "truth": st.booleans(),
    "list": st.lists(st.sampled_from([1.5, 2.5]), max_size=2),
}
law = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
Rows = dict[int, dict[str, Any]]


def tables(fields: dict[str, Any]) -> Any:
    row = st.fixed_dictionaries({name: st.none() | values for name, values in fields.items()})
    return st.dictionaries(st.integers(0, 6), row, max_size=5)


def same(left: Any, right: Any) -> bool:
    """Equal values: of each type as it is; not-a-number equals itself, and the zeros each other."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, float) and isinstance(right, float) and left != left:
        return right != right
    return left is right or (left is not None and right is not None and left == right)


def expected(old: Rows, new: Rows) -> Any:
    """The diff by an outer merge in pandas."""
    frames = [
        pd.DataFrame({"id": list(rows), "row": pd.Series(list(rows.values()), dtype=object)}) for rows in (old, new)
    ]
    for frame in frames:
        frame["id"] = frame["id"].astype("int64")
    merged = frames[0].merge(frames[1], on="id", how="outer", suffixes=("_old", "_new"), indicator=True)
    both = merged[merged["_merge"] == "both"]
    cells: dict[str, int] = {}
    changed = 0
    for before, after in zip(both["row_old"], both["row_new"], strict=True):
        names = [name for name in before if not same(before[name], after[name])]
        changed += bool(names)
        for name in names:
            cells[name] = cells.get(name, 0) + 1
    counts = merged["_merge"].value_counts()
    return (int(counts["right_only"]), int(counts["left_only"]), changed), cells


def check(folder: Path, suffix: str, write: Any, old: Rows, new: Rows, shuffled: list[int], normal: Any = same) -> None:
    counts, cells = expected(old, new)
    write(folder / f"a.{suffix}", old)
    write(folder / f"b.{suffix}", new)
    write(folder / f"c.{suffix}", {key: new[key] for key in shuffled})
    results = []
    for name in ("b", "c"):
        with compare(folder, (f"a.{suffix}", f"{name}.{suffix}"), None, DiffOptions(key=("id",))) as comparison:
            (found,) = comparison.result.datasets
            assert (found.rows.added, found.rows.removed, found.rows.changed) == counts
            assert found.changed_cells == cells
            made = {key: dict(row) for key, row in old.items()}
            for change in found.changes.rows() if found.changes is not None else ():
                key = change.key["id"]
                if change.kind == "removed":
                    del made[key]
                else:
                    own = {field: cell.new for field, cell in change.cells.items() if field != "id"}
                    made[key] = {**made.get(key, {}), **own}
            assert made.keys() == new.keys()
            wrong = [
                (field, made[key][field], row[field])
                for key, row in new.items()
                for field in row
                if not normal(made[key][field], row[field])
            ]
            assert wrong == []
            results.append((found.rows, found.changed_cells, found.schema_changes))
    assert results[0] == results[1]


def write_parquet(path: Path, rows: Rows) -> None:
    schema = pa.schema([("id", pa.int64()), *((name, kind) for name, (kind, _) in PARQUET.items())])
    pq.write_table(pa.Table.from_pylist([{"id": key, **row} for key, row in rows.items()], schema), path)


def in_utc(made: Any, wanted: Any) -> bool:
    """As `same`, for what dsv shows: a moment that has a zone in UTC, a decimal as a number."""
    if (
        isinstance(made, datetime)
        and made.tzinfo is None
        and isinstance(wanted, datetime)
        and wanted.tzinfo is not None
    ):
        return bool(made == wanted.astimezone(UTC).replace(tzinfo=None))
    if made is not None and isinstance(wanted, Decimal):
        return same(float(made), float(wanted))
    return same(made, wanted)


@law
@given(
    old=tables({name: values for name, (_, values) in PARQUET.items()}),
    new=tables({name: values for name, (_, values) in PARQUET.items()}),
    data=st.data(),
)
def test_parquet(tmp_path: Path, old: Rows, new: Rows, data: Any) -> None:
    check(tmp_path, "parquet", write_parquet, old, new, data.draw(st.permutations(list(new))), in_utc)


def write_csv(path: Path, rows: Rows) -> None:
    """Texts are always quoted, so that a missing cell and an empty text are two things."""

    def cell(text: str | None) -> str:
        return "" if text is None else '"' + text.replace('"', '""') + '"'

    lines = [",".join([str(key), cell(row["one"]), cell(row["two"])]) for key, row in rows.items()]
    path.write_bytes("".join(f"{line}\n" for line in ["id,one,two", *lines]).encode())


# Texts of which none spells another type: what text means as a number is tested on its own.
PLAIN = ["", " ", "a", "A", "a ", "NA", "None", "é", "e\u0301", "01", 'q"q', "x,y", "l\nm", "\u202e"]
CSV = {"one": st.sampled_from(PLAIN), "two": st.sampled_from(PLAIN)}


@law
@given(old=tables(CSV), new=tables(CSV), data=st.data())
def test_csv(tmp_path: Path, old: Rows, new: Rows, data: Any) -> None:
    check(tmp_path, "csv", write_csv, old, new, data.draw(st.permutations(list(new))))


def write_jsonl(path: Path, rows: Rows) -> None:
    path.write_text("".join(json.dumps({"id": key, **row}) + "\n" for key, row in rows.items()), encoding="utf-8")


def of_json(made: Any, wanted: Any) -> bool:
    """As `same`; a list that is empty in every row has no type but JSON, and is shown as its text."""
    return same(made, wanted) or (wanted == [] and made == "[]")


@law
@given(old=tables(JSON).filter(len), new=tables(JSON).filter(len), data=st.data())
def test_jsonl(tmp_path: Path, old: Rows, new: Rows, data: Any) -> None:
    check(tmp_path, "jsonl", write_jsonl, old, new, data.draw(st.permutations(list(new))), of_json)


def test_texts_that_look_alike_are_different_keys_and_cells(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,x\né,1\nb,é\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("id,x\ne\u0301,1\nb,e\u0301\n", encoding="utf-8")
    with compare(tmp_path, ("a.csv", "b.csv"), None, DiffOptions(key=("id",))) as comparison:
        rows = comparison.result.datasets[0].rows
        assert (rows.added, rows.removed, rows.changed, rows.rekeyed) == (1, 1, 1, 1)


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_text_that_is_no_utf_8_is_refused_with_its_line(tmp_path: Path, suffix: str) -> None:
    from dsv.errors import FormatError

    good = {"csv": b"id,x\n1,a\n2,", "jsonl": b'{"id": 1}\n{"id": 2}\n{"id": 3, "x": "'}[suffix]
    (tmp_path / f"a.{suffix}").write_bytes(good + {"csv": b"b\n", "jsonl": b'b"}\n'}[suffix])
    (tmp_path / f"b.{suffix}").write_bytes(good + b"\xff" + {"csv": b"\n", "jsonl": b'"}\n'}[suffix])
    with pytest.raises(FormatError) as caught:
        compare(tmp_path, (f"a.{suffix}", f"b.{suffix}"), None, DiffOptions(key=("id",)))
    assert caught.value.where == f"b.{suffix}:3"


@law
@given(left=st.sampled_from(CLOSE), right=st.sampled_from(CLOSE), tolerance=st.sampled_from([0.0, 0.5, 1.5, 9.0]))
def test_a_tolerance_hides_what_is_within_it(tmp_path: Path, left: float, right: float, tolerance: float) -> None:
    for name, value in (("a", left), ("b", right)):
        (tmp_path / f"{name}.csv").write_text(f"id,x\n1,{value!r}\n2,0.5\n")
    with compare(tmp_path, ("a.csv", "b.csv"), None, DiffOptions(key=("id",), tolerance=tolerance)) as comparison:
        assert comparison.result.datasets[0].rows.changed == (abs(left - right) > tolerance)


FINE = {
    "decimal": (pa.decimal128(38, 20), Decimal("123456789012345.12"), Decimal("123456789012345.13")),
    "integer": (pa.uint64(), 2**63 + 1, 2**63 + 2),
    "time": (pa.timestamp("ns"), 1_700_000_000_000_000_001, 1_700_000_000_000_000_002),
    "instant": (pa.timestamp("ns", tz="UTC"), 1_700_000_000_000_000_001, 1_700_000_000_000_000_002),
}


def knows_fine_instants() -> bool:
    with duckdb.connect() as connection:
        try:
            connection.execute("SELECT CAST(NULL AS TIMESTAMPTZ_NS)")
        except duckdb.CatalogException:
            return False
    return True


@pytest.mark.parametrize("kind", FINE)
def test_what_is_finer_than_a_double_or_a_microsecond_is_so_in_nested_cells_too(tmp_path: Path, kind: str) -> None:
    arrow, *values = FINE[kind]
    assert float(values[0]) == float(values[1])
    if kind == "instant" and not knows_fine_instants():
        # The engine itself reads them as microseconds.
        values[1] += 1000
    for name, value in zip("ab", values, strict=True):
        columns = {
            "plain": pa.array([value], arrow),
            "list": pa.array([[value]], pa.list_(arrow)),
            "struct": pa.array([{"x": value}], pa.struct([("x", arrow)])),
            "map": pa.array([[("k", value)]], pa.map_(pa.string(), arrow)),
        }
        pq.write_table(pa.table({"id": [1], **columns}), tmp_path / f"{name}.parquet")
    with compare(tmp_path, ("a.parquet", "b.parquet"), None, DiffOptions(key=("id",))) as comparison:
        (diff,) = comparison.result.datasets
        assert diff.changed_cells == dict.fromkeys(("plain", "list", "struct", "map"), 1)
        (change,) = diff.changes.rows()
        assert all(cell.old != cell.new for cell in change.cells.values())
    with compare(tmp_path, ("a.parquet", "a.parquet"), None, DiffOptions(key=("id",))) as comparison:
        assert comparison.result.datasets[0].rows.unchanged == 1
