"""What the lines of a JSON Lines file have to be, as the first ones are."""

from __future__ import annotations

import io
import re
from itertools import islice
from pathlib import Path
from typing import Any

from dsv.formats._json.fit import narrower, type_of
from dsv.formats._json.line_pattern import Irregular, line_pattern
from dsv.formats._json.lines import numbered
from dsv.formats._json.scan import SNIFF, Source
from dsv.formats._lined import SAMPLE_ROWS, Lined
from dsv.model.schema import Field, Schema
from dsv.model.snapshot import Snapshot
from dsv.tables.duckdb import Engine, identifier
from dsv.tables.lines import LONGEST_LINE_BYTES
from dsv.tables.types import Struct, parse

MOST_FIELDS = 200
_LOOKED_AT, _LOOKED_AT_BYTES = 1000, 2**20


def lined(engine: Engine, snapshot: Snapshot) -> Lined | None:
    """What the lines of a file have to be; None if its first lines are not alike."""
    import duckdb

    try:
        values, texts = _first(snapshot.path)
        found = engine.columns(_source(snapshot.path).reader(f"{SNIFF}, sample_size = {SAMPLE_ROWS}"))
        if len(found) > MOST_FIELDS:
            return None
        # The pattern has no integers of more than 64 bits, which the engine takes any of both signs for.
        narrow = ", ".join(f"CAST(NULL AS {narrower(kind)}) AS {identifier(name)}" for name, kind in found.items())
        types = {name: type_of(kind) for name, kind in engine.columns(f"(SELECT {narrow})").items()}
        pattern = line_pattern(Struct(tuple((name, parse(kind)) for name, kind in types.items())), values)
    except (ValueError, OSError, Irregular, duckdb.Error):
        return None
    if not all(map(re.compile(pattern).fullmatch, texts)):
        return None
    return Lined(
        schema=Schema(fields=tuple(Field(name=name, type=kind) for name, kind in types.items())),
        pattern=pattern,
        head=b"",
        read=lambda path: _source(path).typed(types),
    )


def _source(path: Path) -> Source:
    return Source(path=path, gzip=False, size=path.stat().st_size, longest=LONGEST_LINE_BYTES)


def _first(path: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """The first objects, and their lines. Raises: ValueError: a line is none."""
    with path.open("rb") as stream:
        head = io.BytesIO(stream.read(_LOOKED_AT_BYTES))
    lines = [line for line in islice(numbered(head), _LOOKED_AT) if line.raw.endswith(b"\n")]
    return [line.value() for line in lines], [line.raw.decode().removesuffix("\n") for line in lines]
