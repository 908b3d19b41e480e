"""`dsv tag` as a page: a line a version."""

from __future__ import annotations

from dsv.model.page import Column, Line, Page, Span, Table, spans
from dsv.model.versions import Version, VersionList
from dsv.views._words import code, muted

SHORT = 7
DAY = len("2026-01-31")


def build(result: VersionList) -> Page:
    """The versions, in the order that they have; what was done is said of the one that it was done to."""
    if result.action != "listed":
        return Page(blocks=tuple(_done(result.action, item) for item in result.versions))
    if not result.versions:
        return Page(blocks=(Line(spans=spans("no version yet")),))
    columns = tuple(Column(title="") for _ in range(4))
    return Page(blocks=(Table(columns=columns, rows=tuple(_row(item) for item in result.versions)),))


def _done(action: str, version: Version) -> Line:
    which = "is" if action == "created" else "is deleted; it was"
    return Line(spans=spans(code(version.tag), f" {which} ", code(version.commit[:SHORT], "changed")))


def _row(version: Version) -> tuple[tuple[Span, ...], ...]:
    subject = version.message.partition("\n")[0]
    unread = () if version.annotated else (muted("not annotated: DVC does not read it"),)
    return (
        (code(version.tag),),
        (code(version.commit[:SHORT], "changed"),),
        (muted(version.date[:DAY]),),
        unread or (code(subject),),
    )
