"""Parquet: typed columns, read where they lie."""

from __future__ import annotations

from typing import IO

from dsv.errors import FormatError
from dsv.formats._changes import publish
from dsv.formats._infer import check_cells
from dsv.formats._names import check_names, check_names_apart
from dsv.formats._parquet_publish import write
from dsv.formats._parquet_source import ROW_NUMBER, found_columns, reader, unzipped
from dsv.formats.base import Format, Publication, Scan
from dsv.model.schema import Field, Schema
from dsv.model.snapshot import Dialect, Snapshot
from dsv.tables import native
from dsv.tables.duckdb import Engine, identifier, literal
from dsv.tables.table import POSITION, Table

_WIDER = {"integer": ("number",), "string": ("enum", "json"), "date": ("datetime",)}


class Parquet:
    """Apache Parquet files."""

    suffixes = (".parquet", ".pq")
    shared_suffixes = ()
    generic = False

    def claims(self, snapshot: Snapshot) -> bool:
        """The name says it."""
        return False

    def dialect(self, snapshot: Snapshot) -> Dialect | None:
        """None: there is one way to write Parquet."""
        return None

    def scan(self, engine: Engine, snapshot: Snapshot) -> Scan:
        """Read the file as a table. Raises: FormatError: it is no sound Parquet file, or does not fit."""
        path = unzipped(engine, snapshot)
        found = found_columns(engine, path, snapshot)
        if not found:
            raise FormatError("the table has no fields", where=snapshot.shown_path)
        check_names_apart(tuple(found), snapshot.shown_path)
        own = Schema(fields=tuple(Field(name=name, type=native.type_of(kind)) for name, kind in found.items()))
        schema = snapshot.options.schema or own
        check_names(tuple(found), schema, snapshot.shown_path)
        for field in schema:
            _check_type(field, own[field.name], snapshot)
        values = [
            f"{native.value(identifier(item.name), found[item.name], item.type)} AS {identifier(item.name)}"
            for item in schema
        ]
        name = engine.fresh("scan")
        engine.execute(
            f"CREATE VIEW {name} AS SELECT {', '.join(values)}, {ROW_NUMBER} + 1 AS {POSITION} "
            f"FROM {reader(path, numbered=True)}"
        )
        _check_cells(engine, name, schema, snapshot)
        return Scan(table=Table(engine=engine, relation=name, schema=schema))

    def publish(self, publication: Publication, stream: IO[bytes]) -> None:
        """Write the final rows in the base's order and Arrow types. Raises: FormatError."""
        publish(publication, stream, write)


def _check_type(declared: Field, found: Field, snapshot: Snapshot) -> None:
    if declared.type == found.type or declared.type in _WIDER.get(found.type, ()):
        return
    # A column of one type throughout: its rows need no looking at.
    raise FormatError(
        f"field {declared.name!r} is of type {found.type}, which is no {declared.type}",
        where=snapshot.shown_path,
        hint="write the file with that type, or change the type with a migration",
    )


def _check_cells(engine: Engine, relation: str, schema: Schema, snapshot: Snapshot) -> None:
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
        check_cells(engine, relation, schema, tests, lambda position: f"{snapshot.shown_path} (row {position})")


plugin: Format = Parquet()
