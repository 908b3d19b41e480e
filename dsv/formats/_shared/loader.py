"""Rows that Python reads one by one become a table of the engine, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from dsv.model.schema import Field, Schema
from dsv.tables.duckdb import Engine, identifier
from dsv.tables.table import POSITION, Table
from dsv.tables.types import arrow_type, engine_type, parse

BATCH_ROWS = 32_768


def schema(**types: str) -> Schema:
    """A schema of fields by name, in this order."""
    return Schema(fields=tuple(Field(name=name, type=kind) for name, kind in types.items()))


class Loader:
    """Collects rows of a schema and hands them to the engine in batches, so that memory stays bounded.

    Arrow carries a million rows of a box in a second or two; `executemany` needs minutes.
    """

    def __init__(self, engine: Engine, fields: Schema) -> None:
        import pyarrow as pa

        self._engine = engine
        self._fields = fields
        self._name = engine.fresh("loaded")
        self._arrow = pa.schema([(item.name, arrow_type(parse(item.type))) for item in fields])
        self._held: list[Sequence[Any]] = []
        columns = ", ".join(f"{identifier(item.name)} {engine_type(item.type)}" for item in fields)
        engine.execute(f"CREATE TABLE {self._name}_rows ({columns})")

    def add(self, row: Sequence[Any]) -> None:
        """Take a row: the cells in the order of the schema's fields."""
        self._held.append(row)
        if len(self._held) >= BATCH_ROWS:
            self._flush()

    def extend(self, rows: Iterable[Sequence[Any]]) -> None:
        """Take several rows."""
        for row in rows:
            self.add(row)

    def table(self) -> Table:
        """All rows, in the order in which they came."""
        self._flush()
        self._engine.execute(f"CREATE VIEW {self._name} AS SELECT *, rowid + 1 AS {POSITION} FROM {self._name}_rows")
        return Table(engine=self._engine, relation=self._name, schema=self._fields)

    def _flush(self) -> None:
        import pyarrow as pa

        if not self._held:
            return
        columns = [
            pa.array(cells, kind) for cells, kind in zip(zip(*self._held, strict=True), self._arrow.types, strict=True)
        ]
        batch, name = pa.Table.from_arrays(columns, schema=self._arrow), f"{self._name}_batch"
        connection = self._engine.connection
        connection.register(name, batch)
        try:
            self._engine.execute(f"INSERT INTO {self._name}_rows SELECT * FROM {name}")
        finally:
            connection.unregister(name)
        self._held = []
