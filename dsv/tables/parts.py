"""Part files: rows cut into Parquet by a stable hash of the key, so that untouched parts keep their bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dsv.errors import DataMissing, SchemaError
from dsv.model.schema import Field, Schema
from dsv.tables.duckdb import identifier, literal
from dsv.tables.table import POSITION, Table
from dsv.tables.types import arrow_type, engine_type, parse

if TYPE_CHECKING:
    from dsv.tables.duckdb import Engine

ROWS = "rows"
QUARANTINE = "quarantine"
REASON = "_dsv_reason"
ROW_GROUP = 32_768
BATCH = 65_536


def stable_text(columns: Sequence[str]) -> str:
    """SQL for a text that tells values apart, and depends on no version of the engine.

    `columns` are SQL expressions of integers, texts, booleans or dates: what keys are made of.
    """
    return " || ".join(
        f"coalesce(strlen(CAST({column} AS VARCHAR)) || ':' || CAST({column} AS VARCHAR), '-')" for column in columns
    )


def part_of_sql(columns: Sequence[str], parts: int) -> str:
    """SQL for the number (0 … parts-1) of the part that a row belongs to, by the MD5 of its key's text.

    `columns` are as for `stable_text`.
    """
    return f"CAST(CAST('0x' || md5({stable_text(columns)})[1:8] AS BIGINT) % {int(parts)} AS INTEGER)"


def write_version(rows: Table, folder: Path, key: Sequence[str], parts: int) -> None:
    """Write the rows to `folder/rows/part-*.parquet`: as many files as `parts`, empty ones too.

    With a key, a part holds the rows whose key hashes to it, sorted by key. Without one, the rows
    keep their order and `POSITION`, and are cut into parts of equal length. Equal rows give equal
    bytes under one version of pyarrow.
    """
    engine = rows.engine
    columns = [identifier(name) for name in rows.schema.names]
    target = folder / ROWS
    target.mkdir(parents=True)
    staged = engine.fresh("version")
    if key:
        number = part_of_sql([identifier(name) for name in key], parts)
        order = ", ".join(identifier(name) for name in key)
    else:
        total = max(1, rows.count())
        number = f"CAST(((row_number() OVER (ORDER BY {POSITION})) - 1) * {int(parts)} // {total} AS INTEGER)"
        order = POSITION
        columns.append(POSITION)
    selected = ", ".join(columns)
    engine.execute(
        f"CREATE TABLE {staged} AS SELECT {selected}, {number} AS _dsv_part FROM {rows.relation} "
        f"ORDER BY _dsv_part, {order}"
    )
    schema = arrow_schema(rows.schema, position=not key)
    for part in range(parts):
        query = f"SELECT {selected} FROM {staged} WHERE _dsv_part = {part} ORDER BY {order}"
        _write(target / f"part-{part:04d}.parquet", schema, engine.batches(query, BATCH))
    engine.execute(f"DROP TABLE {staged}")


def write_quarantine(tables: Sequence[Table], folder: Path) -> None:
    """Write the rows that were set aside to `part-*.parquet`, a file a table, in their order.

    A table's fields are written with `_dsv_reason`; nothing is written for no table.
    """
    for number, table in enumerate(tables):
        folder.mkdir(parents=True, exist_ok=True)
        schema = Schema(fields=(*table.schema.fields, *_reason(table)))
        columns = ", ".join(identifier(name) for name in schema.names)
        query = f"SELECT {columns} FROM {table.relation} ORDER BY {POSITION}"
        path = folder / f"part-{number:04d}.parquet"
        _write(path, arrow_schema(schema, position=False), table.engine.batches(query, BATCH))


def _reason(table: Table) -> tuple[Field, ...]:
    return () if REASON in table.schema else (Field(name=REASON, type="string"),)


def read_version(engine: Engine, folder: Path, schema: Schema) -> Table:
    """The rows of part files as a table.

    `POSITION` counts the rows through the parts, or is the one that the parts hold.

    Raises: DataMissing: there are no part files.
    """
    files = sorted((folder / ROWS).glob("part-*.parquet"))
    if not files:
        raise DataMissing(f"the rows of {folder.name} are not there", where=str(folder), hint="dvc checkout")
    listed = ", ".join(literal(str(path)) for path in files)
    source = f"read_parquet([{listed}], filename = true, file_row_number = true, hive_partitioning = false)"
    held = engine.columns(f"read_parquet({literal(str(files[0]))}, hive_partitioning = false)")
    position = POSITION if POSITION in held else f"{_before(engine, files)} + file_row_number + 1"
    columns = ", ".join(
        f"{identifier(item.name)}::{engine_type(item.type)} AS {identifier(item.name)}" for item in schema
    )
    name = engine.fresh("rows")
    engine.execute(f"CREATE VIEW {name} AS SELECT {columns}, {position} AS {POSITION} FROM {source}")
    return Table(engine=engine, relation=name, schema=schema)


def _before(engine: Engine, files: Sequence[Path]) -> str:
    """SQL for the number of rows in the files before the one that a row is in."""
    cases, rows = [], 0
    for path in files:
        cases.append(f"WHEN {literal(str(path))} THEN {rows}")
        rows += part_rows(path)
    return f"CASE filename {' '.join(cases)} END"


def part_rows(path: Path) -> int:
    """The number of rows of a part file."""
    import pyarrow.parquet as pq

    return int(pq.read_metadata(path).num_rows)


def arrow_schema(schema: Schema, *, position: bool) -> Any:
    """The Arrow schema of part files; `position` adds `POSITION`."""
    import pyarrow as pa

    fields = [pa.field(item.name, arrow_type(parse(item.type))) for item in _stored(schema, position)]
    return pa.schema(fields)


def _stored(schema: Schema, position: bool) -> Iterator[Field]:
    yield from schema
    if position:
        yield Field(name=POSITION, type="integer", nullable=False)


def _write(path: Path, schema: Any, batches: Iterator[Any]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    # One table, so that the bytes do not depend on how the engine cut its result into batches.
    read = list(batches)
    try:
        table = pa.Table.from_batches(read).cast(schema) if read else schema.empty_table()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise SchemaError(
            f"a version cannot hold a value exactly: {error}",
            hint="integers have 64 bits there and times microseconds; others can be kept as text",
        ) from None
    with pq.ParquetWriter(path, schema, compression="zstd", compression_level=3, version="2.6") as writer:
        writer.write_table(table.combine_chunks(), row_group_size=ROW_GROUP)
