"""Pairs of similar rows: found without a key, and never counted twice."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsv.diff.dataset import diff_tables
from dsv.diff.request import DiffRequest
from tests.diff.test_diff_cases import CASES, frame

TYPES = {"a": "string", "b": "integer", "c": "string"}
rows = st.lists(st.tuples(st.sampled_from("pqrs"), st.integers(0, 3), st.sampled_from("xyz")), max_size=8)
law = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def compare(old: Any, new: Any, **request: Any) -> Any:
    return diff_tables("d", "d.tsv", old, new, DiffRequest(**request))


@pytest.mark.parametrize(
    ("steps", "pairs"), [(("vA", "vB"), 2380), (("vB", "vC"), 2380), (("vC", "vD"), 3166), (("vD", "vE"), 1)]
)
def test_winomt_rows_are_found_again(make: Any, steps: tuple[str, str], pairs: int) -> None:
    names = [next(f"winomt-keyless/{step}{end}" for end in (".tsv", ".tsv.gz") if _there(step, end)) for step in steps]
    old, new = (make.case(name, header=False) for name in names)
    # Without a key that something infers: 8 rows stand twice.
    plain, found = compare(old, new), compare(old, new, similar=True)
    assert plain.key == () and plain.similar is None
    assert found.rows == plain.rows
    assert len(found.similar) == pairs == found.rows.added == found.rows.removed
    frames = [frame(name, header=False) for name in names]
    for pair in found.similar:
        before, after = frames[0].iloc[pair.old_position - 1], frames[1].iloc[pair.new_position - 1]
        differ = {name: (before[name], after[name]) for name in frames[0].columns if before[name] != after[name]}
        assert {name: (str(cell.old), str(cell.new)) for name, cell in pair.cells.items()} == differ
        assert pair.similarity == pytest.approx(1 - len(differ) / 4)
    # The files are in one order: a row is paired with the row of its own place, or with one that equals it.
    moved = [pair for pair in found.similar if pair.old_position != pair.new_position]
    assert all(frames[0].iloc[pair.old_position - 1].equals(frames[0].iloc[pair.new_position - 1]) for pair in moved)


def _there(step: str, end: str) -> bool:
    return (CASES / f"winomt-keyless/{step}{end}").is_file()


@law
@given(old=rows, new=rows)
def test_pairs_are_one_to_one_of_rows_that_share_most_cells(shared_make: Any, old: Any, new: Any) -> None:
    tables = [shared_make.rows(TYPES, side) for side in (old, new)]
    plain = compare(*tables, ignore=())
    found = compare(*tables, similar=True)
    assert found.rows == plain.rows
    places = [(pair.old_position, pair.new_position) for pair in found.similar]
    assert len({o for o, _ in places}) == len({n for _, n in places}) == len(places)
    listed = {(row.kind, row.old_position or row.new_position) for row in found.changes.rows()}
    compared = [name for name in TYPES if name not in found.key]
    for pair in found.similar:
        assert ("removed", pair.old_position) in listed and ("added", pair.new_position) in listed
        before = dict(zip(TYPES, old[pair.old_position - 1], strict=True))
        after = dict(zip(TYPES, new[pair.new_position - 1], strict=True))
        assert {name: (cell.old, cell.new) for name, cell in pair.cells.items()} == {
            name: (before[name], after[name]) for name in compared if before[name] != after[name]
        }
        assert pair.similarity == pytest.approx(1 - len(pair.cells) / len(compared))
        assert pair.similarity > 0.5


def test_rows_that_share_little_are_no_pair(make: Any) -> None:
    tables = [make.rows(TYPES, side) for side in ([["p", 1, "x"], ["p", 1, "x"]], [["p", 2, "y"], ["p", 2, "y"]])]
    assert compare(*tables, similar=True).similar == ()
