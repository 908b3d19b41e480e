from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from operations_bench import AWKWARD, CLASSES, ROWS, STATE, Bench, Example, Make

from dsv.errors import SchemaError
from dsv.model.migration import Effect, State
from dsv.operations.add_class import AddClass
from dsv.operations.reindex_classes import ReindexClasses
from dsv.operations.remove_class import RemoveClass
from dsv.operations.set_class import SetClass

EXAMPLES: list[Make] = [
    lambda rows: Example(ReindexClasses()),
    lambda rows: Example(ReindexClasses(order="name")),
    lambda rows: Example(ReindexClasses(order="id", field="mood")),
    lambda rows: Example(ReindexClasses(order="listed", classes=CLASSES[::-1])),
]


def indexes(state: State, field: str = "class") -> dict[str, int | None]:
    return {item.key: item.index for item in state.class_list(field).classes}


def test_the_holes_of_retired_classes_go(bench: Bench) -> None:
    state = bench.after(RemoveClass(key="bus", rows="drop"))
    assert indexes(state)["bus"] is None and indexes(state)["a.b"] == 7
    after = ReindexClasses().forward_schema(state, bench.inputs())
    assert indexes(after) == {"car": 0, "bus": None, **{name: place for place, name in enumerate(AWKWARD, 1)}}
    assert [item.id for item in after.class_list("class").classes] == list(range(len(CLASSES)))
    more = AddClass(key="tram").forward_schema(after, bench.inputs())
    tram = more.class_list("class").classes[-1]
    assert (tram.id, tram.index) == (8, 7)
    again = AddClass(key="boat").forward_schema(more, bench.inputs())
    assert again.class_list("class").classes[-1].index == 8
    grouped = AddClass(key="vehicle", group=True).forward_schema(again, bench.inputs())
    assert grouped.class_list("class").next_index == 9


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"order": "id"}, CLASSES),
        ({"order": "index"}, CLASSES),
        ({"order": "name"}, tuple(sorted(CLASSES))),
        ({"order": "listed", "classes": CLASSES[::-1]}, CLASSES[::-1]),
    ],
)
def test_orders(bench: Bench, options: Mapping[str, Any], expected: tuple[str, ...]) -> None:
    operation = ReindexClasses(**options)
    assert indexes(bench.after(operation)) == {name: place for place, name in enumerate(expected)}
    assert bench.rows(operation) == ROWS


def test_numbers_go_by_their_value(bench: Bench) -> None:
    state = AddClass(key="10", field="level").forward_schema(STATE, bench.inputs())
    after = ReindexClasses(order="name", field="level").forward_schema(state, bench.inputs())
    assert indexes(after, "level") == {"0": 0, "1": 1, "2": 2, "10": 3}


def test_groups_have_no_index(bench: Bench) -> None:
    state = bench.after(SetClass(parents={"vehicle": ("car",)}))
    assert indexes(ReindexClasses().forward_schema(state, bench.inputs()))["vehicle"] is None
    with pytest.raises(SchemaError, match="'vehicle' is a group, which has no index"):
        ReindexClasses(order="listed", classes=(*CLASSES, "vehicle")).forward_schema(state, bench.inputs())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order": "listed"}, "`classes:` lists classes, and goes with `order: listed`"),
        ({"classes": CLASSES}, "`classes:` lists classes, and goes with `order: listed`"),
        ({"order": "listed", "classes": CLASSES[1:]}, "1 classes of 'class' are not listed: car"),
        ({"order": "listed", "classes": (*CLASSES, "car")}, "class 'car' is listed twice"),
        ({"order": "listed", "classes": ("cra",)}, "field 'class' has no class 'cra'"),
        ({"field": "score"}, "field 'score' has no classes"),
    ],
)
def test_refused(bench: Bench, options: Mapping[str, Any], message: str) -> None:
    with pytest.raises(SchemaError) as caught:
        bench.after(ReindexClasses(**options))
    assert caught.value.message == message


def test_the_old_order_undoes_it_unless_it_had_holes(bench: Bench) -> None:
    assert ReindexClasses(order="name").inverse(STATE) == ReindexClasses(order="listed", classes=CLASSES)
    holes = bench.after(RemoveClass(key="a.b", rows="drop"))
    assert ReindexClasses(order="name").inverse(holes) is None


def test_words_and_effect(bench: Bench) -> None:
    operation = ReindexClasses(order="name")
    changed = sum(place != CLASSES.index(name) for place, name in enumerate(sorted(CLASSES)))
    assert operation.describe(STATE) == f"reindex classes of class in the order of name: {changed} indexes changed"
    assert operation.effect(STATE) == Effect(class_head="remap")
    assert ReindexClasses().effect(STATE) == Effect()
