"""What differs in a label field: classes, transitions, and the operations that they suggest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dsv.model.counts import Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassCount:
    """Rows of one class on both sides, in all and by split (split names sorted)."""

    name: str
    old: int
    new: int
    by_split: Mapping[str, Counts]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassShare:
    """Rows of one class in one split, and those of all classes there, on both sides.

    `split` is None for rows that are in no split, or for all rows where no split is known.
    """

    split: str | None
    name: str
    rows: Counts
    total: Counts

    @property
    def old_share(self) -> float:
        """Its share (0-1) of the split before."""
        return self.rows.old / self.total.old if self.total.old else 0.0

    @property
    def new_share(self) -> float:
        """Its share (0-1) of the split after."""
        return self.rows.new / self.total.new if self.total.new else 0.0

    @property
    def shift(self) -> float:
        """How far its share moved (-1 to 1)."""
        return self.new_share - self.old_share

    @property
    def differs(self) -> bool:
        """It has another number of rows."""
        return self.rows.old != self.rows.new


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """Paired rows whose label went from one class to another. None stands for unlabelled.

    `encoding_only` of the `rows` mean what they meant, and are only written otherwise.
    """

    source: str | None
    target: str | None
    rows: int
    encoding_only: int = 0


EncodingKind = Literal["tags", "case", "blanks", "plural"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """Paired rows whose label is written otherwise and means the same.

    `tags`: from one scheme of span tags (`source`, such as IOB1) to another. Else from one spelling
    of a class to another, which differs in case (and blanks), blanks, or singular and plural.
    """

    kind: EncodingKind
    source: str
    target: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Inferred:
    """A class operation that the paired rows suggest.

    `support` of the `total` paired rows that had a class of `sources` went where the operation
    says; `strays` are the others.
    """

    operation: Literal["rename_class", "merge_classes", "split_class"]
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    support: int
    total: int
    strays: tuple[Transition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassCredit:
    """Rows whose class a migration gave them."""

    migration: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelDiff:
    """Classes of one label field, sorted by name. `transitions` are sorted by rows, most first.

    `transitions` and `inferred` are None where only the profiles were compared. `changed_sets`
    counts paired rows of a list label whose change is not one class for one other. `js_distance`
    is the Jensen-Shannon distance (base 2, 0-1) of the two class distributions, None when a side
    has no labelled row. `explained` counts the rows whose class differs by the migration that gave
    it, `unexplained` those that none gave; None where there is no migration to ask. `encodings` are
    the changes in encoding only, most rows first. `truncated`: a side has more than CLASS_LIMIT
    classes (dsv.model.profile), which are many each; none is listed then, and transitions, inferred
    operations and distance are None.
    """

    field: str
    classes: tuple[ClassCount, ...]
    transitions: tuple[Transition, ...] | None
    inferred: tuple[Inferred, ...] | None
    unlabelled: Counts
    changed_sets: int = 0
    js_distance: float | None = None
    explained: tuple[ClassCredit, ...] | None = None
    unexplained: int | None = None
    encodings: tuple[Encoding, ...] = ()
    truncated: Counts | None = None

    @property
    def has_splits(self) -> bool:
        """Rows are counted by split."""
        return any(item.by_split for item in self.classes)

    def shares(self) -> tuple[ClassShare, ...]:
        """Every class in every split, those first whose share moved most; each row is in exactly one of the splits."""
        parts: dict[tuple[str | None, str], Counts] = {}
        for item in self.classes:
            old, new = (sum(getattr(counts, side) for counts in item.by_split.values()) for side in ("old", "new"))
            parts |= {(split, item.name): counts for split, counts in item.by_split.items()}
            parts[None, item.name] = Counts(old=item.old - old, new=item.new - new)
        totals: dict[str | None, Counts] = {}
        for (split, _), counts in parts.items():
            total = totals.get(split, Counts(old=0, new=0))
            totals[split] = Counts(old=total.old + counts.old, new=total.new + counts.new)
        found = [
            ClassShare(split=split, name=name, rows=counts, total=totals[split])
            for (split, name), counts in parts.items()
            if totals[split].old or totals[split].new
        ]
        return tuple(sorted(found, key=lambda item: (-abs(item.shift), item.split or "", item.name)))

    @property
    def class_counts(self) -> Counts:
        """Number of classes that have a row, on each side."""
        if self.truncated is not None:
            return self.truncated
        return Counts(
            old=sum(item.old > 0 for item in self.classes),
            new=sum(item.new > 0 for item in self.classes),
        )
