from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
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
from dsv.operations.drop_rows import DropRows
from dsv.tables.duckdb import Engine
from dsv.tables.table import POSITION

EXAMPLES: list[Make] = [
    lambda rows: Example(DropRows(where="score < 0.3")),
    lambda rows: Example(DropRows(where="class IN ('no', 'a.b') OR score IS NULL", mode="delete")),
    lambda rows: Example(DropRows(where="id > 2", protect=("test",))),
    lambda rows: Example(DropRows(where="id > 2", floor=2, by="score", protect=("test",))),
    lambda rows: Example(
        DropRows(where="redundancy > 0.4", scores="scores.csv", floor=1, keep="lowest"),
        {"scores.csv": scores({cells["id"]: cells["id"] % 10 / 10 for cells in rows if cells["id"] != 2})},
    ),
    lambda rows: Example(DropRows(file="gone.csv"), {"gone.csv": "id,note,old_class\n3,far,no\n1,,car\n"}),
]


def scores(by_key: dict[int, float]) -> str:
    return "id,redundancy\n" + "".join(f"{key},{score}\n" for key, score in by_key.items())


def ids(rows: list[dict[str, Any]]) -> list[int]:
    return [row["id"] for row in rows]


def test_rows_are_set_aside_and_stay_readable(bench: Bench) -> None:
    outcome = bench.run(DropRows(where="score < 0.3"))
    low = [row for row in ROWS if row["score"] is not None and row["score"] < 0.3]
    assert read_table(outcome.table) == [row for row in ROWS if row not in low]
    quarantine = outcome.quarantine
    assert quarantine.schema.fields == (
        *STATE.schema.fields,
        Field(name=REASON, type="string", nullable=False),
    )
    reason = {REASON: "drop_rows: score < 0.3"}
    positions = [ROWS.index(row) + 1 for row in low]
    assert read_table(quarantine, positions=True) == [
        {**row, **reason, POSITION: position} for row, position in zip(low, positions, strict=True)
    ]


def test_delete_keeps_nothing(bench: Bench) -> None:
    outcome = bench.run(DropRows(where="class = 'no'", mode="delete"))
    assert outcome.quarantine is None
    assert ids(read_table(outcome.table)) == [row["id"] for row in ROWS if row["class"] != "no"]


def test_protected_splits_stay_and_are_told(bench: Bench) -> None:
    outcome = bench.run(DropRows(where="id <= 4", protect=("test",)))
    assert ids(read_table(outcome.table))[:2] == [2, 5]
    (finding,) = outcome.findings
    assert (finding.rule, finding.count) == ("drop-rows-protected", 1)


def test_thresholds_come_from_params(bench: Bench) -> None:
    operation = DropRows(where="score < ${low} AND class <> ${kept} AND id > ${after}")
    assert operation.parameters() == ("low", "kept", "after")
    values = {"low": 0.3, "kept": "it's", "after": -1}
    bound = operation.bind(values)
    assert bound.parameters() == ()
    assert bound.where == "score < (CAST('0.3' AS DOUBLE)) AND class <> ('it''s') AND id > (-1)"
    assert bound.describe(STATE) == "set aside rows where score < 0.3 AND class <> 'it''s' AND id > -1"
    expected = [row["id"] for row in ROWS if not (row["score"] is not None and row["score"] < 0.3)]
    assert ids(bench.rows(bound)) == ids(bench.rows(operation, **values)) == expected


def test_what_is_bound_never_becomes_sql(bench: Bench) -> None:
    operation = DropRows(where="class = ${name}", mode="delete")
    assert bench.rows(operation, name="x' OR true --") == ROWS
    bound = operation.bind({"name": "${name}"})
    assert bench.rows(bound, name="car") == ROWS


