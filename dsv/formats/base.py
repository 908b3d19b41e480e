"""What a format is; and scanning and publishing through the format that a file name says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import IO, Protocol

from dsv import registry
from dsv.errors import FormatError
from dsv.model.snapshot import Dialect, Snapshot
from dsv.tables.duckdb import Engine
from dsv.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A table, and how many malformed lines were left out of it (only when asked to).

    `first_malformed` is `path:line` of the first of them.
    """

    table: Table
    malformed: int = 0
    first_malformed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What to publish: `final`, spelled as `base` spells what did not change.

    `key` are the key fields by their final names. Without a key, rows are those of the base that
    stand at the same `POSITION`.
    """

    base: Snapshot
    final: Table
    key: tuple[str, ...]


class Format(Protocol):
    """One file format. A leaf's `plugin` is an instance."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """File name endings, lower case, without `.gz`."""

    def dialect(self, snapshot: Snapshot) -> Dialect | None:
        """How the file is written; None for formats that are written in one way only.

        Raises: FormatError: the file cannot be read.
        """

    def scan(self, engine: Engine, snapshot: Snapshot) -> Scan:
        """Read the file as a table. Raises: FormatError: it is malformed; names file and line."""

    def publish(self, publication: Publication, stream: IO[bytes]) -> None:
        """Write the final rows in the base's format and spelling.

        The bytes equal the base's where nothing changed.

        Raises: FormatError: the base cannot be read, or its rows cannot be told apart.
        """


def detect(name: str) -> tuple[str, bool]:
    """The format and whether the file is gzipped, from a file's name, whatever its case.

    Raises: FormatError: the suffix is not known; the hint lists the known ones.
    """
    lowered = name.lower()
    gzip = lowered.endswith(".gz")
    stem = lowered.removesuffix(".gz")
    for suffix, found in _suffixes().items():
        if stem.endswith(suffix):
            return found, gzip
    known = ", ".join(_suffixes())
    raise FormatError("the suffix names no known table format", where=name, hint=f"known: {known}; each also with .gz")


def is_table_name(name: str) -> bool:
    """Say whether a file's name has the suffix of a known table format."""
    return name.lower().removesuffix(".gz").endswith(tuple(_suffixes()))


def scan(engine: Engine, snapshot: Snapshot) -> Scan:
    """Read a snapshot as a table. Raises: FormatError: it is malformed; names file and line."""
    if not snapshot.path.is_file():
        raise FormatError("there is no such file", where=snapshot.shown_path)
    return format_of(snapshot).scan(engine, snapshot)


def publish(publication: Publication, stream: IO[bytes]) -> None:
    """Write the final rows as the base is written: its very bytes if nothing changed, gzipped if it is.

    Raises: FormatError: the base cannot be read, or its rows cannot be told apart.
    """
    format_of(publication.base).publish(publication, stream)


def dialect(snapshot: Snapshot) -> Dialect | None:
    """How a snapshot's file is written; None where its format has one way only. Raises: FormatError."""
    return format_of(snapshot).dialect(snapshot)


def format_of(snapshot: Snapshot) -> Format:
    """The format that a snapshot says it has."""
    found: Format = registry.get("formats", snapshot.format)
    return found


@cache
def _suffixes() -> dict[str, str]:
    return {suffix: name for name in registry.names("formats") for suffix in registry.get("formats", name).suffixes}
