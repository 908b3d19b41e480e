"""Scanning JSON objects: DuckDB finds the types over all of them and reads them; what it refuses is read one by one."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dsv.errors import FormatError, TooLittleMemory
from dsv.formats._json.fit import EXACT, TEXT_TYPES, fits, holds_wide, is_wide, largest, narrower, type_of, value_fits
from dsv.formats._json.lines import LINES, Shape, problem, rows
from dsv.formats._shared.bytes import BOM, marker_offset, open_bytes, text_pieces
from dsv.formats._shared.infer import check_cells
from dsv.formats._shared.json_fields import in_one_spelling
from dsv.formats._shared.names import check_names, check_names_apart
from dsv.formats.base import Scan
from dsv.model.schema import Field, Schema
from dsv.model.snapshot import Snapshot
from dsv.model.values import shown
from dsv.tables.duckdb import Engine, identifier, literal
from dsv.tables.spelled import misfit
from dsv.tables.table import Table, origin, stage
from dsv.tables.types import Type, columns, engine_type, parse, spell

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

_USUAL_OBJECT_BYTES = 16 * 1024 * 1024
_LONGEST_OBJECT_BYTES = 256 * 1024 * 1024
_BUFFERS = 5
"""So many times the longest object is in memory while it is read."""
_LINE_ENDS = bytes.maketrans(b"\r\n", b"  ")
_OBJECTS = "records = false, columns = {json: 'JSON'}"
SNIFF = "map_inference_threshold = -1, field_appearance_threshold = 0, maximum_depth = -1"
"""How the engine finds types: no object is a map, and no member is too rare."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that DuckDB is to read. `checked`: every line in it is known to be an object.

    No object takes more than `longest` bytes. The engine sets aside twice as much for each of its threads.
    The JSON of the fields `as_spelled` is left as it is.
    """

    path: Path
    gzip: bool
    size: int
    longest: int
    shape: str = LINES.name
    checked: bool = False
    malformed: int = 0
    first_malformed: str | None = None
    as_spelled: frozenset[str] = frozenset()

    @property
    def object_bytes(self) -> int:
        """The most that DuckDB is told to take for an object."""
        return min(max(_USUAL_OBJECT_BYTES, self.longest + 1), _LONGEST_OBJECT_BYTES)

    def reader(self, options: str) -> str:
        """SQL that reads the file."""
        zipped = literal("gzip" if self.gzip else "uncompressed")
        sizes = f"compression = {zipped}, maximum_object_size = {self.object_bytes}, hive_partitioning = false"
        return f"read_json({literal(str(self.path))}, format = {literal(self.shape)}, {sizes}, {options})"

    def typed(self, types: Mapping[str, str]) -> str:
        """SQL that reads the members of some names as values of dsv's types."""
        read = columns((name, "JSON" if kind == "json" else engine_type(kind)) for name, kind in types.items())
        reader = self.reader(f"auto_detect = false, columns = {read}")
        selected = ", ".join(
            f"CAST({identifier(name)} AS VARCHAR) AS {identifier(name)}" if kind == "json" else identifier(name)
            for name, kind in types.items()
        )
        return f"(SELECT {selected} FROM {reader})"


def scan(engine: Engine, snapshot: Snapshot, shape: Shape = LINES, as_spelled: frozenset[str] = frozenset()) -> Scan:
    """Read a file of JSON objects as a table of typed fields; those `as_spelled` keep the text of their JSON.

    Raises: FormatError.
    """
    source = _look(snapshot, shape)
    source = source and replace(source, as_spelled=as_spelled)
    table = _attempt(engine, snapshot, shape, source) if source is not None else None
    if source is None or table is None:
        source = replace(_rewrite(engine, snapshot, shape), as_spelled=as_spelled)
        table = _attempt(engine, snapshot, shape, source)
    if table is None:
        raise FormatError("the engine cannot read the file", where=snapshot.shown_path)
    return Scan(table=table, malformed=source.malformed, first_malformed=source.first_malformed)


def _look(snapshot: Snapshot, shape: Shape) -> Source | None:
    """Read all bytes once; None if DuckDB would not read them as they are meant.

    Raises: FormatError: NUL bytes, not UTF-8, no line, or a damaged gzip stream.
    """
    size, longest, plain, empty = 0, 0, True, True
    with open_bytes(snapshot) as stream:
        for piece in text_pieces(snapshot, stream):
            plain = plain and marker_offset(piece) is None and not (size == 0 and piece.startswith(BOM))
            size += len(piece)
            longest = max(longest, len(piece))
            empty = empty and not piece.removeprefix(BOM).strip()
    if empty:
        raise _empty(snapshot)
    return Source(snapshot.path, snapshot.gzip, size, longest, shape.name) if plain else None


def _empty(snapshot: Snapshot) -> FormatError:
    return FormatError("the file is empty", where=snapshot.shown_path, hint="a table has one JSON object at the least")


