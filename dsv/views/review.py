"""A review as a page: the verdict, then what matters most, then what changed and how to see all of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dsv.model.diff import DatasetDiff
from dsv.model.labels import ClassShare, LabelDiff
from dsv.model.page import Block, Column, Heading, Line, Page, Role, Rows, Span, Table, spans
from dsv.model.review import DatasetReview, Group, Review, ReviewFinding
from dsv.model.revision import Revision
from dsv.model.values import shown
from dsv.views._schema import schema_change
from dsv.views._words import (
    LEVEL_ROLES,
    LEVEL_SIGNS,
    changed_cells,
    code,
    delta,
    muted,
    number,
    plural,
    points,
    share,
    signed,
    step,
)

WIDEST_BAR = 10
MOST_HIDDEN = 10
"""So many rows that others hide are shown, even where fewer are."""
LONGEST_VALUE, LONGEST_MESSAGE, LONGEST_COMMAND = 60, 400, 1000
EIGHTHS = " ▏▎▍▌▋▊▉█"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much of a review a page shows; numbers are of one dataset, but `findings`, which is of all.

    `samples` are rows of a group, `rows` changed rows of each kind. `brief`: a dataset is one line. Of so many
    `datasets` something is shown (None: of all).
    """

    findings: int = 40
    classes: int = 12
    groups: int = 10
    schema: int = 12
    samples: int = 0
    rows: int = 3
    brief: bool = False
    datasets: int | None = None


def build(review: Review, size: Size | None = None) -> Page:
    """The page of a review."""
    size = size or Size()
    blocks: list[Block] = [*_verdict(review, size.findings), *_findings(review.findings, size.findings)]
    changed = [dataset for dataset in review.datasets if dataset.diff.status != "unchanged"]
    listed = changed[: size.datasets]
    hidden = _hidden(review.findings)
    for dataset in listed:
        blocks += _dataset(dataset, size, hidden.get(dataset.diff.dataset, 0))
    if len(changed) > len(listed):
        blocks.append(Line(spans=(muted(f"{plural(len(changed) - len(listed), 'dataset')} with changes not shown"),)))
    same = len(review.datasets) - len(changed)
    if same:
        blocks.append(Line(spans=(muted(f"{plural(same, 'dataset')} without changes"),)))
    if not review.datasets and not review.errors:
        blocks.append(Line(spans=spans("no dataset changes")))
    blocks += _provenance(review)
    return Page(blocks=tuple(blocks))


def verdict_words(review: Review) -> tuple[str, Role]:
    """The verdict as a sentence, and its role."""
    counts = {level: sum(item.level == level for item in review.findings) for level in ("error", "warning")}
    said = [plural(count, word) for word, count in counts.items() if count]
    if review.verdict == "incomplete":
        could = f"could not compare {plural(len(review.errors), 'dataset')}"
        return f"x {could}; of the rest: {', '.join(said) or 'no findings'}", "error"
    roles: dict[str, tuple[str, Role]] = {"errors": ("x", "error"), "warnings": ("!", "warning")}
    if review.verdict in roles:
        sign, role = roles[review.verdict]
        return f"{sign} {', '.join(said)}", role
    return "no errors, no warnings", "ok"


def _verdict(review: Review, most: int) -> Iterator[Block]:
    text, role = verdict_words(review)
    names = (*_revision(review.base), *spans(" ... "), *_revision(review.head))
    yield Heading(spans=spans("Review ", *names, ": ", Span(text=text, role=role)), level=1)
    for error in review.errors[:most]:
        where = (code(_short(error.dataset)), ": ") if error.dataset else ()
        rest = f"{f' ({error.where})' if error.where else ''}{f'; {error.hint}' if error.hint else ''}"
        said = _cut(f"{error.message}{rest}")
        yield Line(spans=spans(Span(text="x not compared", role="error"), " ", *where, said))
    left = len(review.errors) - most
    if left > 0:
        yield Line(spans=(Span(text=f"x {left:,} more not compared", role="error"),))


def _findings(found: Sequence[ReviewFinding], most: int) -> Iterator[Block]:
    if not found:
        return
    yield Heading(spans=spans("Findings"), level=2)
    several = len({item.dataset for item in found if item.dataset}) > 1
    for item in found[:most]:
        mark = Span(text=f"{LEVEL_SIGNS[item.level]} {item.level}", role=LEVEL_ROLES[item.level])
        dataset = (code(_short(item.dataset)), ": ") if several and item.dataset else ()
        yield Line(spans=spans(mark, f" {item.id} ", *dataset, _cut(item.message)))
        if item.see is not None and len(item.see) <= LONGEST_COMMAND and item.level != "info":
            yield Line(spans=(muted("see all: "), code(item.see, "muted")), indent=2)
    if len(found) > most:
        yield Line(spans=(muted(f"… {len(found) - most:,} more findings, none graver"),))


