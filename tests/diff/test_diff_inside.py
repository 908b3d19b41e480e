"""What changed inside a nested cell, at the path that changed."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dsv.diff import inside as module
from dsv.diff.inside import elements_that_differ, inside

scalars = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a", "b"]) | st.just(1.5)


def structs(inner: Any) -> Any:
    return st.dictionaries(st.sampled_from("xy"), inner.filter(lambda item: item is not None))


values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | structs(inner), max_leaves=8)
lists = st.lists(values, max_size=5)


def told(old: Any, new: Any) -> list[tuple[str, str, Any, Any]]:
    return [(item.change, item.path, item.old, item.new) for item in inside(old, new) or ()]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            {"objects": [{"area": 1}, {"area": 2}, {"area": 3.5}]},
            {"objects": [{"area": 1}, {"area": 2}, {"area": 4.0}]},
            [("changed", "objects[2].area", 3.5, 4.0)],
        ),
        (["a", "b", "teh"], ["a", "b", "the"], [("changed", "[2]", "teh", "the")]),
        ([[1, 2]], [[0, 0], [1, 2]], [("added", "[0]", None, [0, 0])]),
        ([[1, 2], [3, 4]], [[3, 4]], [("removed", "[0]", [1, 2], None)]),
        (list("abcd"), list("bcde"), [("removed", "[0]", "a", None), ("added", "[3]", None, "e")]),
        ([{"x": 1}, {"x": 2}, {"x": 3}], [{"x": 9}, {"x": 1}, {"x": 2}, {"x": 4}], None),
        ({"a": None}, {"a": [1]}, [("changed", "a", None, [1])]),
        ([True], [1], [("changed", "[0]", True, 1)]),
        ([1, float("nan")], [1.0, float("nan")], []),
    ],
)
def test_places_that_differ(old: Any, new: Any, expected: Any) -> None:
    if expected is None:
        assert {path for _, path, *_ in told(old, new)} == {"[0]", "[3].x"}
    else:
        assert told(old, new) == expected


@settings(deadline=None)
@given(old=lists, new=lists)
@example(old=[[], None, {}], new=[None, False, [], {}])
def test_what_is_told_makes_new_of_old(old: list[Any], new: list[Any]) -> None:
    """Removals at their old places, then additions at their new ones, then changes: that is the new list."""
    changes = [item for item in inside(old, new) or () if item.path.count("[") == 1 and item.path.endswith("]")]
    if any(item.path.count("[") > 1 or "." in item.path for item in inside(old, new) or ()):
        return
    made = copy.deepcopy(old)

    def place(item: Any) -> int:
        return int(item.path[1:-1])

    for item in sorted((item for item in changes if item.change == "removed"), key=place, reverse=True):
        assert made.pop(place(item)) == item.old
    for item in sorted((item for item in changes if item.change == "added"), key=place):
        made.insert(place(item), item.new)
    for item in changes:
        if item.change == "changed":
            made[place(item)] = item.new
    assert made == new


@given(value=values)
def test_equal_values_have_no_places(value: Any) -> None:
    assert inside(value, copy.deepcopy(value)) == ()


def test_huge_and_deep_cells_are_only_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    old = list(range(100_000))
    new = [*old[:50_000], *(-item for item in old[50_000:])]
    assert inside(old, new) is None
    assert elements_that_differ(old, new) == 50_000
    assert elements_that_differ(old, old[:-7]) == 7
    deep_old: Any = 1
    deep_new: Any = 2
    for _ in range(200):
        deep_old, deep_new = [deep_old], [deep_new]
    assert inside(deep_old, deep_new) is None
    monkeypatch.setattr(module, "MOST_ELEMENTS", 3)
    assert inside([1, 2], [1, 3]) is not None
    assert inside([1, 2, 3, 4], [1, 2, 3, 5]) is None
