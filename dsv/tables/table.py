"""A table in an engine: a relation, its schema, and which fields still hold text as the file spells it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from dsv.model.schema import Schema, is_nested
from dsv.tables.duckdb import Engine, identifier, literal
from dsv.tables.rowindex import Indexing, RowIndex
from dsv.tables.types import engine_type

POSITION = "_dsv_position"
OFFSET = "_dsv_offset"
STAGE_LIMIT_BYTES = 64 * 1024 * 1024
"""Text up to this size is kept in the engine's memory; what larger files hold waits on the disk."""
GROUP_BYTES = 16 * 1024 * 1024
LEAST_GROUP, MOST_GROUP = 2048, 122_880
"""Rows of a Parquet row group: so many that it holds about GROUP_BYTES."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the rows of one relation come from; of a table that was given another relation it says nothing."""

    relation: str
    lookup: str
    file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """How the rows of `relation` came of those of `root`, a named one: each of one, and at its position.

    `kept` maps fields to the fields of `root` whose cells they hold as they are. `fewer`: rows may be
    gone. As with an origin, of a table that was given another relation it says nothing.
    """

    relation: str
    root: str
    kept: Mapping[str, str]
    fewer: bool = False

    def of_single_rows(self) -> bool:
        """Say whether what becomes of a row surely depends on that row of `root` alone, not on those beside it."""
        return len(re.findall(rf"\b{self.root}\b", self.relation)) == 1 and "over" not in self.relation.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of a relation.

    `relation` goes after FROM: a table or view name, or a SELECT in parentheses. It has the
    fields of `schema` under their own names, and a BIGINT `POSITION` that counts the rows of the
    file from 1. Fields in `text_fields` hold VARCHAR as the file spells it, whatever their type.
    `origin` is where the rows of `relation` come from as they are, `made` how they were made of others; None
    where nothing says so. `zoned_fields` are those whose times had a zone, before they became times of UTC.
    `indexing` says where row indexes are kept of the relation that it names.
    """

    engine: Engine
    relation: str
    schema: Schema
    text_fields: frozenset[str] = frozenset()
    zoned_fields: frozenset[str] = frozenset()
    origin: Origin | None = None
    indexing: Indexing | None = None
    made: Lineage | None = None

    @property
    def lineage(self) -> Lineage:
        """How the rows were made of those of a named relation, in the least of this one."""
        if self.made is not None and self.made.relation == self.relation:
            return self.made
        return Lineage(relation=self.relation, root=self.relation, kept={name: name for name in self.schema.names})

    @property
    def lookup(self) -> str | None:
        """A relation of the same rows that also has `OFFSET`, which is `POSITION` - 1 as the engine stores it.

        Rows are found by it without reading all others. None: there is none.
        """
        return self.origin.lookup if self.origin is not None and self.origin.relation == self.relation else None

    @property
    def file(self) -> Path | None:
        """The Parquet file whose rows these are, in its order and under its names; None if they are not that."""
        return self.origin.file if self.origin is not None and self.origin.relation == self.relation else None

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
        """The same rows, computed once, with their lineage; the engine spills what does not fit into memory."""
        name = self.engine.fresh(prefix)
        columns = ", ".join(map(identifier, (*self.schema.names, POSITION)))
        self.engine.execute(f"CREATE TABLE {name} AS SELECT {columns} FROM {self.relation} AS dsv_table")
        made = replace(self.lineage, relation=name)
        return Table(engine=self.engine, relation=name, schema=self.schema, text_fields=self.text_fields, made=made)

    def index(self, key: str, value: str, *, make: bool = True) -> RowIndex | None:
        """The index of the rows by two hashes (SQL over the relation); None if there is none.

        It is made if it is worth it, and `make` allows it.
        """
        if self.indexing is None or self.indexing.relation != self.relation:
            return None
        return self.indexing.open(self.engine, key, value, POSITION, make=make)

    def count(self) -> int:
        """Number of rows."""
        return self.engine.count(self.relation)


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
    """Name a relation of what a reader of text reads, with `POSITION`. The text is parsed only once.

    All records are read before this returns, so that a malformed file is an error of the engine here.
    """
    if size_bytes > STAGE_LIMIT_BYTES:
        path = engine.scratch(".parquet")
        rows = write_rows(engine, reader, path)
        source = f"read_parquet({literal(str(path))}, file_row_number = true, hive_partitioning = false)"
        number, own = "file_row_number", "* EXCLUDE (file_row_number)"
    else:
        source, number, own = f"{engine.fresh('scan')}_rows", "rowid", "*"
        rows = engine.write(f"CREATE TABLE {source} AS SELECT * FROM {reader}")
    name = view(engine, f"{own}, {number} + 1 AS {POSITION}", number, source)
    engine.counted(name, rows)
    return name


def origin(relation: str, file: Path | None = None) -> Origin:
    """The origin of the rows of a relation that `stage`, or a reader of Parquet, made."""
    return Origin(relation=relation, lookup=_lookup(relation), file=file)


def view(engine: Engine, columns: str, offset: str, source: str) -> str:
    """A view of rows, named here, and another that also has `OFFSET`; `columns` and `offset` are SQL."""
    name = engine.fresh("scan")
    engine.execute(f"CREATE VIEW {name} AS SELECT {columns} FROM {source}")
    engine.execute(f"CREATE VIEW {_lookup(name)} AS SELECT {columns}, {offset} AS {OFFSET} FROM {source}")
    return name


def _lookup(relation: str) -> str:
    return f"{relation}_lookup"


def write_rows(engine: Engine, relation: str, path: Path) -> int:
    """Write what a relation gives, in its order, to a Parquet file for the engine's own use; how many rows.

    Integers of more than 64 bits must not be among it: the file would round them.
    """
    text = "strlen(CAST(to_json(dsv_row) AS VARCHAR))"
    usual = engine.value(f"SELECT avg({text}) FROM (SELECT * FROM {relation} LIMIT 1000) AS dsv_row") or 1
    group = max(LEAST_GROUP, min(MOST_GROUP, int(GROUP_BYTES // usual)))
    options = f"FORMAT parquet, COMPRESSION lz4, ROW_GROUP_SIZE {group}"
    return engine.write(f"COPY (SELECT * FROM {relation}) TO {literal(str(path))} ({options})")
