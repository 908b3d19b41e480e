"""Rows that are gone, and rows that are new."""

from __future__ import annotations

from dsv.errors import MigrationError
from dsv.migrations.capture.classes import admit, class_of
from dsv.migrations.capture.draft import Draft
from dsv.migrations.capture.wanted import Wanted
from dsv.model.schema import Field, Schema
from dsv.tables.duckdb import identifier
from dsv.tables.table import POSITION, Table


def drop(draft: Draft, wanted: Wanted) -> None:
    """Take out the rows that the wanted table lacks. Raises: MigrationError: no operation can."""
    if not draft.state.key or wanted.partial:
        return
    gone = _alone(draft, draft.table, wanted.table, list(draft.state.key))
    if gone.count():
        raise MigrationError("rows are gone, which cannot be captured")


def add(draft: Draft, wanted: Wanted) -> None:
    """Add the rows that only the wanted table has. Raises: MigrationError: no operation can."""
    if not draft.state.key:
        return
    names = [name for name in draft.state.schema.names if name in wanted.table.schema and name not in wanted.left]
    new = _alone(draft, wanted.table, draft.table, names)
    count = new.count()
    if not count:
        return
    for item in draft.state.classes:
        if item.field in names:
            admit(draft, f"SELECT {class_of(new, item.field, 'n')} AS name FROM {new.relation} AS n", item.field)
    file = draft.side_file("new rows", new, draft.state.key)
    draft.do("add_rows", f"{count:,} {'row' if count == 1 else 'rows'}", file=file)


def _alone(draft: Draft, table: Table, other: Table, names: list[str]) -> Table:
    """The rows of a table whose key the other lacks, with some of their fields."""
    listed = ", ".join(map(identifier, draft.state.key))
    columns = ", ".join(f"l.{identifier(name)}" for name in (*names, POSITION))
    relation = f"(SELECT {columns} FROM {table.relation} AS l ANTI JOIN {other.relation} AS r USING ({listed}))"
    fields = tuple(Field(name=name, type=table.schema[name].type) for name in names)
    return Table(engine=table.engine, relation=relation, schema=Schema(fields=fields))
