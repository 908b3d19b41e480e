"""What a document pins is what the step must come to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dsv.errors import BrokenPin, DocumentError
from dsv.migrations import expect
from dsv.migrations.document import read
from dsv.model.migration import Expectation, PlanStep

ROWS = "id,class,split,size\na,bike,train,1\nb,bike,train,2\nc,no,val,3\nd,bus,test,4\n"


def step(adopt: Any) -> PlanStep:
    bench = adopt(ROWS, split="split")
    bench.add(
        {"op": "rename_class", "from": "bike", "to": "bicycle"},
        {"op": "drop_rows", "where": "class = 'no'"},
    )
    (found,) = bench.plan().steps
    return found  # type: ignore[no-any-return]


def test_a_pin_has_the_rows_the_cells_and_the_classes_that_change(adopt: Any) -> None:
    assert expect.pinned(step(adopt)) == Expectation(
        rows=3,
        rows_added=0,
        rows_removed=1,
        rows_changed=2,
        cells={"class": 2},
        classes={"class": {"bicycle": 2, "bike": 0, "no": 0}},
        splits={"val": 0},
    )


def test_what_was_pinned_holds_and_is_read_back_with_every_comment(adopt: Any) -> None:
    found = step(adopt)
    text = "# ours\ndsv: 1\nid: m0001_step\nafter: m0000_base\ntitle: t  # theirs\noperations:\n- op: rename_class\n"
    text += "  from: bike\n  to: bicycle\n# the end\n"
    pinned = expect.pin(text, expect.pinned(found), "m0001_step.yaml")
    assert pinned.startswith("# ours\n") and "t  # theirs" in pinned and "# the end" in pinned
    migration = read(pinned, "migrations/signs/m0001_step.yaml", None)
    assert migration.expect == expect.pinned(found)
    assert migration.digest == read(text, "migrations/signs/m0001_step.yaml", None).digest
    expect.check(replace(found, migration=migration))
    assert expect.pin(pinned, expect.pinned(found), "m0001_step.yaml") == pinned


@pytest.mark.parametrize(
    ("pin", "told"),
    [
        ({"rows": 4}, "rows: pinned 4, would be 3"),
        ({"rows_added": 1}, "rows_added: pinned 1, would be 0"),
        ({"rows_removed": 1_200}, "rows_removed: pinned 1,200, would be 1"),
        ({"rows_changed": 0}, "rows_changed: pinned 0, would be 2"),
        ({"cells": {"class": 1}}, "cells.class: pinned 1, would be 2"),
        ({"cells": {}}, "cells.class: pinned 0, would be 2"),
        ({"cells": {"class": 2, "size": 1}}, "cells.size: pinned 1, would be 0"),
        ({"classes": {"class": {"bike": 2}}}, "classes.class.bike: pinned 2, would be 0"),
        ({"splits": {"val": 1}}, "splits.val: pinned 1, would be 0"),
    ],
)
def test_what_differs_is_listed(adopt: Any, pin: dict[str, Any], told: str) -> None:
    found = step(adopt)
    pinned = replace(found, migration=replace(found.migration, expect=Expectation(**pin), lines={"expect": 7}))
    with pytest.raises(BrokenPin) as raised:
        expect.check(pinned)
    assert raised.value.where == f"migrations/signs/m0001_step.yaml:7\n{told}"
    assert raised.value.hint is not None and "dsv migrate plan m0001_step --pin" in raised.value.hint


def test_what_is_not_pinned_is_free(adopt: Any) -> None:
    found = step(adopt)
    partly = Expectation(rows_removed=1, classes={"class": {"bus": 1}})
    expect.check(replace(found, migration=replace(found.migration, expect=partly)))
    expect.check(found)


HEAD = "dsv: 1\nid: m0001_a\nafter: m0000_base\ntitle: t\noperations:\n- op: drop_field\n  name: x\n"


def document(more: str) -> Any:
    return read(HEAD + more, "migrations/signs/m0001_a.yaml", None)


@pytest.mark.parametrize(
    ("more", "line", "words"),
    [
        ("expect:\n  row: 3\n", 9, "unknown key 'row'"),
        ("expect:\n  cells: {class: many}\n", 9, "must be an integer"),
        ("tests:\n- given: {id: a}\n", 9, "needs `expect:` or `counts:`"),
        ("tests:\n- given: []\n  expect: unchanged\n", 9, "'given' is a row"),
        ("tests:\n- given: {id: a}\n  expect: gone\n", 10, "unchanged or removed"),
        ("tests:\n- given: {id: a}\n  expect: unchanged\n  count: 3\n", 11, "unknown key 'count'"),
    ],
)
def test_a_wrong_pin_or_test_is_told_with_its_line(more: str, line: int, words: str) -> None:
    with pytest.raises(DocumentError) as raised:
        document(more)
    assert raised.value.where == f"migrations/signs/m0001_a.yaml:{line}"
    assert words in raised.value.message


def test_tests_are_rows_and_what_becomes_of_them() -> None:
    migration = document(
        "tests:\n- given: {id: a}\n  expect: unchanged\n- name: gone\n  given: [{id: b}, {id: c}]\n  expect: removed\n"
        "- given: {id: d}\n  expect: {id: d, x: 1}\n  counts: {rows: 1}\n"
    )
    same, gone, other = migration.tests
    assert (same.given, same.expect, same.unchanged, same.line) == (({"id": "a"},), None, True, 9)
    assert (gone.name, gone.given, gone.expect, gone.counts) == ("gone", ({"id": "b"}, {"id": "c"}), (), None)
    assert other.expect == ({"id": "d", "x": 1},) and other.counts == Expectation(rows=1)
    assert migration.place("after") == "migrations/signs/m0001_a.yaml:3"
    assert migration.place("operations[0]") == "migrations/signs/m0001_a.yaml:6"
