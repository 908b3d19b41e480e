"""Part files: rows cut into Parquet by a stable hash of the key, so that untouched parts keep their bytes."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from dsv.errors import DataMissing, SchemaError
from dsv.files import link_or_copy
from dsv.model.progress import each
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
    with engine.progress.task("dealing rows to parts"):
        engine.execute(
            f"CREATE TABLE {staged} AS SELECT {selected}, {number} AS _dsv_part FROM {rows.relation} "
            f"ORDER BY _dsv_part, {order}"
        )
    schema = arrow_schema(rows.schema, position=not key)
    with PartWriter(target, schema) as writer:
        for part in each(engine.progress, "writing parts", range(parts)):
            # The engine gives the rows of a table in the order in which they were put there.
            query = f"SELECT {selected} FROM {staged} WHERE _dsv_part = {part}"
            writer.write(part, engine.batches(query, BATCH))
    engine.execute(f"DROP TABLE {staged}")


class PartWriter:
    """Writes part files into a folder, each on its own, while the engine makes the rows of the next."""

    def __init__(self, folder: Path, schema: Any) -> None:
        self.folder, self.schema = folder, schema
        self._pool = ThreadPoolExecutor(max_workers=2)
        self._begun: deque[Future[None]] = deque()

    def write(self, number: int, batches: Iterable[Any]) -> None:
        """Begin to write a part; its batches are read now. Few parts are in memory at once."""
        read = list(batches)
        while len(self._begun) > 1:
            self._begun.popleft().result()
        self._begun.append(self._pool.submit(_write, self._path(number), self.schema, iter(read)))

    def keep(self, number: int, path: Path) -> None:
        """Let a part be the one at `path`, of which nothing differs."""
        link_or_copy(path, self._path(number))

    def _path(self, number: int) -> Path:
        return self.folder / f"part-{number:04d}.parquet"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=kind is not None)
        if kind is None:
            for begun in self._begun:
                begun.result()


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
    return PartFiles(engine, folder, schema).table


class PartFiles:
    """Part files, and a view of their rows that can be narrowed to those of one file: rows keep their positions.

    Raises: DataMissing: there are none.
    """

    def __init__(self, engine: Engine, folder: Path, schema: Schema, view: str | None = None) -> None:
        self.files = sorted((folder / ROWS).glob("part-*.parquet"))
        if not self.files:
            raise DataMissing(f"the rows of {folder.name} are not there", where=str(folder), hint="dvc checkout")
        self._before = list(itertools.accumulate(map(_row_count, self.files), initial=0))
        self._positioned = POSITION in engine.columns(_reader(self.files[:1]))
        name = engine.fresh("rows") if view is None else view
        self.table = Table(engine=engine, relation=name, schema=schema)
        if view is None:
            self._show(0, len(self.files))

    @contextmanager
    def only(self, number: int) -> Iterator[None]:
        """In the block, the view has the rows of one file (counted from 0)."""
        self._show(number, number + 1)
        try:
            yield
        finally:
            self._show(0, len(self.files))

    def rows(self, number: int) -> int:
        """The number of rows of one file."""
        return self._before[number + 1] - self._before[number]

    def _show(self, first: int, end: int) -> None:
        files, position = self.files[first:end], POSITION
        if not self._positioned:
            # How many rows stand in the files before: no window function, which would sort all rows.
            cases = zip(files, self._before[first:end], strict=True)
            whens = " ".join(f"WHEN {literal(str(path))} THEN {rows}" for path, rows in cases)
            position = f"CASE filename {whens} END + file_row_number + 1"
        columns = ", ".join(
            f"{identifier(item.name)}::{engine_type(item.type)} AS {identifier(item.name)}"
            for item in self.table.schema
        )
        self.table.engine.execute(
            f"CREATE OR REPLACE VIEW {self.table.relation} AS "
            f"SELECT {columns}, {position} AS {POSITION} FROM {_reader(files)}"
        )


def _reader(files: Sequence[Path]) -> str:
    listed = ", ".join(literal(str(path)) for path in files)
    return f"read_parquet([{listed}], filename = true, file_row_number = true, hive_partitioning = false)"


def _row_count(path: Path) -> int:
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
