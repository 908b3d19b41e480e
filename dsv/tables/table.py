"""A table in an engine: a relation, its schema, and which fields still hold text as the file spells it."""

from __future__ import annotations

from dataclasses import dataclass

from dsv.model.schema import Schema, is_nested
from dsv.tables.duckdb import Engine, identifier
from dsv.tables.types import engine_type

POSITION = "_dsv_position"
STAGE_LIMIT_BYTES = 256 * 1024 * 1024
"""Text up to this size is read into the engine once; larger files are read where they lie, each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of a relation.

    `relation` goes after FROM: a table or view name, or a SELECT in parentheses. It has the
    fields of `schema` under their own names, and a BIGINT `POSITION` that counts the rows of the
    file from 1. Fields in `text_fields` hold VARCHAR as the file spells it, whatever their type.
    """

    engine: Engine
    relation: str
    schema: Schema
    text_fields: frozenset[str] = frozenset()

    def text(self, field: str) -> str:
        """SQL for the cell as it is stored."""
        return identifier(field)

    def typed(self, field: str) -> str:
        """SQL for the cell as a value of its type."""
        column = identifier(field)
        if field not in self.text_fields:
            return column
        return cast_text(column, self.schema[field].type)

    def typed_table(self) -> Table:
        """The same rows with every field as a value of its type."""
        if not self.text_fields:
            return self
        columns = ", ".join(f"{self.typed(name)} AS {identifier(name)}" for name in self.schema.names)
        relation = f"(SELECT {columns}, {POSITION} FROM {self.relation})"
        return Table(engine=self.engine, relation=relation, schema=self.schema)

    def stored(self, prefix: str) -> Table:
        """The same rows, computed once; the engine spills what does not fit into memory."""
        name = self.engine.fresh(prefix)
        columns = ", ".join(map(identifier, (*self.schema.names, POSITION)))
        self.engine.execute(f"CREATE TABLE {name} AS SELECT {columns} FROM {self.relation} AS dsv_table")
        return Table(engine=self.engine, relation=name, schema=self.schema, text_fields=self.text_fields)

    def count(self) -> int:
        """Number of rows."""
        return int(self.engine.value(f"SELECT count(*) FROM {self.relation}"))


def cast_text(column: str, type_name: str, attempt: bool = False) -> str:
    """SQL that turns the text of a cell into a value. Nested values are spelled as JSON, bytes in hex.

    Text of the wrong form is an error of the engine; with `attempt` it becomes NULL.
    """
    kind = engine_type(type_name)
    cast = "TRY_CAST" if attempt else "CAST"
    if kind == "VARCHAR":
        return column
    if kind == "BLOB":
        return f"unhex({column})"
    if is_nested(type_name):
        return f"{cast}({cast}({column} AS JSON) AS {kind})"
    return f"{cast}({column} AS {kind})"


def stage(engine: Engine, reader: str, size_bytes: int) -> str:
    """Name a relation of what a reader of text reads, with `POSITION`; small text is read only once.

    All records are read before this returns, so that a malformed file is an error of the engine here.
    """
    name = engine.fresh("scan")
    if size_bytes > STAGE_LIMIT_BYTES:
        engine.execute(f"CREATE VIEW {name} AS SELECT *, row_number() OVER () AS {POSITION} FROM {reader}")
        engine.value(f"SELECT count(*) FROM {name}")
        return name
    engine.execute(f"CREATE TABLE {name}_rows AS SELECT * FROM {reader}")
    engine.execute(f"CREATE VIEW {name} AS SELECT *, rowid + 1 AS {POSITION} FROM {name}_rows")
    return name
