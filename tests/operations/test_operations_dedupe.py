from __future__ import annotations

import math
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from operations_bench import ROWS, STATE, Bench, Example, Make, Row, read_table, row

from dsv.errors import DsvError, MigrationError, SchemaError
from dsv.model.migration import Effect, State
from dsv.model.schema import Field, Schema
from dsv.operations.base import REASON
from dsv.operations.dedupe import Dedupe
from dsv.tables.duckdb import Engine
from dsv.tables.table import POSITION

EXAMPLES: list[Make] = [
    lambda rows: Example(Dedupe(fields=("split", "mood"), conflicts="quarantine")),
    lambda rows: Example(Dedupe(fields=("level", "mood"), conflicts="quarantine", mode="delete", prefer=("test",))),
]


@pytest.fixture(scope="module")
def shared() -> Iterator[Engine]:
    with Engine() as opened:
        yield opened


def twins(*ids: int, **cells: Any) -> list[Row]:
    return [row(place, **{"image": "same.png", **cells}) for place in ids]


def ids(rows: list[Row]) -> list[int]:
    return [cells["id"] for cells in rows]


def test_one_of_each_stays_and_the_others_say_which_they_equal(bench: Bench) -> None:
    rows = [*twins(7, 3, 5), row(1), *twins(8, 9, score=None)]
    outcome = bench.run(Dedupe(expect=3), rows)
    assert ids(read_table(outcome.table)) == [3, 1, 8]
    aside = {cells["id"]: cells[REASON] for cells in read_table(outcome.quarantine)}
    assert aside == {7: "dedupe: equals id=3", 5: "dedupe: equals id=3", 9: "dedupe: equals id=8"}
    assert outcome.findings == ()
    assert outcome.guards == ("rows that go: 3, as `expect:` says",)
    with pytest.raises(MigrationError, match="3 rows would go, not 2 as expected"):
        bench.run(Dedupe(expect=2), rows)
    assert bench.rows(Dedupe(), ROWS) == ROWS


def test_which_row_stays(bench: Bench) -> None:
    rows = [
        *twins(1, 2, score=0.1),
        *twins(3, score=0.9, split="test"),
        *twins(4, score=None, split=None),
    ]
    by_image = Dedupe(fields=("image",))
    assert ids(bench.rows(by_image, rows)) == [1]
    assert ids(bench.rows(replace(by_image, keep="last"), rows)) == [4]
    assert ids(bench.rows(replace(by_image, by="score"), rows)) == [1]
    assert ids(bench.rows(replace(by_image, by="score", keep="last"), rows)) == [3]
    assert ids(bench.rows(replace(by_image, prefer=("val", "test")), rows)) == [3]
    assert ids(bench.rows(replace(by_image, prefer=("train", "test"), keep="last"), rows)) == [2]
    outcome = bench.run(replace(by_image, protect=("train",), keep="last"), rows)
    assert ids(read_table(outcome.table)) == [1, 2]
    assert [(item.rule, item.count) for item in outcome.findings] == [
        ("dedupe-across-splits", 1),
        ("dedupe-protected", 1),
    ]


def test_labels_that_differ_are_never_dropped_in_silence(bench: Bench) -> None:
    rows = [*twins(1, 2), *twins(3, **{"class": "bus"}), row(4), *twins(5, 6, image="other.png")]
    operation = Dedupe(fields=("image",))
    with pytest.raises(MigrationError) as caught:
        bench.run(operation, rows)
    problem = "1 group of duplicates whose labels differ (class, tags, level): id=1, id=2, id=3"
    assert caught.value.message == problem
    kept = bench.run(replace(operation, conflicts="keep"), rows)
    assert ids(read_table(kept.table)) == [1, 2, 3, 4, 5]
    for mode, gone in (("quarantine", [1, 2, 3, 6]), ("delete", [1, 2, 3])):
        aside = bench.run(replace(operation, conflicts="quarantine", mode=mode), rows)
        assert ids(read_table(aside.table)) == [4, 5]
        assert ids(read_table(aside.quarantine)) == gone
        assert read_table(aside.quarantine)[0][REASON] == "dedupe: its duplicates have other labels"
    for outcome in (kept, aside):
        assert [(item.rule, item.level, item.count) for item in outcome.findings] == [
            ("dedupe-conflicts", "warning", 1)
        ]
    with pytest.raises(MigrationError, match="1 group"):
        bench.run(operation, [*twins(1), *twins(2, **{"class": None})])


