"""Rows that were removed, and rows of test that were touched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dsv.checks.thresholds import Thresholds
from dsv.diff.findings import TEST
from dsv.model.diff import DatasetDiff
from dsv.model.finding import Finding


def of_rows(diff: DatasetDiff, limits: Thresholds) -> Iterator[Finding]:
    """Rows and datasets that are gone, and changes that no migration explains."""
    rows = diff.rows
    if diff.status == "removed":
        message = f"the dataset is gone, with all of its {rows.old or 0:,} rows"
        yield Finding(rule="dataset-removed", level="error", message=message, count=rows.old or 0)
        return
    removed = (rows.removed or 0) - (rows.rekeyed or 0)
    if removed > 0 and rows.old:
        yield _removed(diff, removed, rows.old, limits)
    yield from _unexplained(diff)


def _removed(diff: DatasetDiff, removed: int, old: int, limits: Thresholds) -> Finding:
    """Rows that are gone; where no key pairs rows, those of them may have changed that as many came as."""
    rows = diff.rows
    lost, were = removed, "was" if removed == 1 else "were"
    again = f", and {rows.rekeyed:,} went on under another key" if rows.rekeyed else ""
    if not diff.key and rows.added:
        lost = max(0, removed - rows.added)
        again = f" and {rows.added:,} added; without a key, a row that changed counts as both"
    return Finding(
        rule="rows-removed",
        level="error" if lost / old >= limits.removed_share else "warning",
        message=f"{removed:,} of {old:,} rows {were} removed ({percent(removed / old)}){again}",
        count=removed,
    )


def of_test(touched: Mapping[str | None, Mapping[str, int]], diff: DatasetDiff) -> Iterator[Finding]:
    """Rows of test that changed, came, went or moved; `touched` counts rows by split and kind."""
    moves = [move for move in diff.split_moves or () if _is_test(move.source) != _is_test(move.target)]
    moved = sum(move.rows for move in moves)
    if moved:
        listed = ", ".join(f"{move.source or 'none'} -> {move.target or 'none'} {move.rows:,}" for move in moves)
        message = f"rows moved into or out of test, so scores do not compare with those of before: {listed}"
        yield Finding(rule="test-rows-moved", level="error", message=message, count=moved)
    counts = {kind: 0 for kind in ("added", "removed", "changed")}
    for split, by_kind in touched.items():
        if _is_test(split):
            counts = {kind: counts[kind] + by_kind.get(kind, 0) for kind in counts}
    total = sum(counts.values())
    if total:
        said = ", ".join(f"{count:,} {kind}" for kind, count in counts.items() if count)
        message = f"test is not what it was: {said}; scores do not compare with those of before"
        yield Finding(rule="test-rows-changed", level="warning", message=message, count=total)


def percent(share: float) -> str:
    """A share as text, with as many digits as tell it from none and from all."""
    if 0 < share < 0.001:
        return "below 0.1 %"
    if 0.999 < share < 1:
        return "above 99.9 %"
    return f"{share * 100:.1f} %"


def _unexplained(diff: DatasetDiff) -> Iterator[Finding]:
    left = diff.unexplained
    if left is None:
        return
    parts = {
        "rows added": left.rows_added,
        "rows removed": left.rows_removed,
        "cells changed": sum(left.cells.values()),
        "schema changes": left.schema_changes,
    }
    total = sum(parts.values())
    if total:
        said = ", ".join(f"{count:,} {what}" for what, count in parts.items() if count)
        yield Finding(rule="unexplained", level="warning", message=f"no migration explains {said}", count=total)


def _is_test(split: str | None) -> bool:
    return split is not None and split.lower() in TEST