def _rewrite(engine: Engine, snapshot: Snapshot, shape: Shape) -> Source:
    """Copy the objects, a line each, and count what is none.

    Raises: FormatError: a line is none, and the snapshot does not say to skip such.
    """
    path = engine.scratch(".jsonl")
    size = longest = malformed = 0
    first: str | None = None
    with open_bytes(snapshot) as stream, path.open("wb") as target:
        for line in shape.read(snapshot, stream):
            if line.blank:
                continue
            longest = max(longest, len(line.raw))
            wrong = problem(snapshot, line)
            if wrong is None:
                # In sound JSON a line end is a blank like any other: in texts it is escaped.
                size += target.write(line.raw.rstrip(b"\r\n").translate(_LINE_ENDS) + b"\n")
            elif snapshot.options.skip_malformed:
                malformed, first = malformed + 1, first or wrong.where
            else:
                raise wrong
    if not size:
        raise _empty(snapshot)
    return Source(path, False, size, longest, checked=True, malformed=malformed, first_malformed=first)


def _attempt(engine: Engine, snapshot: Snapshot, shape: Shape, source: Source) -> Table | None:
    """Let DuckDB read a file; None if it refuses, or if it may have read as a row what is none.

    Raises: FormatError: the objects' members do not make a table, or do not fit the declared schema.
    """
    import duckdb

    more = _BUFFERS * source.object_bytes if source.object_bytes > _USUAL_OBJECT_BYTES else 0
    try:
        with engine.room(more):
            return _read(engine, snapshot, shape, source)
    except TooLittleMemory as error:
        raise TooLittleMemory(error.message, where=snapshot.shown_path, hint=error.hint) from None
    except duckdb.Error as error:
        if not source.checked:
            return None
        reason = str(error).splitlines()[0].replace(str(source.path), snapshot.shown_path)
        raise FormatError(f"the file cannot be read: {reason}", where=snapshot.shown_path) from None


def _read(engine: Engine, snapshot: Snapshot, shape: Shape, source: Source) -> Table | None:
    found = engine.columns(source.reader(f"{SNIFF}, sample_size = -1"))
    if list(found) == ["json"] and not source.checked:
        # DuckDB's answer for lines that are not all objects, and for objects of one member of that name.
        return None
    engine.expect(len(found), source.object_bytes)
    check_names_apart(_names(engine, source, list(found)), snapshot.shown_path)
    declared = snapshot.options.schema
    if declared is not None:
        return _declared(engine, snapshot, shape, source, found, declared)
    return _inferred(engine, snapshot, shape, source, found)


def _names(engine: Engine, source: Source, found: list[str]) -> list[str]:
    """The members' names as the file has them: DuckDB renames those that differ only in case."""
    renamed = any(re.fullmatch(r".*_\d+", name, re.DOTALL) and _twin(name, found) for name in found)
    if not renamed and found != ["json"]:
        return found
    keys = f"SELECT DISTINCT unnest(json_keys(json)) FROM {source.reader(_OBJECTS)}"
    return sorted(name for (name,) in engine.rows(keys)) or [""]


def _twin(name: str, names: list[str]) -> bool:
    return name.rpartition("_")[0].lower() in (other.lower() for other in names)


def _inferred(
    engine: Engine, snapshot: Snapshot, shape: Shape, source: Source, found: Mapping[str, DuckDBPyType]
) -> Table | None:
    found = {**found, **_narrowed(engine, source, {name: kind for name, kind in found.items() if is_wide(kind)})}
    types = {name: type_of(kind) for name, kind in found.items()}
    relation, types = _loaded(engine, snapshot, shape, source, types)
    sizes = {name: size for name, kind in types.items() if (size := largest(identifier(name), parse(kind)))}
    # Infinity is no integer that was rounded; inside other values it is looked at with the rest.
    tests = [
        f"max({size})" + (f" FILTER (WHERE isfinite({identifier(name)}))" if types[name] == "number" else "")
        for name, size in sizes.items()
    ]
    absent = " AND ".join(f"{identifier(name)} IS NULL" for name in types)
    hollow, *most = engine.rows(f"SELECT {', '.join([f'count(*) FILTER (WHERE {absent})', *tests])} FROM {relation}")[0]
    if hollow and not source.checked:
        return None
    # NaN, which the engine takes for the largest number, hides how large the others are.
    doubtful = {name for name, size in zip(sizes, most, strict=True) if size is not None and not size < EXACT}
    wide = _wide_integers(snapshot, shape, doubtful) if doubtful else set()
    if wide:
        types |= dict.fromkeys(wide, "json")
        relation = _load(engine, source, types)
    schema = Schema(fields=tuple(Field(name=name, type=kind) for name, kind in types.items()))
    return Table(engine=engine, relation=relation, schema=schema, origin=origin(relation))


