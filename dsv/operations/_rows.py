"""SQL that rewrites rows: a SELECT over a table's relation, every field a value of its type."""

from __future__ import annotations

from collections.abc import Mapping

from dsv.model.schema import Schema
from dsv.tables.duckdb import identifier
from dsv.tables.table import POSITION, Table


def rewrite(
    table: Table,
    schema: Schema,
    cells: Mapping[str, str] | None = None,
    *,
    where: str | None = None,
    join: str = "",
) -> Table:
    """The rows with the fields of `schema`, in its order; positions stay.

    `cells` maps a field to the SQL of its new value; the others keep theirs. The row stands under
    the name `t` in all SQL; `where` keeps rows, and `join` follows the relation.
    """
    cells = cells or {}
    columns = [f"{cells.get(name, column(name))} AS {identifier(name)}" for name in schema.names]
    columns.append(f"t.{POSITION} AS {POSITION}")
    relation = f"SELECT {', '.join(columns)} FROM {table.typed_table().relation} AS t {join}".rstrip()
    if where is not None:
        relation += f" WHERE {where}"
    return Table(engine=table.engine, relation=f"({relation})", schema=schema)


def column(name: str) -> str:
    """SQL for a field of the row `t`."""
    return f"t.{identifier(name)}"
