from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from operations_bench import ROWS, STATE, Bench, Example, Make, Row, make_table, read_table, row

from dsv.errors import FormatError, MigrationError, SchemaError
from dsv.migrations.apply import Applied
from dsv.migrations.changes import changes
from dsv.model.migration import Effect, State
from dsv.model.schema import Field, Schema
from dsv.operations._rows import rewrite
from dsv.operations.add_rows import AddRows
from dsv.operations.drop_rows import DropRows
from dsv.tables.duckdb import Engine
from dsv.tables.table import POSITION

NEW = [
    row(902, **{"class": "bus", "tags": ["blue"], "split": "test"}),
    row(901, **{"class": None, "mood": "no", "score": None}),
]


def lines(rows: Sequence[Row], *names: str) -> str:
    return "".join(json.dumps({name: cells[name] for name in names or cells}) + "\n" for cells in rows)


EXAMPLES: list[Make] = [
    lambda rows: Example(AddRows(file="new.jsonl"), {"new.jsonl": lines(NEW)}),
    lambda rows: Example(
        AddRows(file="new.csv", values={"split": "train", "level": 2}, expect=2),
        {"new.csv": "class,id\nbus,902\n,901\n"},
    ),
]


def test_rows_are_added_with_every_field(bench: Bench) -> None:
    outcome = bench.run(AddRows(file="new.jsonl", expect=2), files={"new.jsonl": lines(NEW)})
    assert read_table(outcome.table) == [*ROWS, NEW[1], NEW[0]]
    assert outcome.findings == ()
    assert outcome.guards == ("the rows of new.jsonl (2) are new, and their fields, types and classes the dataset's",)


def test_what_the_file_lacks_is_given_or_not_labelled_or_missing(bench: Bench) -> None:
    operation = AddRows(file="new.csv", values={"split": "train", "level": 2, "tags": ("red", "a.b")})
    outcome = bench.run(operation, files={"new.csv": "id,score\n901,0.25\n"})
    given = {"id": 901, "class": "?", "level": 2, "mood": "unseen", "split": "train", "score": 0.25}
    assert read_table(outcome.table)[-1] == {**given, "tags": ["red", "a.b"], "image": None}
    assert [item.message for item in outcome.findings] == [
        "new.csv has no field class, mood: not labelled in 1 added row",
        "new.csv has no field image: missing in 1 added row",
    ]


def test_a_field_that_needs_a_value_and_has_none_is_refused(bench: Bench) -> None:
    fields = [replace(item, nullable=item.name != "score") for item in STATE.schema]
    state = replace(STATE, schema=Schema(fields=tuple(fields)))
    rows = [cells for cells in ROWS if cells["score"] is not None]
    with pytest.raises(MigrationError, match="every row needs a value for 'score', and the file lacks that field"):
        bench.run(AddRows(file="new.csv"), rows, state=state, files={"new.csv": "id\n901\n"})
    with pytest.raises(MigrationError, match="1 row with no value for 'score', which needs one: line 2: id=901"):
        bench.run(AddRows(file="new.csv"), rows, state=state, files={"new.csv": "id,score\n901,\n"})
    added = AddRows(file="new.csv", values={"score": 1})
    assert bench.rows(added, rows, state=state, files={"new.csv": "id\n901\n"})[-1]["score"] == 1.0


@pytest.mark.parametrize(
    ("text", "error", "message", "where"),
    [
        (
            "id,class\n901,car\n3,bus\n1,bus\n",
            MigrationError,
            "2 rows in the dataset already: line 3: id=3; ",
            "a.csv:3",
        ),
        (
            "id\n901\n902\n901\n",
            MigrationError,
            "2 rows with a key that another line has too: line 2: id=901",
            "a.csv:2",
        ),
        ("id,class\n901,car\n,bus\n", MigrationError, "1 row without a key: line 3: id=(missing)", "a.csv:3"),
        ("id,clas\n901,car\n", MigrationError, "the side file has a field 'clas', which the dataset lacks", "a.csv"),
        ("class\ncar\n", MigrationError, "the side file has no field 'id'", "a.csv"),
        ("id,class\n901,car\n902,cat\n", MigrationError, "1 row with a class that 'class' does not have", "a.csv:3"),
        ("id,mood\n901,grim\n", MigrationError, "1 row with a class that 'mood' does not have: line 2: ", "a.csv:2"),
        ("id,score\n901,0.5\n902,half\n", FormatError, "field 'score' holds half, which is no number", "a.csv:3"),
        ("id\n1.23E+05\n", FormatError, "field 'id' holds 1.23E+05, which is no integer", "a.csv:2"),
    ],
)
def test_rows_that_do_not_fit(bench: Bench, text: str, error: Any, message: str, where: str) -> None:
    with pytest.raises(error) as caught:
        bench.run(AddRows(file="a.csv"), files={"a.csv": text})
    assert message in caught.value.message
    assert caught.value.where == where


def test_a_retired_class_and_the_value_for_not_labelled(bench: Bench) -> None:
    retired = replace(STATE.classes[0].classes[0], retired=True, index=None)
    lists = (replace(STATE.classes[0], classes=(retired, *STATE.classes[0].classes[1:])), *STATE.classes[1:])
    state = replace(STATE, classes=lists)
    rows = [cells for cells in ROWS if cells["class"] != "car"]
    with pytest.raises(MigrationError, match="class that 'class' does not have: line 2: id=901 car"):
        bench.run(AddRows(file="a.csv"), rows, state=state, files={"a.csv": "id,class\n901,car\n"})
    assert bench.rows(AddRows(file="a.csv"), files={"a.csv": "id,class\n901,?\n"})[-1]["class"] == "?"


