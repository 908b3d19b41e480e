"""The lists of a COCO document as tables: each is copied, one element a line, and read by the engine."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from dsv.errors import FormatError
from dsv.formats._json.document import Piece, line_of, pieces
from dsv.formats._json.scan import scan as scan_lines
from dsv.model.schema import Field, Schema
from dsv.model.snapshot import Snapshot
from dsv.tables.duckdb import Engine
from dsv.tables.table import POSITION, Table

ANNOTATIONS, IMAGES, CATEGORIES = "annotations", "images", "categories"
OWN = (ANNOTATIONS, IMAGES, CATEGORIES)
SEGMENTATION = "segmentation"
"""Written in one spelling where annotations are read."""
SINGLE = "document"
"""The table of top-level members that are neither lists nor objects."""
_ONE_LINE = str.maketrans("\r\n", "  ")


@dataclass(slots=True)
class Lists:
    """What one document holds.

    `tables` are its lists, without those that are empty; a list of what are no objects has one
    field, `value`. `members` are the names and values of its other top-level members, as JSON:
    those of an object by its name, all others under `SINGLE`. `nan` counts the elements that spell
    a number as NaN or Infinity.
    """

    tables: dict[str, Table] = field(default_factory=dict)
    members: dict[str, dict[str, str]] = field(default_factory=dict)
    nan: int = 0


def read(engine: Engine, snapshot: Snapshot) -> Lists:
    """Read a document. Raises: FormatError: it is no COCO document; with the line."""
    found = Lists()
    with ExitStack() as stack:
        files = _copy(engine, snapshot, found, stack)
    for name, path in files.items():
        found.tables[name] = _table(engine, snapshot, name, path)
    for name in OWN:
        if name in found.members or name in found.members.get(SINGLE, {}):
            raise FormatError(
                f"{name!r} is no list", where=snapshot.shown_path, hint="COCO has a list of objects there"
            )
    return found


def members_table(engine: Engine, values: dict[str, str]) -> Table:
    """Names and values as a table."""
    name = engine.fresh("coco_members")
    engine.execute(f"CREATE TABLE {name} (name VARCHAR, value VARCHAR, {POSITION} BIGINT)")
    for position, (key, value) in enumerate(values.items(), start=1):
        engine.execute(f"INSERT INTO {name} VALUES (?, ?, {position})", [key, value])
    fields = (Field(name="name", type="string"), Field(name="value", type="json"))
    return Table(engine=engine, relation=name, schema=Schema(fields=fields))


def _copy(engine: Engine, snapshot: Snapshot, found: Lists, stack: ExitStack) -> dict[str, Path]:
    """Write the lists to files of their own, one element a line."""
    paths: dict[str, Path] = {}
    files: dict[str, IO[str]] = {}
    for piece in pieces(snapshot):
        if piece.kind == "value":
            _keep(found, piece)
        if piece.kind != "element":
            continue
        if piece.name not in files:
            paths[piece.name] = engine.scratch(".jsonl")
            files[piece.name] = stack.enter_context(paths[piece.name].open("w", encoding="utf-8", newline=""))
        found.nan += piece.nan
        files[piece.name].write(_line(snapshot, piece))
    return paths


def _line(snapshot: Snapshot, piece: Piece) -> str:
    text = piece.text.translate(_ONE_LINE) if "\n" in piece.text or "\r" in piece.text else piece.text
    if isinstance(piece.value, dict):
        return text + "\n"
    if piece.name in OWN:
        line = line_of(snapshot, piece.name, piece.index)
        raise FormatError(
            f"element {piece.index + 1} of {piece.name!r} is no object",
            where=f"{snapshot.shown_path}:{line}",
            hint="COCO has a list of objects there",
        )
    return f'{{"value": {text}}}\n'


def _keep(found: Lists, piece: Piece) -> None:
    found.nan += piece.nan
    if isinstance(piece.value, dict):
        values = {name: _canonical(value) for name, value in piece.value.items()}
        found.members.setdefault(piece.name, {}).update(values)
    else:
        found.members.setdefault(SINGLE, {})[piece.name] = _canonical(piece.value)


def _canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _table(engine: Engine, snapshot: Snapshot, name: str, path: Path) -> Table:
    lines = Snapshot(path=path, format="jsonl", shown_path=f"{snapshot.shown_path} ({name})")
    try:
        return scan_lines(engine, lines, as_spelled=frozenset({SEGMENTATION})).table
    except FormatError as error:
        number = re.fullmatch(re.escape(lines.shown_path) + r":(\d+)", error.where or "")
        if number is None:
            raise
        line = line_of(snapshot, name, int(number[1]) - 1)
        raise FormatError(f"{name}: {error.message}", where=f"{snapshot.shown_path}:{line}", hint=error.hint) from None
