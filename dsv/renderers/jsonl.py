"""`dsv.diff.rows/1`: one line for the diff, then one line for every row that differs.

The first line is an object with `schema`, `complete`, `old`, `new`, `findings` and `datasets`: the
name, path, status and counts of each, the counts that `where` picks of them, and `listed`: whether
its rows follow (false where only the profiles were compared). Every other line has `dataset`,
`kind` (added, removed or changed), `key`, `position` and `cells`, as in the samples of `dsv.diff/1`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from dsv.model.diff import KINDS, DatasetDiff, DiffResult, Kind
from dsv.renderers._encode import dumps, row

SCHEMA = "dsv.diff.rows/1"


def render(result: DiffResult, *, limit: int | None = None, kinds: tuple[Kind, ...] = KINDS) -> str:
    """All lines; at most `limit` rows of each of the `kinds` a dataset (None: all)."""
    return "".join(stream(result, limit=limit, kinds=kinds))


def stream(result: DiffResult, *, limit: int | None = None, kinds: tuple[Kind, ...] = KINDS) -> Iterator[str]:
    """Line by line, each with its line end; rows are read as they are needed."""
    yield dumps(_header(result)) + "\n"
    for dataset in result.datasets:
        if dataset.changes is None:
            continue
        for change in dataset.changes.rows(kinds, limit):
            yield dumps({"dataset": dataset.dataset, "kind": change.kind, **row(change)}) + "\n"


def _header(result: DiffResult) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "complete": result.complete,
        "old": {"revision": result.old.name, "commit": result.old.commit},
        "new": {"revision": result.new.name, "commit": result.new.commit},
        "datasets": [_summary(dataset) for dataset in result.datasets],
        "findings": [dataclasses.asdict(finding) for finding in result.findings],
    }


def _summary(dataset: DatasetDiff) -> dict[str, Any]:
    return {
        "dataset": dataset.dataset,
        "path": dataset.path,
        "status": dataset.status,
        "compared": dataset.compared,
        "key": list(dataset.key),
        "rows": dataclasses.asdict(dataset.rows),
        "where": None if dataset.matching is None else dataclasses.asdict(dataset.matching),
        "listed": dataset.compared == "rows",
    }


plugin = stream
