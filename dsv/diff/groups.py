"""Changed cells in groups: one value that became one other, in many rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dsv.diff.cells import NEW
from dsv.diff.changes import OneSideChanges, PairedChanges
from dsv.diff.fields import FieldPair
from dsv.diff.plain import plain, stored
from dsv.model.review import Group
from dsv.tables.duckdb import identifier, literal

MOST_GROUPS = 10
MOST_FIELDS = 50
"""In so many fields groups are looked for, those first that changed most."""
SAMPLES = 3
LONGEST = 1000
"""Texts of more characters are no values that rows share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """The largest groups; how many there are beside them, and of how many cells."""

    listed: tuple[Group, ...] = ()
    more: int = 0
    more_cells: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    group: Group
    positions: tuple[int, ...]


def groups(
    changes: PairedChanges, cells: Mapping[str, int], classes: Collection[str], hidden: Mapping[str, Any]
) -> Groups:
    """The largest groups of changed cells, with the first of their rows.

    `cells` counts the changed cells by field. The fields in `classes` come first, and every group of theirs counts; in
    others a value that only one cell went to is no group. For the fields of `hidden` all that changed by one
    migration is one group, from one to the other of the texts that stand for what may not be shown.
    """
    pairs = {pair.name: pair for pair in changes.differences.compared if cells.get(pair.name)}
    ordered = sorted(pairs, key=lambda name: (name not in classes, -cells[name], name))
    found: list[_Found] = []
    number = 0
    for name in ordered[:MOST_FIELDS]:
        some, distinct = _of_field(changes, pairs[name], cells[name], hidden.get(name))
        number += distinct
        found += [item for item in some if item.group.count > 1 or name in classes]
    number += sum(cells[name] for name in ordered[MOST_FIELDS:])
    found.sort(key=lambda item: (item.group.field not in classes, -item.group.count))
    listed = _sampled(changes, found[:MOST_GROUPS])
    total = sum(cells[name] for name in ordered)
    return Groups(listed=listed, more=number - len(listed), more_cells=total - sum(item.count for item in listed))


def _of_field(
    changes: PairedChanges, pair: FieldPair, cells: int, hidden: tuple[str, str] | None
) -> tuple[list[_Found], int]:
    """The largest groups of one field, and how many there are."""
    differences = changes.differences
    before, after = (
        stored(column, form) for column, form in zip(differences.columns(pair), (pair.old, pair.new), strict=True)
    )
    if hidden is not None:
        before = after = "NULL"
    credits = differences.credits
    by = "CAST(NULL AS INTEGER)" if credits is None else credits.cell(pair.name)
    long = f"greatest(length(CAST(o AS VARCHAR)), length(CAST(n AS VARCHAR))) > {LONGEST}"
    rows = differences.engine.rows(
        f"SELECT o, n, m, c, f, total FROM (SELECT o, n, m, count(*) AS c, min(p, {SAMPLES}) AS f, "
        f"count(*) OVER () AS total FROM (SELECT {before} AS o, {after} AS n, {by} AS m, {NEW} AS p "
        f"FROM {differences.table} WHERE kind = 'changed' AND {differences.flag(pair.name)}) GROUP BY o, n, m) "
        f"WHERE NOT coalesce({long}, false) ORDER BY c DESC, f LIMIT {MOST_GROUPS}"
    )
    found = []
    for old, new, number, count, first, _ in rows:
        values = hidden if hidden is not None else (plain(old, pair.old), plain(new, pair.new))
        migration = None if credits is None or number is None else credits.migrations[number - 1]
        group = Group(
            field=pair.name,
            before=values[0],
            after=values[1],
            count=count,
            share=count / cells,
            migration=migration,
        )
        found.append(_Found(group=group, positions=tuple(first)))
    return found, rows[0][5] if rows else cells


def _sampled(changes: PairedChanges, found: Sequence[_Found]) -> tuple[Group, ...]:
    wanted = sorted({place for item in found for place in item.positions})
    rows = {row.new_position: row for row in changes.changed_at(wanted)}
    return tuple(replace(item.group, samples=tuple(rows[place] for place in item.positions)) for item in found)


def secrets(changes: PairedChanges | OneSideChanges, pattern: str) -> int:
    """Cells of new that a regular expression finds something in, and those of old in their place do not."""
    if isinstance(changes, OneSideChanges):
        if changes.side == "old":
            return 0
        texts = [identifier(name) for name, form in changes.forms.items() if form.text or form.type == "string"]
        asked = [f"count(*) FILTER ({_holds(text, pattern)})" for text in texts]
        relation = f"{changes.table.relation} AS dsv_table"
        return sum(changes.table.engine.aggregates(relation, asked)) if asked else 0
    differences = changes.differences
    both = {pair.new.name: pair.old.name for pair in changes.fields.pairs if pair.textual}
    alone = {form.name: None for form in changes.fields.only_new if form.text or form.type == "string"}
    asked = []
    for new, old in {**both, **alone}.items():
        before = "false" if old is None else _holds(differences.column("old", old), pattern)
        after = _holds(differences.column("new", new), pattern)
        asked.append(f"count(*) FILTER (kind IN ('added', 'changed') AND {after} AND NOT {before})")
    return sum(differences.engine.aggregates(differences.table, asked)) if asked else 0


def _holds(column: str, pattern: str) -> str:
    return f"coalesce(regexp_matches(CAST({column} AS VARCHAR), {literal(pattern)}), false)"


def touched(changes: PairedChanges, split: str) -> dict[str | None, dict[str, int]]:
    """Rows by the split that they are or were in, and by kind. A row that moved counts in both of its splits."""
    pair = changes.fields.find(split)
    if pair is None:
        return {}
    differences = changes.differences
    old, new = (f"CAST({column} AS VARCHAR)" for column in differences.columns(pair))
    rows = differences.engine.rows(
        f"SELECT s, kind, count(*) FROM (SELECT kind, unnest(CASE kind WHEN 'added' THEN [{new}] "
        f"WHEN 'removed' THEN [{old}] ELSE list_distinct([{old}, {new}]) END) AS s FROM {differences.table} "
        f"WHERE kind <> 'same') GROUP BY s, kind ORDER BY s, kind"
    )
    found: dict[str | None, dict[str, int]] = {}
    for name, kind, count in rows:
        found.setdefault(name, {})[kind] = count
    return found
