"""Which schema changes recorded migrations account for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from dsv.diff.cells import Credits, Differences
from dsv.diff.replay import Replayed
from dsv.model.diff import SchemaChange


def schema_credits(
    changes: Sequence[SchemaChange], replayed: Replayed, differences: Differences
) -> Counter[int | None]:
    """Schema changes by the number of the migration that accounts for them; None for none."""
    return Counter(_credit(change, replayed, differences) for change in changes)


def _credit(change: SchemaChange, replayed: Replayed, differences: Differences) -> int | None:
    if change.change == "field_added":
        return _added(replayed, change.field)
    if change.change == "field_removed":
        return _removed(replayed, change.field)
    if change.change == "field_renamed":
        return _renamed(replayed, change.field, change.to)
    if change.change == "type_changed":
        return _retyped(replayed, change.field, change.new_type)
    return _nullable(change, differences)


def _added(replayed: Replayed, field: str) -> int | None:
    """The migration that added a field, or gave it its name."""
    names = replayed.origin(field)
    return None if names[-1] is None or names[0] == field else _last_change(names)


def _removed(replayed: Replayed, field: str) -> int | None:
    """The migration that dropped a field."""
    names = replayed.trail(field)
    return names.index(None) if names[0] is not None and None in names else None


def _renamed(replayed: Replayed, field: str, to: str | None) -> int | None:
    names = replayed.trail(field)
    return _last_change(names) if names[-1] == to else None


def _retyped(replayed: Replayed, field: str, new_type: str | None) -> int | None:
    tables = [replayed.start, *(step.table for step in replayed.steps)]
    types = [
        None if name is None else table.schema[name].type
        for name, table in zip(replayed.origin(field), tables, strict=True)
    ]
    return _last_change(types) if types[-1] == new_type else None


def _last_change(values: Sequence[str | None]) -> int | None:
    return max((place for place in range(1, len(values)) if values[place] != values[place - 1]), default=None)


def _nullable(change: SchemaChange, differences: Differences) -> int | None:
    """The last migration that took part, if migrations account for every missing cell that came or went."""
    credits = differences.credits
    if credits is None:
        return None
    # A missing cell that makes a field nullable is new's; one that kept it from being so was old's.
    cells = list(_missing(change, differences, credits, came=change.breaking))
    return None if None in cells else max(filter(None, cells), default=None)


def _missing(change: SchemaChange, differences: Differences, credits: Credits, *, came: bool) -> Iterator[int | None]:
    """The credits of the cells of a field that lack a value, each once."""
    pair = next((pair for pair in (*differences.key, *differences.compared) if pair.name == change.field), None)
    if pair is None:
        return
    column = differences.columns(pair)[came]
    changed = f"CASE kind WHEN 'changed' THEN {credits.cell(change.field)} ELSE {Credits.ROW} END"
    kinds = ", ".join(f"'{kind}'" for kind in ("changed", "added" if came else "removed"))
    touched = f"(kind <> 'changed' OR {differences.flag(change.field) or 'false'})"
    sql = (
        f"SELECT DISTINCT {changed} FROM {differences.table} WHERE kind IN ({kinds}) AND {touched} AND {column} IS NULL"
    )
    for (number,) in differences.engine.rows(sql):
        yield number
