"""The contracts `dsv.plan/1`, `dsv.migrate-show/1` and `dsv.migrate-log/1`: migrations, and what they do.

Described by files in schemas/. Additive within the major version. What is not known is null, never 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from dsv.model.chain import MigrationRecord
from dsv.model.migration import ClassList, Effect, Plan, PlanStep
from dsv.renderers._encode import dumps, record

SCHEMA, SHOW, LOG = "dsv.plan/1", "dsv.migrate-show/1", "dsv.migrate-log/1"


def render(plans: Sequence[Plan]) -> str:
    """The plans of one or more datasets as one JSON document."""
    return dumps({"schema": SCHEMA, "datasets": [_plan(item) for item in plans]}, indent=2) + "\n"


def show(item: MigrationRecord) -> str:
    """One migration, all that is known of it."""
    more = {
        "parameters": record(item.parameters or {}),
        "text": item.text,
        "step": None if item.step is None else step(item.step),
        "unknown": item.unknown,
    }
    return dumps({"schema": SHOW, **_record(item), **more}, indent=2) + "\n"


def log(items: Sequence[MigrationRecord]) -> str:
    """Migrations, in the order given."""
    return dumps({"schema": LOG, "migrations": [_record(item) for item in items]}, indent=2) + "\n"


def effect(value: Effect) -> dict[str, str]:
    """The word for an effect, and its four axes."""
    return {"summary": value.summary, **asdict(value)}


def step(item: PlanStep) -> dict[str, Any]:
    """One migration, foretold or done."""
    migration = item.migration
    return {
        "migration": migration.id,
        "after": migration.after,
        "title": migration.title,
        "why": migration.why,
        "path": migration.path,
        "tuned": list(migration.tuned),
        "operations": [{"sign": sign, "text": text} for sign, text in item.lines],
        "effect": effect(item.effect),
        "rows": {
            "before": item.before.rows,
            "after": item.after.rows,
            "added": item.rows_added,
            "removed": item.rows_removed,
            "changed": item.rows_changed,
            "quarantined": item.quarantined,
        },
        "changed_cells": {name: count for name, count in item.cells.items() if count},
        "splits": _pairs(item.before.by_split, item.after.by_split),
        "labels": {label: _classes(item, label) for label in sorted({*item.before.by_class, *item.after.by_class})},
        "classes": [_class_list(entry) for entry in item.classes_after],
        "digest": item.digest,
        "guards": list(item.guards),
        "pinned": migration.expect is not None,
        "findings": [asdict(finding) for finding in item.findings],
    }


def _record(item: MigrationRecord) -> dict[str, Any]:
    migration, entry = item.migration, item.entry
    return {
        "dataset": item.dataset,
        "migration": migration.id,
        "after": migration.after,
        "title": migration.title,
        "why": migration.why,
        "path": migration.path,
        "side_files": list(migration.side_files),
        "tuned": list(migration.tuned),
        "operations": [{"sign": sign, "text": text} for sign, text in item.lines],
        "effect": effect(item.effect),
        "document": migration.digest,
        "applied": None
        if entry is None
        else {
            "rows": entry.rows,
            "digest": entry.digest,
            "environment": dict(entry.environment),
            "counts": None
            if entry.counts is None
            else {name: getattr(entry.counts, name) for name in ("added", "removed", "changed")},
        },
        "introduced": None if item.introduced is None else asdict(item.introduced),
    }


def _plan(item: Plan) -> dict[str, Any]:
    return {
        "dataset": item.dataset,
        "head": item.head,
        "target": item.target,
        "steps": [step(entry) for entry in item.steps],
        "downstream": list(item.downstream),
    }


def _pairs(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, dict[str, int]]:
    names = sorted({*before, *after})
    return record({name: {"before": before.get(name, 0), "after": after.get(name, 0)} for name in names})


def _classes(item: PlanStep, label: str) -> list[dict[str, Any]]:
    """Counts of every class of a label, in all and by split."""
    before, after = item.before.by_class.get(label, {}), item.after.by_class.get(label, {})
    old, new = item.before.by_split_class.get(label, {}), item.after.by_split_class.get(label, {})
    splits = sorted({*old, *new})
    return [
        {
            "class": name,
            "before": before.get(name, 0),
            "after": after.get(name, 0),
            "by_split": {
                split: {"before": old.get(split, {}).get(name, 0), "after": new.get(split, {}).get(name, 0)}
                for split in splits
            },
        }
        for name in sorted({*before, *after})
    ]


def _class_list(entry: ClassList) -> dict[str, Any]:
    """The classes after the step, with what is theirs for ever and what models are trained on."""
    names = ("key", "id", "index", "name", "parent", "coverage", "retired", "group")
    return {
        "field": entry.field,
        "next_id": entry.next_id,
        "classes": [{name: getattr(item, name) for name in names} for item in entry.classes],
    }
