"""JSON: one array of objects."""

from __future__ import annotations

from typing import IO

from dsv.formats._json.array import ARRAY, looks_like
from dsv.formats._json.publish import write
from dsv.formats._json.scan import scan
from dsv.formats._shared.changes import publish
from dsv.formats.base import Format, Publication, Scan
from dsv.model.snapshot import Dialect, Snapshot
from dsv.tables.duckdb import Engine


class JsonArray:
    """Files that are one JSON array of objects, typed as JSON Lines are."""

    suffixes = ()
    shared_suffixes = (".json",)
    generic = True

    def claims(self, snapshot: Snapshot) -> bool:
        """Say whether the file begins with an array that holds objects, or nothing."""
        return snapshot.members is None and looks_like(snapshot)

    def dialect(self, snapshot: Snapshot) -> Dialect | None:
        """None: every element keeps its own spelling."""
        return None

    def scan(self, engine: Engine, snapshot: Snapshot) -> Scan:
        """Read the file as a table of typed fields. Raises: FormatError: an element is no JSON object."""
        return scan(engine, snapshot, ARRAY)

    def publish(self, publication: Publication, stream: IO[bytes]) -> None:
        """Write the final rows; elements and members that did not change keep their spelling. Raises: FormatError."""
        publish(publication, stream, write)


plugin: Format = JsonArray()
