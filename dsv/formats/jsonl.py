"""JSON Lines: one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from dsv.errors import FormatError
from dsv.formats._bytes import BOM, MARKER, marker_error, open_bytes, text_pieces
from dsv.formats._changes import find
from dsv.formats._infer import check_cells
from dsv.formats._json_spans import Members
from dsv.formats._names import check_names, check_names_apart
from dsv.formats.base import Publication, Scan
from dsv.model.schema import Field, Schema, is_nested
from dsv.model.snapshot import Dialect, Snapshot
from dsv.tables.duckdb import Engine, identifier, literal
from dsv.tables.table import POSITION, Table
from dsv.tables.types import List, Scalar, Struct, Type, engine_type, spell

_SCALARS = {
    "VARCHAR": "string",
    "BIGINT": "integer",
    "UBIGINT": "integer",
    "HUGEINT": "json",
    "DOUBLE": "number",
    "BOOLEAN": "boolean",
    "NULL": "string",
    "JSON": "json",
}


class JsonLines:
    """Files of one JSON object a line."""

    suffixes: tuple[str, ...] = (".jsonl", ".ndjson")

    def dialect(self, snapshot: Snapshot) -> Dialect | None:
        """None: lines keep their own spelling."""
        return None

    def scan(self, engine: Engine, snapshot: Snapshot) -> Scan:
        """Read the file as a table of typed fields. Raises: FormatError: a line is no JSON object."""
        lines, malformed, first = _load(engine, snapshot)
        names = _names(engine, lines)
        check_names_apart(names, snapshot.shown_path)
        declared = snapshot.options.schema
        if declared is not None:
            check_names([*names, *(item.name for item in declared if item.nullable)], declared, snapshot.shown_path)
        schema = declared or _inferred(engine, lines, names)
        columns = ", ".join(f"{_value(item)} AS {identifier(item.name)}" for item in schema)
        name = engine.fresh("scan")
        engine.execute(
            f"CREATE TABLE {name} AS SELECT {columns}, position AS {POSITION} FROM {lines} ORDER BY position"
        )
        if declared is not None:
            _check(engine, lines, name, declared, snapshot)
        table = Table(engine=engine, relation=name, schema=schema)
        return Scan(table=table, malformed=malformed, first_malformed=first)

    def publish(self, publication: Publication, stream: IO[bytes]) -> None:
        """Write the final rows; members that did not change keep their spelling. Raises: FormatError."""
        changes = find(publication)
        edits = changes.edits()
        edit = next(edits, None)
        kept = {base: final for final, base in changes.kept.items()}
        names = {base: kept.get(base) for base in changes.base.schema.names}
        position, last = 0, b"\n"
        with open_bytes(publication.base) as source:
            for line in source:
                row = line.removeprefix(BOM) if position == 0 else line
                if not row.strip():
                    stream.write(line)
                    continue
                position += 1
                edited = edit is not None and edit.position == position
                values: Mapping[str, Any] = edit.values if edit is not None and edited else {}
                removed = edit is not None and edited and edit.removed
                if edited:
                    edit = next(edits, None)
                if removed:
                    continue
                body = line.rstrip(b"\r\n")
                last = line[len(body) :]
                if not edited and changes.same_fields:
                    stream.write(line)
                else:
                    text = body.decode("utf-8")
                    stream.write(Members(text).edited(names, values).encode("utf-8") + last)
        for row_values in changes.added():
            stream.write(b"" if last else b"\n")
            stream.write(json.dumps(row_values, ensure_ascii=False, default=str).encode("utf-8") + (last or b"\n"))


plugin = JsonLines()


def _load(engine: Engine, snapshot: Snapshot) -> tuple[str, int, str | None]:
    """A relation of (json, position), and the lines that were left out."""
    path = engine.scratch(".jsonl")
    malformed, first, number = 0, None, 0
    with open_bytes(snapshot) as stream, path.open("wb") as target:
        for piece in text_pieces(snapshot, stream):
            for line in piece.splitlines(keepends=False):
                number += 1
                text = line.removeprefix(BOM) if number == 1 else line
                if not text.strip():
                    continue
                if text.startswith(MARKER):
                    raise marker_error(snapshot, number)
                problem = _problem(text)
                if problem is None:
                    target.write(text + b"\n")
                elif snapshot.options.skip_malformed:
                    malformed, first = malformed + 1, first or f"{snapshot.shown_path}:{number}"
                else:
                    raise FormatError(
                        problem,
                        where=f"{snapshot.shown_path}:{number}",
                        hint="mend the line, or leave such lines out: --skip-malformed",
                    )
    if number == 0:
        raise FormatError("the file is empty", where=snapshot.shown_path, hint="fetch or write the file again")
    name = engine.fresh("lines")
    engine.execute(
        f"CREATE TABLE {name} AS SELECT json, row_number() OVER () AS position FROM read_ndjson_objects("
        f"{literal(str(path))}, maximum_object_size = 268435456)"
    )
    return name, malformed, first


def _problem(text: bytes) -> str | None:
    """Why a line is no JSON object; None if it is one."""
    try:
        value = json.loads(text, object_pairs_hook=_apart)
    except (ValueError, RecursionError) as error:
        return f"the line is no JSON: {error}"
    return None if isinstance(value, dict) else "the line is no JSON object"


def _apart(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has a name twice")
    return found


def _names(engine: Engine, lines: str) -> list[str]:
    """Names of the objects' members, in the order of their first appearance."""
    rows = engine.rows(
        f"SELECT name FROM (SELECT unnest(json_keys(json)) AS name, generate_subscripts(json_keys(json), 1) AS place, "
        f"position FROM {lines}) GROUP BY name ORDER BY min(position * 100000 + place)"
    )
    return [name for (name,) in rows]


