"""`dsv migrate show` and `log` as pages: one migration in full, or a line for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dsv.model.chain import Introduced, MigrationRecord
from dsv.model.migration import PlanStep
from dsv.model.page import Block, Column, Heading, Line, Page, Span, Table, spans
from dsv.model.values import shown
from dsv.views._words import code, delta, muted, number, plural, sign
from dsv.views.log import DAY, SHORT
from dsv.views.plan import effect, step_blocks


def build_log(records: Sequence[MigrationRecord]) -> Page:
    """A line a migration, in the order given; rows added, removed and changed where `chain.lock` tells."""
    if not records:
        return Page(blocks=(Line(spans=spans("no migration yet: dsv migrate new")),))
    several = len({item.dataset for item in records}) > 1
    titles = (*(("dataset",) if several else ()), "", "effect", "rows", "", "commit", "", "")
    rows = tuple(_row(item, several) for item in records)
    return Page(blocks=(Table(columns=tuple(Column(title=title) for title in titles), rows=rows),))


def build_show(record: MigrationRecord) -> Page:
    """A migration: what it does and did, by whom, with what, and its document."""
    return Page(blocks=tuple(_blocks(record)))


def _row(item: MigrationRecord, several: bool) -> tuple[tuple[Span, ...], ...]:
    cells = (
        spans(code(item.migration.id)),
        spans(Span(text=item.effect.summary, role="muted")),
        _rows(item),
        spans("" if item.entry is None else plural(item.entry.rows, "row")),
        *_who(item.introduced),
        (code(item.migration.title, "muted"),),
    )
    return ((spans(code(item.dataset)), *cells)) if several else cells


def _rows(item: MigrationRecord) -> tuple[Span, ...]:
    if item.entry is None:
        return (Span(text="pending", role="changed"),)
    counts = item.entry.counts
    if counts is None:
        return (muted("not counted"),)
    return delta(counts.added, counts.removed, counts.changed)


def _who(introduced: Introduced | None) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    if introduced is None:
        return (muted("not committed"),), ()
    return (code(introduced.commit[:SHORT], "changed"),), spans(
        muted(introduced.date[:DAY]), " ", code(introduced.author)
    )


def _blocks(record: MigrationRecord) -> Iterator[Block]:
    if record.step is not None:
        yield from step_blocks(record.step)
        yield Line(spans=_explains(record.step), indent=1)
    else:
        yield Heading(spans=spans(code(record.migration.id), "  ", code(record.migration.title, "muted")), level=2)
        for symbol, words in record.lines:
            yield Line(spans=spans(sign(symbol), " ", words), indent=1)
        yield Line(spans=effect(record.effect), indent=1)
        yield Line(spans=spans(muted("not counted: "), record.unknown or ""), indent=1)
    for name, value in (record.parameters or {}).items():
        yield Line(spans=spans(muted("params.yaml: "), code(name), " = ", code(shown(value))), indent=1)
    yield from _state(record)
    yield Heading(spans=spans(code(record.migration.path)), level=3)
    for line in (record.text or "").splitlines():
        yield Line(spans=(code(line),), indent=1)


def _state(record: MigrationRecord) -> Iterator[Block]:
    """What `chain.lock` and Git say of it."""
    entry, who = record.entry, record.introduced
    if entry is None:
        yield Line(spans=(Span(text="pending", role="changed"), Span(text=": "), code("dsv migrate up")), indent=1)
    else:
        yield Line(
            spans=spans(muted("applied: "), plural(entry.rows, "row"), "  digest ", code(entry.digest)), indent=1
        )
        made = ", ".join(f"{name} {version}" for name, version in sorted(entry.environment.items()))
        yield Line(spans=spans(muted("made with: "), code(made)), indent=1)
    if who is not None:
        words = spans(code(who.commit[:SHORT], "changed"), " ", muted(who.date[:DAY]), " ", code(who.author))
        yield Line(spans=(muted("introduced: "), *words, Span(text="  "), code(who.subject)), indent=1)


def _explains(step: PlanStep) -> tuple[Span, ...]:
    """What it accounts for in a diff of the versions before and after it."""
    cells = [part for name, count in step.cells.items() if count for part in (", ", number(count), " of ", code(name))]
    rows = f"{number(step.rows_added)} rows added, {number(step.rows_removed)} removed"
    return spans(muted("explains: "), rows, *((", cells: ", *cells[1:]) if cells else ()))
