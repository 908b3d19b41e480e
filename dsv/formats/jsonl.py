"""JSON Lines: one JSON object a line."""

from __future__ import annotations

from typing import IO

from dsv.formats._json.lines import looks_like
from dsv.formats._json.lines_publish import write
from dsv.formats._json.scan import scan
from dsv.formats._lined import Lined
from dsv.formats._shared.changes import publish
from dsv.formats.base import Format, Publication, Scan
from dsv.model.diff import Formatting
from dsv.model.snapshot import Dialect, Snapshot
from dsv.tables.duckdb import Engine


class JsonLines:
    """Files of one JSON object a line."""

    suffixes = (".jsonl", ".ndjson")
    shared_suffixes = (".json",)
    generic = True

    def claims(self, snapshot: Snapshot) -> bool:
        """Say whether the first two lines of a `.json` file are objects, each whole."""
        return snapshot.members is None and looks_like(snapshot)

    def dialect(self, snapshot: Snapshot) -> Dialect | None:
        """None: every line keeps its own spelling."""
        return None

    def scan(self, engine: Engine, snapshot: Snapshot) -> Scan:
        """Read the file as a table of typed fields. Raises: FormatError: a line is no JSON object."""
        return scan(engine, snapshot)

    def lined(self, engine: Engine, snapshot: Snapshot) -> Lined | None:
        """What the lines of the file have to be, as the first ones are."""
        from dsv.formats._json.lined import lined

        return lined(engine, snapshot)

    def publish(self, publication: Publication, stream: IO[bytes]) -> None:
        """Write the final rows; members that did not change keep their spelling. Raises: FormatError."""
        publish(publication, stream, write)

    def spelling(
        self, old: Snapshot, new: Snapshot, key: tuple[str, ...], *, by_position: bool, respelled: bool
    ) -> Formatting:
        """Count what differs and changes no value. Raises: FormatError."""
        from dsv.formats._json.lines_spelling import compare

        return compare(old, new, respelled=respelled)


plugin: Format = JsonLines()
