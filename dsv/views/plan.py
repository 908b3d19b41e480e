"""A plan as a page: what each pending migration will do, before it does it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields

from dsv.model.migration import ClassList, Effect, Plan, PlanStep
from dsv.model.page import Block, Column, Heading, Line, Page, Span, Table, spans
from dsv.model.values import shown
from dsv.views._words import code, delta, findings, muted, number, plural, sign, signed, step

MOST_CLASSES = 20
MOST_SPLITS = 4
AXES = {"schema": "schema", "class_head": "class head", "values": "values", "evaluation": "evaluation"}


def build(*plans: Plan) -> Page:
    """The pending migrations of each dataset, in the order in which they will be applied."""
    return Page(blocks=tuple(block for plan in plans for block in _plan(plan)))


def _plan(plan: Plan) -> Iterator[Block]:
    yield _title(plan)
    if not plan.steps:
        yield Line(spans=spans(Span(text="nothing is pending", role="ok")))
    for item in plan.steps:
        yield from step_blocks(item)
    if plan.downstream:
        names = tuple(part for name in plan.downstream for part in (", ", code(name)))[1:]
        yield Line(spans=spans("stages that will run again after it: ", *names))


def _title(plan: Plan) -> Heading:
    target = (" -> ", code(plan.target)) if plan.target != plan.head else ()
    return Heading(spans=spans(code(plan.dataset), "  ", code(plan.head), *target), level=1)


def step_blocks(item: PlanStep) -> Iterator[Block]:
    """One migration: what it does, counted; what to know of it."""
    migration = item.migration
    word = Span(text=f"({item.effect.summary})", role="muted" if item.effect == Effect() else "changed")
    yield Heading(spans=spans(code(migration.id), "  ", code(migration.title, "muted"), "  ", word), level=2)
    yield from findings(item.findings, indent=1)
    for symbol, words in item.lines:
        yield Line(spans=spans(sign(symbol), " ", words), indent=1)
    yield Line(spans=_counts(item), indent=1)
    yield Line(spans=effect(item.effect), indent=1)
    for guard in item.guards:
        yield Line(spans=spans(Span(text="ok", role="ok"), " ", guard), indent=1)
    if migration.expect is not None and not any(found.rule == "pin-differs" for found in item.findings):
        yield Line(spans=spans(Span(text="ok", role="ok"), " comes to what is pinned"), indent=1)
    if migration.why:
        yield Line(spans=spans(muted("why: "), code(migration.why, "muted")), indent=1)
    if migration.tuned:
        names = tuple(part for name in migration.tuned for part in (", ", code(name)))[1:]
        yield Line(spans=spans(muted("tuned in params.yaml: "), *names), indent=1)
    for field in sorted({*item.before.by_class, *item.after.by_class}):
        yield from _classes(item, field)
    yield from _indexes(item)


def _counts(item: PlanStep) -> tuple[Span, ...]:
    changed = tuple(
        part for field, cells in item.cells.items() if cells for part in (", ", code(field), f" {number(cells)}")
    )[1:]
    cells = ("  cells: ", *changed) if changed else ()
    aside = f"  {plural(item.quarantined, 'row')} set aside" if item.quarantined else ""
    rows = delta(item.rows_added, item.rows_removed, item.rows_changed)
    return spans(f"rows {step(item.before.rows, item.after.rows)}  ", *rows, aside, *cells)


def effect(told: Effect) -> tuple[Span, ...]:
    """An effect on its four axes."""
    words: list[Span | str] = []
    for axis in fields(told):
        value = getattr(told, axis.name)
        word = muted(value) if value == "same" else Span(text=value, role="changed")
        words += [", " if words else "", muted(f"{AXES[axis.name]} "), word]
    return spans(muted("effect: "), *words)


def _classes(item: PlanStep, field: str) -> Iterator[Block]:
    """Classes whose number of rows will change, in all and by split."""
    before, after = item.before.by_class.get(field, {}), item.after.by_class.get(field, {})
    old, new = item.before.by_split_class.get(field, {}), item.after.by_split_class.get(field, {})
    splits = sorted({*old, *new})
    splits = splits if len(splits) <= MOST_SPLITS else []

    def counts(name: str) -> list[tuple[int, int]]:
        pairs = [(_at(old, split, name), _at(new, split, name)) for split in splits]
        return [(before.get(name, 0), after.get(name, 0)), *pairs]

    changed = [name for name in sorted({*before, *after}) if any(left != right for left, right in counts(name))]
    changed.sort(key=lambda name: -abs(after.get(name, 0) - before.get(name, 0)))
    if not changed:
        return
    titles = (field, "rows", "delta", *splits)
    yield Table(
        columns=tuple(Column(title=title, align="right" if index else "left") for index, title in enumerate(titles)),
        rows=tuple(_class_row(name, counts(name)) for name in changed[:MOST_CLASSES]),
        indent=1,
    )
    if len(changed) > MOST_CLASSES:
        yield Line(spans=(muted(f"… {len(changed) - MOST_CLASSES:,} more changed"),), indent=1)


def _at(tally: Mapping[str, Mapping[str, int]], split: str, name: str) -> int:
    return tally.get(split, {}).get(name, 0)


def _class_row(name: str, counts: list[tuple[int, int]]) -> tuple[tuple[Span, ...], ...]:
    (old, new), *by_split = counts
    change = new - old
    role = Span(text=signed(change), role="added" if change > 0 else "removed" if change < 0 else "muted")
    return ((code(shown(name)),), spans(step(old, new)), (role,), *(spans(step(*pair)) for pair in by_split))


def _indexes(item: PlanStep) -> Iterator[Block]:
    """Training indexes that a trained classifier head would have to follow."""
    if item.effect.class_head == "same":
        return
    before = {(entry.field, cls.key): cls.index for entry in item.classes_before for cls in entry.classes}
    rows = tuple(
        (
            spans(code(entry.field)),
            spans(code(cls.name)),
            spans(_index(before.get((entry.field, cls.key))), " -> ", _index(cls.index)),
        )
        for entry in _with_heads(item.classes_after)
        for cls in entry.classes
        if before.get((entry.field, cls.key)) != cls.index
    )
    if rows:
        titles = ("label", "class", "training index")
        yield Table(columns=tuple(Column(title=title) for title in titles), rows=rows[:MOST_CLASSES], indent=1)
    if len(rows) > MOST_CLASSES:
        yield Line(spans=(muted(f"… {len(rows) - MOST_CLASSES:,} more indexes"),), indent=1)


def _with_heads(lists: tuple[ClassList, ...]) -> Iterator[ClassList]:
    return (entry for entry in lists if any(cls.index is not None for cls in entry.classes))


def _index(index: int | None) -> str:
    return "none" if index is None else str(index)