def _loaded(
    engine: Engine, snapshot: Snapshot, shape: Shape, source: Source, types: dict[str, str]
) -> tuple[str, dict[str, str]]:
    """The rows, and the types that they were read with: integers wider than an older engine holds are JSON."""
    import duckdb

    try:
        return _load(engine, source, types), types
    except duckdb.InvalidInputException:
        wide = _wide_integers(snapshot, shape, set(types)) if source.checked else set()
        if not wide:
            raise
    types = {**types, **dict.fromkeys(wide, "json")}
    return _load(engine, source, types), types


def _narrowed(engine: Engine, source: Source, wide: Mapping[str, DuckDBPyType]) -> dict[str, DuckDBPyType]:
    """Those of the fields whose integers all have 64 bits: the engine takes any of both signs for wider ones."""
    if not wide:
        return {}
    read = columns((name, str(kind)) for name, kind in wide.items())
    reader = source.reader(f"auto_detect = false, columns = {read}")
    narrow = {name: f"TRY_CAST({identifier(name)} AS {narrower(kind)})" for name, kind in wide.items()}
    lost = [
        f"coalesce(bool_or(CAST({sql} AS {wide[name]}) IS DISTINCT FROM {identifier(name)}), false)"
        for name, sql in narrow.items()
    ]
    losing = engine.rows(f"SELECT {', '.join(lost)} FROM {reader}")[0]
    kept = [name for name, loses in zip(wide, losing, strict=True) if not loses]
    if not kept:
        return {}
    return engine.columns(
        f"(SELECT {', '.join(f'{narrow[name]} AS {identifier(name)}' for name in kept)} FROM {reader})"
    )


def _declared(
    engine: Engine,
    snapshot: Snapshot,
    shape: Shape,
    source: Source,
    found: Mapping[str, DuckDBPyType],
    schema: Schema,
) -> Table | None:
    optional = [item.name for item in schema if item.nullable]
    check_names([*found, *optional], schema, snapshot.shown_path)
    trees = {item.name: parse(item.type) for item in schema}
    doubtful = [name for name, kind in found.items() if is_wide(kind) or not fits(kind, trees[name])]
    if doubtful:
        _check_values(snapshot, shape, {name: trees[name] for name in doubtful})
    relation = _load(engine, source, {item.name: "string" if _as_text(item) else item.type for item in schema})
    tests = {item.name: misfit(identifier(item.name), item) for item in schema if _as_text(item) or not item.nullable}
    check_cells(
        engine,
        relation,
        schema,
        {name: test for name, test in tests.items() if test is not None},
        lambda position: f"{snapshot.shown_path}:{_line_of(snapshot, shape, position)}",
    )
    texts = frozenset(item.name for item in schema if _as_text(item))
    return Table(engine=engine, relation=relation, schema=schema, text_fields=texts).typed_table()


def _as_text(item: Field) -> bool:
    return item.type in TEXT_TYPES


def _load(engine: Engine, source: Source, types: Mapping[str, str]) -> str:
    """Read a file for the engine; the relation's name."""
    relation = stage(engine, source.typed(types), source.size)
    mixed = [name for name, kind in types.items() if kind == "json" and name not in source.as_spelled]
    return in_one_spelling(engine, relation, mixed, source.size)


def _wide_integers(snapshot: Snapshot, shape: Shape, names: set[str]) -> set[str]:
    """Those of the fields that hold an integer, however deep, which a double would round.

    Raises: FormatError: a field's own integer has more than 64 bits.
    """
    wide = set()
    with open_bytes(snapshot) as stream:
        for line, is_row in rows(snapshot, stream, shape):
            for name, value in line.value().items() if is_row else ():
                if name not in names or not holds_wide(value):
                    continue
                if isinstance(value, int) and not -(2**63) <= value < 2**64:
                    raise FormatError(
                        f"field {name!r} holds {shown(value)}, an integer of more than 64 bits",
                        where=f"{snapshot.shown_path}:{line.number}",
                        hint="write it as a string",
                    )
                wide.add(name)
    return wide


def _check_values(snapshot: Snapshot, shape: Shape, trees: Mapping[str, Type]) -> None:
    """Find the first value that is not of its declared type. Raises: FormatError: with its line."""
    with open_bytes(snapshot) as stream:
        for line, is_row in rows(snapshot, stream, shape):
            for name, value in line.value().items() if is_row else ():
                if name in trees and not value_fits(value, trees[name]):
                    raise FormatError(
                        f"field {name!r} holds {_short(value)}, which is no {spell(trees[name])}",
                        where=f"{snapshot.shown_path}:{line.number}",
                        hint="mend the row",
                    )


def _short(value: object) -> str:
    text = shown(value)
    return text if len(text) <= 80 else text[:80] + "…"


def _line_of(snapshot: Snapshot, shape: Shape, position: int) -> int:
    """The line of the row at a position."""
    with open_bytes(snapshot) as stream:
        numbers = (line.number for line, is_row in rows(snapshot, stream, shape) if is_row)
        return next(itertools.islice(numbers, position - 1, None), 0)
