from __future__ import annotations

from dataclasses import replace

import pytest
from operations_bench import ROWS, STATE, Bench, Example, Make

from dsv.errors import SchemaError
from dsv.model.migration import Effect
from dsv.operations.merge_classes import MergeClasses
from dsv.operations.remove_class import RemoveClass
from dsv.operations.revive_class import ReviveClass

EXAMPLES: list[Make] = [
    lambda rows: Example(ReviveClass(key="glum", field="mood")),
    lambda rows: Example(ReviveClass(key="glum", class_name="sad", index=5, field="mood")),
]


def test_a_class_comes_back_with_its_key_id_and_index(bench: Bench) -> None:
    merged = MergeClasses(sources=("car",), into="bus").forward_schema(STATE, bench.inputs())
    back = ReviveClass(key="car", index=0).forward_schema(merged, bench.inputs())
    # All is as before the merge, but for what the merge itself may have told of bus.
    car = next(item for item in back.class_list("class").classes if item.key == "car")
    assert car == STATE.class_list("class").classes[0]
    assert back.class_list("class").next_id == STATE.class_list("class").next_id


def test_without_an_index_it_gets_the_next_one(bench: Bench) -> None:
    merged = MergeClasses(sources=("car",), into="bus").forward_schema(STATE, bench.inputs())
    back = ReviveClass(key="car", parent="bus").forward_schema(merged, bench.inputs())
    car = next(item for item in back.class_list("class").classes if item.key == "car")
    assert (car.index, car.parent, car.retired) == (8, "bus", False)


def test_rows_stay_as_they_are(bench: Bench) -> None:
    operation = ReviveClass(key="glum", field="mood")
    assert bench.rows(operation) == ROWS
    assert "glum" in (bench.after(operation).schema["mood"].values or ())


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (ReviveClass(key="calm", field="mood"), "no retired class 'calm'"),
        (ReviveClass(key="glum", index=0, field="mood"), "index 0 is not free"),
        (ReviveClass(key="glum", class_name="calm", field="mood"), "class 'calm' already"),
    ],
)
def test_what_cannot_come_back(bench: Bench, operation: ReviveClass, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        bench.after(operation)


def test_effect_and_inverse() -> None:
    operation = ReviveClass(key="glum", field="mood")
    assert operation.effect(STATE) == Effect(class_head="grow")
    assert operation.inverse(STATE) == RemoveClass(key="glum", field="mood")
    assert operation.describe(STATE) == "bring class glum back"
    (group,) = [item for item in STATE.class_list("mood").classes if item.retired]
    classes = replace(STATE.class_list("mood"), classes=(replace(group, group=True),))
    others = tuple(classes if item.field == "mood" else item for item in STATE.classes)
    assert operation.effect(replace(STATE, classes=others)) == Effect()
