from __future__ import annotations

import pytest
from operations_bench import AWKWARD, CLASSES, ROWS, STATE, Bench, Example, Make

from dsv.errors import SchemaError
from dsv.model.migration import Effect
from dsv.operations.set_class import SetClass

EXAMPLES: list[Make] = [
    *(lambda rows, name=name: Example(SetClass(key=name, parent="car", coverage="none")) for name in AWKWARD),
    lambda rows: Example(SetClass(parents={"word": AWKWARD, "vehicle": ("car", "bus")})),
    lambda rows: Example(SetClass(parents={"car": ("bus",), "": ("no",)}, key="NA", description="a word")),
    lambda rows: Example(SetClass(parents={"some": ("1", "2")}, field="level")),
    lambda rows: Example(SetClass(key="calm", description="at rest", field="mood")),
]


def test_parents_in_a_few_lines(bench: Bench) -> None:
    operation = SetClass(parents={"word": AWKWARD, "vehicle": ("car", "bus"), "all": ("word", "vehicle")})
    after = bench.after(operation).class_list("class")
    parents = {item.key: item.parent for item in after.classes}
    expected = {name: "word" if name in AWKWARD else "vehicle" for name in CLASSES}
    assert parents == {**expected, "word": "all", "vehicle": "all", "all": None}
    groups = [(item.key, item.id, item.index) for item in after.classes if item.group]
    assert groups == [("word", 8, None), ("vehicle", 9, None), ("all", 10, None)]
    assert after.next_id == 11
    assert bench.rows(operation) == ROWS


def test_attributes_of_one_class_and_taking_them_away(bench: Bench) -> None:
    state = bench.after(SetClass(key="no", parent="car", description="x", coverage="reviewed"))
    found = state.class_list("class").classes[2]
    assert (found.parent, found.description, found.coverage) == ("car", "x", "reviewed")
    state = SetClass(key="no", parent="", description="").forward_schema(state, bench.inputs())
    found = state.class_list("class").classes[2]
    assert (found.parent, found.description, found.coverage) == (None, None, "reviewed")


def test_new_groups_cannot_be_undone_by_one_operation() -> None:
    assert SetClass(parents={"word": ("no",)}).inverse(STATE) is None
    assert SetClass(parents={"car": ("no",)}).inverse(STATE) == SetClass(parents={"": ("no",)})


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (SetClass(parents={"car": ("bus",), "bus": ("car",)}), "class 'car' would stand above itself"),
        (SetClass(key="car", parent="car"), "class 'car' would stand above itself"),
        (SetClass(key="cra", parent="car"), "field 'class' has no class 'cra'"),
        (SetClass(key="bus", parent="cra"), "field 'class' has no class 'cra'"),
        (SetClass(parents={"word": ("nope",)}), "field 'class' has no class 'nope'"),
        (SetClass(parents={"car": ("no",), "bus": ("no",)}), "class 'no' is given two parents"),
        (SetClass(parents={"?": ("no",)}), "'?' stands for not labelled in 'class'"),
        (SetClass(key="no", coverage="some"), "no such coverage: 'some'"),
        (SetClass(key="no"), "`key:` goes with what to set"),
        (SetClass(parent="car"), "`key:` goes with what to set"),
        (SetClass(), "there is nothing to set"),
    ],
)
def test_refused(bench: Bench, operation: SetClass, message: str) -> None:
    with pytest.raises(SchemaError) as caught:
        bench.run(operation)
    assert caught.value.message == message


def test_words() -> None:
    assert SetClass(key="no", parent="car").describe(STATE) == "set class no: parent car"
    several = SetClass(parents={"a": ("x", "y"), "b": ("z",)})
    assert several.describe(STATE) == "set parents of 3 classes: a, b"
    assert several.effect(STATE) == Effect()
