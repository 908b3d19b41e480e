"""Rows that stop an operation: counted, and the first ten of them named."""

from __future__ import annotations

from collections.abc import Sequence

from dsv.errors import MigrationError
from dsv.operations._rows import column
from dsv.tables.duckdb import literal
from dsv.tables.table import POSITION, Table

SHOWN_ROWS = 10


def refuse(
    table: Table,
    key: Sequence[str],
    test: str,
    problem: str,
    *,
    where: str | None,
    hint: str | None = None,
    cell: str | None = None,
    join: str = "",
) -> None:
    """Stop if rows `t` of a typed table meet an SQL test; `cell` is what each is shown with.

    Raises: MigrationError: `problem` with the number of rows, and the first ten.
    """
    relation = f"{table.relation} AS t {join} WHERE {test}"
    total = table.engine.value(f"SELECT count(*) FROM {relation}")
    if not total:
        return
    text = key_text(key) if cell is None else f"{key_text(key)} || ' ' || {shown(cell)}"
    first = table.engine.rows(f"SELECT {text} FROM {relation} ORDER BY t.{POSITION} LIMIT {SHOWN_ROWS}")
    raise MigrationError(message(total, problem, [row for (row,) in first]), where=where, hint=hint)


def message(total: int, problem: str, first: Sequence[str], *, noun: str = "row") -> str:
    """What is wrong with so many rows, of which the first are named."""
    more = f"; and {total - len(first)} more" if total > len(first) else ""
    return f"{f'1 {noun}' if total == 1 else f'{total} {noun}s'} {problem}: {'; '.join(first)}{more}"


def key_text(key: Sequence[str]) -> str:
    """SQL for what tells the row `t` apart, as people read it: its key, or else its place."""
    if not key:
        return f"'row ' || t.{POSITION}"
    return " || ' ' || ".join(f"{literal(name + '=')} || {shown(column(name))}" for name in key)


def shown(value: str) -> str:
    """SQL for a value as people read it."""
    return f"coalesce(CAST({value} AS VARCHAR), '(missing)')"
