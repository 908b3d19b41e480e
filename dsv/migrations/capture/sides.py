"""Side files of a captured migration: CSV for people to review; Parquet for what CSV cannot hold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dsv.errors import FormatError
from dsv.formats.base import scan
from dsv.model.schema import Field, Schema, is_nested
from dsv.model.snapshot import ReadOptions, Snapshot
from dsv.profiles.digest import row_digest
from dsv.tables.duckdb import identifier, literal
from dsv.tables.table import POSITION, Table


def write(rows: Table, order: tuple[str, ...], folder: Path, stem: str) -> str:
    """Write typed rows into a folder, in the order of some fields; the file's name.

    What is read back from the file is what was to be written: that is tried here.
    """
    rows = replace(rows, schema=Schema(fields=tuple(map(_plain, rows.schema))))
    name = f"{stem}.csv"
    _copy(rows, order, folder / name, {field.name: _text(field) for field in rows.schema}, "FORMAT csv, HEADER true")
    if _reads_back(rows, folder / name, "csv"):
        return name
    (folder / name).unlink()
    name = f"{stem}.parquet"
    _copy(rows, order, folder / name, {}, "FORMAT parquet")
    return name


def _plain(field: Field) -> Field:
    return Field(name=field.name, type="string" if field.type == "enum" else field.type)


def _copy(rows: Table, order: tuple[str, ...], path: Path, cells: dict[str, str], options: str) -> None:
    columns = ", ".join(f"{cells.get(name, identifier(name))} AS {identifier(name)}" for name in rows.schema.names)
    by = ", ".join([*map(identifier, order), POSITION])
    # The order is that of the values, not of the texts that are written.
    source = f"(SELECT * FROM {rows.relation} AS dsv_rows ORDER BY {by})"
    rows.engine.execute(f"COPY (SELECT {columns} FROM {source}) TO {literal(str(path))} ({options})")


def _text(field: Field) -> str:
    """SQL for a cell as the text from which `cast_text` makes it again."""
    column = identifier(field.name)
    if field.type == "bytes":
        return f"hex({column})"
    return f"CAST(to_json({column}) AS VARCHAR)" if is_nested(field.type) else column


def _reads_back(rows: Table, path: Path, name: str) -> bool:
    options = ReadOptions(schema=rows.schema)
    try:
        found = scan(rows.engine, Snapshot(path=path, format=name, shown_path=path.name, options=options)).table
        return row_digest(found.typed_table()) == row_digest(rows)
    except FormatError:
        return False
