"""Differences the other way round: migrations that the old side has, and the new side lacks, run from new to old."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from dsv.diff.cells import NEW, OLD, Credits, Differences
from dsv.diff.explain import Explanation, explain
from dsv.diff.fields import Alignment, FieldPair
from dsv.diff.keys import Key
from dsv.diff.replay import Replay
from dsv.diff.request import DiffRequest
from dsv.diff.rows import drop
from dsv.model.diff import SchemaChange
from dsv.tables.table import Table

TURNED = {"added": "removed", "removed": "added"}


def explain_backwards(
    old: Table,
    new: Table,
    fields: Alignment,
    key: Key,
    differences: Differences,
    changed_fields: Iterable[str],
    changes: Sequence[SchemaChange],
    replay: Replay,
    request: DiffRequest,
) -> tuple[Differences, Explanation]:
    """As `explain`, with the migrations replayed on new's rows: what they account for was taken back."""
    names = {pair.name: pair.old.name for pair in fields.pairs}
    credited, explanation = explain(
        new,
        old,
        _alignment(fields),
        replace(key, fields=_pairs(key.fields), shown=None if key.shown is None else _pairs(key.shown)),
        _differences(differences),
        [names.get(name, name) for name in changed_fields],
        [_change(change) for change in changes],
        replay,
        request,
    )
    by_new = {before: after for after, before in names.items()}
    told = _differences(credited)
    if told.credits is not None:
        own = tuple(by_new.get(name, name) for name in told.credits.fields)
        told = replace(told, credits=Credits(migrations=told.credits.migrations, fields=own))
    works = [explanation.unexplained, *(item.work for item in explanation.explained or ())]
    turned = [
        None
        if work is None
        else replace(
            work,
            rows_added=work.rows_removed,
            rows_removed=work.rows_added,
            cells={by_new.get(name, name): cells for name, cells in work.cells.items()},
        )
        for work in works
    ]
    explained = explanation.explained and tuple(
        replace(item, work=work) for item, work in zip(explanation.explained, turned[1:], strict=True) if work
    )
    return told, replace(explanation, explained=explained, unexplained=turned[0])


def _differences(differences: Differences) -> Differences:
    """The same rows with old as new, in a table of their own; the one given is used up."""
    engine = differences.engine
    columns = [f"{NEW} AS {OLD}", f"{OLD} AS {NEW}"]
    columns += [f"n{place} AS o{place}" for place in range(len(differences.new_fields))]
    columns += [f"o{place} AS n{place}" for place in range(len(differences.old_fields))]
    kinds = " ".join(f"WHEN '{kind}' THEN '{other}'" for kind, other in TURNED.items())
    columns.append(f"CASE kind {kinds} ELSE kind END AS kind")
    sides = {*(f"n{place}" for place in range(len(differences.new_fields))), OLD, NEW, "kind"}
    sides |= {f"o{place}" for place in range(len(differences.old_fields))}
    name = engine.fresh("diff_rows")
    engine.execute(
        f"CREATE TABLE {name} AS SELECT * EXCLUDE ({', '.join(sorted(sides))}), {', '.join(columns)} "
        f"FROM {differences.table}"
    )
    drop(engine, differences.table)
    return replace(
        differences,
        table=name,
        old_fields=differences.new_fields,
        new_fields=differences.old_fields,
        key=_pairs(differences.key),
        compared=_pairs(differences.compared),
        differing={number: _pair(pair) for number, pair in differences.differing.items()},
    )


def _alignment(fields: Alignment) -> Alignment:
    return Alignment(pairs=_pairs(fields.pairs), only_old=fields.only_new, only_new=fields.only_old)


def _pairs(pairs: Sequence[FieldPair]) -> tuple[FieldPair, ...]:
    return tuple(map(_pair, pairs))


def _pair(pair: FieldPair) -> FieldPair:
    return FieldPair(old=pair.new, new=pair.old)


def _change(change: SchemaChange) -> SchemaChange:
    """The change that takes back a change, as far as its credit needs."""
    if change.change == "field_renamed" and change.to is not None:
        return replace(change, field=change.to, to=change.field)
    if change.change == "nullable_changed":
        return replace(change, breaking=not change.breaking)
    turned = replace(change, old_type=change.new_type, new_type=change.old_type)
    if change.change == "field_added":
        return replace(turned, change="field_removed")
    return replace(turned, change="field_added") if change.change == "field_removed" else turned
