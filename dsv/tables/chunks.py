"""Two Parquet files with the same row groups: which columns hold the same bytes, without decoding any."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsv.tables.duckdb import Engine, literal

_BLOCK = 1 << 20
_SHORT_SIZES = re.compile(r"parquet-mr version (0\.|1\.[01]\.|1\.2\.[0-8]\b)")
"""Writers that left a header out of a chunk's size (PARQUET-816)."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A column of a row group in a file: where its bytes are, and what its decoding depends on beside them."""

    start: int
    size: int
    codec: str
    kind: str
    values: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Two files of one schema, cut into row groups of the same numbers of rows.

    `rows` are those numbers. `old` and `new` hold, by top-level column, for each row group the
    chunks of its leaves.
    """

    files: tuple[Path, Path]
    rows: tuple[int, ...]
    old: Mapping[str, tuple[tuple[Chunk, ...], ...]]
    new: Mapping[str, tuple[tuple[Chunk, ...], ...]]

    def differing(self, column: str) -> Iterator[int]:
        """The row groups in which a column's bytes differ; in all others its cells are equal, row by row."""
        with self.files[0].open("rb") as old, self.files[1].open("rb") as new:
            for number, (left, right) in enumerate(zip(self.old[column], self.new[column], strict=True)):
                if not all(_same(old.fileno(), a, new.fileno(), b) for a, b in zip(left, right, strict=True)):
                    yield number


def alike(engine: Engine, old: Path, new: Path) -> Alike | None:
    """How two files are laid out, if it is in the same way; None if not, or if their writer is not to be trusted."""
    schemas = [
        engine.rows(f"SELECT * EXCLUDE (file_name) FROM parquet_schema({literal(str(path))})") for path in (old, new)
    ]
    if schemas[0] != schemas[1]:
        return None
    makers = engine.rows(f"SELECT created_by FROM parquet_file_metadata([{literal(str(old))}, {literal(str(new))}])")
    if any(_SHORT_SIZES.match(maker or "") for (maker,) in makers):
        return None
    columns = _columns(engine, old)
    found = [_chunks(engine, path, columns) for path in (old, new)]
    if found[0][0] != found[1][0]:
        return None
    return Alike(files=(old, new), rows=found[0][0], old=found[0][1], new=found[1][1])


def _columns(engine: Engine, path: Path) -> list[str]:
    """The top-level column of each leaf, in the order of the leaves."""
    elements = engine.rows(f"SELECT name, coalesce(num_children, 0) FROM parquet_schema({literal(str(path))})")
    found: list[str] = []
    waiting, column = 0, ""
    for name, below in elements[1:]:
        column = column if waiting else name
        waiting = max(0, waiting - 1) + below
        found += [] if below else [column]
    return found


def _chunks(
    engine: Engine, path: Path, columns: list[str]
) -> tuple[tuple[int, ...], dict[str, tuple[tuple[Chunk, ...], ...]]]:
    """Rows by row group, and the chunks by column and row group."""
    fields = (
        "row_group_id, row_group_num_rows, column_id, dictionary_page_offset, data_page_offset, "
        "total_compressed_size, compression, type, num_values"
    )
    entries = engine.rows(f"SELECT {fields} FROM parquet_metadata({literal(str(path))}) ORDER BY 1, 3")
    rows: dict[int, int] = {}
    found: dict[str, dict[int, list[Chunk]]] = {name: {} for name in columns}
    for group, count, leaf, *chunk in entries:
        rows[group] = count
        found[columns[leaf]].setdefault(group, []).append(_chunk(*chunk))
    return tuple(rows[group] for group in sorted(rows)), {
        name: tuple(tuple(groups[group]) for group in sorted(groups)) for name, groups in found.items()
    }


def _chunk(dictionary: int | None, data: int, size: int, codec: str, kind: str, values: Any) -> Chunk:
    return Chunk(start=min(data, dictionary or data), size=size, codec=codec, kind=kind, values=int(values))


def _same(old: int, left: Chunk, new: int, right: Chunk) -> bool:
    """Both chunks decode to the same cells, because their bytes are the same."""
    told = ((chunk.size, chunk.codec, chunk.kind, chunk.values) for chunk in (left, right))
    if len(set(told)) > 1 or left.size <= 0:
        return False
    for offset in range(0, left.size, _BLOCK):
        length = min(_BLOCK, left.size - offset)
        block = os.pread(old, length, left.start + offset)
        if len(block) != length or block != os.pread(new, length, right.start + offset):
            return False
    return True