def test_references_that_cannot_be_bound() -> None:
    operation = DropRows(where="score < ${min_confidence}")
    with pytest.raises(MigrationError) as caught:
        operation.bind({"min_confidense": 1}, path="migrations.signs.m0004_prune")
    assert caught.value.message == "params.yaml has no migrations.signs.m0004_prune.min_confidence"
    assert caught.value.hint == "did you mean 'min_confidense'?"
    with pytest.raises(MigrationError, match="is not a single value"):
        operation.bind({"min_confidence": [1]})
    with pytest.raises(MigrationError, match="a reference stands inside quotes"):
        DropRows(where="class = '${name}'").bind({"name": "x"})


def test_the_expected_number_of_rows(bench: Bench) -> None:
    assert bench.run(DropRows(where="class = 'no'", expect=2)).quarantine.count() == 2
    with pytest.raises(MigrationError, match="2 rows would go, not 3 as expected"):
        bench.run(DropRows(where="class = 'no'", expect=3))


@pytest.mark.parametrize(
    ("operation", "error"),
    [
        (DropRows(where="scor < 1"), DsvError),
        (DropRows(where="score +"), DsvError),
        (DropRows(where="score + 1"), MigrationError),
        (DropRows(where="CAST(class AS INTEGER) = 1"), MigrationError),
        (DropRows(where="true", protect=("tset",)), MigrationError),
    ],
)
def test_refused(bench: Bench, operation: DropRows, error: type[DsvError]) -> None:
    with pytest.raises(error):
        bench.run(operation)


def test_protect_needs_a_split(bench: Bench) -> None:
    with pytest.raises(SchemaError, match="the dataset has no split field"):
        DropRows(where="true", protect=("test",)).forward_schema(replace(STATE, split=None), bench.inputs())


cells = st.fixed_dictionaries(
    {
        "class": st.sampled_from(["car", "bus", "?", None]),
        "tags": st.none() | st.lists(st.sampled_from(["red", "blue", None]), max_size=3),
        "split": st.sampled_from(["train", "test", None]),
        "score": st.none() | st.sampled_from([0.0, -0.0, 0.5, 0.5, 1.0, math.nan, math.inf]),
    }
)
tables = st.lists(cells, min_size=1, max_size=12).map(
    lambda drawn: [row(900, split="test"), *(row(place, **values) for place, values in enumerate(drawn))]
)


def kept_for_a_floor(rows: Sequence[Row], gone: set[int], label: str, floor: int, lowest: bool) -> set[int]:
    """The keys of the rows that stay although they meet the condition, in plain Python."""

    def rank(cells: Row) -> tuple[Any, ...]:
        score = cells["score"]
        absent = score is None or math.isnan(score)
        return absent, 0.0 if absent else score if lowest else -score, cells["id"]

    def classes(cells: Row) -> set[str]:
        held = cells[label] if isinstance(cells[label], list) else [cells[label]]
        return {item for item in held if item not in (None, "?")}

    kept = set()
    train = [cells for cells in rows if cells["split"] != "test"]
    for name in {name for cells in train for name in classes(cells)}:
        members = sorted((cells for cells in train if name in classes(cells)), key=rank)
        going = [cells["id"] for cells in members if cells["id"] in gone]
        kept |= set(going[: max(0, floor - (len(members) - len(going)))])
    return kept


@settings(max_examples=15, deadline=None)
@given(
    rows=tables,
    label=st.sampled_from(["class", "tags"]),
    floor=st.integers(0, 4),
    lowest=st.booleans(),
    limit=st.sampled_from(["score >= 0.5", "id % 2 = 0", "true"]),
)
def test_a_floor_holds_and_protected_rows_stay(
    shared: Engine, rows: list[Row], label: str, floor: int, lowest: bool, limit: str
) -> None:
    tests: dict[str, Any] = {
        "score >= 0.5": lambda cells: cells["score"] is not None and not cells["score"] < 0.5,
        "id % 2 = 0": lambda cells: cells["id"] % 2 == 0,
        "true": lambda cells: True,
    }
    operation = DropRows(
        where=limit,
        floor=floor,
        field=label,
        by="score",
        keep="lowest" if lowest else "highest",
        protect=("test",),
    )
    meets = {cells["id"] for cells in rows if tests[limit](cells)}
    going = {cells["id"] for cells in rows if cells["id"] in meets and cells["split"] != "test"}
    kept = kept_for_a_floor(rows, going, label, floor, lowest)
    with tempfile.TemporaryDirectory() as folder:
        outcome = Bench(shared, Path(folder)).run(operation, rows)
    assert ids(read_table(outcome.table)) == [cells["id"] for cells in rows if cells["id"] not in going - kept]
    assert {item.rule: item.count for item in outcome.findings} == {
        rule: count
        for rule, count in (("drop-rows-protected", len(meets - going)), ("drop-rows-floor", len(kept)))
        if count
    }


