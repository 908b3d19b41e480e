from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from operations_bench import MOODS, ROWS, STATE, Bench, Example, Make

from dsv.errors import DsvError, MigrationError, SchemaError
from dsv.model.migration import Effect
from dsv.operations.set_class import SetClass
from dsv.operations.set_field import SetField

EXAMPLES: list[Make] = [
    lambda rows: Example(SetField(field_name="score", description="how sure it's")),
    lambda rows: Example(SetField(field_name="id", nullable=True, description="")),
    lambda rows: Example(SetField(field_name="id", nullable=False)),
    lambda rows: Example(SetField(field_name="mood", values=("glad", *reversed(MOODS), "010"))),
    lambda rows: Example(SetField(field_name="image", unlabelled="none yet")),
    lambda rows: Example(SetField(field_name="level", unlabelled="2")),
    lambda rows: Example(SetField(field_name="tags", unlabelled="blue")),
]
FEW = [row for row in ROWS if row["mood"] == "calm"]


def test_cells_stay(bench: Bench) -> None:
    operation = SetField(field_name="mood", values=(*MOODS, "glad"), unlabelled="unseen", description="of the day")
    assert bench.rows(operation) == ROWS
    after = bench.after(operation)
    field = after.schema["mood"]
    assert (field.values, field.unlabelled, field.description) == ((*MOODS, "glad"), "unseen", "of the day")
    assert field.nullable
    glad = after.class_list("mood").classes[-1]
    assert (glad.key, glad.id, glad.index, glad.coverage) == ("glad", 3, 3, "none")


def test_a_value_that_no_cell_holds_is_retired(bench: Bench) -> None:
    operation = SetField(field_name="mood", values=("unseen", "calm"))
    after = bench.after(operation)
    assert after.schema["mood"].values == ("unseen", "calm")
    assert [(item.key, item.index, item.retired) for item in after.class_list("mood").classes] == [
        ("calm", 0, False),
        ("no", None, True),
        ("glum", None, True),
    ]
    assert bench.rows(operation, FEW) == FEW
    assert bench.run(operation, FEW).guards == ("no row has no for mood",)
    with pytest.raises(MigrationError) as caught:
        bench.run(operation)
    assert caught.value.message == "1 row with a value that 'mood' would no longer allow: id=5 no"
    again = SetField(field_name="mood", values=MOODS)
    with pytest.raises(SchemaError, match="class 'no' of 'mood' is retired, and its key stays its own"):
        again.forward_schema(after, bench.inputs())


def test_every_cell_must_have_a_value(bench: Bench) -> None:
    operation = SetField(field_name="class", nullable=False)
    with pytest.raises(MigrationError) as caught:
        bench.run(operation)
    assert caught.value.message == "1 row with no value for 'class': id=4"
    assert "fill" in caught.value.hint
    assert not bench.after(operation).schema["class"].nullable
    assert bench.rows(operation, ROWS[:3]) == ROWS[:3]
    with pytest.raises(MigrationError, match="1 row with no value for 'class': row 4"):
        bench.run(operation, state=replace(STATE, key=()))


def test_what_counts_as_not_labelled_is_no_class(bench: Bench) -> None:
    operation = SetField(field_name="class", unlabelled="no")
    rows = [row for row in ROWS if row["class"] != "?"]
    after = bench.after(operation)
    assert after.schema["class"].unlabelled == "no"
    assert next(item for item in after.class_list("class").classes if item.key == "no").retired
    assert bench.rows(operation, rows) == rows
    with pytest.raises(MigrationError, match=r"1 row with a value that 'class' would no longer allow: id=5 \?"):
        bench.run(operation)


def test_no_value_counts_as_not_labelled_any_more(bench: Bench) -> None:
    operation = SetField(field_name="mood", unlabelled="")
    assert bench.after(operation).schema["mood"].values == ("calm", "no")
    with pytest.raises(MigrationError, match="1 row with a value that 'mood' would no longer allow: id=3 unseen"):
        bench.run(operation)
    assert bench.rows(operation, FEW) == FEW
    undo = operation.inverse(STATE)
    assert undo == SetField(field_name="mood", unlabelled="unseen", values=MOODS)
    assert undo.forward_schema(bench.after(operation), bench.inputs()) == STATE


def test_what_cannot_be_undone() -> None:
    assert SetField(field_name="mood", values=("unseen", "calm")).inverse(STATE) is None
    assert SetField(field_name="class", unlabelled="no").inverse(STATE) is None
    assert SetField(field_name="id", nullable=True).inverse(STATE) == SetField(field_name="id", nullable=False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"field_name": "clas", "nullable": True}, "there is no field 'clas'"),
        ({"field_name": "class"}, "there is nothing to set"),
        ({"field_name": "class", "values": ("a",)}, "only an enum lists its values, and 'class' is string"),
        ({"field_name": "mood", "values": ("unseen", "a", "a")}, "the values of an enum are unequal and not empty"),
        ({"field_name": "mood", "values": ("unseen", "")}, "the values of an enum are unequal and not empty"),
        ({"field_name": "mood", "values": ("calm",)}, "'unseen' stands for not labelled in 'mood', and is one of"),
        ({"field_name": "level", "unlabelled": "none"}, "'none' is no integer"),
        ({"field_name": "score", "unlabelled": "0"}, "'0' is no number"),
    ],
)
def test_refused(bench: Bench, options: Mapping[str, Any], message: str) -> None:
    with pytest.raises(DsvError) as caught:
        bench.run(SetField(**options))
    assert caught.value.message.startswith(message)


def test_a_class_above_others_stays_one(bench: Bench) -> None:
    state = bench.after(SetClass(parents={"no": ("car",)}))
    with pytest.raises(SchemaError, match="class 'no' stands above others: car"):
        SetField(field_name="class", unlabelled="no").forward_schema(state, bench.inputs())


@pytest.mark.parametrize(
    ("options", "line", "effect", "word"),
    [
        ({"field_name": "class", "nullable": False}, "every cell has a value", Effect(schema="narrow"), "breaking"),
        ({"field_name": "id", "nullable": True}, "cells may be missing", Effect(), "metadata"),
        ({"field_name": "id", "nullable": False}, "every cell has a value", Effect(), "metadata"),
        ({"field_name": "mood", "values": (*MOODS, "x")}, "values +x", Effect(class_head="grow"), "additive"),
        (
            {"field_name": "mood", "values": ("unseen", "x", "no")},
            "values +x, -calm",
            Effect(class_head="hole"),
            "breaking",
        ),
        ({"field_name": "mood", "values": MOODS[::-1]}, "values in another order", Effect(), "metadata"),
        ({"field_name": "class", "unlabelled": "no"}, "not labelled is no", Effect(class_head="hole"), "breaking"),
        ({"field_name": "mood", "unlabelled": ""}, "not labelled is a missing cell", Effect(), "metadata"),
        ({"field_name": "id", "description": "a number"}, "description a number", Effect(), "metadata"),
    ],
)
def test_words_and_effects(options: Mapping[str, Any], line: str, effect: Effect, word: str) -> None:
    operation = SetField(**options)
    assert operation.describe(STATE) == f"set field {operation.field_name}: {line}"
    assert operation.effect(STATE) == effect
    assert effect.summary == word
