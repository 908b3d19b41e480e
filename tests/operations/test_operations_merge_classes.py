from __future__ import annotations

from dataclasses import replace

import pytest
from operations_bench import AWKWARD, ROWS, STATE, Bench, Example, Make

from dsv.errors import SchemaError
from dsv.model.migration import Effect, State
from dsv.operations._classes import active
from dsv.operations.add_class import AddClass
from dsv.operations.merge_classes import MergeClasses
from dsv.operations.set_class import SetClass

EXAMPLES: list[Make] = [
    *(lambda rows, name=name: Example(MergeClasses(sources=(name, "car"), into="bus")) for name in AWKWARD),
    lambda rows: Example(MergeClasses(sources=("car", "bus"), into="vehicle")),
    lambda rows: Example(MergeClasses(sources=("car", "bus"), into="car")),
    lambda rows: Example(MergeClasses(sources=("red", "blue"), into="colour", field="tags")),
    lambda rows: Example(MergeClasses(sources=("0", "1"), into="9", field="level")),
    lambda rows: Example(MergeClasses(sources=("no",), into="calm", field="mood")),
]


def two_wheelers(bench: Bench) -> State:
    return bench.after(SetClass(parents={"motor": ("car", "bus"), "word": ("no", "NA", "null")}))


def test_into_a_class_that_exists(bench: Bench) -> None:
    operation = MergeClasses(sources=("no", "NA"), into="bus")
    expected = [{**row, "class": {"no": "bus", "NA": "bus"}.get(row["class"], row["class"])} for row in ROWS]
    assert bench.rows(operation) == expected
    before, after = STATE.class_list("class"), bench.after(operation).class_list("class")
    gone = {item.key: item for item in after.classes if item.retired}
    assert set(gone) == {"no", "NA"}
    assert all(item.index is None for item in gone.values())
    assert [item.id for item in after.classes] == [item.id for item in before.classes]
    assert after.next_id == before.next_id


def test_into_a_new_class_that_has_an_id_and_an_index_of_its_own(bench: Bench) -> None:
    state = two_wheelers(bench)
    after = MergeClasses(sources=("car", "bus"), into="vehicle").forward_schema(state, bench.inputs())
    new = after.class_list("class").classes[-1]
    assert (new.key, new.name, new.id, new.index, new.parent) == ("vehicle", "vehicle", 10, 8, "motor")
    assert after.class_list("class").next_id == 11


def test_a_list_holds_the_target_once(bench: Bench) -> None:
    tags = [["red", "a.b", "blue"], ["a.b", "a.b"], ["blue", None], None, []]
    rows = [{**ROWS[0], "id": index, "tags": value} for index, value in enumerate(tags)]
    found = bench.rows(MergeClasses(sources=("red", "blue"), into="x", field="tags"), rows)
    assert [row["tags"] for row in found] == [["x", "a.b"], ["a.b", "a.b"], ["x", None], None, []]


def test_classes_below_a_source_move_below_the_target(bench: Bench) -> None:
    state = two_wheelers(bench)
    after = MergeClasses(sources=("word",), into="motor").forward_schema(state, bench.inputs())
    parents = {item.key: item.parent for item in active(after.class_list("class"))}
    assert parents["no"] == parents["NA"] == parents["car"] == "motor"


def test_a_parent_merged_into_its_child(bench: Bench) -> None:
    state = bench.after(SetClass(parents={"car": ("bus", "no")}))
    after = MergeClasses(sources=("car",), into="bus").forward_schema(state, bench.inputs())
    parents = {item.key: item.parent for item in active(after.class_list("class"))}
    assert parents["bus"] is None
    assert parents["no"] == "bus"


def test_the_index_of_a_retired_class_is_not_dealt_again(bench: Bench) -> None:
    state = bench.after(MergeClasses(sources=("a.b",), into="car"))
    state = AddClass(key="tram").forward_schema(state, bench.inputs())
    tram = state.class_list("class").classes[-1]
    assert (tram.id, tram.index) == (8, 8)


@pytest.mark.parametrize(
    ("sources", "into", "message"),
    [
        (("car", "bsu"), "x", "field 'class' has no class 'bsu'"),
        ((), "x", "there is no class to merge"),
        (("car",), "car", "there is no class to merge"),
        (("car",), "?", "'?' stands for not labelled in 'class'"),
        (("car",), "motor", "'motor' is a group, which no cell can hold"),
    ],
)
def test_refused(bench: Bench, sources: tuple[str, ...], into: str, message: str) -> None:
    state = two_wheelers(bench)
    with pytest.raises(SchemaError) as caught:
        MergeClasses(sources=sources, into=into).forward_schema(state, bench.inputs())
    assert caught.value.message == message


def test_a_retired_class_is_no_target(bench: Bench) -> None:
    state = bench.after(MergeClasses(sources=("no",), into="car"))
    with pytest.raises(SchemaError, match="class 'no' of 'class' is retired, and its key stays its own"):
        MergeClasses(sources=("NA",), into="no").forward_schema(state, bench.inputs())
    with pytest.raises(SchemaError, match="class 'no' of 'class' is retired"):
        MergeClasses(sources=("no",), into="bus").forward_schema(state, bench.inputs())


def test_coverage_of_the_new_class(bench: Bench) -> None:
    classes = STATE.class_list("class")
    mixed = replace(classes, classes=(replace(classes.classes[0], coverage="none"), *classes.classes[1:]))
    state = replace(STATE, classes=(mixed, *STATE.classes[1:]))
    after = MergeClasses(sources=("car", "bus"), into="x").forward_schema(state, bench.inputs())
    assert after.class_list("class").classes[-1].coverage == "reviewed"


def test_words() -> None:
    operation = MergeClasses(sources=("van", "lorry"), into="truck")
    assert operation.describe(STATE) == "merge classes van, lorry -> truck"
    assert operation.effect(STATE) == Effect(class_head="hole", values="corrected")
