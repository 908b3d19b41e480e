"""`dsv log` as a page: one line a revision and dataset, newest first as it was given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dsv.model.blame import RowEvent
from dsv.model.diff import KINDS, Kind, RowChange
from dsv.model.finding import Finding
from dsv.model.history import ClassMove, LogEntry, Meaning
from dsv.model.page import Block, Column, Line, Page, Role, Rows, Span, Table, spans
from dsv.views._schema import schema_change
from dsv.views._words import code, delta, findings, muted, number, signed

SHORT = 7
DAY = len("2026-01-31")
MOST_FIELDS = 4


def build(entries: Sequence[LogEntry], stat: bool = False) -> Page:
    """The history; `stat` adds the author, the number of rows and the migrations, in lines of their own."""
    if not entries:
        return Page(blocks=(Line(spans=spans("no revision changed a dataset")),))
    if stat:
        return Page(blocks=tuple(block for entry in entries for block in _block(entry)))
    columns = [Column(title="") for _ in range(5)]
    return Page(blocks=(Table(columns=tuple(columns), rows=tuple(_row(entry) for entry in entries)),))


def build_rows(events: Sequence[RowEvent], notes: Iterable[Finding]) -> Page:
    """The life of a row: a block a revision, with what it did to the row."""
    blocks: list[Block] = []
    for event in events:
        origin = event.origin
        commit = ("^" if origin.boundary else "") + origin.commit[:SHORT]
        head = (code(commit, "changed"), " ", muted(origin.date[:DAY]), " ", code(origin.author), "  ")
        credit = _migrations(sorted(_credits(event.change)))
        blocks.append(Line(spans=spans(*head, code(origin.subject), *credit)))
        blocks.append(Rows(changes=OneRow(event.change), kinds=KINDS, limit=None, total=1, indent=1))
    if any(event.origin.boundary for event in events):
        blocks.append(Line(spans=(muted("^ the clone is shallow, and ends here: git fetch --unshallow"),)))
    return Page(blocks=(*blocks, *findings(notes)))


@dataclass(frozen=True)
class OneRow:
    """A changeset of one row (dsv.model.diff.Changeset)."""

    change: RowChange

    def rows(self, kinds: tuple[Kind, ...] = KINDS, limit: int | None = None) -> Iterator[RowChange]:
        """The row, if its kind is among the given ones."""
        if self.change.kind in kinds and limit != 0:
            yield self.change


def _credits(change: RowChange) -> set[str]:
    found = {change.migration, *(cell.migration for cell in change.cells.values())}
    return {migration for migration in found if migration is not None}


def _row(entry: LogEntry) -> tuple[tuple[Span, ...], ...]:
    return (
        (code(entry.commit[:SHORT], "changed"),),
        (muted(entry.date[:DAY]),),
        (code(entry.dataset),),
        _delta(entry),
        spans(Span(text=entry.subject, code=True), *_migrations(entry.migrations)),
    )


def _delta(entry: LogEntry) -> tuple[Span, ...]:
    if entry.delta is None:
        return (muted("rows not known here"),)
    return delta(entry.delta.added, entry.delta.removed, entry.delta.changed)


def _migrations(ids: Iterable[str]) -> tuple[Span | str, ...]:
    names = ", ".join(ids)
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
        Line(spans=spans(code(entry.dataset), "  ", rows, *_delta(entry), *_migrations(entry.migrations)), indent=1),
        *_meaning(entry.meaning),
    ]


def _meaning(meaning: Meaning | None) -> Iterator[Line]:
    """Schema changes and class moves, each in a line of their own."""
    if meaning is None:
        return
    if meaning.schema_changes:
        shown = meaning.schema_changes[:MOST_FIELDS]
        parts = [part for item in shown for part in (", ", *schema_change(item))][1:]
        more = len(meaning.schema_changes) - len(shown)
        yield Line(spans=spans("schema ", *parts, muted(f"  and {more} more" if more else "")), indent=2)
    if meaning.moves:
        moves = [part for item in meaning.moves for part in (", ", *_move(item))][1:]
        yield Line(
            spans=spans("classes ", *moves, muted(f"  and {meaning.more} more" if meaning.more else "")), indent=2
        )


def _move(move: ClassMove) -> tuple[Span | str, ...]:
    change = move.new - move.old
    role: Role = "added" if change > 0 else "removed"
    return (code(f"{move.field}="), code(move.name), " ", Span(text=signed(change), role=role))
