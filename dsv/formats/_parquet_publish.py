"""Publishing Parquet: the base's rows in their order, its Arrow schema, its row groups and compression."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from dsv.formats._changes import Changes, RowEdit
from dsv.formats._parquet_source import ROW_NUMBER, found_columns, reader, unzipped
from dsv.tables.duckdb import identifier
from dsv.tables.table import POSITION
from dsv.tables.types import arrow_type, parse

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

_BATCH = 65_536
_LARGEST_GROUP = 1_048_576


def write(changes: Changes, edits: Iterator[RowEdit], added: Iterator[Mapping[str, Any]], out: IO[bytes]) -> int:
    """Write the rows of the base that are kept, then the added ones; the number of rows.

    Cells that did not change come from the base's own column, so that no value is rounded by a
    type of dsv's that is narrower than the file's.
    """
    import pyarrow.parquet as pq

    path = unzipped(changes.base.engine, changes.publication.base)
    columns = _Columns(changes, path)
    facts = pq.ParquetFile(path)
    schema = _arrow_schema(changes, facts.schema_arrow)
    groups = [facts.metadata.row_group(n) for n in range(facts.metadata.num_row_groups)]
    size = min(max([group.num_rows for group in groups], default=0) or _LARGEST_GROUP, _LARGEST_GROUP)
    codec = groups[0].column(0).compression.lower() if groups else "zstd"
    written = 0
    with pq.ParquetWriter(out, schema, compression="none" if codec == "uncompressed" else codec) as writer:
        for table in _tables(changes, [columns.kept_sql(), columns.added_sql()], size):
            writer.write_table(_as_schema(table, schema), row_group_size=size)
            written += table.num_rows
    return written


class _Columns:
    """SQL for the final cells as values of the base's own column types."""

    def __init__(self, changes: Changes, path: Path) -> None:
        self.changes = changes
        self.path = path
        self.natives = found_columns(changes.base.engine, path, changes.publication.base)

    def kept_sql(self) -> str:
        """The final rows that the base has, in its order."""
        cells = ", ".join(self._kept(name) for name in self.changes.final.schema.names)
        return (
            f"SELECT {cells} FROM {self.changes.base.relation} b "
            f"JOIN {self.changes.final.relation} f ON {self.changes.pairs()} "
            f"JOIN {reader(self.path, numbered=True)} r ON r.{ROW_NUMBER} + 1 = b.{POSITION} ORDER BY b.{POSITION}"
        )

    def added_sql(self) -> str:
        """The rows that the base does not have, in the order of their key."""
        cells = ", ".join(f"{self._back(name, identifier(name))} AS {identifier(name)}" for name in self._names())
        return f"SELECT {cells} FROM ({self.changes.added_sql()})"

    def _names(self) -> tuple[str, ...]:
        return self.changes.final.schema.names

    def _kept(self, name: str) -> str:
        cell = f"f.{identifier(name)}"
        origin = self.changes.kept.get(name)
        if origin is None:
            return f"{cell} AS {identifier(name)}"
        own = identifier(origin)
        same = f"{cell} IS NOT DISTINCT FROM b.{own}"
        return f"CASE WHEN {same} THEN r.{own} ELSE {self._back(name, cell)} END AS {identifier(name)}"

    def _back(self, name: str, cell: str) -> str:
        """A value of dsv's as one of the base column's type."""
        kind = self._native(name)
        if kind is None:
            return cell
        if kind.id == "map":
            return f"CAST(map_from_entries({cell}) AS {kind})"
        if self.changes.final.schema[name].type == "json" and str(kind) != "VARCHAR":
            return f"CAST(CAST({cell} AS JSON) AS {kind})"
        return f"CAST({cell} AS {kind})"

    def _native(self, name: str) -> DuckDBPyType | None:
        """The base column's type; None where the field is new or has another type now."""
        origin = self.changes.kept.get(name)
        if origin is None or self.changes.final.schema[name].type != self.changes.base.schema[origin].type:
            return None
        return self.natives[origin]


def _tables(changes: Changes, queries: list[str], size: int) -> Iterator[Any]:
    """The rows of the queries, as Arrow tables of `size` rows, the last of fewer."""
    import pyarrow as pa

    held: list[Any] = []
    count = 0
    for query in queries:
        for batch in changes.base.engine.batches(query, _BATCH):
            while count + batch.num_rows >= size:
                cut = size - count
                yield pa.Table.from_batches([*held, batch.slice(0, cut)])
                held, count, batch = [], 0, batch.slice(cut)
            if batch.num_rows:
                held.append(batch)
                count += batch.num_rows
    if held:
        yield pa.Table.from_batches(held)


def _arrow_schema(changes: Changes, base: Any) -> Any:
    """The base's Arrow schema with the fields of the final one."""
    import pyarrow as pa

    fields = []
    for item in changes.final.schema:
        origin = changes.kept.get(item.name)
        if origin is not None and item.type == changes.base.schema[origin].type:
            fields.append(base.field(origin).with_name(item.name))
        else:
            fields.append(pa.field(item.name, arrow_type(parse(item.type))))
    return pa.schema(fields, metadata=base.metadata if changes.same_fields else None)


def _as_schema(table: Any, schema: Any) -> Any:
    """A table's columns in the types of a schema, dictionaries included."""
    import pyarrow as pa

    columns = []
    for column, field in zip(table.columns, schema, strict=True):
        if pa.types.is_dictionary(field.type):
            column = column.cast(field.type.value_type).dictionary_encode()
        columns.append(column.cast(field.type))
    return pa.Table.from_arrays(columns, schema=schema)
