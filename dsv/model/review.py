"""The result of a review, field for field the JSON contract `dsv.review/1`: a diff, judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from dsv.model.diff import DatasetDiff, RowChange
from dsv.model.finding import Finding
from dsv.model.revision import Revision

Values = Literal["none", "keys", "all"]
"""Which values of rows a review may show. Names of fields, classes and splits are no values of rows."""
VALUES: tuple[Values, ...] = ("none", "keys", "all")
Verdict = Literal["incomplete", "errors", "warnings", "clean"]
Unit = Literal["rows", "cells", "fields", "classes", "keys", "files", "pairs", "migrations", "settings", "cases"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFinding(Finding):
    """A finding with what a reviewer needs to act on it.

    `id` is stable (`DSV104`), as is `anchor`, its heading in docs/reference/rules.md. `count` is of
    `unit`. `see` is a command that lists every case, None where no command does. `path` and `line`
    (from 1) name what in the repository it is about, where an annotation of a forge belongs.
    """

    id: str
    unit: Unit
    anchor: str
    see: str | None = None
    path: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Cells of one field that went from one value to one other, all by the same migration or by none.

    `count` is of cells (as many rows), `share` (0-1) that of the field's changed cells. Texts stand
    for values: they may be redacted. None is a missing value. `samples` are a few of the rows.
    """

    field: str
    before: Any
    after: Any
    count: int
    share: float
    migration: str | None = None
    samples: tuple[RowChange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetReview:
    """One dataset's diff, and its changed cells in groups, largest first.

    `groups` is None where cells were not compared; `more_groups` counts those that are not listed,
    `more_cells` their cells. `redacted` are the fields whose values are not shown, here and in `diff`,
    whose `changes` show what a reviewer may see.
    """

    diff: DatasetDiff
    groups: tuple[Group, ...] | None = ()
    more_groups: int = 0
    more_cells: int = 0
    redacted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Something that could not be compared: what, where, and how to mend it."""

    message: str
    dataset: str | None = None
    where: str | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What `head` changes since it left `base`, at `merge_base`.

    `command` shows the same difference at a terminal. `findings` are in the order in which they
    should be read. `errors` are what was not compared; then the verdict is "incomplete".
    """

    base: Revision
    head: Revision
    merge_base: Revision
    command: str
    values: Values
    datasets: tuple[DatasetReview, ...]
    findings: tuple[ReviewFinding, ...]
    errors: tuple[Failure, ...] = field(default=())

    @property
    def complete(self) -> bool:
        """Everything was compared."""
        return not self.errors

    @property
    def verdict(self) -> Verdict:
        """The worst of what was found."""
        return "incomplete" if self.errors else worst(self.findings)


def worst(findings: Sequence[Finding]) -> Literal["errors", "warnings", "clean"]:
    """The verdict that findings alone give; what is only told (`info`) leaves it clean."""
    levels = {finding.level for finding in findings}
    return "errors" if "error" in levels else "warnings" if "warning" in levels else "clean"
