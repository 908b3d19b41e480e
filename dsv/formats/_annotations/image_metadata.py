"""`metadata.csv`, `.jsonl` or `.parquet` beside pictures: one row a picture, joined by its `file_name`."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass

from dsv.errors import FormatError
from dsv.formats._shared.folder import where
from dsv.formats._shared.notes import Notes
from dsv.formats.base import scan
from dsv.model.schema import Field, Schema, is_nested
from dsv.model.snapshot import Member, Snapshot
from dsv.tables.duckdb import Engine, identifier, literal
from dsv.tables.table import POSITION, Table

FORMATS = {"metadata.csv": "csv", "metadata.tsv": "tsv", "metadata.jsonl": "jsonl", "metadata.parquet": "parquet"}
FILE_NAME = "file_name"
_NUMBERS = {"integer", "number"}


@dataclass(frozen=True, slots=True)
class _Source:
    """One metadata file: its rows, and the folder that its file names start from."""

    table: Table
    folder: str
    shown: str


def is_metadata(member: Member) -> bool:
    """Say whether a file of the folder describes pictures."""
    return posixpath.basename(member.path) in FORMATS


def with_metadata(snapshot: Snapshot, images: Table, files: Sequence[Member], notes: Notes) -> Table:
    """The pictures with the fields of their metadata; `images` has `file`, `class`, `split` and `md5`.

    A field of no value of the pictures' own gives way to one of the metadata.

    Raises: FormatError: a file has no `file_name` or names a picture twice, or a field has two meanings.
    """
    snapshot.fetch([member.path for member in files])
    sources = [_read(images.engine, snapshot, member) for member in files]
    if not sources:
        return images
    fields = _fields(sources)
    own = _own_fields(images, fields, sources[0].shown)
    known = _union(images.engine, sources, fields)
    _check_names(images, known, notes)
    columns = [f"i.{identifier(item.name)}" for item in own] + [f"m.{identifier(item.name)}" for item in fields]
    name = images.engine.fresh("described")
    images.engine.execute(
        f"CREATE TABLE {name} AS SELECT {', '.join(columns)}, i.{POSITION} "
        f"FROM {images.relation} i LEFT JOIN {known} m ON i.file = m._dsv_file"
    )
    return Table(engine=images.engine, relation=name, schema=Schema(fields=(*own, *fields)))


def _read(engine: Engine, snapshot: Snapshot, member: Member) -> _Source:
    folder, name = posixpath.split(member.path)
    shown = where(snapshot, member.path)
    options = snapshot.options
    found = scan(engine, Snapshot(path=member.open(), format=FORMATS[name], shown_path=shown, options=options))
    if FILE_NAME not in found.table.schema:
        raise FormatError(
            f"the metadata has no field {FILE_NAME!r}", where=shown, hint="it holds the path of each picture"
        )
    return _Source(found.table, folder, shown)


def _fields(sources: Sequence[_Source]) -> list[Field]:
    """The fields of all files, each of a type that all its values have."""
    types: dict[str, list[str]] = {}
    for source in sources:
        for item in source.table.schema:
            if item.name != FILE_NAME:
                types.setdefault(item.name, []).append(item.type)
    return [Field(name=name, type=_common(kinds)) for name, kinds in types.items()]


def _common(types: Sequence[str]) -> str:
    if len(set(types)) == 1:
        return types[0]
    if set(types) <= _NUMBERS:
        return "number"
    return "json" if any(kind == "json" or is_nested(kind) for kind in types) else "string"


def _own_fields(images: Table, fields: Sequence[Field], shown: str) -> list[Field]:
    twins = {item.name.lower() for item in fields} & set(images.schema.names)
    for name in sorted(twins):
        if images.engine.value(f"SELECT count({identifier(name)}) FROM {images.relation}"):
            raise FormatError(
                f"the metadata has a field {name!r}, which the folders say too", where=shown, hint="rename the field"
            )
    return [item for item in images.schema if item.name not in twins]


def _union(engine: Engine, sources: Sequence[_Source], fields: Sequence[Field]) -> str:
    selects = []
    for source in sources:
        cells = [f"{_cell(source.table, item)} AS {identifier(item.name)}" for item in fields]
        prefix = literal(f"{source.folder}/" if source.folder else "")
        path = f"regexp_replace(replace(CAST({FILE_NAME} AS VARCHAR), '\\', '/'), '^(\\./)+', '')"
        columns = ", ".join([*cells, f"{prefix} || {path} AS _dsv_file", f"{literal(source.shown)} AS _dsv_shown"])
        selects.append(f"SELECT {columns} FROM {source.table.relation}")
    name = engine.fresh("metadata")
    engine.execute(f"CREATE TABLE {name} AS {' UNION ALL '.join(selects)}")
    return name


def _cell(table: Table, item: Field) -> str:
    """SQL for a cell as a value of the field's type; NULL where this file lacks the field."""
    if item.name not in table.schema:
        return "NULL"
    kind = table.schema[item.name].type
    if item.type == "string" and kind != "string":
        return f"CAST({table.text(item.name)} AS VARCHAR)"
    if item.type == "json" and kind != "json":
        return f"CAST(to_json({table.typed(item.name)}) AS VARCHAR)"
    typed = table.typed(item.name)
    return f"CAST({typed} AS DOUBLE)" if item.type == "number" else typed


def _check_names(images: Table, known: str, notes: Notes) -> None:
    engine = images.engine
    twice = engine.rows(
        f"SELECT _dsv_file, min(_dsv_shown) FROM {known} GROUP BY 1 HAVING count(*) > 1 ORDER BY 1 LIMIT 1"
    )
    for path, shown in twice:
        raise FormatError(f"the metadata describes {path!r} twice", where=shown, hint="keep one of the rows")
    lost = f"SELECT _dsv_file, _dsv_shown FROM {known} ANTI JOIN {images.relation} i ON _dsv_file = i.file ORDER BY 1"
    for path, shown in engine.rows(lost):
        notes.add("metadata-without-image", "rows of metadata without a picture", f"{shown} ({path})")
    bare = f"SELECT file FROM {images.relation} ANTI JOIN {known} ON _dsv_file = file ORDER BY 1"
    for (path,) in engine.rows(bare):
        notes.add("image-without-metadata", "pictures that the metadata leaves out", path)
