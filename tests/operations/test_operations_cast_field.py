from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from operations_bench import MOODS, ROWS, STATE, Bench, Example, Make, make_table, read_table

from dsv.errors import DsvError, MigrationError, SchemaError
from dsv.model.migration import Effect
from dsv.model.schema import Field, Schema
from dsv.operations.base import REASON
from dsv.operations.cast_field import CastField

EXAMPLES: list[Make] = [
    lambda rows: Example(CastField(field_name="level", to="string")),
    lambda rows: Example(CastField(field_name="class", to="enum")),
    lambda rows: Example(CastField(field_name="class", to="list<string>")),
    lambda rows: Example(CastField(field_name="tags", to="string", on_error="null")),
    lambda rows: Example(CastField(field_name="mood", to="string")),
    lambda rows: Example(CastField(field_name="score", to="integer", on_error="null")),
    lambda rows: Example(CastField(field_name="score", to="string", on_error="null")),
    lambda rows: Example(CastField(field_name="split", to="enum", values=("test", "train"))),
    lambda rows: Example(CastField(field_name="split", to="enum", values=("test",), on_error="null")),
]


def with_texts(*texts: str | None) -> tuple[Any, list[dict[str, Any]]]:
    """A state with one more text field, and rows that hold the texts in it."""
    state = replace(STATE, schema=Schema(fields=(*STATE.schema, Field(name="n", type="string"))))
    return state, [{**ROWS[0], "id": place, "n": text} for place, text in enumerate(texts, 1)]


def test_cells_become_values_of_the_type(bench: Bench) -> None:
    state, rows = with_texts("7", None, "-12", "0")
    operation = CastField(field_name="n", to="integer")
    found = bench.rows(operation, rows, state=state)
    assert found == [{**row, "n": None if row["n"] is None else int(row["n"])} for row in rows]
    assert bench.after(operation, state).schema["n"] == Field(name="n", type="integer")
    assert bench.run(operation, rows, state=state).guards == ("integer holds every value of n",)


def test_what_does_not_fit_is_listed(bench: Bench) -> None:
    state, rows = with_texts("7", "007", "7.0", None, "N/A")
    with pytest.raises(MigrationError) as caught:
        bench.run(CastField(field_name="n", to="integer"), rows, state=state)
    assert caught.value.message == "3 rows with a value that integer cannot hold: id=2 007; id=3 7.0; id=5 N/A"
    assert caught.value.where == "n"
    assert "on_error: null" in caught.value.hint


def test_what_does_not_fit_may_be_missing_or_set_aside(bench: Bench) -> None:
    state, rows = with_texts("7", "007", None)
    found = bench.rows(CastField(field_name="n", to="integer", on_error="null"), rows, state=state)
    assert [row["n"] for row in found] == [7, None, None]
    outcome = bench.run(CastField(field_name="n", to="integer", on_error="quarantine"), rows, state=state)
    assert [row["n"] for row in read_table(outcome.table)] == [7, None]
    assert read_table(outcome.quarantine) == [{**rows[1], REASON: "cast_field: n is no integer"}]


def test_in_a_replay_what_does_not_fit_is_missing(bench: Bench) -> None:
    state, rows = with_texts("7", "007")
    inputs = replace(bench.inputs(), guarded=False)
    table = CastField(field_name="n", to="integer").forward(state, make_table(bench.engine, rows, state.schema), inputs)
    assert [row["n"] for row in read_table(table.table)] == [7, None]


@pytest.mark.parametrize(
    ("name", "to", "told"), [("score", "string", 1), ("level", "string", 0), ("score", "integer", 0)]
)
def test_text_that_is_spelled_anew_is_told(bench: Bench, name: str, to: str, told: int) -> None:
    for on_error in ("null", "quarantine"):
        findings = bench.run(CastField(field_name=name, to=to, on_error=on_error)).findings
        assert [item.rule for item in findings] == ["cast-respelled"] * told


def test_an_enum_of_a_label_has_its_classes(bench: Bench) -> None:
    after = bench.after(CastField(field_name="class", to="enum"))
    names = [item.name for item in STATE.class_list("class").classes]
    assert after.schema["class"].values == (*names, "?")
    assert after.classes == STATE.classes
    rows = [{**ROWS[0], "class": "kayak"}]
    with pytest.raises(MigrationError, match="1 row with a value that enum cannot hold: id=1 kayak"):
        bench.run(CastField(field_name="class", to="enum"), rows)


