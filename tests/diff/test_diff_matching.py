"""Pairing by identity: laws for all tables, and every rung against a reference in plain Python."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dsv.diff.dataset import diff_tables
from dsv.diff.request import DiffRequest
from dsv.model.diff import DatasetDiff
from dsv.model.identity import Rung

TYPES = {"id": "integer", "image": "string", "label": "string", "box": "list<number>", "area": "number"}
NAMES = tuple(TYPES)
IMAGE, LABEL, BOX, AREA = 1, 2, 3, 4
LADDER = (
    Rung(fields=("image", "label", "box")),
    Rung(fields=("image", "box")),
    Rung(fields=("image", "label", "area")),
    Rung(fields=("image", "label"), boxes="box", follows=("area",)),
    Rung(fields=("image",), boxes="box", least_iou=0.7),
)
REQUEST = DiffRequest(identity=LADDER, surrogates=("id",), labels=("label",), key_source="declared")
Row = tuple[Any, ...]

boxes = st.one_of(
    st.none(),
    st.just(()),
    st.just((1.0, 2.0)),
    st.just((0.0, 0.0, float("inf"), 5.0)),
    st.tuples(*[st.integers(0, 4).map(float)] * 2, *[st.integers(0, 6).map(float)] * 2),
)
rows = st.lists(
    st.tuples(
        st.integers(0, 9),
        st.sampled_from(["a", "b", None]),
        st.sampled_from(["cat", "dog", None]),
        boxes,
        st.sampled_from([None, 0.0, 1.0, 2.5]),
    ),
    max_size=10,
)
law = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def compare(shared_make: Any) -> Any:
    def run(old: Sequence[Row], new: Sequence[Row], request: DiffRequest = REQUEST) -> DatasetDiff:
        tables = [shared_make.rows(TYPES, [[_plain(x) for x in row] for row in side]) for side in (old, new)]
        return diff_tables("d", "d.json", tables[0], tables[1], request)

    return run


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _same(row: Row) -> str:
    """A row without its id, under the rules of equality."""
    return repr([[x + 0.0 for x in value] if isinstance(value, tuple | list) else value for value in row[1:]])


def _pairs(old: Sequence[Row], new: Sequence[Row], diff: DatasetDiff) -> list[tuple[int, int]]:
    """Positions of the rows that paired and differ."""
    changes = diff.changes.rows(("changed",)) if diff.changes is not None else ()
    return [(change.old_position or 0, change.new_position or 0) for change in changes]


@law
@given(old=rows, seed=st.randoms(use_true_random=False))
def test_a_table_does_not_differ_from_itself_in_another_order_under_other_ids(
    compare: Any, old: list[Row], seed: Any
) -> None:
    new = [(row[0] + 100, *row[1:]) for row in old]
    seed.shuffle(new)
    diff = compare(old, new)
    assert (diff.rows.added, diff.rows.removed, diff.rows.changed) == (0, 0, 0)
    assert diff.rows.unchanged == len(old)
    assert diff.changed_cells == {}
    assert [(item.rule, item.count) for item in diff.findings] == ([("renumbered", len(old))] if old else [])


@law
@given(old=rows, new=rows, seed=st.randoms(use_true_random=False))
def test_row_order_never_matters(compare: Any, old: list[Row], new: list[Row], seed: Any) -> None:
    one = compare(old, new)
    left, right = list(old), list(new)
    seed.shuffle(left)
    seed.shuffle(right)
    other = compare(left, right)
    assert (one.rows, one.changed_cells, one.labels) == (other.rows, other.changed_cells, other.labels)
    assert one.key_evidence == other.key_evidence


@law
@given(old=rows, new=rows)
def test_the_other_way_round_added_and_removed_swap(compare: Any, old: list[Row], new: list[Row]) -> None:
    forth, back = compare(old, new), compare(new, old)
    assert (forth.rows.added, forth.rows.removed) == (back.rows.removed, back.rows.added)
    assert (forth.rows.changed, forth.rows.unchanged) == (back.rows.changed, back.rows.unchanged)
    assert forth.key_evidence == back.key_evidence


@law
@given(old=rows, new=rows)
def test_applying_the_changes_to_old_gives_new(compare: Any, old: list[Row], new: list[Row]) -> None:
    diff = compare(old, new)
    left = {position: list(row) for position, row in enumerate(old, 1)}
    added = []
    for change in diff.changes.rows():
        if change.kind == "added":
            added.append([change.cells[name].new for name in NAMES])
        elif change.kind == "removed":
            assert _same(tuple(left.pop(change.old_position))) == _same(tuple(change.cells[name].old for name in NAMES))
        else:
            for name, cell in change.cells.items():
                left[change.old_position][NAMES.index(name)] = cell.new
    assert Counter(map(_same, map(tuple, [*left.values(), *added]))) == Counter(map(_same, new))


@law
@given(old=rows, new=rows)
def test_equal_rows_pair_and_pairs_are_of_one_image(compare: Any, old: list[Row], new: list[Row]) -> None:
    diff = compare(old, new)
    common = (Counter(map(_same, old)) & Counter(map(_same, new))).total()
    assert diff.rows.unchanged == common
    for before, after in _pairs(old, new, diff):
        image = old[before - 1][IMAGE]
        assert image is not None
        assert image == new[after - 1][IMAGE]


def _iou(one: Any, other: Any) -> float:
    if not all(box is not None and len(box) == 4 and all(map(math.isfinite, box)) for box in (one, other)):
        return 0.0
    width = max(0.0, min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0]))
    height = max(0.0, min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1]))
    union = one[2] * one[3] + other[2] * other[3] - width * height
    return width * height / union if union > 0 else 0.0


@law
@given(old=rows, new=rows)
@example(
    old=[(1, "a", "cat", (0.0, 0.0, 4.0, 4.0), None), (2, "a", "cat", (1.0, 0.0, 4.0, 4.0), None)],
    new=[(3, "a", "cat", (0.0, 0.0, 5.0, 4.0), None), (4, "a", "cat", (2.0, 0.0, 4.0, 4.0), None)],
)
def test_boxes_pair_by_their_best_overlap(compare: Any, old: list[Row], new: list[Row]) -> None:
    """As many pairs, of as much overlap, as the greedy choice of the best pair left gives."""
    ladder = (Rung(fields=("image",), boxes="box"),)
    diff = compare(old, new, DiffRequest(identity=ladder, surrogates=("id",), labels=("label",)))
    equal = Counter(map(_same, old)) & Counter(map(_same, new))
    sides = []
    for side in (old, new):
        left, rest = equal.copy(), []
        for row in sorted(side, key=lambda row: row[0]):
            left[_same(row)] -= 1
            if left[_same(row)] < 0:
                rest.append(row)
        sides.append(rest)
    found = sorted(
        (
            (-_iou(one[BOX], other[BOX]), place, mate)
            for place, one in enumerate(sides[0])
            for mate, other in enumerate(sides[1])
            if one[IMAGE] is not None and one[IMAGE] == other[IMAGE] and _iou(one[BOX], other[BOX]) >= 0.5
        ),
    )
    best: list[float] = []
    left, right = set(range(len(sides[0]))), set(range(len(sides[1])))
    for overlap, place, mate in found:
        if place in left and mate in right:
            left.discard(place)
            right.discard(mate)
            best.append(-overlap)
    got = [_iou(old[before - 1][BOX], new[after - 1][BOX]) for before, after in _pairs(old, new, diff)]
    tied = len({overlap for overlap, _, _ in found}) < len(found)
    if tied:
        # Equal overlaps may be chosen otherwise; the best one is always taken, and no pair is left.
        assert max(got, default=0.0) == max(best, default=0.0)
        assert all(overlap >= 0.5 for overlap in got)
    else:
        assert sorted(got) == sorted(best)


def row(number: int, image: str | None, label: str | None, box: Any = None, area: float | None = None) -> Row:
    return number, image, label, box, area


SQUARE = (0.0, 0.0, 10.0, 10.0)


@pytest.mark.parametrize(
    ("before", "after", "evidence", "cells"),
    [
        (row(1, "a", "cat", SQUARE, 1.0), row(2, "a", "dog", SQUARE, 1.0), "image, box", {"label": 1}),
        (row(1, "a", "cat", SQUARE, 1.0), row(2, "a", "cat", SQUARE, 2.0), "image, label, box", {"area": 1}),
        (
            row(1, "a", "cat", SQUARE, 7.0),
            row(2, "a", "cat", (90.0, 0.0, 10.0, 10.0), 7.0),
            "image, label, area",
            {"box": 1},
        ),
        (
            row(1, "a", "cat", SQUARE, 1.0),
            row(2, "a", "cat", (0.0, 0.0, 10.0, 6.0), 2.0),
            "image, label and overlap of box",
            {"box": 1, "area": 1},
        ),
        (
            row(1, "a", "cat", SQUARE, 1.0),
            row(2, "a", "dog", (0.0, 0.0, 10.0, 8.0), 2.0),
            "image and overlap of box",
            {"box": 1, "area": 1, "label": 1},
        ),
    ],
)
def test_each_rung_pairs_and_says_so(compare: Any, before: Row, after: Row, evidence: str, cells: Any) -> None:
    diff = compare([before], [after])
    assert (diff.rows.added, diff.rows.removed, diff.rows.changed) == (0, 0, 1)
    assert diff.changed_cells == cells
    assert diff.key_evidence == f"rows paired by {evidence} 1"
    assert (diff.key, diff.key_source) == (("image", "id"), "format")
    (change,) = diff.changes.rows()
    assert change.key == {"image": "a", "id": 2}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (row(1, "a", "cat", SQUARE), row(1, "b", "cat", SQUARE)),
        (row(1, None, "cat", SQUARE, 1.0), row(1, None, "cat", SQUARE, 2.0)),
        (row(1, "a", "cat", (), 1.0), row(1, "a", "cat", (), 2.0)),
        (row(1, "a", "cat", SQUARE, 0.0), row(1, "a", "cat", (90.0, 0.0, 1.0, 1.0), 0.0)),
        (row(1, "a", "cat", SQUARE), row(1, "a", "cat", (0.0, 0.0, 10.0, 4.9))),
        (row(1, "a", "cat", SQUARE), row(1, "a", "dog", (0.0, 0.0, 10.0, 6.9))),
        (row(1, "a", "cat", (0.0, 0.0, float("nan"), 1.0), 1.0), row(1, "a", "cat", SQUARE, 2.0)),
        (row(1, "a", "cat", (0.0, 0.0, 0.0, 0.0)), row(1, "a", "dog", (0.0, 0.0, 0.0, 1.0))),
    ],
    ids=["other image", "no image", "empty box", "area of 0", "little overlap", "other class", "no number", "no area"],
)
def test_what_tells_nothing_does_not_pair(compare: Any, before: Row, after: Row) -> None:
    rows = compare([before], [after]).rows
    assert (rows.added, rows.removed, rows.changed) == (1, 1, 0)


def test_a_chain_of_overlaps_pairs_until_none_is_left(compare: Any) -> None:
    """Each old box overlaps two new ones; the best pair goes first and leaves the others to the next round."""
    old = [row(n, "a", "cat", (10.0 * n, 0.0, 10.0, 10.0)) for n in range(6)]
    new = [row(n, "a", "cat", (10.0 * n + 0.5 * n, 0.0, 10.0, 10.0)) for n in range(6)]
    diff = compare(old, new)
    expected = [(n + 1, n + 1) for n in range(1, 6) if _iou(old[n][BOX], new[n][BOX]) >= 0.5]
    assert sorted(_pairs(old, new, diff)) == expected
    assert diff.rows.unchanged == 1


def test_a_rung_whose_field_a_side_lacks_is_passed_over(make: Any) -> None:
    old = make.rows({"image": "string", "box": "list<number>"}, [["a", list(SQUARE)], ["b", None]])
    new = make.rows({"image": "string", "label": "string"}, [["a", "x"], ["b", "y"]])
    ladder = (Rung(fields=("image", "box")), Rung(fields=("image",), boxes="box"), Rung(fields=("image",)))
    diff = diff_tables("d", "d", old, new, DiffRequest(identity=ladder))
    assert diff.key_evidence == "rows paired by whole row 2"
    assert diff.rows.added == diff.rows.removed == 0


def test_rows_of_a_renamed_class_pair_by_class_too(compare: Any) -> None:
    """The first pair shows that cat is called feline now; the second was redrawn, too far to overlap."""
    far = (90.0, 0.0, 10.0, 10.0)
    old = [row(1, "a", "cat", SQUARE, 1.0), row(2, "b", "cat", SQUARE, 7.0), row(3, "b", "dog", SQUARE, 9.0)]
    new = [row(1, "a", "feline", SQUARE, 1.0), row(2, "b", "feline", far, 7.0), row(3, "b", "dog", far, 9.0)]
    diff = compare(old, new)
    assert (diff.rows.added, diff.rows.removed, diff.rows.changed) == (0, 0, 3)
    assert diff.key_evidence == "rows paired by image, box 1; image, label, area 2"
    # Where the old class still has rows, or the new one had some, nothing was renamed.
    for more in (row(8, "z", "cat", None, 3.0), row(8, "z", "feline", None, 3.0)):
        rows = compare([*old, more], [*new, more]).rows
        assert (rows.added, rows.removed, rows.changed) == (1, 1, 2)


def test_of_several_equal_rows_the_order_of_ids_pairs_not_that_of_rows(compare: Any) -> None:
    old = [row(n, "a", "cat", (100.0 * n, 0.0, 10.0, 10.0), 7.0) for n in (1, 2, 3)]
    new = [row(10 * n, "a", "cat", (100.0 * n, 900.0, 10.0, 10.0), 7.0) for n in (1, 2, 3)]
    for left, right in itertools.product(itertools.permutations(old), itertools.permutations(new)):
        changes = compare(left, right).changes.rows()
        assert {(left[change.old_position - 1][0], change.key["id"]) for change in changes} == {
            (1, 10),
            (2, 20),
            (3, 30),
        }


def test_a_given_key_goes_before_identity(compare: Any) -> None:
    request = DiffRequest(key=("id",), identity=LADDER, surrogates=())
    diff = compare([row(1, "a", "cat", SQUARE)], [row(1, "b", "dog", SQUARE)], request)
    assert diff.key_source == "given"
    assert diff.changed_cells == {"image": 1, "label": 1}


def test_rows_that_changed_are_not_among_those_that_only_have_another_id(compare: Any) -> None:
    old = [row(1, "a", "cat", SQUARE), row(2, "b", "cat", SQUARE), row(3, "c", "cat", SQUARE)]
    new = [row(11, "a", "cat", SQUARE), row(12, "b", "dog", SQUARE), row(3, "c", "cat", SQUARE)]
    diff = compare(old, new)
    assert [(item.rule, item.count, item.level) for item in diff.findings] == [("renumbered", 1, "info")]
    assert diff.changed_cells == {"label": 1}


def test_a_side_that_lacks_the_table_shows_the_key_that_people_know(make: Any) -> None:
    table = make.rows(TYPES, [[1, "a", "cat", list(SQUARE), 1.0]])
    diff = diff_tables("d", "d", None, table, REQUEST)
    assert (diff.key, diff.key_source) == (("image", "id"), "format")
    (change,) = diff.changes.rows()
    assert change.key == {"image": "a", "id": 1}


@pytest.mark.parametrize(("iou", "changed", "hidden"), [(0.8, 0, {"box": 1, "area": 1}), (0.81, 1, {}), (None, 1, {})])
def test_boxes_that_overlap_enough_are_equal_and_counted_apart(
    compare: Any, iou: float | None, changed: int, hidden: Any
) -> None:
    old, new = [row(1, "a", "cat", SQUARE, 100.0)], [row(1, "a", "cat", (0.0, 0.0, 10.0, 8.0), 80.0)]
    assert _iou(old[0][BOX], new[0][BOX]) == 0.8
    diff = compare(old, new, DiffRequest(identity=LADDER, surrogates=("id",), iou=iou))
    assert diff.rows.changed == changed
    found = {item.message.partition(":")[0]: item.count for item in diff.findings if item.rule == "boxes-overlap"}
    assert found == hidden
