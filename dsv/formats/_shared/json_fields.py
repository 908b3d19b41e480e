"""Fields of JSON text in a relation: every value in its one spelling, so that the engine can compare texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from dsv.formats._shared.json_text import respelled
from dsv.tables.duckdb import Engine, identifier, literal
from dsv.tables.table import POSITION, stage

_OTHER_SPELLING = r"\{|\\|[0-9][eE]|\.[0-9]*0(?:[^0-9]|$)|-0(?:[^0-9.]|$)|0\.00000|[0-9.]{17}"
"""What has no part of this is an array of texts and of numbers in their one spelling."""
_BATCH_ROWS, _BATCH_BYTES = 2048, 16 * 1024 * 1024
"""So much is in Python's memory at once, but for a single row that is larger."""


def in_one_spelling(engine: Engine, relation: str, names: Sequence[str], size_bytes: int) -> str:
    """A relation of the same rows, in which equal lists and objects of the JSON fields `names` have equal text.

    Members stand in the order of their names, numbers in one spelling. Scalars stay as they are.
    `size_bytes` is about what the rows take. It is the same relation if all have that text already.
    """
    path = engine.scratch(".parquet")
    if not names or not _respelled(engine, relation, names, path):
        return relation
    own = [name for name in engine.columns(relation) if name != POSITION]
    number = {name: place for place, name in enumerate(names)}
    cells = ", ".join(
        f"coalesce(s.c{number[name]}, r.{identifier(name)}) AS {identifier(name)}"
        if name in number
        else f"r.{identifier(name)}"
        for name in own
    )
    rows = (
        f"(SELECT {cells} FROM {relation} AS r LEFT JOIN read_parquet({literal(str(path))}) AS s "
        f"ON s.p = r.{POSITION} ORDER BY r.{POSITION})"
    )
    return stage(engine, rows, size_bytes)


def _respelled(engine: Engine, relation: str, names: Sequence[str], path: Path) -> int:
    """Write the rows whose texts change to a file: position `p`, texts `c0`, `c1`, …; how many they are."""
    nested = {name: f"regexp_matches({identifier(name)}, '^[\\[{{]')" for name in names}
    other = {
        name: f"{test} AND regexp_matches({identifier(name)}, {literal(_OTHER_SPELLING)})"
        for name, test in nested.items()
    }
    sizes = " + ".join(f"coalesce(strlen({identifier(name)}), 0)" for name in names)
    wanted = " OR ".join(other.values())
    longest = engine.value(f"SELECT max({sizes}) FROM {relation} WHERE {wanted}")
    if longest is None:
        return 0
    rows_at_once = max(1, min(_BATCH_ROWS, _BATCH_BYTES // longest))
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = [f"CASE WHEN {test} THEN {identifier(name)} END" for name, test in other.items()]
    query = f"SELECT {POSITION}, {', '.join(texts)} FROM {relation} WHERE {wanted}"
    schema = pa.schema([("p", pa.int64()), *((f"c{place}", pa.string()) for place in range(len(names)))])
    written = 0
    with pq.ParquetWriter(path, schema) as writer:
        for rows in _changed(engine.stream(query, size=rows_at_once), rows_at_once):
            writer.write_table(pa.table([list(cells) for cells in zip(*rows, strict=True)], schema=schema))
            written += len(rows)
    return written


def _changed(rows: Iterator[tuple[Any, ...]], most: int) -> Iterator[list[tuple[Any, ...]]]:
    """The rows whose texts change, so many at a time at the most."""
    batch: list[tuple[Any, ...]] = []
    for position, *texts in rows:
        spelled = [None if text is None else respelled(text) for text in texts]
        if spelled != texts:
            batch.append((position, *spelled))
        if len(batch) == most:
            yield batch
            batch = []
    if batch:
        yield batch
