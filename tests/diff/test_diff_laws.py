"""Laws of the diff, for every table: none of them knows how rows are paired."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsv.diff.dataset import diff_tables
from dsv.diff.request import DiffRequest
from dsv.model.diff import DatasetDiff

TYPES = {"id": "integer", "label": "string", "score": "number", "tags": "list<string>"}
NAMES = tuple(TYPES)
Row = tuple[Any, ...]

scores = st.sampled_from([None, 0.0, -0.0, 1.5, float("nan"), float("inf"), 1e300])
texts = st.sampled_from([None, "", " ", "a", "A", "a ", "NA", "é"])
tags = st.sampled_from([None, (), (None,), ("x",), ("x", "x"), ("x", None)])
values = st.tuples(texts, scores, tags)
unique_rows = st.dictionaries(st.integers(0, 12), values, max_size=9).map(
    lambda rows: [(key, *row) for key, row in rows.items()]
)
messy_rows = st.lists(
    st.tuples(st.sampled_from([None, 1, 2, 3, 4]), values).map(lambda row: (row[0], *row[1])), max_size=9
)
any_rows = st.one_of(unique_rows, messy_rows)
REQUESTS = {
    "keyed": DiffRequest(key=("id",), labels=("label",)),
    "inferred": DiffRequest(labels=("label",)),
    "positions": DiffRequest(by_position=True, labels=("label",)),
}
requests = st.sampled_from(sorted(REQUESTS)).map(REQUESTS.__getitem__)
law = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def compare(shared_make: Any) -> Any:
    def run(old: Sequence[Row], new: Sequence[Row], request: DiffRequest) -> DatasetDiff:
        tables = [shared_make.rows(TYPES, [[*row[:3], _listed(row[3])] for row in rows]) for rows in (old, new)]
        return diff_tables("d", "d.parquet", tables[0], tables[1], request)

    return run


def _listed(value: Any) -> Any:
    return None if value is None else list(value)


def _canonical(row: Sequence[Any]) -> tuple[str, ...]:
    """A row as texts under the rules of equality: -0.0 is 0.0, NaN is NaN, all else as it is."""
    return tuple(repr(value + 0.0) if isinstance(value, float) else repr(_frozen(value)) for value in row)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _multiset(rows: Sequence[Sequence[Any]]) -> Counter[tuple[str, ...]]:
    return Counter(_canonical(row) for row in rows)


def _applied(old: Sequence[Row], diff: DatasetDiff) -> list[list[Any]]:
    """Old's rows, changed as the changeset says."""
    assert diff.changes is not None
    rows = {position: list(row) for position, row in enumerate(old, 1)}
    added = []
    for change in diff.changes.rows():
        if change.kind == "added":
            added.append([change.cells[name].new for name in NAMES])
        elif change.kind == "removed":
            gone = rows.pop(change.old_position)
            assert _canonical(gone) == _canonical([change.cells[name].old for name in NAMES])
        else:
            row = rows[change.old_position]
            for name, cell in change.cells.items():
                assert _canonical([row[NAMES.index(name)]]) == _canonical([cell.old])
                row[NAMES.index(name)] = cell.new
    return [*rows.values(), *added]


@law
@given(rows=any_rows, request_=requests)
def test_a_table_does_not_differ_from_itself(compare: Any, rows: list[Row], request_: DiffRequest) -> None:
    diff = compare(rows, rows, request_)
    keyless_rows = [row for row in rows if row[0] is None] if diff.key else []
    assert (diff.rows.added, diff.rows.removed) == (len(keyless_rows), len(keyless_rows))
    assert diff.rows.changed == 0
    assert diff.changed_cells == {}
    assert diff.schema_changes == ()
    assert not diff.formatting.reordered
    assert all(label.transitions == () and label.inferred == () for label in diff.labels)
    if not keyless_rows:
        assert diff.status == "unchanged"
        assert list(diff.changes.rows()) == []


@law
@given(old=any_rows, new=any_rows, request_=requests)
def test_old_without_removed_with_added_is_new(
    compare: Any, old: list[Row], new: list[Row], request_: DiffRequest
) -> None:
    rows = compare(old, new, request_).rows
    assert rows.old - rows.removed + rows.added == rows.new == len(new)
    assert rows.unchanged + rows.changed + rows.removed == rows.old == len(old)