def _hidden(findings: Sequence[ReviewFinding]) -> Mapping[str, int]:
    """Rows of datasets that come first because others hide them."""
    found: dict[str, int] = {}
    for item in findings:
        if item.rule == "whitespace-hides" and item.dataset is not None:
            found[item.dataset] = max(item.count, found.get(item.dataset, 0))
    return found


def _dataset(dataset: DatasetReview, size: Size, hidden: int) -> Iterator[Block]:
    diff = dataset.diff
    counts = _counts(diff)
    if size.brief:
        yield Line(spans=spans(code(diff.dataset), "  ", *counts))
        return
    path = ("  ", code(diff.path, "muted")) if diff.path != diff.dataset else ()
    yield Heading(spans=spans(code(diff.dataset), *path), level=2)
    yield Line(spans=counts, indent=1)
    if diff.changed_cells:
        yield Line(spans=changed_cells(diff.changed_cells), indent=1)
    if dataset.redacted:
        names = [part for name in dataset.redacted[:8] for part in (", ", code(name))][1:]
        left = len(dataset.redacted) - 8
        more = f" and {left:,} more" if left > 0 else ""
        yield Line(spans=(muted("values not shown: "), *spans(*names, more)), indent=1)
    yield from _schema(diff, size.schema)
    for label in diff.labels:
        yield from _label(label, size.classes)
    yield from _groups(dataset, size)
    total = None if diff.rows.added is None else diff.rows.differing
    if size.rows and diff.changes is not None and total != 0:
        yield Heading(spans=spans("Rows"), level=3)
        limit = max(size.rows, min(MOST_HIDDEN, hidden))
        yield Rows(changes=diff.changes, kinds=("removed", "changed", "added"), limit=limit, total=total, indent=2)


def _counts(diff: DatasetDiff) -> tuple[Span, ...]:
    rows = diff.rows
    how = {"rows": "all rows compared", "hashes": "compared by hashes", "profiles": "only the profiles were compared"}
    same = f"  {number(rows.unchanged)} unchanged" if rows.unchanged else ""
    word = {"added": "new dataset, ", "removed": "dataset removed, "}.get(diff.status, "")
    return spans(
        f"{word}rows {step(rows.old, rows.new)}  ",
        *delta(rows.added, rows.removed, rows.changed),
        muted(f"{same}  ({how[diff.compared]})"),
    )


def _schema(diff: DatasetDiff, most: int) -> Iterator[Block]:
    if not diff.schema_changes:
        return
    breaking = sum(change.breaking for change in diff.schema_changes)
    said = f" ({plural(len(diff.schema_changes), 'change')}, {breaking:,} breaking)"
    yield Heading(spans=spans("Schema", muted(said)), level=3)
    ordered = sorted(diff.schema_changes, key=lambda change: not change.breaking)
    for change in ordered[:most]:
        yield Line(spans=schema_change(change), indent=2)
    if len(ordered) > most:
        yield Line(spans=(muted(f"… {plural(len(ordered) - most, 'more change')}"),), indent=2)


def _label(label: LabelDiff, most: int) -> Iterator[Block]:
    if label.truncated is not None:
        text = f"{step(label.truncated.old, label.truncated.new)} classes: too many to list"
        yield Heading(spans=spans("Classes of ", code(label.field)), level=3)
        yield Line(spans=(muted(text),), indent=2)
        return
    lines = label.shares()
    moved = [line for line in lines if line.differs]
    if not moved:
        return
    yield Heading(spans=spans("Classes of ", code(label.field), muted(f"  ({_sizes(label, lines)})")), level=3)
    titles = ("split", "class")
    numbers = ("before", "after", "delta", "share %", "points")
    yield Table(
        columns=(
            *(Column(title=title) for title in titles),
            *(Column(title=title, align="right") for title in numbers),
            Column(title=""),
        ),
        rows=tuple(_class_row(label, line) for line in moved[:most]),
        indent=2,
    )
    left = moved[most:]
    if left:
        text = f"… {len(left):,} more classes of a split, each within {abs(left[0].shift) * 100:.1f} points"
        yield Line(spans=(muted(text),), indent=2)
    same = len(lines) - len(moved)
    if same:
        yield Line(spans=(muted(f"{same:,} without a change of rows"),), indent=2)


