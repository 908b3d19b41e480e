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
SCALARS = {"BIGINT": ["NULL", "0", "1"], "DOUBLE": ["NULL", "0.0", f"{NAN}"], "VARCHAR": ["NULL", "''", "'a'"]}


def lists(kind: str, items: list[str], longest: int) -> list[str]:
    """All lists of at most so many items, and none."""
    every = (some for length in range(longest + 1) for some in itertools.product(items, repeat=length))
    return ["NULL", *(f"CAST([{', '.join(some)}] AS {kind}[])" for some in every)]


def structs(kind: str, items: list[str]) -> list[str]:
    """All structs of two members that hold these, and none."""
    every = (f"CAST({{'a': {one}, 'b': {other}}} AS {kind})" for one in items for other in items)
    return ["NULL", *every]


def exhaustive(scalar: str) -> Iterator[tuple[str, list[str]]]:
    """Types that nest up to three deep, each with all its small values."""
    values = SCALARS[scalar]
    pair = f"STRUCT(a {scalar}, b {scalar})"
    of_lists = f"STRUCT(a {scalar}[], b {scalar}[])"
    yield f"{scalar}[]", lists(scalar, values, 3)
    yield f"{scalar}[][]", lists(f"{scalar}[]", lists(scalar, values, 2), 2)
    yield f"{scalar}[][]", lists(f"{scalar}[]", lists(scalar, values[1:], 1), 3)
    yield f"{scalar}[][][]", lists(f"{scalar}[][]", lists(f"{scalar}[]", lists(scalar, values[:2], 1), 2), 2)
    yield f"{pair}[]", lists(pair, structs(pair, values), 2)
    yield of_lists, structs(of_lists, lists(scalar, values, 2))
    yield f"{of_lists}[]", lists(of_lists, structs(of_lists, lists(scalar, values[:2], 1)), 2)
    yield f"STRUCT(a {pair}, b {pair})", structs(f"STRUCT(a {pair}, b {pair})", structs(pair, values))


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


@pytest.mark.parametrize("scalar", SCALARS)
def test_all_small_values(engine: Engine, scalar: str) -> None:
    """A hash for each of them; those that differ in what cancels out in the engine's own hash are among them."""
    for kind, values in exhaustive(scalar):
        table = engine.fresh("small")
        engine.execute(f"CREATE TABLE {table} (x {kind})")
        engine.execute(f"INSERT INTO {table} VALUES {', '.join(f'({value})' for value in values)}")
        hashed = row_hash([Value(sql="x", nested=True, kind=engine.columns(table)["x"])])
        distinct, hashes = engine.rows(
            f"SELECT (SELECT count(*) FROM (SELECT DISTINCT x FROM {table})), count(DISTINCT {hashed}) FROM {table}"
        )[0]
        assert (kind, hashes, distinct) == (kind, len(values), len(values))


@pytest.mark.parametrize("x", [1, 640])
def test_what_stands_in_two_places_does_not_cancel_out(engine: Engine, x: int) -> None:
    """A polygon's first corner moves: both lists begin with it."""
    polygons = [f"CAST([[{first}], [{first}, 7]] AS DOUBLE[][])" for first in (x, x + 1)]
    table = f"(VALUES ({polygons[0]}), ({polygons[1]})) AS held(x)"
    hashed = row_hash([Value(sql="x", nested=True, kind=engine.columns(f"(SELECT x FROM {table})")["x"])])
    assert engine.value(f"SELECT count(DISTINCT {hashed}) FROM {table}") == 2


def test_values_of_two_fields_do_not_run_together(engine: Engine) -> None:
    lists = ["NULL", "[]", "[NULL]", "[0]", "[1]", "[1, 2]", "[1, 2, 3]", "[2, 3]", "[3]"]
    pairs = list(itertools.product(lists, lists))
    listed = ", ".join(f"(CAST({one} AS BIGINT[]), CAST({other} AS BIGINT[]))" for one, other in pairs)
    table = f"(VALUES {listed}) AS held(x, y)"
    kinds = engine.columns(f"(SELECT x, y FROM {table})")
    hashed = row_hash([Value(sql=name, nested=True, kind=kinds[name]) for name in ("x", "y")])
    assert engine.value(f"SELECT count(DISTINCT {hashed}) FROM {table}") == len(pairs) == math.prod([len(lists)] * 2)
