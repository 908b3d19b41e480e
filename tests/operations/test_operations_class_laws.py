"""Whatever operations do to the classes of a label, one after the other: keys and ids are for ever."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from operations_bench import STATE
from test_operations_laws import check_state

from dsv.errors import SchemaError
from dsv.model.migration import State
from dsv.operations.add_class import AddClass
from dsv.operations.base import Inputs, Operation
from dsv.operations.merge_classes import MergeClasses
from dsv.operations.reindex_classes import ReindexClasses
from dsv.operations.remove_class import RemoveClass
from dsv.operations.rename_class import RenameClass
from dsv.operations.set_class import SetClass
from dsv.operations.set_field import SetField
from dsv.operations.split_class import NewClass, SplitClass

INPUTS = Inputs(folder=Path())
NAMES = ["car", "bus", "no", "NA", "van", "tram", "a.b", "vehicle", "it's"]
names = st.sampled_from(NAMES)
operations: st.SearchStrategy[Operation] = st.one_of(
    st.builds(lambda key, name: AddClass(key=key, class_name=name), names, names),
    st.builds(lambda key: AddClass(key=key, group=True), names),
    st.builds(lambda old, new: RenameClass(source=old, to=new), names, names),
    st.builds(lambda old, into: MergeClasses(sources=tuple(old), into=into), st.lists(names, min_size=1), names),
    st.builds(lambda key: RemoveClass(key=key, rows="drop"), names),
    st.builds(lambda key, parent: SetClass(key=key, parent=parent), names, st.sampled_from(["", *NAMES])),
    st.builds(lambda parent, below: SetClass(parents={parent: (below,)}), names, names),
    st.builds(
        lambda old, key, name: SplitClass(source=old, into=(NewClass(key=key, class_name=name),), where="true"),
        names,
        names,
        names,
    ),
    st.builds(lambda order: ReindexClasses(order=order), st.sampled_from(["index", "id", "name"])),
    st.builds(lambda value: SetField(field_name="class", unlabelled=value), st.sampled_from(["", *NAMES])),
)


def identities(state: State) -> dict[str, Any]:
    classes = state.class_list("class")
    assert classes is not None
    return {item.key: item for item in classes.classes}


@settings(max_examples=60, deadline=None)
@given(chain=st.lists(operations, max_size=12))
def test_keys_and_ids_are_for_ever(chain: list[Operation]) -> None:
    """Operations that do not fit are refused, and the others leave every identity what it was."""
    state = STATE
    for operation in chain:
        before = identities(state)
        try:
            after = operation.forward_schema(state, INPUTS)
        except SchemaError:
            continue
        check_state(after)
        now = identities(after)
        assert before.keys() <= now.keys()
        for key, item in before.items():
            assert (now[key].id, now[key].group) == (item.id, item.group)
            assert now[key].retired or not item.retired
            if isinstance(operation, ReindexClasses) or now[key].retired:
                continue
            assert now[key].index == item.index
        new = [now[key].id for key in now if key not in before]
        assert all(place > max(item.id for item in before.values()) for place in new)
        if isinstance(operation, ReindexClasses):
            indexes = sorted(item.index for item in now.values() if item.index is not None)
            assert indexes == list(range(len(indexes)))
        state = after


@pytest.mark.parametrize(
    "chain",
    [
        [SetClass(key="bus", parent="car"), SetClass(key="car", parent="bus")],
        [SetClass(parents={"g": ("car",), "h": ("g",)}), SetClass(parents={"car": ("h",)})],
        [SetClass(key="no", parent="no")],
    ],
)
def test_a_circle_of_parents_is_refused(chain: list[SetClass]) -> None:
    state = STATE
    for operation in chain[:-1]:
        state = operation.forward_schema(state, INPUTS)
    with pytest.raises(SchemaError, match="would stand above itself"):
        chain[-1].forward_schema(state, INPUTS)
