"""Publishing Parquet: the base's rows in their order, its Arrow schema, its row groups and compression."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import IO, Any

from dsv.formats._columnar.column_publish import Columns, arrow_schema, as_type
from dsv.formats._columnar.parquet_source import ROW_NUMBER, found_columns, reader, unzipped
from dsv.formats._shared.changes import Changes, RowEdit

_LARGEST_GROUP = 1_048_576


def write(changes: Changes, edits: Iterator[RowEdit], added: Iterator[Mapping[str, Any]], out: IO[bytes]) -> int:
    """Write the rows of the base that are kept, then the added ones; the number of rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = unzipped(changes.base.engine, changes.publication.base)
    natives = found_columns(changes.base.engine, path, changes.publication.base)
    source = f"(SELECT *, {ROW_NUMBER} + 1 AS {ROW_NUMBER}_1 FROM {reader(path, numbered=True)})"
    columns = Columns(changes=changes, natives=natives, source=source, number=f"{ROW_NUMBER}_1")
    facts = pq.ParquetFile(path)
    schema = arrow_schema(changes, facts.schema_arrow)
    groups = [facts.metadata.row_group(n) for n in range(facts.metadata.num_row_groups)]
    size = min(max([group.num_rows for group in groups], default=0) or _LARGEST_GROUP, _LARGEST_GROUP)
    codec = groups[0].column(0).compression.lower() if groups else "zstd"
    written = 0
    with pq.ParquetWriter(out, schema, compression="none" if codec == "uncompressed" else codec) as writer:
        for table in columns.tables(size):
            cells = [as_type(column, field.type) for column, field in zip(table.columns, schema, strict=True)]
            writer.write_table(pa.Table.from_arrays(cells, schema=schema), row_group_size=size)
            written += table.num_rows
    return written
