"""The row hash tells apart exactly what SQL tells apart."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import pytest

from dsv.diff.hashing import Value, row_hash
from dsv.tables.duckdb import Engine

NAN = "CAST('nan' AS DOUBLE)"
NUMBERS = ["NULL", "[]", "[NULL]", "[NULL, NULL]", "[0]", "[0, 0]", "[-0.0]", "[1, 2]", "[2, 1]", "[3]", f"[{NAN}]"]
LISTS = [
    "NULL",
    "[]",
    "[NULL]",
    "[[]]",
    "[[NULL]]",
    "[[], []]",
    "[[0]]",
    "[[0, 0]]",
    "[[0], [0]]",
    "[[1, 2], [3]]",
    "[[1], [2, 3]]",
    "[[1, 2, 3]]",
    "[[1, 2, 3], []]",
    "[NULL, [1]]",
    "[[1], NULL]",
]
STRUCTS = [
    "NULL",
    "{'a': NULL, 'b': NULL}",
    "{'a': NULL, 'b': []}",
    "{'a': NULL, 'b': [NULL]}",
    "{'a': 0, 'b': NULL}",
    "{'a': 0, 'b': [0]}",
    "{'a': 0, 'b': [0, 0]}",
    "{'a': 1, 'b': [2, 3]}",
    "{'a': 2, 'b': [1, 3]}",
]
OBJECTS = [
    "NULL",
    "[]",
    *(f"[{one}]" for one in STRUCTS),
    *(f"[{one}, {other}]" for one in STRUCTS[:6] for other in STRUCTS[:6]),
]
KINDS = {
    "DOUBLE[]": NUMBERS,
    "DOUBLE[][]": LISTS,
    "STRUCT(a BIGINT, b BIGINT[])": STRUCTS,
    "STRUCT(a BIGINT, b BIGINT[])[]": OBJECTS,
    "STRUCT(a STRUCT(c DOUBLE))": ["NULL", "{'a': NULL}", "{'a': {'c': NULL}}", "{'a': {'c': 0.0}}"],
    "MAP(VARCHAR, BIGINT)": ["NULL", "MAP {}", "MAP {'a': NULL}", "MAP {'a': 1}", "MAP {'b': 1}"],
    "DOUBLE[2]": ["NULL", "[NULL, NULL]", "[0.0, 0.0]", "[1.0, 2.0]", "[2.0, 1.0]"],
}


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine() as opened:
        yield opened


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("known", [True, False])
def test_nested_values(engine: Engine, kind: str, known: bool) -> None:
    """All pairs of values, with the type known and by sort keys."""
    values = KINDS[kind]
    listed = ", ".join(f"({number}, CAST({value} AS {kind}))" for number, value in enumerate(values))
    table = f"(VALUES {listed}) AS held(n, x)"
    native = engine.columns(f"(SELECT x FROM {table})")["x"]
    hashed = row_hash([Value(sql="x", nested=True, kind=native if known else None)])
    found = dict(engine.rows(f"SELECT n, {hashed} FROM {table}"))
    same = engine.rows(
        f"SELECT l.n, r.n, l.x IS NOT DISTINCT FROM r.x FROM {table.replace('held', 'l')}, {table.replace('held', 'r')}"
    )
    assert len(same) == len(values) ** 2
    assert [(a, b) for a, b, equal in same if equal != (found[a] == found[b])] == []


def test_values_of_two_fields_do_not_run_together(engine: Engine) -> None:
    lists = ["NULL", "[]", "[NULL]", "[0]", "[1]", "[1, 2]", "[1, 2, 3]", "[2, 3]", "[3]"]
    pairs = list(itertools.product(lists, lists))
    listed = ", ".join(f"(CAST({one} AS BIGINT[]), CAST({other} AS BIGINT[]))" for one, other in pairs)
    table = f"(VALUES {listed}) AS held(x, y)"
    kinds = engine.columns(f"(SELECT x, y FROM {table})")
    hashed = row_hash([Value(sql=name, nested=True, kind=kinds[name]) for name in ("x", "y")])
    assert engine.value(f"SELECT count(DISTINCT {hashed}) FROM {table}") == len(pairs) == math.prod([len(lists)] * 2)
