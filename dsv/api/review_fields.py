"""Missing and distinct cells of a side's fields, from its profile, or else by reading it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from dsv.api.options import DiffOptions
from dsv.api.pairs import Pair
from dsv.api.reading import read_sides
from dsv.checks.fields import FieldCounts, TableCounts
from dsv.model.profile import Profile
from dsv.tables.duckdb import Engine, identifier

if TYPE_CHECKING:
    from dsv.tables.table import Table

NESTED = ("list<", "struct<")


def field_counts(engine: Engine, pair: Pair, options: DiffOptions) -> tuple[TableCounts, TableCounts] | None:
    """Those of both sides; None where a side is not there. Raises: DsvError: one cannot be read."""
    if pair.old is None or pair.new is None:
        return None
    known = [_of_profile(side.profile()) for side in (pair.old, pair.new)]
    if None in known:
        # Where rows pair by position, files are not read line by line without those that both sides have.
        scans = read_sides(engine, replace(pair, row=None), replace(options, by_position=True)).scans
        read = [None if scan is None else _of_table(scan.table) for scan in scans]
        known = [profiled or counted for profiled, counted in zip(known, read, strict=True)]
    old, new = known
    return None if old is None or new is None else (old, new)


def _of_profile(profile: Profile | None) -> TableCounts | None:
    if profile is None:
        return None
    fields = {
        item.field.name: FieldCounts(nulls=item.nulls, constant=_constant(item.distinct, item.field.type))
        for item in profile.fields
    }
    return TableCounts(rows=profile.rows, fields=fields)


def _constant(distinct: int | None, kind: str) -> bool | None:
    return None if distinct is None and kind.startswith(NESTED) else distinct == 1


def _of_table(table: Table) -> TableCounts:
    fields: Mapping[str, str] = {item.name: item.type for item in table.schema}
    asked = ["count(*)"]
    for name, kind in fields.items():
        column = identifier(name)
        asked.append(f"count({column})")
        asked.append(
            "NULL" if kind.startswith(NESTED) else f"coalesce(min({column}) IS NOT DISTINCT FROM max({column}), true)"
        )
    rows, *counts = table.engine.aggregates(f"{table.relation} AS dsv_table", asked)
    found = {}
    for place, name in enumerate(fields):
        filled, same = counts[2 * place], counts[2 * place + 1]
        found[name] = FieldCounts(nulls=rows - filled, constant=None if same is None else bool(same and filled))
    return TableCounts(rows=rows, fields=found)
