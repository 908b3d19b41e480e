"""`dsv log` as a page: one line a revision and dataset, newest first as it was given."""

from __future__ import annotations

from collections.abc import Sequence

from dsv.model.history import LogEntry
from dsv.model.page import Block, Column, Line, Page, Span, Table, spans
from dsv.views._words import code, delta, muted, number

SHORT = 7
DAY = len("2026-01-31")


def build(entries: Sequence[LogEntry], stat: bool = False) -> Page:
    """The history; `stat` adds the author, the number of rows and the migrations, in lines of their own."""
    if not entries:
        return Page(blocks=(Line(spans=spans("no revision changed a dataset")),))
    if stat:
        return Page(blocks=tuple(block for entry in entries for block in _block(entry)))
    columns = [Column(title="") for _ in range(5)]
    return Page(blocks=(Table(columns=tuple(columns), rows=tuple(_row(entry) for entry in entries)),))


def _row(entry: LogEntry) -> tuple[tuple[Span, ...], ...]:
    return (
        (code(entry.commit[:SHORT], "changed"),),
        (muted(entry.date[:DAY]),),
        (code(entry.dataset),),
        _delta(entry),
        spans(Span(text=entry.subject, code=True), *_migrations(entry)),
    )


def _delta(entry: LogEntry) -> tuple[Span, ...]:
    if entry.delta is None:
        return (muted("rows not known here"),)
    return delta(entry.delta.added, entry.delta.removed, entry.delta.changed)


def _migrations(entry: LogEntry) -> tuple[Span | str, ...]:
    names = ", ".join(entry.migrations)
    return ("  ", code(f"[{names}]", "muted")) if names else ()


def _block(entry: LogEntry) -> list[Block]:
    rows = "" if entry.rows is None else f"{number(entry.rows)} rows  "
    head = (
        code(entry.commit[:SHORT], "changed"),
        " ",
        muted(entry.date[:DAY]),
        " ",
        code(entry.author),
        "  ",
    )
    return [
        Line(spans=spans(*head, code(entry.subject))),
        Line(spans=spans(code(entry.dataset), "  ", rows, *_delta(entry), *_migrations(entry)), indent=1),
    ]
