"""Counts of rows by split and class, for plans."""

from __future__ import annotations

from collections.abc import Sequence

from dsv.model.migration import Tally
from dsv.tables.duckdb import identifier, literal
from dsv.tables.table import Table


def tally(table: Table, labels: Sequence[str], split: str | None, unlabelled: str | None) -> Tally:
    """Count the rows of a table: in all, by split, by class, and by split and class.

    A list label counts each class once a row. Missing cells and the value that means *not labelled*
    (the field's own, else `unlabelled`) are no class. Names are sorted.
    """
    by_class: dict[str, dict[str, int]] = {}
    by_split_class: dict[str, dict[str, dict[str, int]]] = {}
    for label in labels:
        total: dict[str, int] = {}
        parts: dict[str, dict[str, int]] = {}
        for part, name, count in _counts(table, label, split, unlabelled):
            total[name] = total.get(name, 0) + count
            if part is not None:
                parts.setdefault(part, {})[name] = count
        by_class[label] = dict(sorted(total.items()))
        by_split_class[label] = dict(sorted(parts.items()))
    return Tally(rows=table.count(), by_split=_splits(table, split), by_class=by_class, by_split_class=by_split_class)


def _splits(table: Table, split: str | None) -> dict[str, int]:
    if split is None:
        return {}
    column = identifier(split)
    rows = table.engine.rows(
        f"SELECT CAST({column} AS VARCHAR), count(*) FROM {table.relation} "
        f"WHERE {column} IS NOT NULL GROUP BY 1 ORDER BY 1"
    )
    return dict(rows)


def _counts(table: Table, label: str, split: str | None, unlabelled: str | None) -> list[tuple[str | None, str, int]]:
    field = table.schema[label]
    column, part = identifier(label), f"CAST({identifier(split)} AS VARCHAR)" if split is not None else "NULL"
    several = field.type.startswith("list<")
    names = f"unnest(list_distinct(CAST({column} AS VARCHAR[])))" if several else f"CAST({column} AS VARCHAR)"
    nothing = field.unlabelled if field.unlabelled is not None else unlabelled
    kept = "name IS NOT NULL" if nothing is None else f"name IS NOT NULL AND name <> {literal(nothing)}"
    return table.engine.rows(
        f"SELECT part, name, count(*) FROM (SELECT {part} AS part, {names} AS name FROM {table.relation}) "
        f"WHERE {kept} GROUP BY ALL ORDER BY ALL"
    )
