from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from operations_bench import ROWS, STATE, Bench, Example, Make, read_table

from dsv.errors import DsvError, MigrationError, SchemaError
from dsv.model.migration import Effect
from dsv.model.schema import Field
from dsv.operations.base import REASON
from dsv.operations.drop_rows import DropRows
from dsv.tables.table import POSITION

EXAMPLES: list[Make] = [
    lambda rows: Example(DropRows(where="score < 0.3")),
    lambda rows: Example(DropRows(where="class IN ('no', 'a.b') OR score IS NULL", mode="delete")),
    lambda rows: Example(DropRows(where="id > 2", protect=("test",))),
]


def ids(rows: list[dict[str, Any]]) -> list[int]:
    return [row["id"] for row in rows]


def test_rows_are_set_aside_and_stay_readable(bench: Bench) -> None:
    outcome = bench.run(DropRows(where="score < 0.3"))
    low = [row for row in ROWS if row["score"] is not None and row["score"] < 0.3]
    assert read_table(outcome.table) == [row for row in ROWS if row not in low]
    quarantine = outcome.quarantine
    assert quarantine.schema.fields == (
        *STATE.schema.fields,
        Field(name=REASON, type="string", nullable=False),
    )
    reason = {REASON: "drop_rows: score < 0.3"}
    positions = [ROWS.index(row) + 1 for row in low]
    assert read_table(quarantine, positions=True) == [
        {**row, **reason, POSITION: position} for row, position in zip(low, positions, strict=True)
    ]


def test_delete_keeps_nothing(bench: Bench) -> None:
    outcome = bench.run(DropRows(where="class = 'no'", mode="delete"))
    assert outcome.quarantine is None
    assert ids(read_table(outcome.table)) == [row["id"] for row in ROWS if row["class"] != "no"]


def test_protected_splits_stay_and_are_told(bench: Bench) -> None:
    outcome = bench.run(DropRows(where="id <= 4", protect=("test",)))
    assert ids(read_table(outcome.table))[:2] == [2, 5]
    (finding,) = outcome.findings
    assert (finding.rule, finding.count) == ("drop-rows-protected", 1)


def test_thresholds_come_from_params(bench: Bench) -> None:
    operation = DropRows(where="score < ${low} AND class <> ${kept} AND id > ${after}")
    assert operation.parameters() == ("low", "kept", "after")
    values = {"low": 0.3, "kept": "it's", "after": -1}
    bound = operation.bind(values)
    assert bound.parameters() == ()
    assert bound.where == "score < (CAST('0.3' AS DOUBLE)) AND class <> ('it''s') AND id > (-1)"
    assert bound.describe(STATE) == "set aside rows where score < 0.3 AND class <> 'it''s' AND id > -1"
    expected = [row["id"] for row in ROWS if not (row["score"] is not None and row["score"] < 0.3)]
    assert ids(bench.rows(bound)) == ids(bench.rows(operation, **values)) == expected


def test_what_is_bound_never_becomes_sql(bench: Bench) -> None:
    operation = DropRows(where="class = ${name}", mode="delete")
    assert bench.rows(operation, name="x' OR true --") == ROWS
    bound = operation.bind({"name": "${name}"})
    assert bench.rows(bound, name="car") == ROWS


def test_references_that_cannot_be_bound() -> None:
    operation = DropRows(where="score < ${min_confidence}")
    with pytest.raises(MigrationError) as caught:
        operation.bind({"min_confidense": 1}, path="migrations.signs.m0004_prune")
    assert caught.value.message == "params.yaml has no migrations.signs.m0004_prune.min_confidence"
    assert caught.value.hint == "did you mean 'min_confidense'?"
    with pytest.raises(MigrationError, match="is not a single value"):
        operation.bind({"min_confidence": [1]})
    with pytest.raises(MigrationError, match="a reference stands inside quotes"):
        DropRows(where="class = '${name}'").bind({"name": "x"})


def test_the_expected_number_of_rows(bench: Bench) -> None:
    assert bench.run(DropRows(where="class = 'no'", expect=2)).quarantine.count() == 2
    with pytest.raises(MigrationError, match="2 rows would go, not 3 as expected"):
        bench.run(DropRows(where="class = 'no'", expect=3))


@pytest.mark.parametrize(
    ("operation", "error"),
    [
        (DropRows(where="scor < 1"), DsvError),
        (DropRows(where="score +"), DsvError),
        (DropRows(where="score + 1"), MigrationError),
        (DropRows(where="CAST(class AS INTEGER) = 1"), MigrationError),
        (DropRows(where="true", protect=("tset",)), MigrationError),
    ],
)
def test_refused(bench: Bench, operation: DropRows, error: type[DsvError]) -> None:
    with pytest.raises(error):
        bench.run(operation)


def test_protect_needs_a_split(bench: Bench) -> None:
    with pytest.raises(SchemaError, match="the dataset has no split field"):
        DropRows(where="true", protect=("test",)).forward_schema(replace(STATE, split=None), bench.inputs())


def test_words() -> None:
    operation = DropRows(where="score < 0.3", mode="delete", protect=("test",))
    assert operation.describe(STATE) == "delete rows where score < 0.3, but none of test"
    assert operation.effect(STATE) == Effect(values="removed")
