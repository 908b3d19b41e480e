"""Reading changed rows while they are shown, and saying how many were not."""

from __future__ import annotations

from collections.abc import Iterator

from dsv.model.diff import Kind, RowChange
from dsv.model.page import Line, Rows, Span, spans


def shown_rows(rows: Rows, counts: dict[Kind, int]) -> Iterator[RowChange]:
    """The rows to show; `counts` is kept up to date with how many of each kind there were."""
    for change in rows.changes.rows(rows.kinds, rows.limit):
        counts[change.kind] += 1
        yield change


def more(rows: Rows, counts: dict[Kind, int]) -> list[Line]:
    """A last line if rows were left out, none if all were shown."""
    shown = sum(counts.values())
    if rows.total is not None:
        left = rows.total - shown
        text = f"… {left:,} more {'row' if left == 1 else 'rows'}" if left > 0 else ""
    else:
        cut = rows.limit is not None and any(count >= rows.limit for count in counts.values())
        text = "… there may be more rows" if cut else ""
    hint = Span(text=": --rows shows all, --limit N so many of each kind", role="muted")
    return [Line(spans=spans(Span(text=text, role="muted"), hint), indent=rows.indent)] if text else []
