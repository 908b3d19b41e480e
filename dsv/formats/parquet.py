"""Parquet: typed columns, read where they lie."""

from __future__ import annotations

from typing import IO

from dsv.formats._columnar.columns import typed_table
from dsv.formats._columnar.parquet_publish import write
from dsv.formats._columnar.parquet_source import ROW_NUMBER, found_columns, reader, unzipped
from dsv.formats._shared.changes import publish
from dsv.formats.base import Format, Publication, Scan
from dsv.model.snapshot import Dialect, Snapshot
from dsv.tables.duckdb import Engine


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
        source = reader(path, numbered=True)
        table = typed_table(engine, snapshot, found, source, f"{ROW_NUMBER} + 1", offset=ROW_NUMBER, file=path)
        return Scan(table=table)

    def publish(self, publication: Publication, stream: IO[bytes]) -> None:
        """Write the final rows in the base's order and Arrow types. Raises: FormatError."""
        publish(publication, stream, write, typed=True)


plugin: Format = Parquet()