@law
@given(old=any_rows, new=any_rows, request_=requests)
def test_applying_the_changes_to_old_gives_new(
    compare: Any, old: list[Row], new: list[Row], request_: DiffRequest
) -> None:
    diff = compare(old, new, request_)
    assert _multiset(_applied(old, diff)) == _multiset(new)


@law
@given(old=any_rows, new=any_rows, request_=requests)
def test_the_other_way_round_added_and_removed_swap(
    compare: Any, old: list[Row], new: list[Row], request_: DiffRequest
) -> None:
    forth, back = compare(old, new, request_), compare(new, old, request_)
    assert (forth.rows.added, forth.rows.removed) == (back.rows.removed, back.rows.added)
    assert (forth.rows.changed, forth.rows.unchanged) == (back.rows.changed, back.rows.unchanged)
    assert forth.changed_cells == back.changed_cells
    assert forth.labels[0].js_distance == pytest.approx(back.labels[0].js_distance)


@law
@given(old=any_rows, new=any_rows, seed=st.randoms(use_true_random=False))
def test_row_order_never_matters(compare: Any, old: list[Row], new: list[Row], seed: Any) -> None:
    shuffled = list(new)
    seed.shuffle(shuffled)
    request = REQUESTS["keyed"]
    one, other = compare(old, new, request), compare(old, shuffled, request)
    assert one.rows == other.rows
    assert one.changed_cells == other.changed_cells
    assert one.labels == other.labels
    assert one.duplicate_keys == other.duplicate_keys


@law
@given(old=messy_rows, new=messy_rows)
def test_duplicate_keys_pair_with_equal_rows_only(compare: Any, old: list[Row], new: list[Row]) -> None:
    """Counts against a reference that goes through the keys one by one."""
    diff = compare(old, new, REQUESTS["keyed"])
    added = removed = changed = 0
    for key in {row[0] for row in (*old, *new)}:
        left = _multiset([row for row in old if row[0] == key])
        right = _multiset([row for row in new if row[0] == key])
        if key is None:
            added, removed = added + right.total(), removed + left.total()
        elif left.total() == right.total() == 1:
            changed += left != right
        else:
            added, removed = added + (right - left).total(), removed + (left - right).total()
    assert (diff.rows.added, diff.rows.removed, diff.rows.changed) == (added, removed, changed)
    repeated = [
        sum(count for key, count in Counter(row[0] for row in rows).items() if key is not None and count > 1)
        for rows in (old, new)
    ]
    assert (diff.duplicate_keys.old, diff.duplicate_keys.new) == tuple(repeated)
    assert diff.null_keys.old == sum(row[0] is None for row in old)


@law
@given(old=messy_rows, new=messy_rows)
def test_without_a_key_a_table_is_a_multiset(compare: Any, old: list[Row], new: list[Row]) -> None:
    request = DiffRequest(ignore=("id",), labels=("label",))
    diff = compare(old, new, request)
    if diff.key:
        return
    left, right = (_multiset([row[1:] for row in rows]) for rows in (old, new))
    assert diff.rows.changed == 0
    assert (diff.rows.added, diff.rows.removed) == ((right - left).total(), (left - right).total())
    assert diff.duplicate_keys is None


@law
@given(old=unique_rows, new=unique_rows)
def test_transitions_are_the_changed_label_cells(compare: Any, old: list[Row], new: list[Row]) -> None:
    label = compare(old, new, REQUESTS["keyed"]).labels[0]
    before, after = ({row[0]: row[1] for row in rows} for rows in (old, new))
    expected = Counter((before[key], after[key]) for key in before.keys() & after.keys() if before[key] != after[key])
    assert {(item.source, item.target): item.rows for item in label.transitions} == expected
    counted = {item.name: (item.old, item.new) for item in label.classes}
    names = {row[1] for row in (*old, *new)} - {None}
    assert counted == {name: (sum(row[1] == name for row in old), sum(row[1] == name for row in new)) for name in names}
    assert (label.unlabelled.old, label.unlabelled.new) == (
        sum(row[1] is None for row in old),
        sum(row[1] is None for row in new),
    )