def _pointer(name: str) -> str:
    return literal("/" + name.replace("~", "~0").replace("/", "~1"))


def _inferred(engine: Engine, lines: str, names: list[str]) -> Schema:
    fields = []
    for name in names:
        member = f"json_extract(json, {_pointer(name)})"
        found = json.loads(engine.value(f"SELECT json_group_structure({member}) FROM {lines}") or '"NULL"')
        tree = _tree(found)
        kind = "json" if tree is None else spell(tree)
        if kind in ("integer", "number") and _too_wide(engine, lines, member, kind):
            kind = "json"
        fields.append(Field(name=name, type=kind))
    return Schema(fields=tuple(fields))


def _too_wide(engine: Engine, lines: str, member: str, kind: str) -> bool:
    """Some integer would lose digits in 64 bits."""
    text = f"CAST({member} AS VARCHAR)"
    pattern = "-?[0-9]{16,}" if kind == "number" else "-?[0-9]{19,}"
    return bool(engine.value(f"SELECT count(*) FROM {lines} WHERE regexp_full_match({text}, '{pattern}')"))


def _tree(structure: Any) -> Type | None:
    """The type of a structure as DuckDB tells it; None where values have several types."""
    if isinstance(structure, str):
        kind = _SCALARS.get(structure, "json")
        return None if kind == "json" else Scalar(kind)
    if isinstance(structure, list):
        item = _tree(structure[0]) if structure else Scalar("string")
        return None if item is None else List(item)
    members = [(name, _tree(item)) for name, item in structure.items()]
    if not members or any(item is None for _, item in members):
        return None
    return Struct(tuple((name, item) for name, item in members if item is not None))


def _value(field: Field) -> str:
    member = f"json_extract(json, {_pointer(field.name)})"
    present = f"json_type(json, {_pointer(field.name)}) <> 'NULL'"
    if field.type == "json":
        return f"CASE WHEN {present} THEN CAST({member} AS VARCHAR) END"
    if is_nested(field.type):
        return f"CASE WHEN {present} THEN TRY_CAST({member} AS {engine_type(field.type)}) END"
    text = f"json_extract_string(json, {_pointer(field.name)})"
    wanted = engine_type(field.type)
    return text if wanted == "VARCHAR" else f"TRY_CAST({text} AS {wanted})"


def _check(engine: Engine, lines: str, relation: str, schema: Schema, snapshot: Snapshot) -> None:
    """Refuse values that do not fit the declared types."""
    tests = {}
    for field in schema:
        column = identifier(field.name)
        given = f"EXISTS (SELECT 1 FROM {lines} l WHERE l.position = {relation}.{POSITION} "
        kind = f"json_type(l.json, {_pointer(field.name)})"
        if field.type in ("string", "enum"):
            test = f"{column} IS NOT NULL AND {given} AND {kind} <> 'VARCHAR')"
        else:
            test = f"{column} IS NULL AND {given} AND {kind} <> 'NULL')"
        if field.values is not None:
            listed = ", ".join(literal(value) for value in field.values) or "NULL"
            test = f"({test}) OR ({column} IS NOT NULL AND ({column} IN ({listed})) IS NOT TRUE)"
        tests[field.name] = test
    check_cells(engine, relation, schema, tests, lambda position: f"{snapshot.shown_path}:{_line(snapshot, position)}")


def _line(snapshot: Snapshot, position: int) -> int:
    with open_bytes(snapshot) as stream:
        rows = (number for number, line in enumerate(stream, start=1) if line.strip())
        return next((line for row, line in enumerate(rows, start=1) if row == position), 0)
