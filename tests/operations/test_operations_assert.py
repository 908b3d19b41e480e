from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from operations_bench import ROWS, STATE, Bench, Example, Make, make_table, read_table

from dsv import registry
from dsv.errors import DsvError, MigrationError
from dsv.model.migration import Effect

Assert = registry.get("operations", "assert")

EXAMPLES: list[Make] = [
    lambda rows: Example(Assert(every="id > 0")),
    lambda rows: Example(Assert(every="id < 1000", where="split = 'test'", at_least=1)),
    lambda rows: Example(Assert(at_least=len(ROWS))),
]


def test_what_holds_changes_nothing_and_is_told(bench: Bench) -> None:
    operation = Assert(every="score IS NULL OR score <= ${most}", where="split = 'train'", at_least=2, at_most=99)
    assert operation.parameters() == ("most",)
    assert bench.rows(operation, most=0.5) == ROWS
    assert bench.run(operation, most=0.5).guards == (
        "every row where split = 'train': score IS NULL OR score <= 0.5",
        "at least 2 and at most 99 rows where split = 'train'",
    )


def test_rows_for_which_it_does_not_hold_are_listed(bench: Bench) -> None:
    with pytest.raises(MigrationError) as caught:
        bench.run(Assert(every="score > 0.1", why="scores are calibrated"))
    low = [row["id"] for row in ROWS if row["score"] is None or row["score"] <= 0.1]
    listed = "; ".join(f"id={place}" for place in low)
    assert caught.value.message == f"{len(low)} rows for which it is not true: {listed}"
    assert (caught.value.where, caught.value.hint) == ("score > 0.1", "scores are calibrated")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"at_least": 3}, "there are 2 rows, not at least 3 as asserted"),
        ({"at_most": 1}, "there are 2 rows, not at most 1 as asserted"),
        ({"at_least": 3, "at_most": 3}, "there are 2 rows, not 3 as asserted"),
        ({"at_least": 3, "at_most": 9}, "there are 2 rows, not at least 3 and at most 9 as asserted"),
    ],
)
def test_numbers_of_rows(bench: Bench, options: Mapping[str, int], message: str) -> None:
    with pytest.raises(MigrationError) as caught:
        bench.run(Assert(where="class = 'no'", **options))
    assert (caught.value.message, caught.value.where) == (message, "class = 'no'")
    assert bench.rows(Assert(where="class = 'no'", at_least=2, at_most=2)) == ROWS
    with pytest.raises(MigrationError, match=f"there are {len(ROWS)} rows, not at most 0 as asserted"):
        bench.run(Assert(at_most=0))


def test_in_a_replay_nothing_is_asserted(bench: Bench) -> None:
    inputs = replace(bench.inputs(), guarded=False)
    outcome = Assert(every="false").forward(STATE, make_table(bench.engine, ROWS), inputs)
    assert read_table(outcome.table) == ROWS and outcome.guards == ()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "there is nothing to check"),
        ({"where": "true"}, "there is nothing to check"),
        ({"at_least": 3, "at_most": 2}, "no number is at least 3 and at most 2"),
        ({"every": "scor > 1"}, "there is no field 'scor'"),
        ({"every": "score"}, "this is no condition: it is neither true nor false"),
        ({"every": "CAST(class AS INTEGER) = 1"}, "the condition cannot be evaluated: "),
        ({"every": "true", "where": "count(*) > 1"}, "a condition cannot use the function"),
    ],
)
def test_refused(bench: Bench, options: Mapping[str, Any], message: str) -> None:
    with pytest.raises(DsvError) as caught:
        bench.run(Assert(**options))
    assert caught.value.message.startswith(message)


def test_words() -> None:
    operation = Assert(every="len(tags) = 1", where="split = 'test'")
    assert operation.describe(STATE) == "assert every row where split = 'test': len(tags) = 1"
    assert Assert(at_least=5, at_most=5).describe(STATE) == "assert 5 rows"
    assert operation.effect(STATE) == Effect()
    assert operation.inverse(STATE) == operation