def test_an_enum_of_any_text_has_the_values_that_are_given(bench: Bench) -> None:
    operation = CastField(field_name="split", to="enum", values=("train", "test"))
    after = bench.after(operation)
    assert after.schema["split"].values == ("train", "test")
    classes = after.class_list("split")
    assert [(item.key, item.id, item.index, item.coverage) for item in classes.classes] == [
        ("train", 0, 0, "all"),
        ("test", 1, 1, "all"),
    ]
    assert classes.next_id == 2
    assert bench.rows(operation) == ROWS
    with pytest.raises(MigrationError, match="1 row with a value that enum cannot hold: id=2 test"):
        bench.run(CastField(field_name="split", to="enum", values=("train",)), ROWS[:3])


def test_a_label_that_becomes_a_list_keeps_its_classes(bench: Bench) -> None:
    operation = CastField(field_name="class", to="list<string>")
    found = bench.rows(operation)
    assert found == [{**row, "class": None if row["class"] is None else [row["class"]]} for row in ROWS]
    assert operation.inverse(STATE) == CastField(field_name="class", to="string")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"field_name": "scor", "to": "integer"}, "there is no field 'scor'"),
        ({"field_name": "score", "to": "varchar"}, "no such type: 'varchar'"),
        ({"field_name": "score", "to": "number"}, "field 'score' is number already"),
        ({"field_name": "score", "to": "date"}, "number cannot be cast to date"),
        ({"field_name": "id", "to": "string"}, "field 'id' is the dataset's key"),
        ({"field_name": "image", "to": "integer"}, "field 'image' is the dataset's media"),
        ({"field_name": "class", "to": "integer"}, "the class 'car' is no integer"),
        ({"field_name": "level", "to": "number"}, "the class '0' is no number"),
        ({"field_name": "level", "to": "boolean"}, "the class '0' is no boolean"),
        ({"field_name": "split", "to": "enum"}, "an enum has values, unequal and not empty"),
        ({"field_name": "split", "to": "enum", "values": ("a", "a")}, "an enum has values, unequal and not empty"),
        ({"field_name": "split", "to": "date", "values": ("a",)}, "`values:` goes with `to: enum`"),
        ({"field_name": "class", "to": "enum", "values": ("a",)}, "the field has classes, which are its values"),
    ],
)
def test_refused(bench: Bench, options: Mapping[str, Any], message: str) -> None:
    with pytest.raises(DsvError) as caught:
        bench.run(CastField(**options))
    assert caught.value.message == message


def test_missing_needs_a_field_that_may_be_missing(bench: Bench) -> None:
    fields = tuple(replace(item, nullable=item.name != "score") for item in STATE.schema)
    state = replace(STATE, schema=Schema(fields=fields))
    with pytest.raises(SchemaError, match="every cell of 'score' must have a value"):
        CastField(field_name="score", to="integer", on_error="null").forward_schema(state, bench.inputs())


def test_what_can_be_undone() -> None:
    assert CastField(field_name="score", to="integer").inverse(STATE) == CastField(field_name="score", to="number")
    assert CastField(field_name="score", to="integer", on_error="null").inverse(STATE) is None
    text = CastField(field_name="mood", to="string")
    assert text.inverse(STATE) == CastField(field_name="mood", to="enum", values=MOODS)
    assert CastField(field_name="split", to="enum", values=MOODS).inverse(STATE) is None


def test_words_and_effects() -> None:
    operation = CastField(field_name="score", to="integer", on_error="null")
    assert operation.describe(STATE) == "cast field score (number) -> integer; what does not fit is missing"
    assert operation.effect(STATE) == Effect(schema="narrow", values="corrected")
    wider = CastField(field_name="level", to="string")
    assert wider.describe(STATE) == "cast field level (integer) -> string"
    assert wider.effect(STATE) == Effect(schema="widen")
    assert (operation.effect(STATE).summary, wider.effect(STATE).summary) == ("breaking", "additive")
    aside = CastField(field_name="score", to="integer", on_error="quarantine")
    assert aside.effect(STATE) == Effect(schema="narrow", values="removed")
