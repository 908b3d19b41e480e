"""What recorded migrations account for: what none does comes first."""

from __future__ import annotations

from collections.abc import Iterator

from dsv.model.diff import DatasetDiff, Work
from dsv.model.page import Block, Heading, Line, Span, spans
from dsv.views._words import code, muted, plural


def explained_blocks(dataset: DatasetDiff) -> Iterator[Block]:
    """Blocks of a dataset between whose sides migrations lie; none for others."""
    if dataset.explained is None or dataset.unexplained is None:
        return
    left = _parts(dataset.unexplained)
    if not left and not dataset.explained:
        return
    yield Heading(spans=spans("Migrations"), level=3)
    if left:
        what, cells = _sentence(dataset.unexplained)
        yield Line(spans=(Span(text=f"! {what} unexplained", role="warning"), muted(cells)), indent=2)
    for item in dataset.explained:
        what, cells = _sentence(item.work)
        yield Line(
            spans=spans(f"{what} explained by ", code(item.migration), f" ({item.title})", muted(cells)), indent=2
        )
    if not left:
        yield Line(spans=(Span(text="nothing unexplained", role="ok"),), indent=2)


def _sentence(work: Work) -> tuple[str, str]:
    """`163 rows`, and in which fields: `  class 163`."""
    cells = "  ".join(f"{name} {count:,}" for name, count in work.cells.items())
    return ", ".join(_parts(work)), f"  {cells}" if cells else ""


def _parts(work: Work) -> list[str]:
    counts = (("changed", work.rows_changed), ("added", work.rows_added), ("removed", work.rows_removed))
    parts = [f"{plural(count, 'row')} {word}" for word, count in counts if count]
    return [*parts, plural(work.schema_changes, "schema change")] if work.schema_changes else parts
