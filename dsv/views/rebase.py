"""`dsv migrate rebase` as a page: what was renumbered, and whether the order matters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dsv.model.page import Block, Heading, Line, Page, Span, spans
from dsv.model.rebase import Commutation, Rebased, RebaseResult
from dsv.views._words import code, muted, plural, sign


def build(result: RebaseResult) -> Page:
    """What a rebase did; or would do, where no rows are known."""
    blocks: list[Block] = []
    for item in result.chains:
        blocks += _chain(item, result.onto)
    blocks += _conflicts(result)
    return Page(blocks=tuple(blocks))


def _chain(item: Rebased, onto: str) -> Iterator[Block]:
    yield Heading(spans=spans(code(item.dataset), "  onto ", code(item.after), muted(f"  ({onto})")), level=2)
    for old, new in item.moved:
        if old == new:
            yield Line(spans=spans("  ", code(new), "  keeps its id"), indent=1)
        else:
            yield Line(spans=spans(sign("~"), " ", code(old), " -> ", code(new)), indent=1)
    if not item.moved:
        yield Line(spans=spans("nothing to put after it"), indent=1)
    for told in item.classes:
        yield Line(spans=spans(sign("~"), " ", code(told)), indent=1)
    if item.commutation is not None:
        yield from _commutation(item.commutation)
    if item.rows is not None:
        rows = f", {plural(item.rows, 'row')} in "
        yield Line(spans=spans("head is ", code(item.head), rows, code(item.publishes)), indent=1)
    if item.pending:
        yield Line(spans=spans("pending: ", *_names(item.pending), "; apply: ", code("dsv migrate up")), indent=1)


def _commutation(found: Commutation) -> Iterator[Block]:
    if found.commutes:
        text = "the two commute: rows, fields and classes are the same in either order"
        yield Line(spans=(Span(text=text, role="ok"),), indent=1)
        return
    rows = f"; {plural(found.rows, 'row')} would differ" if found.rows else ""
    yield Line(spans=(Span(text=f"! the order matters{rows}", role="warning"),), indent=1)
    for told in (*found.differences, *found.examples):
        yield Line(spans=(code(told),), indent=2)
    if found.rows > len(found.examples):
        yield Line(spans=(muted(f"… and {found.rows - len(found.examples):,} more"),), indent=2)


def _conflicts(result: RebaseResult) -> Iterator[Block]:
    if result.resolved:
        yield Line(spans=spans("resolved and staged: ", *_names(result.resolved)))
    if result.again:
        yield Line(spans=spans("ran on both sides, and will run again: ", *_names(result.again)))
    if result.left:
        yield Line(spans=(Span(text="! still in conflict: ", role="warning"), *_names(result.left)))
    if result.go_on is not None:
        how = "resolve them, then: " if result.left else "go on: "
        yield Line(spans=spans(how, code(result.go_on)))


def _names(names: Sequence[str]) -> tuple[Span, ...]:
    return tuple(part for name in names for part in (Span(text=", "), code(name)))[1:]
