"""So many reviewers for the rows of a split, asked of every operation that corrects rows from a file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from operations_bench import ROWS, STATE, Bench, make_table

from dsv.errors import MigrationError, SchemaError
from dsv.operations.base import Operation
from dsv.operations.relabel import Relabel
from dsv.operations.set_values import SetValues
from dsv.operations.split_class import SplitClass

FILE = "m0001_review.csv"
# Row 2 is in the split test, rows 1 and 3 are in train, row 4 is in none.
BUS = [ROWS[0], {**ROWS[1], "class": "car"}, *ROWS[2:]]


def operations(**reviewers: int) -> list[Operation]:
    wanted = {{"every": "*"}.get(name, name): number for name, number in reviewers.items()}
    return [
        Relabel(file=FILE, reviewers=wanted),
        SetValues(file=FILE, fields=("class",), reviewers=wanted),
        SplitClass(source="car", into=("no2",), file=FILE, rest="keep", reviewers=wanted),
    ]


def lines(*signed: tuple[int, str]) -> str:
    """A file for all three operations: each of the rows 1 and 2 is a car, and stays one."""
    return "id,old,new,old_class,class,reviewer,Reviewer_2\n" + "".join(
        f"{row},car,car,car,car,{people}\n" for row, people in signed
    )


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize(
    ("wanted", "text", "message"),
    [
        ({"test": 2}, lines((1, ","), (2, "ana,bo")), None),
        ({"test": 2}, lines((1, ","), (2, "ana;bo,")), None),
        ({"test": 2}, lines((2, '"ana, Bo",ana')), None),
        ({"test": 2}, lines((2, "ana,")), "1 row of test signed by fewer than 2 reviewers: line 2: id=2 ana"),
        ({"test": 2}, lines((2, "ana, ANA ")), "1 row of test signed by fewer than 2 reviewers: line 2: id=2 ana"),
        ({"test": 2}, lines((2, "ana,;")), "1 row of test signed by fewer than 2 reviewers: line 2: id=2 ana"),
        (
            {"test": 2, "every": 1},
            lines((1, ","), (2, "ana,bo")),
            "1 row signed by fewer than 1 reviewer: line 2: id=1",
        ),
        ({"every": 1}, lines((1, "ana,"), (2, ",bo")), None),
        ({"tset": 2}, lines((1, ",")), "no row is in the split 'tset'"),
    ],
)
def test_rows_are_signed(bench: Bench, place: int, wanted: dict[str, int], text: str, message: str | None) -> None:
    operation = operations(**wanted)[place]
    if message is None:
        told = bench.run(operation, BUS, files={FILE: text}).guards
        assert sum("signed by" in line for line in told) == len(wanted)
        return
    with pytest.raises(MigrationError) as caught:
        bench.run(operation, BUS, files={FILE: text})
    assert caught.value.message == message


def test_names_may_be_lists(bench: Bench) -> None:
    text = '{"id": 2, "old": "bus", "new": "no", "reviewers": ["ana", "bo"]}\n'
    operation = Relabel(file="r.jsonl", reviewers={"test": 2})
    assert bench.rows(operation, files={"r.jsonl": text})[1]["class"] == "no"
    with pytest.raises(MigrationError, match="of test signed by fewer than 3 reviewers"):
        bench.run(replace(operation, reviewers={"test": 3}), files={"r.jsonl": text})


def test_a_file_without_reviewers_is_told_where_they_go(bench: Bench) -> None:
    with pytest.raises(MigrationError) as caught:
        bench.run(Relabel(file=FILE, reviewers={"test": 1}), files={FILE: "id,old,new,by\n2,bus,no,ana\n"})
    assert (caught.value.where, "`reviewer`" in caught.value.hint) == (f"{FILE}:2", True)


def test_in_a_replay_nobody_is_asked_for(bench: Bench) -> None:
    inputs = replace(bench.inputs({FILE: "id,old,new\n2,bus,no\n"}), guarded=False)
    outcome = Relabel(file=FILE, reviewers={"test": 2}).forward(STATE, make_table(bench.engine, ROWS), inputs)
    assert outcome.guards == ()


@pytest.mark.parametrize(
    ("state", "wanted", "message"),
    [
        (STATE, {"test": 0}, "0 is no number of reviewers"),
        (replace(STATE, split=None), {"test": 1}, "`reviewers:` names splits, and the dataset has no split field"),
    ],
)
def test_refused(bench: Bench, state: Any, wanted: dict[str, int], message: str) -> None:
    for operation in operations(**wanted):
        with pytest.raises(SchemaError, match=message):
            operation.forward_schema(state, bench.inputs())
    Relabel(file=FILE, reviewers={"*": 1}).forward_schema(state, bench.inputs())


def test_a_condition_is_signed_by_nobody(bench: Bench) -> None:
    operation = SplitClass(source="car", into=("van",), where="true", reviewers={"test": 2})
    with pytest.raises(SchemaError, match="`reviewers:` go with `file:`"):
        operation.forward_schema(STATE, bench.inputs())
