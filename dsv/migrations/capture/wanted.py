"""The rows that a captured migration must give: read from a file, with the types that the chain has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from dsv.errors import FormatError
from dsv.formats.base import Scan, scan
from dsv.migrations.capture.draft import Draft
from dsv.model.schema import Field, Schema
from dsv.model.snapshot import Snapshot
from dsv.tables.duckdb import Engine, identifier
from dsv.tables.table import POSITION, Table
from dsv.tables.types import engine_type


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """`table` holds typed rows, of the fields that the migration is to give, in the file's order.

    `left` are fields that stay as they were, whatever the file holds. `partial`: rows that the file
    lacks stay.
    """

    table: Table
    left: frozenset[str] = frozenset()
    partial: bool = False


def found(engine: Engine, snapshot: Snapshot) -> Scan:
    """The file as it is, types inferred. Raises: FormatError."""
    return scan(engine, snapshot)


def fitting(engine: Engine, snapshot: Snapshot, read: Scan, kept: Mapping[str, Field], *, own: bool) -> Schema:
    """The schema to read a file with: the chain's type for every field whose cells fit it, else the file's.

    `kept` maps fields of the file to those of the chain that they are. `own`: the file is of the
    format that the chain publishes, so that what fits is what that format reads.
    """
    fields = []
    for field in read.table.schema:
        known = kept.get(field.name)
        wished = None if known is None else Field(name=field.name, type=_free(known.type))
        if wished is not None and (wished.type == field.type or _fits(engine, snapshot, read, wished, own=own)):
            fields.append(wished)
        else:
            fields.append(Field(name=field.name, type=field.type))
    return Schema(fields=tuple(fields))


def rows(engine: Engine, snapshot: Snapshot, read: Scan, schema: Schema, *, own: bool) -> Table:
    """The rows of a file, of the types of `schema`, computed once. Raises: FormatError."""
    if own:
        options = replace(snapshot.options, schema=schema)
        again = scan(engine, replace(snapshot, options=options)).table
        if again.schema == schema:
            return again.typed_table().stored("wanted")
    cells = ", ".join(f"{_cell(read.table, item)} AS {identifier(item.name)}" for item in schema)
    relation = f"(SELECT {cells}, {POSITION} FROM {read.table.relation} AS dsv_rows)"
    return Table(engine=engine, relation=relation, schema=schema).stored("wanted")


def chosen(table: Table, names: list[str]) -> Table:
    """The table with some of its fields."""
    columns = ", ".join(map(identifier, [*names, POSITION]))
    return Table(
        engine=table.engine,
        relation=f"(SELECT {columns} FROM {table.relation} AS dsv_rows)",
        schema=Schema(fields=tuple(table.schema[name] for name in names)),
    )


def differing(draft: Draft, wanted: Wanted, names: list[str]) -> dict[str, int]:
    """Numbers of paired rows whose cells of each field differ between the draft and what is wanted."""
    if not names:
        return {}
    counts = ", ".join(f"count(*) FILTER (t.{identifier(n)} IS DISTINCT FROM w.{identifier(n)})" for n in names)
    found = draft.table.engine.rows(f"SELECT {counts} FROM {paired(draft, wanted)}")[0]
    return {name: int(count) for name, count in zip(names, found, strict=True) if count}


def paired(draft: Draft, wanted: Wanted) -> str:
    """FROM clause: each row `t` of the draft beside the row `w` that it is to be."""
    keys = draft.state.key or (POSITION,)
    on = " AND ".join(f"t.{identifier(name)} = w.{identifier(name)}" for name in keys)
    return f"{draft.table.relation} AS t JOIN {wanted.table.relation} AS w ON {on}"


def _free(type_name: str) -> str:
    return "string" if type_name == "enum" else type_name


def _fits(engine: Engine, snapshot: Snapshot, read: Scan, field: Field, *, own: bool) -> bool:
    """Say whether all cells of a field are values of another type than the file seems to have."""
    if not own:
        return _converts(read.table, field)
    fields = tuple(field if item.name == field.name else item for item in read.table.schema)
    options = replace(snapshot.options, schema=Schema(fields=fields))
    try:
        return scan(engine, replace(snapshot, options=options)).table.schema[field.name].type == field.type
    except FormatError:
        return False


def _converts(table: Table, field: Field) -> bool:
    """Say whether every value becomes one of that type, and back, without loss."""
    there = _cell(table, field)
    column = table.typed(field.name)
    own = engine_type(table.schema[field.name].type)
    lost = f"TRY_CAST({there} AS {own}) IS DISTINCT FROM {column}"
    return not table.engine.value(f"SELECT count(*) FROM {table.relation} AS dsv_rows WHERE {lost}")


def _cell(table: Table, field: Field) -> str:
    column = table.typed(field.name)
    if table.schema[field.name].type == field.type:
        return column
    return f"TRY_CAST({column} AS {engine_type(field.type)})"
