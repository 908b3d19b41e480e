"""Parquet files compared by the bytes of their columns: the same answers as by key, and less that is read."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsv.diff import dataset
from dsv.diff.dataset import diff_tables
from dsv.diff.in_place import InPlace, in_place
from dsv.diff.request import DiffRequest
from dsv.errors import SchemaError
from dsv.formats.base import scan
from dsv.model.snapshot import Snapshot
from dsv.tables import chunks
from dsv.tables.duckdb import Engine
from dsv.tables.table import Table

Rows = list[dict[str, Any]]
SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("label", pa.string()),
        ("text", pa.string()),
        ("score", pa.float64()),
        ("box", pa.list_(pa.float32())),
        ("parts", pa.list_(pa.struct([("name", pa.string()), ("at", pa.list_(pa.int32()))]))),
        ("split", pa.string()),
    ]
)
REQUEST = DiffRequest(key=("id",), labels=("label",), split="split")


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as opened:
        yield opened


def made(number: int, rng: random.Random) -> dict[str, Any]:
    return {
        "id": number,
        "label": rng.choice(["cat", "dog", "cow", None]),
        "text": f"text {number}",
        "score": rng.choice([0.5, -0.0, float("nan"), None]),
        "box": rng.choice([None, [], [1.0, None], [2.5]]),
        "parts": rng.choice([None, [], [{"name": "x", "at": [1]}], [None, {"name": None, "at": None}]]),
        "split": rng.choice(["train", "test"]),
    }


def write(path: Path, rows: Rows, **options: Any) -> None:
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), path, **{"row_group_size": 4, **options})


def read(engine: Engine, path: Path) -> Table:
    return scan(engine, Snapshot(path=path, format="parquet", shown_path=path.name)).table


def sides(engine: Engine, folder: Path, old: Rows, new: Rows, **options: Any) -> tuple[Table, Table]:
    write(folder / "old.parquet", old)
    write(folder / "new.parquet", new, **options)
    return read(engine, folder / "old.parquet"), read(engine, folder / "new.parquet")


def answer(old: Table, new: Table, request: DiffRequest) -> tuple[Any, list[Any]]:
    diff = diff_tables("d", "d", old, new, request)
    assert diff.changes is not None
    return dataclasses.replace(diff, changes=None), list(diff.changes.rows())


def by_key(old: Table, new: Table, request: DiffRequest) -> tuple[Any, list[Any]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dataset, "in_place", lambda *_: None)
        return answer(old, new, request)


def some(count: int = 30, seed: int = 1) -> Rows:
    rng = random.Random(seed)
    return [made(number, rng) for number in range(count)]


def edited(rows: Rows, field: str, numbers: set[int], value: Any) -> Rows:
    return [{**row, field: value} if number in numbers else row for number, row in enumerate(rows)]


def placed(old: Table, new: Table, request: DiffRequest = REQUEST) -> InPlace | None:
    return in_place(old, new, request, ["label", "split"])


def test_only_what_differs_is_read(engine: Engine, tmp_path: Path) -> None:
    old, new = sides(engine, tmp_path, some(), edited(some(), "score", {2, 17, 18}, 7.0))
    found = placed(old, new)
    assert found is not None
    assert found.old.schema.names == ("id", "label", "score", "split")
    assert found.spans == ((0, 3), (16, 19))
    assert repr(answer(old, new, REQUEST)) == repr(by_key(old, new, REQUEST))
    assert answer(old, new, REQUEST)[0].changed_cells == {"score": 3}


def test_a_dictionary_that_alone_differs(engine: Engine, tmp_path: Path) -> None:
    """Every cat is called cow: the pages of the rows keep their bytes, the page of the names does not."""
    rows = edited(some(), "label", set(range(30)), "dog")
    rows = edited(rows, "label", set(range(0, 30, 3)), "cat")
    old, new = sides(engine, tmp_path, rows, edited(rows, "label", set(range(0, 30, 3)), "cow"))
    assert placed(old, new) is not None
    diff, _ = answer(old, new, REQUEST)
    assert diff.changed_cells == {"label": 10}
    assert [(item.source, item.target, item.rows) for item in diff.labels[0].transitions] == [("cat", "cow", 10)]


@pytest.mark.parametrize(
    ("why", "rows", "options"),
    [
        ("rows in another order", some()[::-1], {}),
        ("a row less", some()[:-1], {}),
        ("another key", edited(some(), "id", {3}, 99), {}),
        ("other row groups", some(), {"row_group_size": 5}),
        ("another codec", some(), {"compression": "gzip"}),
    ],
)
def test_rows_are_paired_by_key_where_places_do_not_tell(
    engine: Engine, tmp_path: Path, why: str, rows: Rows, options: dict[str, Any]
) -> None:
    old, new = sides(engine, tmp_path, some(), rows, **options)
    assert placed(old, new) is None, why


@pytest.mark.parametrize("doubled", [{4: 5}, {4: 29}, {4: None}])
def test_keys_that_repeat_or_are_missing_are_paired_by_key(
    engine: Engine, tmp_path: Path, doubled: dict[int, int | None]
) -> None:
    rows = some()
    for number, other in doubled.items():
        rows = edited(rows, "id", {number}, other)
    old, new = sides(engine, tmp_path, rows, edited(rows, "label", {4, 5}, "new"))
    assert placed(old, new) is None
    diff, _ = answer(old, new, REQUEST)
    assert (diff.rows.added, diff.rows.removed) != (0, 0)


def test_the_only_key_is_missing(engine: Engine, tmp_path: Path) -> None:
    old, new = sides(engine, tmp_path, edited(some(1), "id", {0}, None), edited(some(1), "id", {0}, None))
    assert placed(old, new) is None
    diff, _ = answer(old, new, REQUEST)
    assert (diff.rows.added, diff.rows.removed, diff.null_keys.old) == (1, 1, 1)


def test_keys_in_any_order_may_be_unique(engine: Engine, tmp_path: Path) -> None:
    rows = some()
    random.Random(2).shuffle(rows)
    old, new = sides(engine, tmp_path, rows, edited(rows, "label", {4}, "new"))
    assert placed(old, new) is not None
    composite = dataclasses.replace(REQUEST, key=("id", "text"))
    assert placed(old, new, composite) is not None
    assert repr(answer(old, new, composite)) == repr(by_key(old, new, composite))


@pytest.mark.parametrize(
    "change",
    [
        {"by_position": True},
        {"where": "new.text = 'text 1'"},
        {"renames": (("label", "text"),)},
        {"key": ()},
        {"key_forms": (("id", "case"),)},
        {"labels": ("nowhere",)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_other_questions_need_all_fields(engine: Engine, tmp_path: Path, change: dict[str, Any]) -> None:
    old, new = sides(engine, tmp_path, some(), edited(some(), "label", {4}, "new"))
    assert placed(old, new, dataclasses.replace(REQUEST, **change)) is None


def test_a_misspelt_field_to_ignore_is_told(engine: Engine, tmp_path: Path) -> None:
    old, new = sides(engine, tmp_path, some(), edited(some(), "label", {4}, "new"))
    with pytest.raises(SchemaError, match="scoree"):
        answer(old, new, dataclasses.replace(REQUEST, ignore=("scoree",)))


def test_files_of_writers_that_tell_wrong_sizes_are_not_trusted(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = sides(engine, tmp_path, some(), edited(some(), "label", {4}, "new"))
    assert placed(old, new) is not None
    for maker, trusted in (("parquet-mr version 1.2.8 (build x)", False), ("parquet-mr version 1.12.0", True)):
        assert (chunks._SHORT_SIZES.match(maker) is None) is trusted
    monkeypatch.setattr(chunks, "_SHORT_SIZES", chunks.re.compile("parquet-cpp"))
    assert placed(old, new) is None


edits = st.lists(
    st.tuples(
        st.sampled_from(["label", "text", "score", "box", "parts", "split"]),
        st.integers(0, 19),
        st.sampled_from(range(4)),
    ),
    max_size=6,
)
VALUES: dict[str, list[Any]] = {
    "label": ["cat", "CAT", "cat ", None],
    "text": ["", "text", " text 1", None],
    "score": [0.0, 0.5000001, float("nan"), None],
    "box": [None, [], [None], [2.5, 2.5]],
    "parts": [None, [], [None], [{"name": "x", "at": []}]],
    "split": ["train", "test", "val", None],
}
REQUESTS = {
    "plain": REQUEST,
    "tolerant": dataclasses.replace(REQUEST, tolerance=0.01, hide_whitespace=True, hide_case=True),
    "ignoring": dataclasses.replace(REQUEST, ignore=("score", "label"), labels=()),
    "by text": DiffRequest(key=("text",), labels=("label",)),
}


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(edits=edits, request_=st.sampled_from(sorted(REQUESTS)), keys=st.sampled_from(["rising", "mixed", "repeated"]))
def test_places_and_keys_give_the_same_answer(
    engine: Engine, tmp_path: Path, edits: list[tuple[str, int, int]], request_: str, keys: str
) -> None:
    rows = some(20)
    if keys == "mixed":
        random.Random(3).shuffle(rows)
    if keys == "repeated":
        rows = edited(rows, "id", {7, 12}, 3)
    new = rows
    for field, number, value in edits:
        new = edited(new, field, {number}, VALUES[field][value])
    old_table, new_table = sides(engine, tmp_path, rows, new)
    request = REQUESTS[request_]
    assert repr(answer(old_table, new_table, request)) == repr(by_key(old_table, new_table, request))