@pytest.mark.parametrize(
    ("operation", "error", "message"),
    [
        (AddRows(file="none.csv"), MigrationError, "the side file is not there"),
        (AddRows(file="../a.csv"), MigrationError, "the path leaves the repository"),
        (AddRows(file="a.csv", expect=2), MigrationError, "the file has 1 row, not 2 as expected"),
        (AddRows(file="a.csv", values={"class": "car"}), MigrationError, "and the file has that field"),
        (AddRows(file="a.csv", values={"clas": "car"}), SchemaError, "there is no field 'clas'"),
        (AddRows(file="a.csv", values={"mood": "grim"}), SchemaError, "field 'mood' has no class 'grim'"),
        (AddRows(file="a.csv", values={"tags": ("red", "tall")}), SchemaError, "field 'tags' has no class 'tall'"),
        (AddRows(file="a.csv", values={"level": "2"}), SchemaError, "the value of 'level' '2' is no integer"),
        (AddRows(file="a.csv", values={"id": 4}), SchemaError, "field 'id' is part of the key"),
        (AddRows(file="a.csv", values={"split": None}), SchemaError, "a field without a value needs no entry"),
    ],
)
def test_refused(bench: Bench, operation: AddRows, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        bench.run(operation, files={"a.csv": "id,class\n901,car\n"})


TEXT_KEY = State(
    schema=Schema(fields=(Field(name="id", type="string"), Field(name="n", type="integer"))),
    key=("id",),
    labels=(),
    split=None,
)


@pytest.mark.parametrize(
    ("known", "new", "problem"),
    [
        (["000123", "000150"], "000151\n152", "1 row with a key that lost its leading zeros"),
        (["a1", "a2"], "1.23E+05", "1 row with a key that a spreadsheet rounded"),
        (["000123", "000150"], "1.23E+05", "1 row with a key that a spreadsheet rounded"),
        (["1.23E+05"], "4.56E+07", None),
        (
            ["2026-03-04", "2026-03-05T10:00"],
            "2026-03-06\n7/3/2026",
            "1 row with a key whose date a spreadsheet respelled",
        ),
        (["2026-03-04", "a"], "7/3/2026", None),
        (["123456"], "9", None),
        (["0123", "45"], "9", None),
    ],
)
def test_keys_that_a_spreadsheet_damaged(bench: Bench, known: list[str], new: str, problem: str | None) -> None:
    rows = [{"id": key, "n": 1} for key in known]
    operation, files = AddRows(file="a.csv"), {"a.csv": f"id\n{new}\n"}
    if problem is None:
        assert len(bench.rows(operation, rows, state=TEXT_KEY, files=files)) == len(known) + 1
        return
    with pytest.raises(MigrationError, match=problem) as caught:
        bench.run(operation, rows, state=TEXT_KEY, files=files)
    assert "export the file again with its keys as text" in (caught.value.hint or "")


def test_without_a_key_rows_stand_after_all_that_ever_were(bench: Bench) -> None:
    state = replace(TEXT_KEY, key=())
    rows = [{"id": "a", "n": 1}, {"id": "b", "n": 2}]
    before = make_table(bench.engine, rows, state.schema)
    kept = rewrite(before, state.schema, where="t.n = 1")
    outcome = AddRows(file="a.csv").forward(state, kept, bench.inputs({"a.csv": "id,n\nb,2\nb,2\n"}))
    assert read_table(outcome.table) == [rows[0], rows[1], rows[1]]
    fields = {name: name for name in state.schema.names}
    applied = Applied(
        state=state, table=outcome.table, fields=fields, quarantine=(), lines=(), effect=Effect(), findings=()
    )
    counted = changes(before, state, applied)
    assert (counted.added, counted.removed, dict(counted.cells)) == (2, 1, {})
    assert AddRows(file="a.csv").inverse(state) is None


def test_a_replay_on_other_rows_adds_what_is_not_there(bench: Bench) -> None:
    inputs = replace(bench.inputs({"a.csv": "id,class\n1,bus\n901,bus\n"}), guarded=False)
    found = read_table(AddRows(file="a.csv").forward(STATE, make_table(bench.engine, ROWS), inputs).table)
    assert found[: len(ROWS)] == ROWS
    assert [(cells["id"], cells["class"]) for cells in found[len(ROWS) :]] == [(901, "bus")]


def test_the_order_of_lines_and_of_threads_changes_nothing(bench: Bench) -> None:
    new = [row(900 + number, score=number / 7) for number in range(50)]
    inputs = bench.inputs({"a.jsonl": lines(new), "b.jsonl": lines(new[::-1])})
    found = []
    for file, threads in (("a.jsonl", 1), ("b.jsonl", 3)):
        with Engine(threads=threads) as engine:
            table = AddRows(file=file).forward(STATE, make_table(engine, ROWS), inputs).table
            found.append(read_table(table, positions=True))
    assert found[0] == found[1]
    assert len({cells[POSITION] for cells in found[0]}) == len(ROWS) + 50


def test_words(bench: Bench) -> None:
    operation = AddRows(file="a.csv", values={"split": "train"})
    assert operation.describe(STATE) == "add rows from a.csv, split train"
    assert operation.describe(STATE, bench.inputs({"a.csv": "id\n901\n"})) == "add 1 row from a.csv, split train"
    assert operation.effect(STATE) == Effect(values="added")
    assert operation.inverse(STATE) == DropRows(file="a.csv", mode="delete")
