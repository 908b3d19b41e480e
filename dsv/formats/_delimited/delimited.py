"""Delimited text: what `csv` and `tsv` are instances of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO

from dsv.formats._lined import Lined
from dsv.formats.base import Publication, Scan
from dsv.model.diff import Formatting
from dsv.model.snapshot import Dialect, Snapshot
from dsv.tables.duckdb import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Delimited:
    """A format of delimited text. `delimiters` are tried in order of preference."""

    suffixes: tuple[str, ...]
    delimiters: tuple[str, ...]
    shared_suffixes: tuple[str, ...] = ()
    generic: bool = False

    def claims(self, snapshot: Snapshot) -> bool:
        """The name says it."""
        return False

    def dialect(self, snapshot: Snapshot) -> Dialect | None:
        """How the file is written. Raises: FormatError: it is not UTF-8 text."""
        from dsv.formats._delimited.layout import read_dialect

        return read_dialect(snapshot, self.delimiters)

    def scan(self, engine: Engine, snapshot: Snapshot) -> Scan:
        """Read the file as a table of text fields. Raises: FormatError: it is malformed."""
        from dsv.formats._delimited.scan import scan

        return scan(engine, snapshot, self.delimiters)

    def lined(self, engine: Engine, snapshot: Snapshot) -> Lined | None:
        """What the lines of the file have to be, as the first ones are."""
        from dsv.formats._delimited.lined import lined

        return lined(engine, snapshot, self.delimiters)

    def publish(self, publication: Publication, stream: IO[bytes]) -> None:
        """Write the final rows, everything untouched spelled as in the base. Raises: FormatError."""
        from dsv.formats._delimited.publish import publish

        publish(publication, stream, self.delimiters)

    def spelling(
        self, old: Snapshot, new: Snapshot, key: tuple[str, ...], *, by_position: bool, respelled: bool
    ) -> Formatting:
        """Count what differs and changes no value. Raises: FormatError."""
        from dsv.formats._delimited.spelling import compare

        return compare(old, new, self.delimiters, key, by_position=by_position)
