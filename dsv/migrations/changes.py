"""What a migration changes, counted: cells by field, rows, and rows of an evaluation split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dsv.migrations.apply import Applied
from dsv.migrations.ranges import ranges
from dsv.migrations.source import class_names
from dsv.model.migration import State
from dsv.model.schema import Field
from dsv.tables.casts import cast
from dsv.tables.duckdb import identifier, literal
from dsv.tables.table import POSITION, Table

EVALUATION_SPLITS = ("test", "testing", "eval", "evaluation", "holdout")


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Rows before against rows after, paired by key, or by position where there is none.

    `cells` maps a field (by its name after) to the number of cells that differ; fields that are
    new or gone do not count. `changed` rows have such a cell, `moved` rows another split. `touched` rows belong to an
    evaluation split before or after, and are added, removed, moved or have another class: a class
    with another name is the same class. `leaked` rows moved between an evaluation split and another.
    """

    cells: Mapping[str, int]
    added: int
    removed: int
    changed: int
    moved: int
    touched: int
    leaked: int = 0


def changes(before: Table, before_state: State, applied: Applied) -> Changes:
    """Count what a migration changed. `before` is the table that it was applied to, typed."""
    after, state, fields = applied.table, applied.state, applied.fields
    both = f"b.{POSITION} IS NOT NULL AND a.{POSITION} IS NOT NULL"
    kept = _kept(before, after, state.key)
    differs = {
        new: _differs(before_state.schema[old], state.schema[new])
        for old, new in fields.items()
        if kept.get(new) != old or before.schema[old].type != after.schema[new].type
    }
    moved, touched, leaked = _splits(before_state, applied)
    counted = [f"{both} AND {test}" for test in differs.values()]
    changed = " OR ".join(differs.values()) or "false"
    counted += [f"b.{POSITION} IS NULL", f"a.{POSITION} IS NULL"]
    counted += [f"{both} AND ({changed})", f"{both} AND {moved}", touched, f"{both} AND {leaked}"]
    columns = ", ".join(f"count(*) FILTER (WHERE {test})" for test in counted)
    parts = [
        before.engine.rows(f"SELECT {columns} FROM {joined}")[0] for joined in _joined(before, before_state, applied)
    ]
    *cells, added, removed, altered, moves, touches, leaks = (
        sum(map(int, counts)) for counts in zip(*parts, strict=True)
    )
    differing = {name: count for name, count in zip(differs, cells, strict=True) if count}
    return Changes(
        cells=differing, added=added, removed=removed, changed=altered, moved=moves, touched=touches, leaked=leaks
    )


def _joined(before: Table, before_state: State, applied: Applied) -> Iterator[str]:
    """SQL for the rows before (`b`), each beside the one after (`a`): all, or so many positions after others."""
    after = applied.table
    if not _kept(before, after, applied.state.key):
        pairs = _pairing(before_state.key, applied.state.key, applied.fields)
        on = " AND ".join(f"b.{old} = a.{new}" for old, new in pairs)
        yield f"{before.relation} b FULL JOIN {after.relation} a ON {on}"
        return
    # A row stays at its position, so no key need be joined, nor all rows at once.
    for some in ranges(before):
        old, new = (f"(SELECT * FROM {table.relation} AS dsv_table {some})" for table in (before, after))
        yield f"{old} b FULL JOIN {new} a ON b.{POSITION} = a.{POSITION}"


def _kept(before: Table, after: Table, key: tuple[str, ...]) -> Mapping[str, str]:
    """Fields after whose cells surely are those of a field before, in the row of the same key."""
    kept = after.lineage.kept if after.lineage.root == before.relation else {}
    return kept if all(name in kept for name in key) else {}


def _differs(old: Field, new: Field) -> str:
    """SQL: the cells differ; a cell whose value another type holds as well is the same."""
    before, after = f"b.{identifier(old.name)}", f"a.{identifier(new.name)}"
    if old.type == new.type:
        return f"{before} IS DISTINCT FROM {after}"
    held = cast(before, old.type, new.type)
    other = "false" if held is None else f"{held} IS NOT DISTINCT FROM {after}"
    return f"NOT ({other} AND ({before} IS NULL) = ({after} IS NULL))"


def _pairing(before: tuple[str, ...], after: tuple[str, ...], fields: Mapping[str, str]) -> list[tuple[str, str]]:
    """SQL names that pair a row before with the row after."""
    if before and tuple(fields.get(name) for name in before) == after:
        return [(identifier(old), identifier(new)) for old, new in zip(before, after, strict=True)]
    return [(POSITION, POSITION)]


def is_evaluation(split: str) -> str:
    """SQL: the split (text) is one that models are judged on; never NULL."""
    return f"coalesce(lower({split}) IN ({', '.join(map(literal, EVALUATION_SPLITS))}), false)"


def _splits(before: State, applied: Applied) -> tuple[str, str, str]:
    """SQL: the split differs; an evaluation row is touched; a row crosses the line between them."""
    after = applied.state.split
    if before.split is None or after is None or applied.fields.get(before.split) != after:
        return "false", "false", "false"
    old, new = (f"CAST({side}.{identifier(name)} AS VARCHAR)" for side, name in (("b", before.split), ("a", after)))
    evaluation = f"({is_evaluation(old)} OR {is_evaluation(new)})"
    crossing = f"{old} IS NOT NULL AND {new} IS NOT NULL AND {is_evaluation(old)} <> {is_evaluation(new)}"
    moved = f"{old} IS DISTINCT FROM {new}"
    relabelled = [
        _relabelled(before, applied, old_label, applied.fields[old_label])
        for old_label in before.labels
        if old_label in applied.fields
    ]
    return moved, f"{evaluation} AND ({' OR '.join([moved, *relabelled])})", crossing


def _relabelled(before: State, applied: Applied, old: str, new: str) -> str:
    """SQL: the cells stand for different classes, whatever the classes are called."""
    then = class_names(f"b.{identifier(old)}", before.schema[old])
    now = class_names(f"a.{identifier(new)}", applied.state.schema[new])
    renamed = _renamed(before, applied.state, old, new)
    if renamed:
        whens = " ".join(f"WHEN {literal(name)} THEN {literal(after)}" for name, after in renamed.items())
        then = f"list_transform({then}, lambda e: CASE e {whens} ELSE e END)"
    if before.schema[old].type != applied.state.schema[new].type:
        then, now = (f"coalesce(list_filter({side}, lambda e: e IS NOT NULL), [])" for side in (then, now))
    return f"{then} IS DISTINCT FROM {now}"


def _renamed(before: State, after: State, old: str, new: str) -> dict[str, str]:
    """Name before -> name after of the classes of a label that got another name."""
    lists = before.class_list(old), after.class_list(new)
    if lists[0] is None or lists[1] is None:
        return {}
    now = {item.key: item.name for item in lists[1].classes if not item.retired}
    return {
        item.name: now[item.key]
        for item in lists[0].classes
        if not item.retired and now.get(item.key, item.name) != item.name
    }
