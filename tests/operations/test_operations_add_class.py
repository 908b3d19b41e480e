from __future__ import annotations

import pytest
from operations_bench import AWKWARD, ROWS, STATE, Bench, Example, Make

from dsv.errors import SchemaError
from dsv.model.migration import Effect
from dsv.model.profile import ClassIdentity
from dsv.operations.add_class import AddClass
from dsv.operations.remove_class import RemoveClass

EXAMPLES: list[Make] = [
    *(lambda rows, name=name: Example(AddClass(key=name, field="tags")) for name in AWKWARD if name != "a.b"),
    lambda rows: Example(AddClass(key="tram", class_name="Straßenbahn", parent="bus", coverage="reviewed")),
    lambda rows: Example(AddClass(key="vehicle", group=True)),
    lambda rows: Example(AddClass(key="seven", class_name="7", field="level")),
    lambda rows: Example(AddClass(key="many", field="level", group=True)),
    lambda rows: Example(AddClass(key="glad", field="mood")),
]


def test_the_class_gets_the_next_id_and_index(bench: Bench) -> None:
    operation = AddClass(key="tram", class_name="Tram", parent="bus", description="on rails", coverage="none")
    after = bench.after(operation).class_list("class")
    assert after.classes[:-1] == STATE.class_list("class").classes
    assert after.classes[-1] == ClassIdentity(
        key="tram", id=8, index=8, name="Tram", parent="bus", description="on rails", coverage="none"
    )
    assert after.next_id == 9
    assert bench.rows(operation) == ROWS


def test_a_group_has_an_id_and_no_index(bench: Bench) -> None:
    state = bench.after(AddClass(key="vehicle", group=True))
    state = AddClass(key="tram", parent="vehicle").forward_schema(state, bench.inputs())
    group, tram = state.class_list("class").classes[-2:]
    assert (group.id, group.index, group.group) == (8, None, True)
    assert (tram.id, tram.index, tram.parent) == (9, 8, "vehicle")


def test_an_enum_takes_the_value_and_no_group(bench: Bench) -> None:
    state = bench.after(AddClass(key="glad", field="mood"))
    state = AddClass(key="feeling", field="mood", group=True).forward_schema(state, bench.inputs())
    assert state.schema["mood"].values == ("unseen", "calm", "no", "glad")


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (AddClass(key="car"), "class 'car' of 'class' exists already"),
        (AddClass(key="x", class_name="car"), "field 'class' has a class 'car' already"),
        (AddClass(key="x", parent="vehicel"), "field 'class' has no class 'vehicel'"),
        (AddClass(key="?"), "'?' stands for not labelled in 'class'"),
        (AddClass(key="unseen", field="mood"), "'unseen' stands for not labelled in 'mood'"),
        (AddClass(key="x", coverage="al"), "no such coverage: 'al'"),
        (AddClass(key="x", field="level"), "'x' is no integer, as the cells of 'level' are"),
    ],
)
def test_refused(bench: Bench, operation: AddClass, message: str) -> None:
    with pytest.raises(SchemaError) as caught:
        bench.run(operation)
    assert caught.value.message == message


def test_a_retired_key_stays_taken_and_its_name_is_free(bench: Bench) -> None:
    state = bench.after(RemoveClass(key="a.b", rows="drop"))
    with pytest.raises(SchemaError, match="class 'a.b' of 'class' is retired, and its key stays its own"):
        AddClass(key="a.b").forward_schema(state, bench.inputs())
    again = AddClass(key="a.b-2", class_name="a.b").forward_schema(state, bench.inputs())
    assert again.class_list("class").classes[-1].id == 8


def test_words() -> None:
    assert AddClass(key="tram").describe(STATE) == "add class tram"
    assert AddClass(key="v", group=True, parent="w").describe(STATE) == "add group v below w"
    assert AddClass(key="tram").effect(STATE) == Effect(class_head="grow")
    assert AddClass(key="v", group=True).effect(STATE) == Effect()
