"""The tables of a review as the report shows them: a dataset, or another table of its format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dsv.model.diff import DatasetDiff, SchemaChange
from dsv.model.labels import LabelDiff
from dsv.model.review import DatasetReview, Group, Review
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
    diff: DatasetDiff
    groups: tuple[Group, ...] | None = ()
    more_groups: int = 0
    more_cells: int = 0
    redacted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassLine:
    """Rows of a class in a split (None: in all), before and after; shares (0-1) are of that split."""

    split: str | None
    name: str
    old: int
    new: int
    old_share: float
    new_share: float

    @property
    def shift(self) -> float:
        """How far the share moved, in percentage points."""
        return (self.new_share - self.old_share) * 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Classes of a label field whose numbers differ, the largest shift first; `same` counts the others."""

    field: str
    lines: tuple[ClassLine, ...]
    more: int
    same: int
    charts: tuple[Mapping[str, Any], ...] = ()


def parts(review: Review) -> tuple[Part, ...]:
    """Every table that differs, datasets in their order, each followed by the other tables of its format."""
    found: list[Part] = []
    for dataset in review.datasets:
        found.append(_of_dataset(dataset, len(found)))
        for name, table in dataset.diff.tables.items():
            if table.status != "unchanged":
                title = f"{clean(dataset.diff.dataset)} · {clean(name)}"
                found.append(Part(number=len(found), title=title, diff=table, groups=None, redacted=dataset.redacted))
    return tuple(found)


def _of_dataset(dataset: DatasetReview, number: int) -> Part:
    return Part(
        number=number,
        title=clean(dataset.diff.dataset),
        diff=dataset.diff,
        groups=dataset.groups,
        more_groups=dataset.more_groups,
        more_cells=dataset.more_cells,
        redacted=dataset.redacted,
    )


def distribution(label: LabelDiff) -> Distribution:
    """What the classes of a label field did, per split where there are splits."""
    lines = class_lines(label)
    changed = sorted((line for line in lines if line.old != line.new), key=_most_moved)
    return Distribution(
        field=clean(label.field),
        lines=tuple(changed[:CLASSES_LISTED]),
        more=max(0, len(changed) - CLASSES_LISTED),
        same=len(lines) - len(changed),
        charts=(*_class_charts(lines), *_transition_chart(label)),
    )


def class_lines(label: LabelDiff) -> list[ClassLine]:
    """Every class in every split, or in all rows where no split is known."""
    counts: list[tuple[str | None, str, int, int]] = []
    for item in label.classes:
        counts += [(split, item.name, number.old, number.new) for split, number in item.by_split.items()]
    counts = counts or [(None, item.name, item.old, item.new) for item in label.classes]
    totals: dict[str | None, tuple[int, int]] = {}
    for split, _, old, new in counts:
        before, after = totals.get(split, (0, 0))
        totals[split] = (before + old, after + new)
    return [
        ClassLine(
            split=None if split is None else clean(split),
            name=clean(shown(name)),
            old=old,
            new=new,
            old_share=old / (totals[split][0] or 1),
            new_share=new / (totals[split][1] or 1),
        )
        for split, name, old, new in counts
    ]


def _most_moved(line: ClassLine) -> tuple[float, int, str, str]:
    return -abs(line.shift), -abs(line.new - line.old), line.split or "", line.name


def _class_charts(lines: Sequence[ClassLine]) -> list[Mapping[str, Any]]:
    """One chart a split that differs: its classes, the largest shift first."""
    charts: list[Mapping[str, Any]] = []
    for split in dict.fromkeys(line.split for line in lines):
        here = sorted((line for line in lines if line.split == split), key=_most_moved)
        if all(line.old == line.new for line in here):
            continue
        drawn = sorted(here[:CLASSES_DRAWN], key=lambda line: -max(line.old, line.new))
        charts.append(
            {
                "kind": "classes",
                "title": "All rows" if split is None else f"Split {split}",
                "left": len(here) - len(drawn),
                "names": [line.name for line in drawn],
                "old": [line.old for line in drawn],
                "new": [line.new for line in drawn],
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
        "nullable_changed": ("missing values", types if change.old_type != change.new_type else "allowed or not"),
    }
    kind, detail = words[change.change]
    return kind, clean(detail)
