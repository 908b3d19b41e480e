"""Findings of a plan: what should be known before a migration is applied."""

from __future__ import annotations

from typing import Any

import pytest

from dsv.model.finding import Finding
from dsv.operations.drop_field import DropField

ROWS = """id,class,split,text
a,bike,train,one
b,car,train,two
c,bike,test,three
d,car,test,four
"""


def found(bench: Any) -> dict[str, Finding]:
    (step,) = bench.plan().steps
    assert len({item.rule for item in step.findings}) == len(step.findings)
    return {item.rule: item for item in step.findings}


def test_rows_that_cross_into_the_evaluation_leak_and_others_do_not(adopt: Any) -> None:
    bench = adopt(ROWS, split="split")
    bench.side_file("moves.csv", "id,split,reviewer\na,test,ana\nb,val,ana\n")
    bench.add({"op": "set_values", "file": "moves.csv", "fields": ["split"]})
    leak = found(bench)["split-leak"]
    assert (leak.level, leak.count, leak.dataset) == ("warning", 1, "signs")
    assert "models have seen them" in leak.message


def test_content_that_another_split_has_leaks_by_what_is_new(adopt: Any) -> None:
    bench = adopt(ROWS + "e,bike,train,four\n", split="split")
    bench.side_file("texts.csv", "id,text,reviewer\na,three,ana\n")
    bench.add({"op": "set_values", "file": "texts.csv", "fields": ["text"]})
    leak = found(bench)["split-leak"]
    assert (
        leak.count == 1 and leak.message.startswith("2 rows are in an evaluation split") and "1 before" in leak.message
    )


def test_a_leak_that_was_there_is_not_told_again(adopt: Any) -> None:
    bench = adopt(ROWS + "e,bike,train,four\n", split="split")
    bench.side_file("texts.csv", "id,text,reviewer\na,uno,ana\n")
    bench.add({"op": "set_values", "file": "texts.csv", "fields": ["text"]})
    assert "split-leak" not in found(bench)


@pytest.mark.parametrize(
    ("side", "level", "count", "words"),
    [
        ("id,old,new\na,bike,car\n", "info", 1, "no row of fix.csv names a reviewer"),
        ("id,old,new\nc,bike,car\n", "warning", 1, "no row of fix.csv names a reviewer"),
        ("id,old,new,Reviewer\na,bike,car,ana\nb,car,bike, \n", "info", 1, "1 of 2 rows of fix.csv name no reviewer"),
        ("id,old,new,reviewer\na,bike,car,ana\nb,car,bike,bo\n", None, 0, ""),
        ("id,old,new,reviewer,reviewed_by\na,bike,car,,ana\nb,car,bike,bo,\n", None, 0, ""),
    ],
)
def test_corrections_that_nobody_signed_are_told(
    adopt: Any, side: str, level: str | None, count: int, words: str
) -> None:
    bench = adopt(ROWS, split="split")
    bench.side_file("fix.csv", side)
    bench.add({"op": "relabel", "file": "fix.csv"})
    told = found(bench).get("unreviewed")
    if level is None:
        assert told is None
    else:
        assert told is not None and (told.level, told.count) == (level, count) and words in told.message


def test_code_is_told(adopt: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = adopt(ROWS, split="split")
    bench.add({"op": "drop_field", "name": "text"})
    assert "non-deterministic" not in found(bench)
    monkeypatch.setattr(DropField, "runs_code", True)
    assert "drop_field runs code" in found(bench)["non-deterministic"].message


def test_guards_that_hold_are_told(adopt: Any) -> None:
    bench = adopt(ROWS, split="split")
    bench.side_file("fix.csv", "id,old,new,reviewer\na,bike,car,ana\nb,bike,car,bo\n")
    bench.add(
        {"op": "relabel", "file": "fix.csv"},
        {"op": "drop_rows", "where": "id = 'c'", "expect": 1},
    )
    (step,) = bench.plan().steps
    assert step.guards == (
        "the rows that fix.csv names (2) are in the dataset, once each "
        "and hold the expected (or already the new) class",
        "rows that go: 1, as `expect:` says",
    )
