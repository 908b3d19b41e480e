"""Datasets in a few lines each, one fact a line, so that two summaries diff well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dsv.model.page import Line, Page, spans
from dsv.model.profile import LabelProfile
from dsv.model.summary import Summary
from dsv.views._words import code


def build(summaries: Sequence[Summary]) -> Page:
    """The facts of each output or table."""
    return Page(blocks=tuple(line for summary in summaries for line in _output(summary)))


def _output(summary: Summary) -> Iterator[Line]:
    profile = summary.profile
    yield Line(spans=spans("data ", code(summary.path)))
    if summary.stage is not None:
        yield _fact("stage", summary.stage)
    yield _fact("md5", summary.md5 or "not recorded")
    if summary.size_bytes is not None:
        yield _fact("size", f"{summary.size_bytes} bytes")
    if profile is None:
        return
    yield _fact("rows", str(profile.rows))
    if profile.key:
        yield _fact("key", ", ".join(profile.key))
    for split, rows in profile.splits.items():
        yield _fact("split", f"{split}: {rows}")
    for label in profile.labels:
        yield from _label(label)
    for item in profile.fields:
        nulls = f", {item.nulls} missing" if item.nulls else ""
        yield _fact("field", f"{item.field.name}: {item.field.type}{nulls}")


def _label(label: LabelProfile) -> Iterator[Line]:
    if label.truncated:
        yield _fact(f"label {label.field}", f"{label.class_count} classes")
    for name, rows in label.classes.items():
        splits = [f"{split} {classes[name]}" for split, classes in label.by_split.items() if name in classes]
        parts = f" ({', '.join(splits)})" if splits else ""
        yield _fact(f"label {label.field}", f"{name}: {rows}{parts}")
    if label.unlabelled:
        yield _fact(f"label {label.field}", f"not labelled: {label.unlabelled}")


def _fact(name: str, value: str) -> Line:
    return Line(spans=spans(f"{name} ", code(value)), indent=1)
