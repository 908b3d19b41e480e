"""`dsv blame` as a page: a line a cell, or a line a row where one field is followed."""

from __future__ import annotations

from dsv.model.blame import Blame, BlamedCell, BlamedRow
from dsv.model.page import Block, Column, Line, Page, Span, Table, spans
from dsv.model.values import shown
from dsv.views._words import code, findings, muted, plural

SHORT = 7
DAY = len("2026-01-31")
ROOM = 40
NOT_COMMITTED = "not committed"


def build(blame: Blame) -> Page:
    """The dataset, its rows and where each of their cells comes from; what could not be followed, last."""
    at = "" if blame.revision is None else f"  {blame.revision[:SHORT]}"
    blocks: list[Block] = [Line(spans=spans(code(blame.dataset), "  ", code(blame.path), muted(at)))]
    one_field = all(len(row.cells) == 1 for row in blame.rows)
    if one_field and len(blame.rows) > 1:
        blocks.append(_table([_line(cell, _key(row)) for row in blame.rows for cell in row.cells], ("row",)))
    else:
        for row in blame.rows:
            blocks.append(Line(spans=_key(row), indent=1))
            blocks.append(_table([_line(cell, (code(cell.field),)) for cell in row.cells], ("field",), indent=1))
    if blame.matching > len(blame.rows):
        rest = f"the first {len(blame.rows):,} of {plural(blame.matching, 'row')}; --limit {blame.matching} for all"
        blocks.append(Line(spans=(muted(rest),), indent=1))
    return Page(blocks=(*blocks, *findings(blame.findings, indent=1)))


def _table(rows: list[tuple[tuple[Span, ...], ...]], first: tuple[str], indent: int = 0) -> Table:
    titles = (*first, "value", "commit", "date", "author", "migration")
    return Table(columns=tuple(Column(title=title) for title in titles), rows=tuple(rows), indent=indent + 1)


def _key(row: BlamedRow) -> tuple[Span, ...]:
    text = " ".join(f"{name}={_cut(shown(value))}" for name, value in row.key.items())
    return (code(text),)


def _line(cell: BlamedCell, first: tuple[Span, ...]) -> tuple[tuple[Span, ...], ...]:
    value = (muted("(missing)"),) if cell.value is None else (code(_cut(shown(cell.value))),)
    if cell.origin is None:
        return (first, value, (muted(NOT_COMMITTED),), (), (), ())
    commit = ("^" if cell.origin.boundary else "") + cell.origin.commit[:SHORT]
    return (
        first,
        value,
        (code(commit, "changed"),),
        (muted(cell.origin.date[:DAY]),),
        (code(cell.origin.author),),
        (code(cell.migration or "", "muted"),),
    )


def _cut(text: str) -> str:
    return text if len(text) <= ROOM else text[: ROOM - 1] + "…"
