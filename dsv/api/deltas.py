"""Rows added, removed and changed between two revisions, and how a commit message spells them."""

from __future__ import annotations

import re

from dsv.api.diff import compare_trees
from dsv.errors import DataMissing, SchemaError
from dsv.model.diff import DiffResult
from dsv.model.history import RowDelta
from dsv.model.progress import SILENT, Progress
from dsv.store.trees import Tree

TRAILER = "Dsv-Rows"
"""The trailer of a commit's message that tells its deltas."""
_TOLD = re.compile(r"(?P<name>[a-z][a-z0-9-]*) \+(?P<added>\d+) -(?P<removed>\d+) ~(?P<changed>\d+)")


def delta_text(delta: RowDelta) -> str:
    """`+1 -0 ~22`."""
    return f"+{delta.added} -{delta.removed} ~{delta.changed}"


def told_deltas(trailer: str) -> dict[str, RowDelta]:
    """Deltas by dataset, as a commit's trailer tells them."""
    return {
        found["name"]: RowDelta(added=int(found["added"]), removed=int(found["removed"]), changed=int(found["changed"]))
        for found in map(_TOLD.fullmatch, trailer.split("; "))
        if found is not None
    }


def workspace_delta(trees: tuple[Tree, Tree], dataset: str, progress: Progress = SILENT) -> RowDelta | None:
    """HEAD against the workspace, which `trees` are; None where HEAD's data cannot be had."""
    return workspace_counts(trees, dataset, progress)[0]


def workspace_counts(
    trees: tuple[Tree, Tree], dataset: str, progress: Progress = SILENT
) -> tuple[RowDelta | None, int | None]:
    """HEAD against the workspace, which `trees` are, and the workspace's rows; None for what is not known.

    A key that only one side has pairs no rows, so nothing is known of what became of them.
    """
    try:
        with compare_trees(trees, dataset, progress) as comparison:
            result = comparison.result
            return delta_of(result), result.datasets[0].rows.new if len(result.datasets) == 1 else None
    except (DataMissing, SchemaError):
        return None, None


def delta_of(result: DiffResult) -> RowDelta | None:
    """The delta of a diff of one dataset; None where its rows were not compared."""
    if not result.complete or len(result.datasets) != 1:
        return None
    rows = result.datasets[0].rows
    if rows.added is None or rows.removed is None or rows.changed is None:
        return None
    return RowDelta(added=rows.added, removed=rows.removed, changed=rows.changed)