def test_missing_cells_are_equal_but_not_if_nothing_else_is_there(bench: Bench) -> None:
    rows = [row(place, image=None) for place in (1, 2)]
    assert ids(bench.rows(Dedupe(fields=("image",)), rows)) == [1, 2]
    assert ids(bench.rows(Dedupe(fields=("image", "class")), rows)) == [1]


KEYLESS = State(
    schema=Schema(fields=(Field(name="text", type="string"), Field(name="n", type="number"))),
    key=(),
    labels=("text",),
    split=None,
)


def test_without_a_key_rows_are_their_content(bench: Bench) -> None:
    cells = [("a", 1.0), ("b", None), ("a", 1.0), ("a", math.nan), ("b", None), ("a", math.nan)]
    rows = [{"text": text, "n": n} for text, n in cells]
    outcome = bench.run(Dedupe(), rows, state=KEYLESS)
    assert [cells[POSITION] for cells in read_table(outcome.table, positions=True)] == [1, 2, 4]
    largest = bench.run(Dedupe(fields=("text",), by="n", keep="last"), rows, state=KEYLESS)
    assert [cells["text"] for cells in read_table(largest.table)] == ["b", "a"]


drawn_rows = st.lists(
    st.fixed_dictionaries(
        {
            "image": st.sampled_from(["a", "b", None]),
            "split": st.sampled_from(["train", "test", None]),
            "class": st.sampled_from(["car", "car", "bus"]),
            "score": st.sampled_from([None, 0.1, 0.9]),
        }
    ),
    max_size=9,
).map(lambda drawn: [row(900, split="test"), *(row(place, **cells) for place, cells in enumerate(drawn))])


@settings(max_examples=15, deadline=None)
@given(
    rows=drawn_rows,
    last=st.booleans(),
    by=st.sampled_from([None, "score"]),
    prefer=st.sampled_from([(), ("test",)]),
    protect=st.sampled_from([(), ("test",)]),
    conflicts=st.sampled_from(["keep", "quarantine"]),
)
def test_against_plain_python(
    shared: Engine, rows: list[Row], last: bool, by: str | None, prefer: Any, protect: Any, conflicts: Any
) -> None:
    groups: dict[Any, list[Row]] = defaultdict(list)
    for cells in rows:
        if cells["image"] is not None:
            groups[cells["image"]].append(cells)
    gone: set[int] = set()
    sign = -1 if last else 1

    def rank(cells: Row) -> tuple[Any, ...]:
        score = cells["score"] if by else 0
        return (
            cells["split"] not in protect,
            cells["split"] not in prefer,
            score is None,
            sign * (score or 0),
            sign * cells["id"],
        )

    for members in groups.values():
        if len({cells["class"] for cells in members}) > 1:
            going = members if conflicts == "quarantine" else []
        else:
            going = sorted(members, key=rank)[1:]
        gone |= {cells["id"] for cells in going if cells["split"] not in protect}
    operation = Dedupe(
        fields=("image",),
        keep="last" if last else "first",
        by=by,
        prefer=prefer,
        protect=protect,
        conflicts=conflicts,
    )
    with tempfile.TemporaryDirectory() as folder:
        outcome = Bench(shared, Path(folder)).run(operation, rows)
    assert ids(read_table(outcome.table)) == [cells["id"] for cells in rows if cells["id"] not in gone]
    assert sorted(ids(read_table(outcome.quarantine))) == sorted(gone)


@pytest.mark.parametrize(
    ("operation", "error"),
    [
        (Dedupe(fields=("imag",)), DsvError),
        (Dedupe(fields=()), SchemaError),
        (Dedupe(fields=("image", "image")), SchemaError),
        (Dedupe(by="tags"), SchemaError),
        (Dedupe(by="scor"), SchemaError),
        (Dedupe(protect=("tset",)), MigrationError),
    ],
)
def test_refused(bench: Bench, operation: Dedupe, error: type[DsvError]) -> None:
    with pytest.raises(error):
        bench.run(operation)


def test_splits_need_a_split_field(bench: Bench) -> None:
    state = replace(STATE, split=None)
    for operation in (Dedupe(protect=("test",)), Dedupe(prefer=("test",))):
        with pytest.raises(SchemaError, match="the dataset has no split field"):
            operation.forward_schema(state, bench.inputs())


def test_words() -> None:
    assert Dedupe().describe(STATE) == "set aside duplicates in all but the key, but the first by id"
    operation = Dedupe(fields=("image",), keep="last", by="score", prefer=("test",), mode="delete", protect=("val",))
    assert operation.describe(STATE) == (
        "delete duplicates in image, but one of test, else the last by score, keeping all of val"
    )
    assert operation.effect(STATE) == Effect(values="removed")
