"""Rows that keep their positions, compared so many at a time: memory does not grow with their number."""

from __future__ import annotations

from collections.abc import Iterator

from dsv.tables.table import POSITION, Table

AT_ONCE = 2_000_000
"""So many positions are compared at once."""


def ranges(table: Table) -> Iterator[str]:
    """SQL conditions (`WHERE …`, or nothing if there are few) on `POSITION` that together hold for every row."""
    last = int(table.engine.value(f"SELECT max({POSITION}) FROM {table.relation}") or 0)
    if last <= AT_ONCE:
        yield ""
        return
    for first in range(1, last + 1, AT_ONCE):
        yield f"WHERE {POSITION} BETWEEN {first} AND {first + AT_ONCE - 1}"
