"""The tables of a review as the report shows them: a dataset, or another table of its format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dsv.model.diff import DatasetDiff, SchemaChange
from dsv.model.labels import ClassShare, LabelDiff
from dsv.model.review import DatasetReview, Review
from dsv.model.values import shown
from dsv.renderers._clean import clean

CLASSES_LISTED = 30
CLASSES_DRAWN = 12
SPLITS_DRAWN = 6
CHARTS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One table: `number` (from 0) is how the script knows it, `title` how a person does."""

    number: int
    title: str
    dataset: DatasetReview

    @property
    def diff(self) -> DatasetDiff:
        """What differs in it."""
        return self.dataset.diff


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Classes of a label field whose numbers differ, the largest shift first; `same` counts the others."""

    field: str
    lines: tuple[Mapping[str, Any], ...]
    more: int
    same: int
    charts: tuple[Mapping[str, Any], ...] = ()


def parts(review: Review) -> tuple[Part, ...]:
    """Every table that differs, datasets in their order, each followed by the other tables of its format."""
    found: list[Part] = []
    for dataset in review.datasets:
        title = clean(dataset.diff.dataset)
        found.append(Part(number=len(found), title=title, dataset=dataset))
        for name, table in dataset.diff.tables.items():
            if table.status != "unchanged":
                other = DatasetReview(diff=table, groups=None, redacted=dataset.redacted)
                found.append(Part(number=len(found), title=f"{title} · {clean(name)}", dataset=other))
    return tuple(found)


def distribution(label: LabelDiff) -> Distribution:
    """What the classes of a label field did, per split where there are splits."""
    lines = label.shares()
    changed = [line for line in lines if line.differs]
    return Distribution(
        field=clean(label.field),
        lines=tuple(_line(label, line) for line in changed[:CLASSES_LISTED]),
        more=max(0, len(changed) - CLASSES_LISTED),
        same=len(lines) - len(changed),
        charts=(*_class_charts(label, lines), *_transition_chart(label)),
    )


def _line(label: LabelDiff, line: ClassShare) -> Mapping[str, Any]:
    return {
        "split": _split(label, line.split),
        "name": clean(shown(line.name)),
        "old": line.rows.old,
        "new": line.rows.new,
        "share": line.new_share,
        "points": line.shift * 100,
    }


def _split(label: LabelDiff, name: str | None) -> str:
    return clean(shown(name)) if name is not None else "(no split)" if label.has_splits else "all"


def _class_charts(label: LabelDiff, lines: Sequence[ClassShare]) -> list[Mapping[str, Any]]:
    """One chart a split that differs: its classes, the largest shift first."""
    charts: list[Mapping[str, Any]] = []
    for split in sorted({line.split for line in lines}, key=lambda name: (name is None, name or "")):
        here = [line for line in lines if line.split == split]
        if not any(line.differs for line in here):
            continue
        drawn = sorted(here[:CLASSES_DRAWN], key=lambda line: -max(line.rows.old, line.rows.new))
        charts.append(
            {
                "kind": "classes",
                "title": f"Split {_split(label, split)}" if label.has_splits else "All rows",
                "left": len(here) - len(drawn),
                "names": [clean(shown(line.name)) for line in drawn],
                "old": [line.rows.old for line in drawn],
                "new": [line.rows.new for line in drawn],
            }
        )
    return charts[:SPLITS_DRAWN]


def _transition_chart(label: LabelDiff) -> list[Mapping[str, Any]]:
    steps = label.transitions or ()
    if not steps:
        return []
    drawn = steps[:CLASSES_DRAWN]
    return [
        {
            "kind": "transitions",
            "title": "Transitions",
            "left": len(steps) - len(drawn),
            "names": [f"{_class(step.source)} → {_class(step.target)}" for step in drawn],
            "rows": [step.rows for step in drawn],
        }
    ]


def _class(name: str | None) -> str:
    return "(unlabelled)" if name is None else clean(shown(name))


def schema_words(change: SchemaChange) -> tuple[str, str]:
    """A schema change in words: what it is, and from what to what."""
    types = f"{change.old_type or '?'} → {change.new_type or '?'}"
    words = {
        "field_added": ("added", change.new_type or ""),
        "field_removed": ("removed", change.old_type or ""),
        "field_renamed": ("renamed", f"to {change.to}"),
        "type_changed": ("other type", types),
        "nullable_changed": (
            "values are missing now" if change.breaking else "no value is missing any more",
            types if change.old_type != change.new_type else change.old_type or "",
        ),
    }
    kind, detail = words[change.change]
    return kind, clean(detail)
