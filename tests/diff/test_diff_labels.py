from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsv.diff.dataset import diff_tables
from dsv.diff.distances import js_distance
from dsv.diff.request import DiffRequest
from dsv.model.counts import Counts
from dsv.model.diff import DatasetDiff, SplitMove
from dsv.model.labels import Inferred, LabelDiff, Transition

TYPES = {"id": "integer", "label": "string"}


def relabelled(make: Any, moves: dict[tuple[str | None, str | None], int], **request: Any) -> LabelDiff:
    """The label diff of paired rows, given their number by (old class, new class)."""
    pairs = [pair for pair, rows in moves.items() for _ in range(rows)]
    old = make.rows(TYPES, [[number, before] for number, (before, _) in enumerate(pairs)])
    new = make.rows(TYPES, [[number, after] for number, (_, after) in enumerate(pairs)])
    diff: DatasetDiff = diff_tables("d", "d", old, new, DiffRequest(key=("id",), labels=("label",), **request))
    return diff.labels[0]


def one(label: LabelDiff) -> Inferred:
    assert label.inferred is not None
    assert len(label.inferred) == 1
    return label.inferred[0]


def test_transitions_have_no_diagonal_and_most_rows_first(make: Any) -> None:
    label = relabelled(make, {("a", "a"): 9, ("a", "b"): 1, ("b", "a"): 2, (None, "a"): 1, ("a", None): 3})
    assert label.transitions == (
        Transition(source="a", target=None, rows=3),
        Transition(source="b", target="a", rows=2),
        Transition(source=None, target="a", rows=1),
        Transition(source="a", target="b", rows=1),
    )
    assert label.unlabelled == Counts(old=1, new=3)


def test_not_labelled_in_one_field_is_a_class_in_another(make: Any) -> None:
    moves = {("?", "a"): 2, ("?", "?"): 1, ("a", "a"): 3}
    label = relabelled(make, moves, unlabelled_in=(("label", "?"), ("other", "a")))
    assert label.unlabelled == Counts(old=3, new=1)
    assert label.transitions == (Transition(source=None, target="a", rows=2),)
    assert relabelled(make, moves, unlabelled_in=(("other", "?"),)).unlabelled == Counts(old=0, new=0)


def test_a_class_that_was_renamed(make: Any) -> None:
    found = one(relabelled(make, {("bike", "bicycle"): 38, ("bike", "bus"): 1, ("bike", "bike"): 1, ("bus", "bus"): 9}))
    assert found == Inferred(
        operation="rename_class",
        sources=("bike",),
        targets=("bicycle",),
        support=38,
        total=40,
        strays=(Transition(source="bike", target="bike", rows=1), Transition(source="bike", target="bus", rows=1)),
    )


def test_fewer_than_19_of_20_rows_are_no_rename(make: Any) -> None:
    label = relabelled(make, {("bike", "bicycle"): 94, ("bike", "bus"): 6, ("bus", "bus"): 99})
    assert [item.operation for item in label.inferred or ()] == ["split_class"]
    assert relabelled(make, {("a", "b"): 5, ("a", "a"): 95, ("b", "b"): 50}).inferred == ()


def test_a_class_that_new_rows_still_use_is_not_gone(make: Any) -> None:
    old = make.rows(TYPES, [[n, "bike"] for n in range(20)])
    new = make.rows(TYPES, [[n, "bicycle"] for n in range(20)] + [[n, "bike"] for n in range(20, 40)])
    (label,) = diff_tables("d", "d", old, new, DiffRequest(key=("id",), labels=("label",))).labels
    assert label.inferred == ()


@pytest.mark.parametrize(
    ("moves", "sources"),
    [
        ({("van", "car"): 20, ("car", "car"): 5}, ("van",)),
        ({("van", "car"): 20, ("truck", "car"): 10}, ("truck", "van")),
    ],
)
def test_classes_that_were_merged(make: Any, moves: Any, sources: tuple[str, ...]) -> None:
    found = one(relabelled(make, moves))
    total = sum(rows for (source, _), rows in moves.items() if source in sources)
    assert (found.operation, found.sources, found.targets) == ("merge_classes", sources, ("car",))
    assert (found.support, found.total, found.strays) == (total, total, ())


@pytest.mark.parametrize(
    ("moves", "targets", "support"),
    [
        ({("m", "m"): 90, ("m", "scooter"): 9, ("m", "x"): 1, ("x", "x"): 1}, ("m", "scooter"), 99),
        ({("m", "a"): 50, ("m", "b"): 47, ("m", "c"): 3, ("a", "a"): 1, ("b", "b"): 1, ("c", "c"): 1}, ("a", "b"), 97),
    ],
)
def test_a_class_that_was_split(make: Any, moves: Any, targets: tuple[str, ...], support: int) -> None:
    found = one(relabelled(make, moves))
    assert (found.operation, found.sources, found.targets) == ("split_class", ("m",), targets)
    assert (found.support, found.total, sum(stray.rows for stray in found.strays)) == (support, 100, 100 - support)


