"""`dsv status` as a page: what is not committed or not applied, and the command for each."""

from __future__ import annotations

from collections.abc import Iterator

from dsv.model.history import DatasetStatus, Status
from dsv.model.page import Block, Heading, Line, Page, Span, spans
from dsv.views._words import code, delta, findings, muted, number, plural


def build(status: Status) -> Page:
    """Where every dataset stands, and at which branch and revision."""
    blocks: list[Block] = [Line(spans=(code(_heading(status)),))]
    if not status.datasets:
        blocks.append(Line(spans=spans("no dataset is declared here: dsv init PATH declares one")))
    for item in status.datasets:
        blocks += _status(item)
    return Page(blocks=tuple(blocks))


def _heading(status: Status) -> str:
    if status.commit is None:
        return "no commit yet"
    return f"on {status.branch or 'a detached HEAD'} at {status.commit[:7]}"


def _status(status: DatasetStatus) -> Iterator[Block]:
    yield Heading(spans=spans(code(status.dataset), "  ", code(status.path, "muted")), level=2)
    yield from findings(status.findings, indent=1)
    if status.readable:
        yield _summary(status)
    if status.hint is not None:
        yield Line(spans=spans(muted("hint: "), status.hint), indent=1)
    for change in status.changes:
        yield Line(spans=spans(Span(text="~", role="changed"), " ", change), indent=1)
    for name in status.pending:
        yield Line(spans=spans(Span(text="+", role="added"), " pending ", code(name)), indent=1)
    for item in status.unpushed:
        yield Line(spans=spans(Span(text="^", role="changed"), " not pushed: ", item), indent=1)
    for command in status.next_steps:
        yield Line(spans=spans(muted("next: "), code(command)), indent=1)


def _summary(status: DatasetStatus) -> Line:
    clean = (Span(text="clean", role="ok"), "  ") if status.clean else ()
    rows = plural(status.rows, "row") if status.rows is not None else f"{number(None)} rows"
    change = status.delta
    counts = ("  ", *delta(change.added, change.removed, change.changed)) if change is not None else ()
    head = ("  at ", code(status.head)) if status.head is not None else ()
    tracked = muted(f"  tracked by {status.tracked_by}")
    return Line(spans=spans(*clean, rows, *(counts if not status.clean else ()), *head, tracked), indent=1)
