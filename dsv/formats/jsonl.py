"""JSON Lines: one JSON object a line."""

from __future__ import annotations

from typing import IO

from dsv.formats._changes import publish
from dsv.formats._jsonl_publish import write
from dsv.formats._jsonl_scan import scan
from dsv.formats.base import Format, Publication, Scan
from dsv.model.snapshot import Dialect, Snapshot
from dsv.tables.duckdb import Engine


class JsonLines:
    """Files of one JSON object a line."""

    suffixes = (".jsonl", ".ndjson")
    shared_suffixes = ()
    generic = False

    def claims(self, snapshot: Snapshot) -> bool:
        """The name says it."""
        return False

    def dialect(self, snapshot: Snapshot) -> Dialect | None:
        """None: every line keeps its own spelling."""
        return None

    def scan(self, engine: Engine, snapshot: Snapshot) -> Scan:
        """Read the file as a table of typed fields. Raises: FormatError: a line is no JSON object."""
        return scan(engine, snapshot)

    def publish(self, publication: Publication, stream: IO[bytes]) -> None:
        """Write the final rows; members that did not change keep their spelling. Raises: FormatError."""
        publish(publication, stream, write)


plugin: Format = JsonLines()
