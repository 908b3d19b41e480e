"""SQL that rewrites rows: a SELECT over a table's relation, every field a value of its type."""

from __future__ import annotations

from collections.abc import Mapping

from dsv.model.schema import Schema
from dsv.tables.duckdb import identifier
from dsv.tables.table import POSITION, Lineage, Table


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
    typed = table.typed_table()
    relation = f"SELECT {', '.join(columns)} FROM {typed.relation} AS t {join}".rstrip()
    if where is not None:
        relation += f" WHERE {where}"
    relation = f"({relation})"
    made = _lineage(typed, relation, schema, cells, fewer=where is not None or bool(join))
    return Table(engine=table.engine, relation=relation, schema=schema, made=made)


def _lineage(table: Table, relation: str, schema: Schema, cells: Mapping[str, str], *, fewer: bool) -> Lineage:
    """What the rewritten rows keep of those that the table itself was made of."""
    before = table.lineage
    sources = {column(name): origin for name, origin in before.kept.items()}
    taken = {name: sources.get(cells.get(name, column(name))) for name in schema.names}
    kept = {name: origin for name, origin in taken.items() if origin is not None}
    return Lineage(relation=relation, root=before.root, kept=kept, fewer=before.fewer or fewer)


def column(name: str) -> str:
    """SQL for a field of the row `t`."""
    return f"t.{identifier(name)}"