@pytest.fixture(scope="module")
def shared() -> Iterator[Engine]:
    with Engine() as opened:
        yield opened


PRUNE = DropRows(where="redundancy > ${most}", scores="s.csv", floor="${floor}", keep="lowest", protect=("test",))


def test_scores_a_floor_and_protection_together(bench: Bench) -> None:
    """Ten cars, of which two are in test: the three least redundant of the others stay."""
    rows = [row(place, split="test" if place < 2 else "train") for place in range(10)] + [row(50, **{"class": "bus"})]
    files = {"s.csv": scores({place: 0.9 - place / 100 for place in range(9)})}
    outcome = bench.run(PRUNE, rows, files=files, most=0.5, floor=3)
    # Row 9 has no score, so it stays and is one of the three.
    assert ids(read_table(outcome.table)) == [0, 1, 7, 8, 9, 50]
    assert [(item.rule, item.level, item.count) for item in outcome.findings] == [
        ("drop-rows-unscored", "warning", 2),
        ("drop-rows-protected", "info", 2),
        ("drop-rows-floor", "info", 2),
    ]
    assert outcome.table.schema == STATE.schema
    assert outcome.quarantine.schema.names == (*STATE.schema.names, REASON)
    assert PRUNE.parameters() == ("most", "floor")
    assert PRUNE.bind({"most": 0.5, "floor": 3}).describe(STATE) == (
        "set aside rows where redundancy > 0.5 (scores of s.csv), keeping 3 of each class and all of test"
    )


@pytest.mark.parametrize("floor", ["3", True, -1, 1.5, "many"])
def test_a_floor_is_a_number_of_rows(bench: Bench, floor: Any) -> None:
    with pytest.raises(MigrationError, match="a floor is a number of rows"):
        bench.run(PRUNE, files={"s.csv": scores({1: 0.9})}, most=0.5, floor=floor)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,redundancy\n1,0.5\n1,0.6\n", "2 rows with a key that another line has too: line 2: id=1; line 3: id=1"),
        ("id,redundancy\n,0.5\n", "1 row without a key"),
        ("id,Score,redundancy\n1,0.5,1\n", "the file and the dataset both have a field 'Score'"),
        ("redundancy\n0.5\n", "the side file has no field 'id'"),
        ("id,redundancy\n1.23E+05,0.5\n", r"field 'id' holds 1.23E\+05, which is no integer"),
        ("id,redundancy,note\n1,x,\n", "rows are ranked by a number"),
        ("id,redundancy\n1,x\n", "cannot be evaluated|is string, and rows are ranked"),
    ],
)
def test_scores_that_cannot_be_used(bench: Bench, text: str, message: str) -> None:
    operation = replace(PRUNE, where="true" if "note" in text else PRUNE.where, by="note" if "note" in text else None)
    with pytest.raises(DsvError, match=message):
        bench.run(operation, files={"s.csv": text}, most=0.5, floor=1)


