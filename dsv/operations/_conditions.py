"""SQL conditions of documents, over the rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dsv.errors import MigrationError
from dsv.operations import _references
from dsv.tables import where as conditions
from dsv.tables.table import Table


def checked(table: Table, where: str) -> str:
    """SQL that is true or false for every row `t` of a typed table; a missing answer is false.

    Raises: UsageError, SchemaError: as `conditions.condition`. MigrationError: it is no condition.
    """
    import duckdb

    sql = conditions.condition(table.engine, where, table.schema.names)
    try:
        kind = table.engine.rows(f"DESCRIBE SELECT ({sql}) FROM {table.relation} AS t")[0][1]
    except duckdb.Error as error:
        raise unusable(where, error) from error
    if kind != "BOOLEAN":
        raise MigrationError("this is no condition: it is neither true nor false", where=_references.shown(where))
    return f"coalesce(({sql}), false)"


def counts(table: Table, tests: Sequence[str], where: str) -> list[int]:
    """How many rows `t` meet each of some SQL tests, which `where` is part of.

    Raises: MigrationError: a cell has a value for which `where` cannot be told.
    """
    import duckdb

    columns = ", ".join(f"count(*) FILTER (WHERE {test})" for test in tests)
    try:
        found: tuple[Any, ...] = table.engine.rows(f"SELECT {columns} FROM {table.relation} AS t")[0]
    except duckdb.Error as error:
        raise unusable(where, error) from error
    return list(map(int, found))


def unusable(where: str, error: Exception) -> MigrationError:
    """The error for a condition that the engine cannot evaluate."""
    reason = str(error).splitlines()[0]
    return MigrationError(f"the condition cannot be evaluated: {reason}", where=_references.shown(where))
