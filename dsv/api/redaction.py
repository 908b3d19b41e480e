"""What of a diff a reviewer may see: everything else is taken out before anything is written.

Names of fields, counts, classes and splits are shown, unless their field holds personal data. Values of
rows are shown as far as `values` says. What looks like a secret is masked everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from dsv.model.diff import KINDS, Cell, Changeset, DatasetDiff, KeyChange, Kind, RowChange, SimilarPair
from dsv.model.finding import Finding
from dsv.model.labels import ClassCount, Encoding, Inferred, LabelDiff, Transition
from dsv.model.review import Group, Values
from dsv.model.rules import amount, rule_of
from dsv.model.secrets import masked

BEFORE, AFTER = "‹redacted›", "‹redacted, changed›"
MOST_CLASSES = 1000
"""A field of more classes than this is shown as if it had none: its values may be of rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redaction:
    """What is shown of one dataset. `private` are its fields with personal data.

    `named` are its label and split fields, `classes` those of them whose values are names and not values of rows.

    `all_keys`, `all_values`: keys, and other values, are shown.
    """

    key: frozenset[str]
    classes: frozenset[str]
    private: frozenset[str]
    named: frozenset[str] = frozenset()
    split: str | None = None
    all_keys: bool = True
    all_values: bool = True

    @staticmethod
    def of(diff: DatasetDiff, values: Values, private: frozenset[str]) -> Redaction:
        """The rules for a diff; personal fields are those that either side declares, by any of their names."""
        few = (label for label in diff.labels if max(label.class_counts.old, label.class_counts.new) <= MOST_CLASSES)
        renamed = {item.field: item.to for item in diff.schema_changes if item.change == "field_renamed" and item.to}
        also = {after for before, after in renamed.items() if before in private}
        also |= {before for before, after in renamed.items() if after in private}
        return Redaction(
            key=frozenset(diff.key),
            classes=frozenset({*(label.field for label in few), *([diff.split] if diff.split else [])}),
            private=private | also,
            named=frozenset({*(label.field for label in diff.labels), *([diff.split] if diff.split else [])}),
            split=diff.split,
            all_keys=values != "none",
            all_values=values == "all",
        )

    def shows(self, name: str) -> bool:
        """The values of a field may be shown."""
        if name in self.private:
            return False
        return self.all_values or name in self.classes or (self.all_keys and name in self.key)

    @property
    def whole(self) -> bool:
        """Nothing but secrets is kept back."""
        return self.all_values and not self.private

    def hidden(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of the fields whose values are not shown."""
        return tuple(sorted({name for name in names if not self.shows(name)}))

    def row(self, change: RowChange) -> RowChange:
        """A row as it may be shown. A key that may not is left out: then the row's place names it."""
        return replace(
            change,
            key={name: masked(value) for name, value in change.key.items() if self.shows(name)},
            cells=self._cells(change.cells),
            context=self._cells(change.context),
        )

    def group(self, group: Group) -> Group:
        """A group of cells, whose values are hidden already if they have to be."""
        shown = self.shows(group.field)
        before, after = (masked(group.before), masked(group.after)) if shown else (BEFORE, AFTER)
        return replace(group, before=before, after=after, samples=tuple(self.row(row) for row in group.samples))

    def diff(self, diff: DatasetDiff) -> DatasetDiff:
        """A diff as it may be shown, its rows and other tables included."""
        return replace(
            diff,
            rekeyed=None if diff.rekeyed is None else tuple(self._rekeyed(item) for item in diff.rekeyed),
            similar=None if diff.similar is None else tuple(self._similar(item) for item in diff.similar),
            labels=tuple(self._label(label) for label in diff.labels if self._lists(label)),
            split_moves=None if self._hides_split else diff.split_moves,
            changes=None if diff.changes is None else Redacted(changes=diff.changes, redaction=self),
            tables={name: replace(self, key=frozenset(part.key)).diff(part) for name, part in diff.tables.items()},
            matching=None,
            findings=tuple(self.finding(item) for item in diff.findings),
        )

    def finding(self, finding: Finding) -> Finding:
        """A finding whose message may be shown: where it could quote what is hidden, the rule's own words stand."""
        rule = rule_of(finding.rule)
        quoting = rule.quotes == "values" or (rule.quotes == "classes" and not all(map(self.shows, self.named)))
        if quoting and not self.whole:
            return replace(finding, message=f"{rule.title} ({amount(finding.count, rule.unit)})")
        return replace(finding, message=masked(finding.message))

    @property
    def _hides_split(self) -> bool:
        return self.split in self.private

    def _cells(self, cells: Mapping[str, Cell]) -> dict[str, Cell]:
        return {name: self._cell(name, cell) for name, cell in cells.items()}

    def _cell(self, name: str, cell: Cell) -> Cell:
        if self.shows(name):
            old, new = masked(cell.old), masked(cell.new)
            return cell if old is cell.old and new is cell.new else replace(cell, old=old, new=new)
        same = cell.old == cell.new
        return replace(
            cell,
            old=None if cell.old is None else BEFORE,
            new=None if cell.new is None else BEFORE if same or cell.old is None else AFTER,
        )

    def _rekeyed(self, change: KeyChange) -> KeyChange:
        old, new = (
            {name: masked(value) if self.shows(name) else BEFORE for name, value in key.items()}
            for key in (change.old, change.new)
        )
        return KeyChange(old=old, new=new)

    def _similar(self, pair: SimilarPair) -> SimilarPair:
        return replace(pair, cells=self._cells(pair.cells))

    def _lists(self, label: LabelDiff) -> bool:
        return label.field not in self.private and (self.all_values or label.field in self.classes)

    def _label(self, label: LabelDiff) -> LabelDiff:
        return replace(
            label,
            classes=tuple(self._class(item) for item in label.classes),
            transitions=None if label.transitions is None else tuple(map(_transition, label.transitions)),
            inferred=None if label.inferred is None else tuple(map(_inferred, label.inferred)),
            encodings=tuple(map(_encoding, label.encodings)),
        )

    def _class(self, item: ClassCount) -> ClassCount:
        by_split = {} if self._hides_split else {masked(split): counts for split, counts in item.by_split.items()}
        return replace(item, name=masked(item.name), by_split=by_split)


@dataclass(frozen=True, kw_only=True)
class Redacted:
    """Rows as they may be shown, read while they are shown (dsv.model.diff.Changeset)."""

    changes: Changeset
    redaction: Redaction = field(repr=False)

    def rows(self, kinds: tuple[Kind, ...] = KINDS, limit: int | None = None) -> Iterator[RowChange]:
        """The rows of the changeset, in its order."""
        for change in self.changes.rows(kinds, limit):
            yield self.redaction.row(change)


def _transition(item: Transition) -> Transition:
    return replace(item, source=masked(item.source), target=masked(item.target))


def _inferred(item: Inferred) -> Inferred:
    return replace(
        item,
        sources=tuple(map(masked, item.sources)),
        targets=tuple(map(masked, item.targets)),
        strays=tuple(map(_transition, item.strays)),
    )


def _encoding(item: Encoding) -> Encoding:
    return replace(item, source=masked(item.source), target=masked(item.target))
