"""`dsv migrate status` as a page: the chain in order, and how far it is applied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dsv.model.finding import Finding
from dsv.model.migration import BASE_ID, ChainLock, Migration
from dsv.model.page import Block, Column, Heading, Line, Page, Span, Table, spans
from dsv.views._words import code, findings, muted, plural


def build(
    dataset: str, migrations: Sequence[Migration], *, lock: ChainLock | None, problems: Iterable[Finding] = ()
) -> Page:
    """The migrations of a dataset, in their order. What `lock` lists is applied, the rest is pending."""
    applied = {entry.id: entry.rows for entry in lock.entries} if lock is not None else {}
    head = lock.head if lock is not None else BASE_ID
    blocks: list[Block] = [Heading(spans=spans(code(dataset), "  at ", code(head)), level=2)]
    blocks += findings(problems, indent=1)
    if migrations:
        columns = ("", "", "", "rows")
        blocks.append(
            Table(
                columns=tuple(Column(title=title, align="right" if title else "left") for title in columns),
                rows=tuple(_row(item, applied, head) for item in migrations),
                indent=1,
            )
        )
    blocks += _summary(sum(item.id not in applied for item in migrations))
    return Page(blocks=tuple(blocks))


def _row(item: Migration, applied: dict[str, int], head: str) -> tuple[tuple[Span, ...], ...]:
    done = item.id in applied
    state = Span(text="applied" if done else "pending", role="ok" if done else "changed")
    mark = ("  ", muted("(head)")) if item.id == head else ()
    rows = f"{applied[item.id]:,}" if done else ""
    return ((state,), spans(code(item.id), *mark), (code(item.title, "muted"),), spans(rows))


def _summary(pending: int) -> Iterator[Line]:
    if pending:
        yield Line(spans=spans(f"{plural(pending, 'migration')} pending: ", code("dsv migrate up")), indent=1)
    else:
        yield Line(spans=(Span(text="nothing is pending", role="ok"),), indent=1)
