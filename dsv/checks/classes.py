"""Classes that are gone, that a split lacks, and that are more or less frequent than before."""

from __future__ import annotations

from collections.abc import Iterator

from dsv.checks.rows import percent
from dsv.checks.thresholds import Thresholds
from dsv.diff.findings import TRAINING, named
from dsv.model.diff import DatasetDiff
from dsv.model.finding import Finding
from dsv.model.labels import ClassCount, LabelDiff

VALIDATION = ("val", "valid", "validation", "dev")
TINY = 1e-9
SMALLEST = 50
"""In a split of fewer rows on a side, the shares of classes say nothing."""


def of_classes(diff: DatasetDiff, limits: Thresholds) -> Iterator[Finding]:
    """Findings about each label of a dataset that both sides have."""
    if diff.status in ("added", "removed"):
        return
    gone = {change.field for change in diff.schema_changes if change.change in ("field_removed", "field_added")}
    for label in diff.labels:
        if label.field not in gone and label.truncated is None:
            yield from _removed(label)
            yield from _gap(label)
            yield from _relabelled(diff, label, limits)
            yield from _shifted(label, limits)
            yield from _encoding(label)


def _removed(label: LabelDiff) -> Iterator[Finding]:
    """Classes without a row now, but for those that are known to go on under another name."""
    kept = {source for item in label.inferred or () for source in item.sources}
    lost = [item for item in label.classes if item.old and not item.new and item.name not in kept]
    if lost:
        lost.sort(key=lambda item: (-item.old, item.name))
        one = "1 class has" if len(lost) == 1 else f"{len(lost):,} classes have"
        rows = sum(item.old for item in lost)
        message = f"{one} no row now ({label.field}; {rows:,} rows before): {named(item.name for item in lost)}"
        yield Finding(rule="classes-removed", level="error", message=message, count=len(lost))


def _gap(label: LabelDiff) -> Iterator[Finding]:
    """Classes that training rows have and validation rows lack, where that is new."""
    before = {item.name for item in label.classes if _lacks(item, "old")}
    for inferred in label.inferred or ():
        before.update(inferred.targets if before.intersection(inferred.sources) else ())
    missing = [item.name for item in label.classes if _lacks(item, "new") and item.name not in before]
    if missing and any(_in(item, VALIDATION, "new") for item in label.classes):
        one = "1 class has" if len(missing) == 1 else f"{len(missing):,} classes have"
        message = f"{one} rows in train and now none in validation ({label.field}): {named(missing)}"
        yield Finding(rule="class-gap", level="warning", message=message, count=len(missing))


def _relabelled(diff: DatasetDiff, label: LabelDiff, limits: Thresholds) -> Iterator[Finding]:
    """Paired rows that had a class and have another, or none; a class under another name is the same."""
    paired = (diff.rows.unchanged or 0) + (diff.rows.changed or 0)
    if label.transitions is None or not paired:
        return
    renamed = {(item.sources[0], item.targets[0]) for item in label.inferred or () if item.operation == "rename_class"}
    rows = label.changed_sets + sum(
        item.rows - item.encoding_only
        for item in label.transitions
        if item.source is not None and (item.source, item.target) not in renamed
    )
    if rows and rows / paired >= limits.relabelled_share:
        known = sum(item.rows for item in label.explained or ())
        has = "has" if rows == 1 else "have"
        by = f"; migrations explain {known:,}" if known else ""
        message = f"{rows:,} of {paired:,} rows {has} another {label.field} ({percent(rows / paired)}){by}"
        yield Finding(rule="bulk-relabel", level="warning", message=message, count=rows)


def _shifted(label: LabelDiff, limits: Thresholds) -> Iterator[Finding]:
    """Classes whose share of a split moved; those that came, went or were renamed are told elsewhere."""
    aside = {name for item in label.inferred or () for name in (*item.sources, *item.targets)}
    aside |= {item.name for item in label.classes if not (item.old and item.new)}
    moved = [
        item
        for item in label.shares()
        if item.name not in aside
        and min(item.total.old, item.total.new) >= SMALLEST
        and abs(item.shift) >= limits.share_shift - TINY
    ]
    if moved:
        rest = "rows without a split" if label.has_splits else "all rows"
        said = named(f"{item.name} in {item.split or rest} {item.shift * 100:+.1f} points" for item in moved)
        message = f"the share of classes moved ({label.field}): {said}"
        yield Finding(rule="share-shift", level="warning", message=message, count=len(moved))


def _encoding(label: LabelDiff) -> Iterator[Finding]:
    rows = sum(item.rows for item in label.encodings)
    if rows:
        one = "1 row has its" if rows == 1 else f"{rows:,} rows have their"
        message = f"{one} {label.field} written otherwise, with the same meaning"
        yield Finding(rule="encoding-only", level="info", message=message, count=rows)


def _lacks(item: ClassCount, side: str) -> bool:
    return _in(item, TRAINING, side) > 0 and _in(item, VALIDATION, side) == 0


def _in(item: ClassCount, splits: tuple[str, ...], side: str) -> int:
    return sum(getattr(counts, side) for split, counts in item.by_split.items() if split.lower() in splits)
