"""What the profiles of two tables say of labels and schema is what their rows say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsv.diff.dataset import diff_tables
from dsv.diff.profiles import diff_profiles
from dsv.diff.request import DiffRequest
from dsv.profiles.build import build

LABELS = ("kind", "tags")
law = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
cells = st.tuples(
    st.sampled_from([None, "none", "bike", "car"]),
    st.sampled_from([None, (), ("none",), ("a",), ("a", "b"), ("a", "a", None)]),
    st.sampled_from([None, "train", "test"]),
    st.sampled_from([None, 1.5, 2.0]),
)
rows = st.lists(cells, max_size=8)
fields = st.sampled_from([("score", "number"), ("score", "integer"), ("points", "number")])


def table(make: Any, drawn: Any, field: tuple[str, str]) -> Any:
    types = {"id": "integer", "kind": "string", "tags": "list<string>", "split": "string", field[0]: field[1]}
    found = [
        [number, kind, None if tags is None else list(tags), split, score if field[1] == "number" else None]
        for number, (kind, tags, split, score) in enumerate(drawn)
    ]
    return make.rows(types, found)


def profile(made: Any) -> Any:
    return build(made, key=("id",), labels=LABELS, split="split", unlabelled="none", md5="0" * 32, size_bytes=1)


@law
@given(old=rows, new=rows, before=fields, after=fields)
def test_profiles_and_rows_agree(
    shared_make: Any, old: Any, new: Any, before: tuple[str, str], after: tuple[str, str]
) -> None:
    tables = [table(shared_make, drawn, field) for drawn, field in ((old, before), (new, after))]
    request = DiffRequest(key=("id",), labels=LABELS, split="split", unlabelled="none")
    by_rows = diff_tables("d", "d.csv", tables[0], tables[1], request)
    profiles = [profile(made) for made in tables]
    assert all(made.adds_up for made in profiles)
    by_profiles = diff_profiles("d", "d.csv", *profiles)
    assert [
        (label.field, label.classes, label.unlabelled, pytest.approx(label.js_distance)) for label in by_rows.labels
    ] == [(label.field, label.classes, label.unlabelled, label.js_distance) for label in by_profiles.labels]
    # A rename is told by content, which no profile holds.
    if not any(change.change == "field_renamed" for change in by_rows.schema_changes):
        assert by_profiles.schema_changes == by_rows.schema_changes
    counts = by_profiles.rows
    assert (counts.old, counts.new) == (len(old), len(new))
    if counts.changed is not None:
        assert by_rows.rows.unchanged == len(new) == len(old)


def test_an_exploded_class_list_is_told_without_rows(shared_make: Any) -> None:
    old = table(shared_make, [(f"c{n % 4}", None, None, None) for n in range(40)], ("score", "number"))
    new = table(shared_make, [(f"other{n}", None, None, None) for n in range(40)], ("score", "number"))
    found = {item.rule: item.count for item in diff_profiles("d", "d.csv", profile(old), profile(new)).findings}
    assert found["classes-exploded"] == 40
