from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from operations_bench import ROWS, STATE, Bench, Example, Make, make_table, read_table

from dsv.errors import DsvError, FormatError, MigrationError
from dsv.model.migration import Effect
from dsv.operations.fill import Fill
from dsv.operations.rename_class import RenameClass

FILE = "m0001_fill.csv"

EXAMPLES: list[Make] = [
    lambda rows: Example(Fill(field="class", value="NA", where="score < 0.5 OR score IS NULL")),
    lambda rows: Example(Fill(field="tags", value=("a.b", "red"))),
    lambda rows: Example(Fill(field="level", value=2)),
    lambda rows: Example(Fill(field="mood", file=FILE), {FILE: "id,mood\n1,no\n3,calm\n4,no\n"}),
    lambda rows: Example(Fill(field="image", source="split")),
    lambda rows: Example(Fill(field="score", value=1)),
]


def cells(rows: list[dict[str, Any]], field: str) -> dict[int, Any]:
    return {row["id"]: row[field] for row in rows}


@pytest.mark.parametrize(
    ("field", "value", "nothing"),
    [("class", "bus", (None, "?")), ("mood", "no", (None, "unseen")), ("level", 2, (None,)), ("score", 0, (None,))],
)
def test_a_value_goes_where_there_is_none(bench: Bench, field: str, value: Any, nothing: tuple[Any, ...]) -> None:
    found = bench.rows(Fill(field=field, value=value))
    assert found == [{**row, field: value if row[field] in nothing else row[field]} for row in ROWS]


def test_an_empty_list_is_a_value(bench: Bench) -> None:
    found = cells(bench.rows(Fill(field="tags", value=("red", "blue"))), "tags")
    assert (found[3], found[4], found[5]) == ([], ["red", "blue"], ["a.b", None])


def test_a_condition_and_its_parameters(bench: Bench) -> None:
    operation = Fill(field="class", value="bus", where="score >= ${least}")
    assert operation.parameters() == ("least",)
    found = cells(bench.rows(operation, least=0.5), "class")
    assert (found[4], found[5]) == (None, "bus")


def test_a_file_fills_only_what_is_empty(bench: Bench) -> None:
    text = "id,class,by\n1,bus,ana\n4,bus,ana\n5,NA,bo\n2,bus,bo\n"
    operation = Fill(field="class", file=FILE)
    found = bench.rows(operation, files={FILE: text})
    new = {4: "bus", 5: "NA"}
    assert found == [{**row, "class": new.get(row["id"], row["class"])} for row in ROWS]
    (finding,) = bench.run(operation, files={FILE: text}).findings
    assert (finding.rule, finding.level, finding.count) == ("fill-kept", "info", 1)


def test_another_field_fills(bench: Bench) -> None:
    rows = [
        {**ROWS[0], "class": None, "mood": "no"},
        {**ROWS[0], "id": 2, "class": "?", "mood": "no"},
        {**ROWS[0], "id": 3, "class": None, "mood": "unseen"},
        {**ROWS[0], "id": 4, "class": None, "mood": None},
        {**ROWS[0], "id": 5, "class": "bus", "mood": "no"},
    ]
    found = cells(bench.rows(Fill(field="class", source="mood"), rows), "class")
    assert found == {1: "no", 2: "no", 3: None, 4: None, 5: "bus"}


def test_what_stands_for_not_labelled_fills_nothing(bench: Bench) -> None:
    rows = [{**ROWS[0], "class": None, "image": "?"}, {**ROWS[0], "id": 2, "class": None, "image": "bus"}]
    assert cells(bench.rows(Fill(field="class", source="image"), rows), "class") == {1: None, 2: "bus"}


def test_another_field_with_values_that_are_no_classes(bench: Bench) -> None:
    rows = [{**ROWS[0], "class": None, "image": "x.png"}, {**ROWS[0], "id": 2, "image": "y.png"}]
    operation = Fill(field="class", source="image")
    with pytest.raises(MigrationError) as caught:
        bench.run(operation, rows)
    assert caught.value.message == "1 row with a value that 'class' does not allow: id=1 x.png"
    inputs = replace(bench.inputs(), guarded=False)
    assert read_table(operation.forward(STATE, make_table(bench.engine, rows), inputs).table) == rows


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("id,class\n99,bus\n", MigrationError, "1 row not in the dataset: line 2: id=99"),
        ("id,class\n4,buss\n", MigrationError, "1 row with a class that 'class' does not have: line 2: id=4 buss"),
        ("id,class\n4,bus\n4,bus\n", MigrationError, "2 rows with a key that another line has too"),
        ("id,clas\n4,bus\n", MigrationError, "the side file has no field 'class'"),
        ("id,class\n4,bus,x\n", FormatError, ""),
    ],
)
def test_bad_files(bench: Bench, text: str, error: type[DsvError], message: str) -> None:
    with pytest.raises(error) as caught:
        bench.run(Fill(field="class", file=FILE), files={FILE: text})
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"field": "clas", "value": "x"}, "there is no field 'clas'"),
        ({"field": "id", "value": 1}, "field 'id' is part of the key"),
        ({"field": "class"}, "one thing tells what to fill in"),
        ({"field": "class", "value": "bus", "source": "mood"}, "one thing tells what to fill in"),
        ({"field": "class", "value": "buss"}, "'class' does not allow 'buss'"),
        ({"field": "class", "value": "?"}, "'?' stands for not labelled in 'class'"),
        ({"field": "mood", "value": "unseen"}, "'unseen' stands for not labelled in 'mood'"),
        ({"field": "tags", "value": "red"}, "the value 'red' is no list<string>"),
        ({"field": "tags", "value": ("red", "rde")}, "'tags' does not allow 'rde'"),
        ({"field": "level", "value": 3}, "'level' does not allow '3'"),
        ({"field": "level", "value": "1"}, "the value '1' is no integer"),
        ({"field": "score", "value": True}, "the value True is no number"),
        ({"field": "image", "source": "image"}, "a field is not filled from itself"),
        ({"field": "image", "source": "score"}, "'image' is string, and 'score' is number"),
        ({"field": "image", "value": "x", "where": "scor > 1"}, "there is no field 'scor'"),
        ({"field": "image", "value": "x", "where": "score"}, "this is no condition"),
    ],
)
def test_refused(bench: Bench, options: Mapping[str, Any], message: str) -> None:
    with pytest.raises(DsvError) as caught:
        bench.run(Fill(**options))
    assert caught.value.message.startswith(message)


def test_a_renamed_class_is_filled_in_by_its_name(bench: Bench) -> None:
    state = bench.after(RenameClass(source="car", to="auto"))
    with pytest.raises(DsvError, match="'class' does not allow 'car'"):
        Fill(field="class", value="car").forward_schema(state, bench.inputs())


def test_words(bench: Bench) -> None:
    assert Fill(field="class", value="bus").describe(STATE) == "fill class with bus"
    assert (
        Fill(field="image", source="split", where="id > 2").describe(STATE)
        == "fill image from field split, where id > 2"
    )
    by_file = Fill(field="class", file=FILE)
    assert by_file.describe(STATE, bench.inputs({FILE: "id,class\n4,bus\n"})) == f"fill class from 1 row of {FILE}"
    assert by_file.effect(STATE) == Effect(values="filled")
    assert Fill(field="split", value="train").effect(STATE) == Effect(values="filled", evaluation="moved")
    assert by_file.inverse(STATE) is None