def _class_row(label: LabelDiff, line: ClassShare) -> tuple[tuple[Span, ...], ...]:
    rows, total = line.rows, line.total
    change = rows.new - rows.old
    role: Role = "added" if change > 0 else "removed" if change < 0 else "muted"
    word = "  new" if not rows.old else "  gone" if not rows.new else ""
    before, after = share(rows.old, total.old), share(rows.new, total.new)
    return (
        (_split(label, line.split),),
        spans(code(_short(line.name)), word),
        spans(number(rows.old)),
        spans(number(rows.new)),
        (Span(text=signed(change), role=role),),
        spans(after if before == after else f"{before} -> {after}"),
        spans(points(rows, total)),
        spans(_bar(line.new_share)),
    )


def _split(label: LabelDiff, name: str | None) -> Span:
    return code(_short(name)) if name is not None else muted("(no split)" if label.has_splits else "all")


def _bar(part: float) -> str:
    eighths = round(part * WIDEST_BAR * 8)
    return "█" * (eighths // 8) + (EIGHTHS[eighths % 8] if eighths % 8 else "")


def _sizes(label: LabelDiff, lines: Sequence[ClassShare]) -> str:
    """`test 2 -> 1, train 2`: the rows that have a class, by split."""
    totals = {line.split: line.total for line in lines}
    ordered = sorted(totals.items(), key=lambda item: (item[0] is None, item[0] or ""))
    if not label.has_splits:
        return ", ".join(step(rows.old, rows.new) for _, rows in ordered)
    return ", ".join(f"{_split(label, split).text} {step(rows.old, rows.new)}" for split, rows in ordered)


def _groups(dataset: DatasetReview, size: Size) -> Iterator[Block]:
    if dataset.groups is None:
        if dataset.diff.status != "unchanged":
            yield Line(spans=(Span(text="! which cells changed is not known", role="warning"),), indent=1)
        return
    listed = dataset.groups[: size.groups]
    left = dataset.groups[size.groups :]
    more = dataset.more_cells + sum(group.count for group in left)
    kinds = dataset.more_groups + len(left)
    if not listed:
        if more:
            alike = "no two of them alike" if kinds == more else f"in {plural(kinds, 'way')}"
            yield Line(spans=spans(f"{plural(more, 'cell')} changed, {alike}"), indent=1)
        return
    yield Heading(spans=spans("Changed cells"), level=3)
    asked = dataset.diff.explained is not None
    for group in listed:
        yield Line(spans=_group(group, asked), indent=2)
        if size.samples and group.samples:
            yield Line(spans=(muted("such as "), *_keys(group, size.samples)), indent=3)
    if more:
        yield Line(spans=(muted(f"… {plural(more, 'more cell')}, in {plural(kinds, 'other change')}"),), indent=2)


def _group(group: Group, asked: bool) -> tuple[Span, ...]:
    values = (code(_short(group.before)), " -> ", code(_short(group.after)))
    why: tuple[Span, ...]
    if group.migration is not None:
        why = (muted("  by "), code(group.migration))
    else:
        why = (Span(text="  no migration explains it", role="warning"),) if asked else ()
    percent = f"{group.share * 100:.0f} %" if group.share >= 0.01 else "below 1 %"
    return spans(code(group.field), "  ", *values, f"  x{group.count:,}", muted(f"  ({percent} of the field's)"), *why)


def _short(value: object) -> str:
    return _cut(shown(value), LONGEST_VALUE)


def _cut(text: str, most: int = LONGEST_MESSAGE) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _keys(group: Group, most: int) -> tuple[Span, ...]:
    parts: list[Span | str] = []
    for row in group.samples[:most]:
        name = ",".join(shown(value) for value in row.key.values()) if row.key else f"row {row.new_position or 0:,}"
        parts += [", ", code(_short(name))]
    return spans(*parts[1:])


def _provenance(review: Review) -> Iterator[Block]:
    yield Heading(spans=spans("Reproduce"), level=2)
    command = review.command if len(review.command) <= LONGEST_COMMAND else "dsv review"
    yield Line(spans=(code(command),))
    kept = {"keys": "only keys, classes and splits", "none": "only classes and splits"}.get(review.values)
    if kept:
        yield Line(spans=(muted(f"of the values of rows, {kept} are shown"),))


def _revision(revision: Revision) -> tuple[Span, ...]:
    commit = (revision.commit or "")[:7]
    name = code(_cut(revision.name, LONGEST_VALUE))
    return (name,) if revision.name.startswith(commit) else spans(name, " ", code(commit))
