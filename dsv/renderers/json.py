"""The contract `dsv.diff/1`: a diff as one JSON document, described by schemas/dsv.diff.1.json.

Additive within the major version. What is not known, or not computed, is null, never 0.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from dsv.model.diff import KINDS, DatasetDiff, DiffResult, Kind, SimilarPair, SplitMove
from dsv.model.labels import Encoding, Inferred, LabelDiff, Transition
from dsv.renderers._encode import dumps, encode, record, row

SCHEMA = "dsv.diff/1"
SAMPLES = 100


def render(result: DiffResult, *, limit: int | None = None, kinds: tuple[Kind, ...] = KINDS) -> str:
    """The whole document; at most `limit` sample rows of each of the `kinds` a dataset (None: 100)."""
    return dumps(document(result, SAMPLES if limit is None else limit, kinds), indent=2) + "\n"


def stream(result: DiffResult, *, limit: int | None = None, kinds: tuple[Kind, ...] = KINDS) -> Iterator[str]:
    """The whole document, in one piece."""
    yield render(result, limit=limit, kinds=kinds)


def document(result: DiffResult, limit: int, kinds: tuple[Kind, ...]) -> dict[str, Any]:
    """The document as JSON values."""
    return {
        "schema": SCHEMA,
        "complete": result.complete,
        "old": {"revision": result.old.name, "commit": result.old.commit},
        "new": {"revision": result.new.name, "commit": result.new.commit},
        "datasets": [_dataset(dataset, limit, kinds) for dataset in result.datasets],
        "findings": [dataclasses.asdict(finding) for finding in result.findings],
    }


def _dataset(dataset: DatasetDiff, limit: int, kinds: tuple[Kind, ...]) -> dict[str, Any]:
    return {
        "dataset": dataset.dataset,
        "path": dataset.path,
        "status": dataset.status,
        "compared": dataset.compared,
        "key": list(dataset.key),
        "key_source": dataset.key_source,
        "key_evidence": dataset.key_evidence,
        "rows": dataclasses.asdict(dataset.rows),
        "duplicate_keys": _maybe(dataset.duplicate_keys),
        "null_keys": _maybe(dataset.null_keys),
        "formatting": dataclasses.asdict(dataset.formatting),
        "schema_changes": [dataclasses.asdict(change) for change in dataset.schema_changes],
        "changed_cells": _counts(dataset.changed_cells),
        "changed_cells_whitespace_only": _counts(dataset.changed_cells_whitespace_only),
        "changed_cells_case_only": _counts(dataset.changed_cells_case_only),
        "changed_cells_encoding_only": _counts(dataset.changed_cells_encoding_only),
        "rekeyed": None
        if dataset.rekeyed is None
        else [{"old": record(pair.old), "new": record(pair.new)} for pair in dataset.rekeyed],
        "similar_pairs": None if dataset.similar is None else [_similar(pair) for pair in dataset.similar],
        "labels": {label.field: _label(label) for label in dataset.labels},
        "explained": None
        if dataset.explained is None
        else [
            {"migration": item.migration, "title": item.title, **dataclasses.asdict(item.work)}
            for item in dataset.explained
        ],
        "unexplained": _maybe(dataset.unexplained),
        "splits": {"moved": None if dataset.split_moves is None else [_step(move) for move in dataset.split_moves]},
        "media": _maybe(dataset.media),
        "where": _maybe(dataset.matching),
        "tables": {name: _part(part, limit, kinds) for name, part in dataset.tables.items()},
        "samples": _samples(dataset, limit, kinds),
    }


def _part(part: DatasetDiff, limit: int, kinds: tuple[Kind, ...]) -> dict[str, Any]:
    """Another table of the format: what stands for a dataset, as far as such a table has it."""
    names = (
        "status",
        "key",
        "rows",
        "duplicate_keys",
        "null_keys",
        "schema_changes",
        "changed_cells",
        "changed_cells_whitespace_only",
        "samples",
    )
    whole = _dataset(part, limit, kinds)
    return {name: whole[name] for name in names}


def _similar(pair: SimilarPair) -> dict[str, Any]:
    return {
        "position": {"old": pair.old_position, "new": pair.new_position},
        "similarity": pair.similarity,
        "cells": {name: {"old": encode(cell.old), "new": encode(cell.new)} for name, cell in pair.cells.items()},
    }


def _label(label: LabelDiff) -> dict[str, Any]:
    return {
        "classes": [
            {
                "class": item.name,
                "old": item.old,
                "new": item.new,
                "by_split": {split: dataclasses.asdict(counts) for split, counts in item.by_split.items()},
            }
            for item in label.classes
        ],
        "transitions": None if label.transitions is None else [_transition(item) for item in label.transitions],
        "changed_sets": None if label.transitions is None else label.changed_sets,
        "inferred": None if label.inferred is None else [_inferred(item) for item in label.inferred],
        "unlabelled": dataclasses.asdict(label.unlabelled),
        "explained": None if label.explained is None else [dataclasses.asdict(item) for item in label.explained],
        "unexplained": label.unexplained,
        "js_distance": encode(label.js_distance),
        "truncated": _maybe(label.truncated),
        "encodings": None if label.transitions is None else [_encoding(item) for item in label.encodings],
    }


def _inferred(item: Inferred) -> dict[str, Any]:
    return {
        "operation": item.operation,
        "from": list(item.sources),
        "to": list(item.targets),
        "support": item.support,
        "total": item.total,
        "strays": [_step(stray) for stray in item.strays],
    }


def _transition(item: Transition) -> dict[str, Any]:
    return {**_step(item), "encoding_only": item.encoding_only}


def _encoding(item: Encoding) -> dict[str, Any]:
    return {"kind": item.kind, "from": item.source, "to": item.target, "rows": item.rows}


def _step(item: Transition | SplitMove) -> dict[str, Any]:
    return {"from": item.source, "to": item.target, "rows": item.rows}


def _samples(dataset: DatasetDiff, limit: int, kinds: tuple[Kind, ...]) -> dict[str, Any] | None:
    """Up to `limit` rows of each kind; one more is asked for, to see whether there is any.

    None where no rows were compared; a kind that nobody asked for is None too.
    """
    if dataset.compared != "rows":
        return None
    found: dict[Kind, list[dict[str, Any]]] = {kind: [] for kind in kinds}
    truncated = False
    for change in dataset.changes.rows(kinds, limit + 1) if dataset.changes is not None else ():
        if len(found[change.kind]) < limit:
            found[change.kind].append(row(change))
        else:
            truncated = True
    return {**{kind: found.get(kind) for kind in KINDS}, "truncated": truncated}


def _counts(counts: Mapping[str, int] | None) -> dict[str, int] | None:
    return None if counts is None else dict(counts)


def _maybe(value: Any) -> dict[str, Any] | None:
    return None if value is None else dataclasses.asdict(value)


plugin = stream
