"""Parquet parts of one schema, read where they lie: nothing is copied."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from dsv.formats._columnar.columns import typed_table
from dsv.formats._columnar.parquet_source import ROW_NUMBER, found_columns, unzipped
from dsv.formats._parts.files import PartFile
from dsv.formats._parts.rows import Gathered
from dsv.formats.base import MemberRows
from dsv.model.snapshot import Snapshot
from dsv.tables.duckdb import Engine, identifier, literal
from dsv.tables.table import Table

_COLUMNS = ("filename", "file_index", ROW_NUMBER)
"""What the reader says of a row beside its own fields."""


def as_one_view(engine: Engine, snapshot: Snapshot, parts: Sequence[PartFile]) -> Gathered | None:
    """The rows of Parquet files with the same columns of the same types; None where they are not that.

    Raises: FormatError: a file is no sound Parquet file.
    """
    if any(part.format != "parquet" for part in parts) or len({tuple(part.fields) for part in parts}) > 1:
        return None
    paths, columns = [], []
    for part in parts:
        own = Snapshot(path=part.member.open(), format="parquet", gzip=part.gzip, shown_path=part.shown)
        path = unzipped(engine, own)
        paths.append(path)
        columns.append([(name, str(kind)) for name, kind in found_columns(engine, path, own).items()])
    given = list(parts[0].fields)
    lower = {name.lower() for name, _ in columns[0]}
    if any(item != columns[0] for item in columns) or any(name.lower() in lower for name in (*given, *_COLUMNS)):
        return None
    ranges = _ranges(engine, parts, paths)
    every = list(zip(parts, paths, ranges, strict=True))

    def some(wanted: Collection[str]) -> Table:
        chosen = [item for item in every if item[0].member.path in wanted]
        # Without any file there is no reader: then none of the rows of the first.
        table = _view(engine, snapshot, chosen or every[:1])
        return table if chosen else replace(table, relation=f"(SELECT * FROM {table.relation} LIMIT 0)")

    return Gathered(table=_view(engine, snapshot, every), ranges=ranges, some=some)


def _ranges(engine: Engine, parts: Sequence[PartFile], paths: Sequence[Path]) -> tuple[MemberRows, ...]:
    listed = ", ".join(literal(str(path)) for path in paths)
    counts = dict(engine.rows(f"SELECT file_name, num_rows FROM parquet_file_metadata([{listed}])"))
    ranges, first = [], 1
    for part, path in zip(parts, paths, strict=True):
        ranges.append(MemberRows(path=part.member.path, first=first, count=int(counts[str(path)])))
        first += ranges[-1].count
    return tuple(ranges)


def _view(engine: Engine, snapshot: Snapshot, files: Sequence[tuple[PartFile, Path, MemberRows]]) -> Table:
    """The rows of some of the files, at the positions that they have among those of all."""
    listed = "[" + ", ".join(literal(str(path)) for _, path, _ in files) + "]"
    cells = [_by_file([rows.first for _, _, rows in files]) + f" + {ROW_NUMBER} AS _dsv_number"]
    cells += [
        f"CAST({_by_file([part.fields[name] for part, _, _ in files])} AS VARCHAR) AS {identifier(name)}"
        for name in files[0][0].fields
    ]
    reader = f"read_parquet({listed}, hive_partitioning = false, file_row_number = true)"
    source = f"(SELECT * EXCLUDE ({ROW_NUMBER}), {', '.join(cells)} FROM {reader})"
    found = engine.columns(source)
    del found["_dsv_number"]
    return typed_table(engine, snapshot, found, source, "_dsv_number")


def _by_file(values: Sequence[str | int | None]) -> str:
    """SQL for the value of the file that a row is in."""
    return f"([{', '.join(map(literal, values))}])[CAST(file_index AS BIGINT) + 1]"
