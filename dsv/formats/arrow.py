"""Apache Arrow: IPC files, which Feather's are too, and streams."""

from __future__ import annotations

from typing import IO

from dsv.formats._columnar.arrow_publish import write
from dsv.formats._columnar.arrow_source import source_of, staged
from dsv.formats._columnar.columns import typed_table
from dsv.formats._shared.changes import publish
from dsv.formats.base import Format, Publication, Scan
from dsv.model.snapshot import Dialect, Snapshot
from dsv.tables.duckdb import Engine
from dsv.tables.table import POSITION


class Arrow:
    """Arrow IPC files and streams, of any codec, with dictionaries."""

    suffixes = (".arrow", ".arrows", ".feather", ".ipc")
    shared_suffixes = ()
    generic = False

    def claims(self, snapshot: Snapshot) -> bool:
        """The name says it."""
        return False

    def dialect(self, snapshot: Snapshot) -> Dialect | None:
        """None: every file keeps its own schema, codec and batch size."""
        return None

    def scan(self, engine: Engine, snapshot: Snapshot) -> Scan:
        """Read the file as a table. Raises: FormatError: it is no sound Arrow file, or does not fit."""
        relation, found = staged(engine, source_of(engine, snapshot))
        return Scan(table=typed_table(engine, snapshot, found, relation, POSITION))

    def publish(self, publication: Publication, stream: IO[bytes]) -> None:
        """Write the final rows in the base's order and Arrow types. Raises: FormatError."""
        publish(publication, stream, write, typed=True)


plugin: Format = Arrow()