def test_the_total_counts_paired_rows_only(make: Any) -> None:
    old = make.rows(TYPES, [[n, "bike"] for n in range(30)])
    new = make.rows(TYPES, [[n, "bicycle"] for n in range(10, 50)])
    (label,) = diff_tables("d", "d", old, new, DiffRequest(key=("id",), labels=("label",))).labels
    found = one(label)
    assert (found.support, found.total, found.strays) == (20, 20, ())
    assert [(item.name, item.old, item.new) for item in label.classes] == [("bicycle", 0, 40), ("bike", 30, 0)]


def test_a_value_that_counts_as_not_labelled(make: Any) -> None:
    label = relabelled(make, {("todo", None): 2, ("todo", "a"): 3, ("a", "a"): 1}, unlabelled="todo")
    assert label.unlabelled == Counts(old=5, new=2)
    assert label.transitions == (Transition(source=None, target="a", rows=3),)
    assert [item.name for item in label.classes] == ["a"]


def test_classes_by_split_and_moves_between_splits(make: Any) -> None:
    types = {"id": "integer", "label": "string", "part": "string"}
    old = make.rows(types, [[1, "a", "train"], [2, "a", "test"], [3, "b", None], [4, "b", "test"]])
    new = make.rows(types, [[1, "a", "train"], [2, "a", "train"], [3, "b", "test"], [5, "b", "val"]])
    diff = diff_tables("d", "d", old, new, DiffRequest(key=("id",), labels=("label",), split="part"))
    (label,) = diff.labels
    assert {item.name: dict(item.by_split) for item in label.classes} == {
        "a": {"test": Counts(old=1, new=0), "train": Counts(old=1, new=2), "val": Counts(old=0, new=0)},
        "b": {"test": Counts(old=1, new=1), "train": Counts(old=0, new=0), "val": Counts(old=0, new=1)},
    }
    assert diff.split_moves == (
        SplitMove(source=None, target="test", rows=1),
        SplitMove(source="test", target="train", rows=1),
    )


def test_a_list_label_counts_each_class_once_a_row(make: Any) -> None:
    types = {"id": "integer", "label": "list<string>"}
    old = [["a", "a", "b"], ["a"], ["a", "b"], None, [], ["b", "a"], ["a"]]
    new = [["a", "b"], ["c"], ["a", "c", "d"], ["a"], ["a"], ["a", "b"], ["a", None]]
    tables = [make.rows(types, list(enumerate(cells))) for cells in (old, new)]
    (label,) = diff_tables("d", "d", *tables, DiffRequest(key=("id",), labels=("label",))).labels
    for side, cells in (("old", old), ("new", new)):
        counted = Counter(name for cell in cells for name in set(cell or ()) - {None})
        assert {item.name: getattr(item, side) for item in label.classes if getattr(item, side)} == counted
    assert label.unlabelled == Counts(old=2, new=0)
    assert label.transitions == (Transition(source="a", target="c", rows=1),)
    assert label.changed_sets == 3


def test_classes_are_names_whatever_their_type(make: Any) -> None:
    old = make.rows({"id": "integer", "label": "integer"}, [[1, 3], [2, 4]])
    new = make.rows({"id": "integer", "label": "number"}, [[1, 3.0], [2, 5.0]])
    (label,) = diff_tables("d", "d", old, new, DiffRequest(key=("id",), labels=("label",))).labels
    assert [(item.name, item.old, item.new) for item in label.classes] == [("3", 1, 1), ("4", 1, 0), ("5", 0, 1)]
    assert label.transitions == (Transition(source="4", target="5", rows=1),)


def test_a_label_that_only_new_has(make: Any) -> None:
    old = make.rows({"id": "integer"}, [[1], [2]])
    new = make.rows(TYPES, [[1, "a"], [2, None]])
    (label,) = diff_tables("d", "d", old, new, DiffRequest(key=("id",), labels=("label",))).labels
    assert (label.unlabelled, label.transitions, label.js_distance) == (Counts(old=2, new=1), (), None)
    assert [(item.name, item.old, item.new) for item in label.classes] == [("a", 0, 1)]


tallies = st.dictionaries(st.sampled_from("abcd"), st.integers(1, 1000), min_size=1)


@given(old=tallies, new=tallies)
def test_the_distance_of_two_distributions(old: dict[str | None, int], new: dict[str | None, int]) -> None:
    """Against entropies: the divergence is H(mean) - mean of H."""

    def entropy(shares: list[float]) -> float:
        return -sum(share * math.log2(share) for share in shares if share)

    sides = [[side.get(name, 0) / sum(side.values()) for name in "abcd"] for side in (old, new)]
    mean = [(left + right) / 2 for left, right in zip(*sides, strict=True)]
    expected = max(entropy(mean) - (entropy(sides[0]) + entropy(sides[1])) / 2, 0.0)
    found = js_distance(old, new)
    assert found is not None
    assert found**2 == pytest.approx(expected, abs=1e-9)
    assert 0.0 <= found <= 1.0


def test_the_distance_of_nothing_shared_is_1_and_of_equal_shares_0() -> None:
    assert js_distance({"a": 1}, {"b": 5}) == 1.0
    assert js_distance({"a": 1, "b": 2, None: 9}, {"a": 2, "b": 4}) == 0.0
    assert js_distance({}, {"a": 1}) is None
