"""Conditions reach the fields of a row and nothing else."""

from __future__ import annotations

import pytest

from dsv.errors import SchemaError, UsageError
from dsv.tables.duckdb import Engine
from dsv.tables.where import condition

NAMES = ("score", "class", "a b", "tags")


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("score < 0.5", 1),
        ("class in ('car', 'bus') or score is null", 2),
        ("\"a b\" like '%x%'", 1),
        ("list_contains(tags, 'night')", 1),
        ("score::integer = 1", 1),
        ("len(list_filter(tags, lambda t: t <> 'day')) > 0", 1),
        ("score > 0 -- a comment", 2),
    ],
)
def test_conditions_select_rows(text: str, rows: int) -> None:
    with Engine() as engine:
        engine.execute(
            "CREATE TABLE t AS SELECT * FROM (VALUES (0.25, 'car', 'x', ['night']), (0.75, 'bike', 'y', ['day']), "
            "(NULL, 'bus', 'z', NULL)) v(score, class, \"a b\", tags)"
        )
        assert engine.value(f"SELECT count(*) FROM t WHERE {condition(engine, text, NAMES)}") == rows


@pytest.mark.parametrize(
    "text",
    [
        "(select 1) = 1",
        "exists (select 1)",
        "getenv('HOME') = 'x'",
        "read_text('/etc/passwd') = 'x'",
        "current_setting('threads') = '2'",
        "score = $1",
        "row_number() over () = 1",
        "sum(score) > 1",
        "score = 1; drop table t",
        "score = 1) union select (1",
        "true) from read_csv('/etc/passwd') where (true",
        "",
        "score <",
        "random() < 0.5",
        "main.getenv('x') = 'y'",
        "columns(*) = 1",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with Engine() as engine, pytest.raises((UsageError, SchemaError)):
        condition(engine, text, NAMES)


def test_a_misspelt_field_has_a_neighbour() -> None:
    with Engine() as engine, pytest.raises(SchemaError) as caught:
        condition(engine, "scroe < 1", NAMES)
    assert "score" in str(caught.value.hint)
