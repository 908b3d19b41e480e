"""`dsv migrate status` and `check` as a page: the chain in order, how far it is applied, what does not agree."""

from __future__ import annotations

from collections.abc import Iterator

from dsv.model.chain import Advice, ChainReport
from dsv.model.migration import Migration
from dsv.model.page import Block, Column, Heading, Line, Page, Span, Table, spans
from dsv.views._words import code, findings, muted, plural


def build(*reports: ChainReport) -> Page:
    """The migrations of each dataset, in their order: what `chain.lock` lists is applied, the rest is pending."""
    return Page(blocks=tuple(block for report in reports for block in _chain(report)))


def build_check(*reports: ChainReport, strict: bool) -> Page:
    """What a check found in each chain; one line for a chain in which all agrees."""
    return Page(blocks=tuple(block for report in reports for block in _checked(report, strict)))


def _chain(report: ChainReport) -> Iterator[Block]:
    yield Heading(spans=spans(code(report.dataset), *_head(report)), level=2)
    for item in report.advice:
        yield from _advice(item)
    if report.lock is None:
        return
    applied = {entry.id: entry.rows for entry in report.lock.entries}
    if report.migrations:
        columns = ("", "", "", "rows")
        yield Table(
            columns=tuple(Column(title=title, align="right" if title else "left") for title in columns),
            rows=tuple(_row(item, applied, report.lock.head) for item in report.migrations),
            indent=1,
        )
    yield _summary(len(report.pending))


def _checked(report: ChainReport, strict: bool) -> Iterator[Block]:
    yield Heading(spans=spans(code(report.dataset), *_head(report)), level=2)
    for item in report.advice:
        yield from _advice(item)
    if report.lock is not None and report.pending:
        yield _summary(len(report.pending))
    elif report.lock is not None and not report.fails(strict=strict):
        applied = plural(len(report.lock.entries), "migration")
        agree = f" {applied} applied; documents, chain.lock, dvc.yaml and dvc.lock agree"
        yield Line(spans=spans(Span(text="ok", role="ok"), agree), indent=1)


def _head(report: ChainReport) -> tuple[Span | str, ...]:
    return () if report.head is None else ("  at ", code(report.head))


def _advice(item: Advice) -> Iterator[Block]:
    yield from findings([item.finding], indent=1)
    for place in item.where.splitlines() if item.where is not None else ():
        yield Line(spans=spans(muted("where: "), code(place)), indent=2)
    for command in item.commands:
        yield Line(spans=spans(muted("next: "), code(command)), indent=2)


def _row(item: Migration, applied: dict[str, int], head: str) -> tuple[tuple[Span, ...], ...]:
    done = item.id in applied
    state = Span(text="applied" if done else "pending", role="ok" if done else "changed")
    mark = ("  ", muted("(head)")) if item.id == head else ()
    rows = f"{applied[item.id]:,}" if done else ""
    return ((state,), spans(code(item.id), *mark), (code(item.title, "muted"),), spans(rows))


def _summary(pending: int) -> Line:
    if pending:
        return Line(spans=spans(f"{plural(pending, 'migration')} pending: ", code("dsv migrate up")), indent=1)
    return Line(spans=(Span(text="nothing is pending", role="ok"),), indent=1)
