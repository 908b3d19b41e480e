"""Columns of an engine's own types become a table of dsv's: what the typed formats have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dsv.errors import FormatError
from dsv.formats._shared.infer import check_cells
from dsv.formats._shared.names import check_names, check_names_apart
from dsv.model.schema import Field, Schema
from dsv.model.snapshot import Snapshot
from dsv.tables import native
from dsv.tables.duckdb import Engine, identifier, literal
from dsv.tables.table import POSITION, Table, origin, view

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

_WIDER = {"integer": ("number",), "string": ("enum", "json"), "date": ("datetime",)}


def typed_table(
    engine: Engine,
    snapshot: Snapshot,
    found: Mapping[str, DuckDBPyType],
    source: str,
    position: str,
    offset: str | None = None,
    file: Path | None = None,
) -> Table:
    """The rows of `source` (SQL after FROM) as a table; `position` is SQL for a row's number from 1.

    `offset` is the column of `source` that counts rows from 0, if it has one; `file` the Parquet file that it is.

    Raises: FormatError: names cannot be told apart, or a column is not of its declared type.
    """
    if not found:
        raise FormatError("the table has no fields", where=snapshot.shown_path)
    check_names_apart(tuple(found), snapshot.shown_path)
    own = Schema(fields=tuple(Field(name=name, type=native.type_of(kind)) for name, kind in found.items()))
    schema = snapshot.options.schema or own
    check_names(tuple(found), schema, snapshot.shown_path)
    for field in schema:
        _check_type(field, own[field.name], snapshot)
    zoned = frozenset(name for name, kind in found.items() if native.is_zoned(kind))
    if zoned:
        # Instants become times of one zone, whatever the machine's own is.
        engine.execute("SET TimeZone = 'UTC'")
    values = [
        f"{native.value(identifier(item.name), found[item.name], item.type)} AS {identifier(item.name)}"
        for item in schema
    ]
    values.append(f"{position} AS {POSITION}")
    if offset is None:
        name = engine.fresh("scan")
        engine.execute(f"CREATE VIEW {name} AS SELECT {', '.join(values)} FROM {source}")
    else:
        name = view(engine, ", ".join(values), offset, source)
    _check_cells(engine, name, schema, lambda position: f"{snapshot.shown_path} (row {position})")
    known = None if offset is None else origin(name, file)
    return Table(engine=engine, relation=name, schema=schema, zoned_fields=zoned, origin=known)


def _check_type(declared: Field, found: Field, snapshot: Snapshot) -> None:
    if declared.type == found.type or declared.type in _WIDER.get(found.type, ()):
        return
    # A column of one type throughout: its rows need no looking at.
    raise FormatError(
        f"field {declared.name!r} is of type {found.type}, which is no {declared.type}",
        where=snapshot.shown_path,
        hint="write the file with that type, or change the type with a migration",
    )


def _check_cells(engine: Engine, relation: str, schema: Schema, locate: Callable[[int], str]) -> None:
    tests = {}
    for field in schema:
        column = identifier(field.name)
        parts = [] if field.nullable else [f"{column} IS NULL"]
        if field.values is not None:
            listed = ", ".join(literal(value) for value in field.values) or "NULL"
            parts.append(f"({column} IS NOT NULL AND ({column} IN ({listed})) IS NOT TRUE)")
        if parts:
            tests[field.name] = " OR ".join(parts)
    if tests:
        check_cells(engine, relation, schema, tests, locate)
