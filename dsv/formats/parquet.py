"""Parquet: typed columns, read where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, Any

from dsv.errors import FormatError
from dsv.formats._bytes import open_bytes
from dsv.formats._changes import Changes, find
from dsv.formats._infer import check_cells
from dsv.formats._names import check_names, check_names_apart
from dsv.formats._parquet_types import field_of
from dsv.formats.base import Publication, Scan
from dsv.model.schema import Field, Schema
from dsv.model.snapshot import Dialect, Snapshot
from dsv.tables.duckdb import Engine, identifier, literal
from dsv.tables.table import POSITION, Table
from dsv.tables.types import engine_type

BATCH = 65_536


class Parquet:
    """Apache Parquet files."""

    suffixes: tuple[str, ...] = (".parquet", ".pq")

    def dialect(self, snapshot: Snapshot) -> Dialect | None:
        """None: there is one way to write Parquet."""
        return None

    def scan(self, engine: Engine, snapshot: Snapshot) -> Scan:
        """Read the file as a table. Raises: FormatError: it is no sound Parquet file."""
        path = _unzipped(engine, snapshot)
        source = f"read_parquet({literal(path)}, file_row_number = true, hive_partitioning = false)"
        described = _described(engine, path, snapshot)
        check_names_apart([name for name, _ in described], snapshot.shown_path)
        native = {name: kind for name, kind in described}
        fields = tuple(field_of(name, kind) for name, kind in described)
        schema = snapshot.options.schema
        if schema is not None:
            check_names(tuple(native), schema, snapshot.shown_path)
        exprs = [
            f"{_value(item, native[item.name])} AS {identifier(item.name)}" for item in schema or Schema(fields=fields)
        ]
        name = engine.fresh("scan")
        engine.execute(
            f"CREATE VIEW {name} AS SELECT {', '.join(exprs)}, file_row_number + 1 AS {POSITION} FROM {source}"
        )
        if schema is not None:
            _check(engine, name, schema, snapshot)
        table = Table(engine=engine, relation=name, schema=schema or Schema(fields=fields))
        return Scan(table=table)

    def publish(self, publication: Publication, stream: IO[bytes]) -> None:
        """Write the final rows in the base's order and Arrow types. Raises: FormatError."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        changes = find(publication)
        schema = _arrow_schema(changes)
        with pq.ParquetWriter(stream, schema, compression="zstd") as writer:
            for rows in _batches(changes):
                columns = zip(*rows, strict=True)
                arrays = [
                    pa.array(list(column), type=field.type) for column, field in zip(columns, schema, strict=True)
                ]
                writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


plugin = Parquet()


def _unzipped(engine: Engine, snapshot: Snapshot) -> str:
    if not snapshot.gzip:
        return str(snapshot.path)
    path = engine.scratch(".parquet")
    with open_bytes(snapshot) as source, path.open("wb") as target:
        while chunk := source.read(1 << 20):
            target.write(chunk)
    return str(path)


def _described(engine: Engine, path: str, snapshot: Snapshot) -> list[tuple[str, str]]:
    import duckdb

    try:
        rows = engine.rows(f"DESCRIBE SELECT * FROM read_parquet({literal(path)}, hive_partitioning = false)")
    except duckdb.Error as error:
        reason = str(error).splitlines()[0].replace(path, snapshot.shown_path)
        raise FormatError(
            f"the file is no sound Parquet file: {reason}",
            where=snapshot.shown_path,
            hint="fetch or write the file again",
        ) from None
    return [(row[0], row[1]) for row in rows]


def _value(field: Field, native: str) -> str:
    """SQL for a cell as a value of its dsv type. An integer beyond 64 bits stays one."""
    column = identifier(field.name)
    if native.startswith("MAP("):
        return f"CAST(map_entries({column}) AS {engine_type(field.type)})"
    if field.type == "integer" and native in ("UBIGINT", "HUGEINT", "UHUGEINT"):
        return column
    wanted = engine_type(field.type)
    return column if native == wanted else f"CAST({column} AS {wanted})"


def _check(engine: Engine, relation: str, schema: Schema, snapshot: Snapshot) -> None:
    tests = {}
    for field in schema:
        if field.type == "enum" and field.values is not None:
            listed = ", ".join(literal(value) for value in field.values) or "NULL"
            column = identifier(field.name)
            tests[field.name] = f"{column} IS NOT NULL AND ({column} IN ({listed})) IS NOT TRUE"
    if tests:
        check_cells(engine, relation, schema, tests, lambda position: f"{snapshot.shown_path} (row {position})")


def _arrow_schema(changes: Changes) -> Any:
    """The base's Arrow schema with the fields of the final one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from dsv.tables.types import arrow_type, parse

    with open_bytes(changes.publication.base) as source:
        base = pq.read_schema(pa.BufferReader(source.read()) if changes.publication.base.gzip else source)
    kept = changes.kept
    fields = []
    for item in changes.publication.final.schema:
        old = base.field(kept[item.name]) if item.name in kept else None
        same = old is not None and item.type == changes.base.schema[kept[item.name]].type
        kind = old.type if same and old is not None else arrow_type(parse(item.type))
        fields.append(pa.field(item.name, _plain(kind)))
    return pa.schema(fields)


def _plain(kind: Any) -> Any:
    """A dictionary-encoded type as the type of its values."""
    import pyarrow as pa

    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _batches(changes: Changes) -> Any:
    """Final rows, those of the base in its order, then the new ones; some thousands at a time."""
    names = changes.publication.final.schema.names
    columns = ", ".join(f"f.{identifier(name)}" for name in names)
    kept = (
        f"SELECT {columns} FROM {changes.base.relation} b JOIN {changes.publication.final.relation} f "
        f"ON {changes.pairs()} ORDER BY b.{POSITION}"
    )
    batch: list[Sequence[Any]] = []
    for row in changes.base.engine.stream(kept, size=BATCH):
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    batch += [[row[name] for name in names] for row in changes.added()]
    if batch:
        yield batch
