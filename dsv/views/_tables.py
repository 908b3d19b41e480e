"""The other tables of a dataset, such as COCO's images and categories: what differs in each."""

from __future__ import annotations

from collections.abc import Iterator

from dsv.model.diff import DatasetDiff
from dsv.model.page import Block, Heading, Line, Rows, Span, spans
from dsv.views._words import code, delta, muted, plural, step

SUMMARY_ROWS = 5


def table_blocks(dataset: DatasetDiff, *, everything: bool) -> Iterator[Block]:
    """Blocks of the tables that differ, each with its first rows; `everything` shows all rows."""
    changed = {name: part for name, part in dataset.tables.items() if part.status != "unchanged"}
    if not changed:
        return
    yield Heading(spans=spans("Other tables"), level=3)
    for name, part in changed.items():
        yield Line(spans=_counts(name, part), indent=2)
        total = sum(count or 0 for count in (part.rows.added, part.rows.removed, part.rows.changed))
        if total and part.changes is not None:
            limit = None if everything else SUMMARY_ROWS
            yield Rows(changes=part.changes, kinds=("changed", "removed", "added"), limit=limit, total=total, indent=3)
    same = len(dataset.tables) - len(changed)
    if same:
        yield Line(spans=(muted(f"{plural(same, 'table')} unchanged"),), indent=2)


def _counts(name: str, part: DatasetDiff) -> tuple[Span, ...]:
    rows = part.rows
    words = [f"{change.change.replace('_', ' ')} {change.field}" for change in part.schema_changes]
    if part.formatting.reordered:
        words.append("rows in another order")
    said = muted("  " + ", ".join(words)) if words else ""
    counts = delta(rows.added, rows.removed, rows.changed)
    return spans(code(name), f"  {step(rows.old, rows.new)}  ", *counts, said)
