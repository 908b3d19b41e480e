"""The file that a Parquet reader opens, and SQL that reads it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dsv.errors import FormatError
from dsv.formats._shared.bytes import open_bytes
from dsv.model.snapshot import Snapshot
from dsv.tables.duckdb import Engine, literal

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

ROW_NUMBER = "file_row_number"


def unzipped(engine: Engine, snapshot: Snapshot) -> Path:
    """The file itself, or what is in it if it is gzipped. Raises: FormatError: the gzip stream is damaged."""
    if not snapshot.gzip:
        return snapshot.path
    path = engine.scratch(".parquet")
    with open_bytes(snapshot) as source, path.open("wb") as target:
        while block := source.read(1 << 20):
            target.write(block)
    return path


def reader(path: Path, *, numbered: bool) -> str:
    """SQL that reads a file; `numbered` adds `ROW_NUMBER`, which counts rows from 0."""
    return f"read_parquet({literal(str(path))}, hive_partitioning = false, file_row_number = {literal(numbered)})"


def found_columns(engine: Engine, path: Path, snapshot: Snapshot) -> dict[str, DuckDBPyType]:
    """The columns of a file and their engine types.

    Raises: FormatError: it is no sound Parquet file, or names its columns so that SQL cannot.
    """
    import duckdb

    try:
        return engine.columns(reader(path, numbered=False))
    except duckdb.Error as error:
        reason = str(error).splitlines()[0].replace(str(path), snapshot.shown_path)
        raise FormatError(
            f"the file is no sound Parquet file: {reason}",
            where=snapshot.shown_path,
            hint="fetch or write the file again",
        ) from None