def test_rows_of_a_reviewed_file(bench: Bench) -> None:
    files = {"gone.csv": "id,old_class,old_split,reviewer\n1,car,train,ana\n2,bus,test,ana\n4,,,bo\n"}
    outcome = bench.run(DropRows(file="gone.csv", protect=("test",), expect=2), files=files)
    assert ids(read_table(outcome.table)) == [cells["id"] for cells in ROWS if cells["id"] not in (1, 4)]
    assert {cells[REASON] for cells in read_table(outcome.quarantine)} == {"drop_rows: gone.csv"}
    assert outcome.guards == (
        "the rows that gone.csv names (3) are in the dataset, once each",
        "rows that go: 2, as `expect:` says",
    )
    assert [item.message for item in outcome.findings] == ["1 row is in gone.csv and stays, being in test"]


def test_a_reviewed_row_must_be_what_the_review_saw(bench: Bench) -> None:
    files = {"gone.csv": "id,old_class,old_score\n1,car,0.5\n2,car,0.5\n"}
    with pytest.raises(MigrationError) as caught:
        bench.run(DropRows(file="gone.csv"), files=files)
    message = "1 row without the expected cells: line 3: id=2: class expected car, found bus"
    assert (caught.value.message, caught.value.where) == (message, "gone.csv:3")
    outcome = bench.run(DropRows(file="gone.csv", on_conflict="skip"), files=files)
    assert ids(read_table(outcome.table)) == [cells["id"] for cells in ROWS if cells["id"] != 1]
    assert [(item.rule, item.count) for item in outcome.findings] == [("drop-rows-skipped", 1)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id\n1\n77\n", "1 row not in the dataset: line 3: id=77"),
        ("id\n1\n1\n", "2 rows with a key that another line has too"),
        ("id,old_clas\n1,car\n", "the side file expects 'old_clas' of a field that is not there"),
        ("old_class\ncar\n", "the side file has no field 'id'"),
    ],
)
def test_reviewed_files_that_do_not_fit(bench: Bench, text: str, message: str) -> None:
    with pytest.raises(MigrationError, match=message):
        bench.run(DropRows(file="gone.csv"), files={"gone.csv": text})


KEYLESS = State(
    schema=Schema(fields=(Field(name="text", type="string"), Field(name="n", type="integer"))),
    key=(),
    labels=(),
    split=None,
)


def test_without_a_key_rows_go_by_content_and_number(bench: Bench) -> None:
    rows = [{"text": text, "n": n} for text, n in (("a", 1), ("b", None), ("a", 1), ("a", 2), ("a", 1))]
    files = {"gone.csv": "n,text\n1,a\n,b\n1,a\n"}
    outcome = bench.run(DropRows(file="gone.csv"), rows, state=KEYLESS, files=files)
    kept = read_table(outcome.table, positions=True)
    assert [(cells["text"], cells["n"], cells[POSITION]) for cells in kept] == [("a", 1, 1), ("a", 2, 4)]
    assert outcome.quarantine.count() == 3
    with pytest.raises(MigrationError, match="1 row not in the dataset: line 5:"):
        bench.run(DropRows(file="gone.csv"), rows, state=KEYLESS, files={"gone.csv": "n,text\n1,a\n1,a\n1,a\n1,a\n"})
    with pytest.raises(MigrationError, match="the side file has no field 'n'"):
        bench.run(DropRows(file="gone.csv"), rows, state=KEYLESS, files={"gone.csv": "text\na\n"})


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (DropRows(), "either a condition or a file"),
        (DropRows(where="true", file="a.csv"), "either a condition or a file"),
        (DropRows(file="a.csv", floor=1), "go with `where:`"),
        (DropRows(file="a.csv", scores="b.csv"), "go with `where:`"),
        (DropRows(where="true", by="score"), "say which rows a `floor:` keeps"),
        (DropRows(where="true", floor=1, field="score"), "field 'score' has no classes"),
    ],
)
def test_what_does_not_go_together(bench: Bench, operation: DropRows, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        bench.after(operation)


def test_words() -> None:
    operation = DropRows(where="score < 0.3", mode="delete", protect=("test",))
    assert operation.describe(STATE) == "delete rows where score < 0.3, keeping all of test"
    assert operation.effect(STATE) == Effect(values="removed")
