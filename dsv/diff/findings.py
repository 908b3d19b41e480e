"""What a person should know of a diff before anything else, from its numbers alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dsv.model.counts import Counts
from dsv.model.diff import DatasetDiff
from dsv.model.finding import Finding
from dsv.model.labels import ClassCount, LabelDiff
from dsv.model.values import shown

EXPLODED = 4
"""So many times the classes of before are too many to have been added on purpose,"""
MANY = 20
"""if they are so many more."""
ID_CLASSES = 1000
"""A label of more classes than this, and with"""
ID_ROWS = 2
"""fewer rows a class than this, looks like an id."""
NAMED = 5
TRAINING, TEST = ("train", "training"), ("test", "testing", "eval", "evaluation", "holdout")


def of_numbers(diff: DatasetDiff) -> Iterator[Finding]:
    """Findings about keys and labels."""
    yield from _keys(diff)
    yield from without_label(diff)
    for label in diff.labels:
        yield from _class_list(label)
        yield from _untested(label)


def of_profiles(diff: DatasetDiff) -> Iterator[Finding]:
    """Findings about labels that need no rows."""
    yield from without_label(diff)
    for label in diff.labels:
        yield from _class_list(label)


def without_label(diff: DatasetDiff) -> Iterator[Finding]:
    """Labels that one side has no field for: nobody took the classes from its rows one by one."""
    sides = {item.field: item.change for item in diff.schema_changes}
    for label in diff.labels:
        change = sides.get(label.field)
        if change == "field_removed":
            message = (
                f"the label {label.field} is gone: the new side has no such field, so none of its rows is labelled"
            )
            yield Finding(rule="label-gone", level="warning", message=message, count=label.unlabelled.new)
        elif change == "field_added":
            message = f"the label {label.field} is new: the old side has no such field, so none of its rows is labelled"
            yield Finding(rule="label-new", level="info", message=message, count=label.unlabelled.old)


def named(names: Iterable[str]) -> str:
    """Some names and how many more there are: `bus, car and 7 more`."""
    names = [shown(name) for name in names]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _keys(diff: DatasetDiff) -> Iterator[Finding]:
    listed = ", ".join(diff.key)
    for rule, counts, verb in (
        ("duplicate-keys", diff.duplicate_keys, "share their"),
        ("null-keys", diff.null_keys, "have no"),
    ):
        if counts is not None and counts.new > counts.old:
            message = f"rows that {verb} {listed}: {counts.new:,} on the new side, {counts.old:,} on the old side"
            yield Finding(rule=rule, level="warning", message=message, count=counts.new)


def _class_list(label: LabelDiff) -> Iterator[Finding]:
    """A list of classes that became another, and a label that is an id by mistake."""
    counts = label.class_counts
    rows = sum(item.new for item in label.classes)
    if counts.new > ID_CLASSES and (label.truncated is not None or rows < ID_ROWS * counts.new):
        message = f"{label.field} has {counts.new:,} classes: it looks like an id, not like a label"
        yield Finding(rule="label-like-id", level="warning", message=message, count=counts.new)
    elif counts.old and counts.new >= EXPLODED * counts.old and counts.new - counts.old >= MANY:
        yield _exploded(label, counts, "exploded", counts.new)
    elif counts.new and counts.old >= EXPLODED * counts.new and counts.old - counts.new >= MANY:
        yield _exploded(label, counts, "collapsed", counts.old)


def _exploded(label: LabelDiff, counts: Counts, what: str, classes: int) -> Finding:
    left = sum(1 for item in label.classes if item.old and item.new)
    kept = "none of the old ones is left" if not left else f"{left:,} of the old ones are left"
    message = (
        f"the class list of {label.field} {what}: {counts.old:,} classes became {counts.new:,}, and {kept}; "
        "it may be another field's values"
    )
    return Finding(rule=f"classes-{what}", level="warning", message=message, count=classes)


def _untested(label: LabelDiff) -> Iterator[Finding]:
    """Classes that training rows have and test rows lack, where that is new; another name is not."""
    before = {item.name for item in label.classes if _is_untested(item, "old")}
    for item in label.inferred or ():
        before.update(item.targets if before.intersection(item.sources) else ())
    missing = [item.name for item in label.classes if _is_untested(item, "new") and item.name not in before]
    tested = any(_in(item, TEST, "new") for item in label.classes)
    if missing and tested:
        one = "1 class has" if len(missing) == 1 else f"{len(missing):,} classes have"
        message = f"{one} rows in train and now none in test ({label.field}): {named(missing)}"
        yield Finding(rule="class-not-in-test", level="warning", message=message, count=len(missing))


def _is_untested(item: ClassCount, side: str) -> bool:
    return _in(item, TRAINING, side) > 0 and _in(item, TEST, side) == 0


def _in(item: ClassCount, splits: tuple[str, ...], side: str) -> int:
    """Rows of a class in some splits."""
    return sum(getattr(counts, side) for split, counts in item.by_split.items() if split.lower() in splits)
