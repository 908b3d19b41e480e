"""One label field: classes whose number of rows changed, transitions, and what they look like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from dsv.model.counts import Counts
from dsv.model.labels import ClassCount, Inferred, LabelDiff
from dsv.model.page import Block, Column, Heading, Line, Span, Table, spans
from dsv.model.values import shown
from dsv.views._words import code, muted, number, plural, points, share, signed, step

SUMMARY_CLASSES = 20
SUMMARY_TRANSITIONS = 10
SUMMARY_OPERATIONS = 5
SUMMARY_NAMES = 3
MOST_SPLITS = 4
UNLABELLED = "(unlabelled)"
NONE = Counts(old=0, new=0)
TITLES = (
    Column(title="class"),
    *(Column(title=title, align="right") for title in ("rows", "delta", "share %", "points")),
)
KINDS = {"case": "case", "blanks": "blanks", "plural": "singular or plural"}


def label_blocks(label: LabelDiff, *, everything: bool) -> Iterator[Block]:
    """Blocks of one label; `everything` lists all that changed, else the largest changes."""
    yield Heading(spans=spans("Label ", code(label.field)), level=3)
    if label.truncated is not None:
        text = f"{step(label.truncated.old, label.truncated.new)} classes: too many to list"
        yield Line(spans=(muted(text),), indent=2)
    yield from _classes(label, everything)
    yield from _come_and_gone(label, everything)
    if everything:
        yield from _by_split(label)
    if label.unlabelled.old or label.unlabelled.new:
        yield Line(spans=spans(f"unlabelled {step(label.unlabelled.old, label.unlabelled.new)}"), indent=2)
    if label.js_distance:
        text = f"distance of the distributions {label.js_distance:.3f} (Jensen-Shannon, 0 to 1)"
        yield Line(spans=(muted(text),), indent=2)
    yield from _transitions(label, everything)
    yield from _encodings(label, everything)
    yield from _operations(label, everything)


def _classes(label: LabelDiff, everything: bool) -> Iterator[Block]:
    changed = sorted(filter(_differs, label.classes), key=lambda item: (-abs(item.new - item.old), item.name))
    listed = changed if everything else changed[:SUMMARY_CLASSES]
    if listed:
        yield from _table(label, listed)
    if len(changed) > len(listed):
        text = f"… {len(changed) - len(listed):,} more changed (--labels shows all)"
        yield Line(spans=(muted(text),), indent=2)
    same = [item for item in label.classes if not _differs(item)]
    if same:
        noun = "class" if len(same) == 1 else "classes"
        text = f"{len(same):,} {noun} unchanged ({plural(sum(item.new for item in same), 'row')})"
        yield Line(spans=(muted(text),), indent=2)


def _differs(item: ClassCount) -> bool:
    return item.old != item.new or any(counts.old != counts.new for counts in item.by_split.values())


def _table(label: LabelDiff, listed: Sequence[ClassCount]) -> Iterator[Block]:
    splits = sorted({split for item in label.classes for split in item.by_split})
    moved = [split for split in splits if any(_moved(item, split) for item in listed)]
    columns = splits if len(splits) <= MOST_SPLITS else moved[:MOST_SPLITS]
    old = sum(item.old for item in label.classes)
    new = sum(item.new for item in label.classes)
    yield Table(
        columns=(*TITLES, *(Column(title=split, align="right") for split in columns)),
        rows=tuple(
            (
                *_class_row(item.name, Counts(old=item.old, new=item.new), Counts(old=old, new=new)),
                *(_step(item.by_split.get(split, NONE)) for split in columns),
            )
            for item in listed
        ),
        indent=2,
    )
    left = len(moved) - len(columns)
    if left > 0:
        yield Line(spans=(muted(f"… and {plural(left, 'more split')} (--json has all)"),), indent=2)


def _moved(item: ClassCount, split: str) -> bool:
    counts = item.by_split.get(split, NONE)
    return counts.old != counts.new


def _class_row(name: str, rows: Counts, total: Counts) -> tuple[tuple[Span, ...], ...]:
    """A class, its rows, and their share of all rows with a class: before and after, and in percentage points."""
    change = rows.new - rows.old
    role = Span(text=signed(change), role="added" if change > 0 else "removed" if change < 0 else "muted")
    before, after = share(rows.old, total.old), share(rows.new, total.new)
    return (
        (code(shown(name)),),
        _step(rows),
        (role,),
        spans(after if before == after else f"{before} -> {after}"),
        spans(points(rows, total)),
    )


def _step(counts: Counts) -> tuple[Span, ...]:
    return spans(step(counts.old, counts.new))


def _come_and_gone(label: LabelDiff, everything: bool) -> Iterator[Block]:
    """Classes that only one side has rows of."""
    for words, found in (
        ("new classes", [item.name for item in label.classes if item.new and not item.old]),
        ("vanished classes", [item.name for item in label.classes if item.old and not item.new]),
    ):
        listed = found if everything else found[:SUMMARY_CLASSES]
        names = [part for name in listed for part in (", ", code(shown(name)))][1:]
        more = f", … {len(found) - len(listed):,} more" if len(found) > len(listed) else ""
        if found:
            yield Line(spans=spans(f"{words}: ", *names, more), indent=2)


def _by_split(label: LabelDiff) -> Iterator[Block]:
    """For each split its own shares, of the classes whose number of rows changed in it."""
    for split in sorted({split for item in label.classes for split in item.by_split}):
        counts = {item.name: item.by_split.get(split, NONE) for item in label.classes}
        total = Counts(old=sum(item.old for item in counts.values()), new=sum(item.new for item in counts.values()))
        changed = [name for name, rows in counts.items() if rows.old != rows.new]
        changed.sort(key=lambda name: (-abs(counts[name].new - counts[name].old), name))
        if changed:
            yield Line(spans=spans("in ", code(shown(split)), f"  {step(total.old, total.new)}"), indent=2)
            yield Table(columns=TITLES, rows=tuple(_class_row(name, counts[name], total) for name in changed), indent=3)


def _transitions(label: LabelDiff, everything: bool) -> Iterator[Block]:
    transitions = [
        replace(item, rows=item.rows - item.encoding_only, encoding_only=0)
        for item in label.transitions or ()
        if item.rows > item.encoding_only
    ]
    transitions.sort(key=lambda item: -item.rows)
    listed = transitions if everything else transitions[:SUMMARY_TRANSITIONS]
    if listed:
        yield Table(
            columns=(Column(title="from"), Column(title="to"), Column(title="rows", align="right")),
            rows=tuple(
                ((_class(item.source),), spans("-> ", _class(item.target)), spans(number(item.rows))) for item in listed
            ),
            indent=2,
        )
    left = transitions[len(listed) :]
    if left:
        text = f"… {plural(len(left), 'more transition')} ({plural(sum(item.rows for item in left), 'row')})"
        yield Line(spans=(muted(text),), indent=2)
    if label.changed_sets:
        yield Line(spans=spans(f"{plural(label.changed_sets, 'set')} of classes changed otherwise"), indent=2)


def _encodings(label: LabelDiff, everything: bool) -> Iterator[Block]:
    """`encoding only: IOB1 -> BIO (10,000 rows)`: what is written otherwise and means the same."""
    listed = label.encodings if everything else label.encodings[:SUMMARY_TRANSITIONS]
    for item in listed:
        how = f" {KINDS[item.kind]} only" if item.kind != "tags" else ""
        text = f" ({plural(item.rows, 'row')})"
        names = (code(shown(item.source)), " -> ", code(shown(item.target)))
        yield Line(spans=spans("encoding only: ", *names, f":{how}" if how else "", text), indent=2)
    left = label.encodings[len(listed) :]
    if left:
        text = f"… {plural(len(left), 'more change')} of encoding ({plural(sum(item.rows for item in left), 'row')})"
        yield Line(spans=(muted(text),), indent=2)


def _class(name: str | None) -> Span:
    return muted(UNLABELLED) if name is None else code(shown(name))


def _operations(label: LabelDiff, everything: bool) -> Iterator[Block]:
    found = label.inferred or ()
    listed = found if everything else found[:SUMMARY_OPERATIONS]
    for item in listed:
        yield Line(spans=_inferred(item, None if everything else SUMMARY_NAMES), indent=2)
    left = len(found) - len(listed)
    if left:
        yield Line(spans=(muted(f"… {plural(left, 'more operation')} suggested (--labels shows all)"),), indent=2)


def _inferred(item: Inferred, most: int | None) -> tuple[Span, ...]:
    """`looks like rename_class bike -> bicycle (412 of 413; 1 went to bus)`; at most so many names each."""
    listed = item.strays[:most]
    strays = [part for stray in listed for part in (", ", f"{number(stray.rows)} went to ", _class(stray.target))]
    left = item.strays[len(listed) :]
    strays += [", ", f"{number(sum(stray.rows for stray in left))} elsewhere"] if left else []
    tail = ("; ", *strays[1:]) if strays else ()
    support = f" ({number(item.support)} of {number(item.total)}"
    names = (*_names(item.sources, most), " -> ", *_names(item.targets, most))
    return spans("looks like ", code(item.operation), " ", *names, support, *tail, ")")


def _names(names: tuple[str, ...], most: int | None) -> tuple[Span | str, ...]:
    parts = tuple(part for name in names[:most] for part in (", ", code(shown(name))))[1:]
    left = len(names) - len(names[:most])
    return (*parts, f" and {left:,} more") if left else parts
