"""What became of classes: the map, against the rows of tables that really went through the operations."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from dsv.errors import DsvError
from dsv.migrations.base import identities
from dsv.migrations.labels import field_map
from dsv.model.labelmap import FieldMap, NewClass
from dsv.model.migration import ClassList, State
from dsv.model.profile import ClassIdentity
from dsv.model.schema import Field, Schema
from dsv.operations.add_class import AddClass
from dsv.operations.base import Inputs, Operation
from dsv.operations.merge_classes import MergeClasses
from dsv.operations.remove_class import RemoveClass
from dsv.operations.rename_class import RenameClass
from dsv.operations.set_class import SetClass
from dsv.operations.split_class import SplitClass

NAMES = ("bike", "bus", "car", "truck", "van")


def begin(*names: str) -> State:
    listed = identities(sorted(names))
    return State(
        schema=Schema(fields=(Field(name="label", type="string"),)),
        key=(),
        labels=("label",),
        split=None,
        classes=(ClassList(field="label", classes=listed, next_id=len(listed) + 1),),
    )


def after(state: State, *operations: Operation) -> State:
    for operation in operations:
        state = operation.forward_schema(state, Inputs(folder=Path()))
    return state


def classes(state: State) -> tuple[ClassIdentity, ...]:
    return state.classes[0].classes


def mapped(old: State, new: State, rows: Mapping[str, int] | None = None) -> FieldMap:
    return field_map(classes(old), classes(new), rows or {}, matched="identity")


def new_class(found: FieldMap, name: str) -> NewClass:
    return next(item for item in found.new if item.name == name)


def fates(found: FieldMap) -> dict[str, str]:
    return {item.name: item.fate for item in found.old}


def test_the_same_classes_keep_their_indices() -> None:
    state = begin(*NAMES)
    found = mapped(state, state)
    assert found.old_to_new == (0, 1, 2, 3, 4) and found.identical
    assert set(fates(found).values()) == {"kept"}


def test_a_rename_is_the_same_output() -> None:
    found = mapped(begin(*NAMES), after(begin(*NAMES), RenameClass(source="bike", to="bicycle")))
    assert found.old_to_new == (0, 1, 2, 3, 4) and found.identical
    assert fates(found)["bike"] == "renamed"


def test_a_merge_into_a_class_that_is_there() -> None:
    found = mapped(begin(*NAMES), after(begin(*NAMES), MergeClasses(sources=("van",), into="car")))
    assert found.old_to_new == (0, 1, 2, 3, 2)
    car = new_class(found, "car")
    assert (car.method, car.sources, car.merged) == ("keep", (2,), (4,))
    assert fates(found)["van"] == "merged" and not found.identical


def test_a_merge_into_a_new_class_begins_at_the_mean() -> None:
    found = mapped(begin(*NAMES), after(begin(*NAMES), MergeClasses(sources=("truck", "van"), into="lorry")))
    assert found.old_to_new == (0, 1, 2, 5, 5) and found.new_outputs == 6
    lorry = new_class(found, "lorry")
    assert (lorry.index, lorry.method, lorry.sources) == (5, "mean", (3, 4))


def test_a_split_begins_as_a_copy_with_shares() -> None:
    split = SplitClass(source="bike", into=("scooter",), where="true", rest="keep")
    rows = {"bike": 30, "scooter": 10, "bus": 1, "car": 1, "truck": 1, "van": 1}
    found = mapped(begin(*NAMES), after(begin(*NAMES), split), rows)
    assert found.old_to_new == (0, 1, 2, 3, 4)
    bike = found.old[0]
    assert bike.fate == "split"
    assert [(heir.name, heir.index, heir.share) for heir in bike.heirs] == [("bike", 0, 0.75), ("scooter", 5, 0.25)]
    scooter = new_class(found, "scooter")
    assert (scooter.method, scooter.sources) == ("copy", (0,))


def test_removed_and_new_classes_and_those_of_a_parent() -> None:
    new = after(
        begin(*NAMES),
        SetClass(parents={"two_wheeler": ("bike",), "freight": ("truck", "van")}),
        RemoveClass(key="bus", rows="drop"),
        AddClass(key="tram"),
        AddClass(key="moped", parent="two_wheeler"),
        AddClass(key="lorry", parent="freight"),
    )
    found = mapped(begin(*NAMES), new)
    assert found.old_to_new == (0, None, 2, 3, 4)
    assert fates(found)["bus"] == "removed"
    begun = {item.name: (item.method, item.sources) for item in found.new if item.method != "keep"}
    assert begun == {"tram": ("none", ()), "moped": ("copy", (0,)), "lorry": ("mean", (3, 4))}
    assert {item.name: (item.old, item.new) for item in found.roll_up} == {
        "two_wheeler": ((0,), (0, 6)),
        "freight": ((3, 4), (3, 4, 7)),
    }


def test_a_removal_that_relabels_says_where_the_rows_went() -> None:
    remove = RemoveClass(key="bus", rows="relabel_to", relabel_to="car")
    assert mapped(begin(*NAMES), after(begin(*NAMES), remove)).old_to_new == (0, 2, 2, 3, 4)


def test_backwards_a_split_is_a_merge_and_a_merge_a_split() -> None:
    base = begin(*NAMES)
    split = after(base, SplitClass(source="bike", into=("scooter",), where="true", rest="keep"))
    assert mapped(split, base).old_to_new == (0, 1, 2, 3, 4, 0)
    merged = after(base, MergeClasses(sources=("truck", "van"), into="lorry"))
    found = mapped(merged, base)
    lorry = next(item for item in found.old if item.name == "lorry")
    assert [heir.name for heir in lorry.heirs] == ["truck", "van"] and lorry.fate == "split"
    assert new_class(found, "van").method == "copy" and new_class(found, "van").sources == (5,)


def test_classes_of_two_branches_meet_by_key_whatever_their_ids() -> None:
    base = begin(*NAMES)
    mine, both = after(base, AddClass(key="tram")), after(base, AddClass(key="ferry"), AddClass(key="tram"))
    found = mapped(mine, both)
    assert found.old_to_new == (0, 1, 2, 3, 4, 6)
    assert new_class(found, "ferry").method == "none"


words = st.sampled_from([*NAMES, "tram", "lorry", "moped"])
operations = st.one_of(
    st.builds(RenameClass, source=words, to=words),
    st.builds(lambda one, two, into: MergeClasses(sources=(one, two), into=into), words, words, words),
    st.builds(lambda key, to: RemoveClass(key=key, rows="relabel_to", relabel_to=to), words, words),
    st.builds(lambda key: RemoveClass(key=key, rows="drop"), words),
    st.builds(lambda key: AddClass(key=key), words),
)


def walk(state: State, rows: dict[str, str | None], steps: list[Operation]) -> State:
    """Apply what applies, to the state and, in plain Python, to rows by the name of the class they began with."""
    for step in steps:
        try:
            changed = after(state, step)
        except DsvError:
            continue
        known = {item.name: item for item in classes(state) if not item.retired}
        now = {item.key: item for item in classes(changed)}
        keys = {item.key: item for item in known.values()}

        def named(word: str, known: dict[str, ClassIdentity] = known, keys: dict[str, ClassIdentity] = keys) -> str:
            return (known.get(word) or keys[word]).name

        goes: dict[str, str | None] = {}
        if isinstance(step, RenameClass):
            goes = {named(step.source): step.to}
        elif isinstance(step, MergeClasses):
            target = named(step.into) if step.into in known or step.into in keys else step.into
            goes = {named(word): target for word in step.sources}
        elif isinstance(step, RemoveClass):
            goes = {named(step.key): named(step.relabel_to) if step.relabel_to is not None else None}
        for began, name in rows.items():
            if name is not None:
                rows[began] = goes.get(name, name)
        assert now
        state = changed
    return state


@settings(max_examples=30)
@given(st.lists(operations, max_size=6), st.lists(operations, max_size=6))
def test_every_old_class_is_mapped_to_the_class_that_its_rows_have(
    first: list[Operation], then: list[Operation]
) -> None:
    old = walk(begin(*NAMES), {}, first)
    rows: dict[str, str | None] = {item.name: item.name for item in classes(old) if not item.retired}
    new = walk(old, rows, then)
    found = mapped(old, new)
    index = {item.name: item.index for item in classes(new) if not item.retired}
    assert {item.name: found.old_to_new[item.index] for item in found.old} == {
        began: None if name is None else index[name] for began, name in rows.items()
    }
    assert [item.index for item in found.new] == sorted(place for place in index.values() if place is not None)


def test_a_share_that_rows_of_other_classes_would_blur_is_not_told() -> None:
    base = begin(*NAMES)
    split = after(base, SplitClass(source="car", into=("tram",), where="true", rest="keep"))
    merged = after(split, MergeClasses(sources=("tram",), into="bus"))
    found = mapped(base, merged, {"bike": 7, "bus": 25, "car": 8, "truck": 1, "van": 1})
    car = next(item for item in found.old if item.name == "car")
    assert [(heir.name, heir.share) for heir in car.heirs] == [("bus", None), ("car", None)]
    back = mapped(merged, base)
    assert {item.name: [heir.name for heir in item.heirs] for item in back.old}["bus"] == ["bus", "car"]


splits = st.builds(lambda key, to: SplitClass(source=key, into=(to,), where="true", rest="keep"), words, words)


def dealt(state: State, rows: dict[tuple[str, int], str], steps: list[Operation]) -> State:
    """As `walk`, with eight rows of each class, of which the first, second and third split move other halves."""
    done = 0
    for step in steps:
        if isinstance(step, SplitClass):
            try:
                changed = after(state, step)
            except DsvError:
                continue
            known = {item.name: item.name for item in classes(state)} | {item.key: item.name for item in classes(state)}
            source = next((item.name for item in classes(state) if item.name == step.source), known[step.source])
            for began, name in rows.items():
                if name == source and began[1] >> done & 1:
                    rows[began] = step.into[0]
            state, done = changed, done + 1
        else:
            moved: dict[str, str | None] = {name: name for name in rows.values()}
            state = walk(state, moved, [step])
            rows.update({began: str(moved[name]) for began, name in rows.items()})
    return state


@settings(max_examples=60)
@given(
    st.lists(operations.filter(lambda step: not isinstance(step, RemoveClass)), max_size=5),
    st.lists(splits, max_size=3),
    st.randoms(),
)
def test_heirs_are_the_classes_that_rows_have_also_after_splits(
    steps: list[Operation], more: list[Operation], mix: Random
) -> None:
    old = begin(*NAMES)
    steps = [*steps, *more]
    mix.shuffle(steps)
    rows = {(name, number): name for name in NAMES for number in range(8)}
    new = dealt(old, rows, steps)
    forth: dict[str, set[str]] = {name: set() for name in NAMES}
    back: dict[str, set[str]] = {item.name: set() for item in classes(new) if item.index is not None}
    for (began, _), name in rows.items():
        forth[began].add(name)
        back[name].add(began)
    assert {item.name: {heir.name for heir in item.heirs} for item in mapped(old, new).old} == forth
    told = {item.name: {heir.name for heir in item.heirs} for item in mapped(new, old).old}
    assert {name: found for name, found in told.items() if back[name]} == {
        name: found for name, found in back.items() if found
    }


@settings(max_examples=30)
@given(st.lists(operations, max_size=4), st.lists(operations, max_size=4), st.lists(operations, max_size=4))
def test_maps_compose(first: list[Operation], then: list[Operation], last: list[Operation]) -> None:
    old = walk(begin(*NAMES), {}, first)
    middle = walk(old, {}, then)
    new = walk(middle, {}, last)
    one, two, whole = mapped(old, middle), mapped(middle, new), mapped(old, new)
    composed = tuple(None if place is None else two.old_to_new[place] for place in one.old_to_new)
    assert composed == whole.old_to_new


def test_what_was_forgotten_is_not_guessed() -> None:
    new = after(begin(*NAMES), MergeClasses(sources=("van",), into="car"))
    forgotten = tuple(replace(item, into=None) for item in classes(new))
    assert field_map(classes(begin(*NAMES)), forgotten, {}, matched="identity").old_to_new[4] is None
