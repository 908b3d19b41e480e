"""Fields whose values are classes (labels, splits): how a cell names its class, and rows by class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from dsv.diff.equality import Form, canonical_text
from dsv.diff.fields import Alignment, FieldPair, Side
from dsv.model.profile import CLASS_LIMIT
from dsv.tables.duckdb import Engine, identifier, literal
from dsv.tables.table import Table

MOST_COUNTS = 10 * CLASS_LIMIT
"""So many numbers of rows by class and split are read at most."""

ClassRows = Counter[str | None]
"""Rows by class; None stands for not labelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassField:
    """A label or a split on both sides; None on a side that lacks it.

    `unlabelled` are the class names that count as not labelled.
    """

    old: Form | None
    new: Form | None
    unlabelled: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The new name, or the old one of a field that new lacks."""
        form = self.new or self.old
        return form.name if form else ""

    @property
    def pair(self) -> FieldPair | None:
        """The field of both sides, if both have it."""
        return FieldPair(old=self.old, new=self.new) if self.old and self.new else None

    @property
    def is_list(self) -> bool:
        """A cell holds several classes."""
        return all(form.type.startswith("list<") for form in (self.old, self.new) if form)

    def form(self, side: Side) -> Form | None:
        """How a side stores it."""
        return self.old if side == "old" else self.new

    def names(self, side: Side, column: str) -> str:
        """SQL for the class of a cell, NULL where not labelled; of a list, for the list of its classes."""
        excluded = ", ".join(literal(value) for value in self.unlabelled)
        if self.is_list:
            names = f"list_distinct(list_transform({column}, lambda dsv_item: CAST(dsv_item AS VARCHAR)))"
            return f"list_filter({names}, lambda dsv_item: dsv_item NOT IN ({excluded}))" if excluded else names
        text = self._text(side, column)
        return f"CASE WHEN {text} NOT IN ({excluded}) THEN {text} END" if excluded else text

    def _text(self, side: Side, column: str) -> str:
        form = self.form(side)
        if self.pair is not None:
            return self.pair.text(side, column)
        return canonical_text(column, form) if form else "NULL"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassTally:
    """Rows of one side by (class, split). A class None is not labelled, a split None is missing.

    `truncated`: so many classes that only rows that are not labelled are counted.
    """

    rows: Mapping[tuple[str | None, str | None], int]
    truncated: int | None = None

    def classes(self) -> int:
        """Number of classes."""
        return self.truncated or sum(name is not None for name in self.by_class())

    def by_class(self) -> ClassRows:
        """Rows by class."""
        found: ClassRows = Counter()
        for (name, _), rows in self.rows.items():
            found[name] += rows
        return found


NOTHING = ClassTally(rows={})


def class_field(fields: Alignment, name: str, what: str, unlabelled: tuple[str, ...] = ()) -> ClassField:
    """The field that either side calls so. Raises: SchemaError: neither does."""
    fields.check(name, what)
    pair = fields.find(name)
    if pair is not None:
        return ClassField(old=pair.old, new=pair.new, unlabelled=unlabelled)
    old = next((form for form in fields.only_old if form.name == name), None)
    new = next((form for form in fields.only_new if form.name == name), None)
    return ClassField(old=old, new=new, unlabelled=unlabelled)


def together(*parts: ClassTally) -> ClassTally | None:
    """The tally of rows that were counted in parts; None where there are too many classes to add them up."""
    rows: Counter[tuple[str | None, str | None]] = Counter()
    for part in parts:
        rows.update(part.rows)
    found = ClassTally(rows=rows)
    many = any(part.truncated for part in parts) or len(rows) >= MOST_COUNTS or found.classes() > CLASS_LIMIT
    return None if many else found


def tally(table: Table, side: Side, label: ClassField, split: ClassField | None) -> ClassTally:
    """Count one side's rows by class and split; a list label counts each of its classes once a row."""
    form = label.form(side)
    if form is None:
        return ClassTally(rows={(None, None): table.count()})
    names = label.names(side, identifier(form.name))
    if label.is_list:
        names = f"unnest(CASE WHEN len({names}) > 0 THEN {names} ELSE [NULL] END)"
    split_form = split.form(side) if split else None
    part = split.names(side, identifier(split_form.name)) if split and split_form else "NULL"
    cells = f"(SELECT {names} AS class, {part} AS part FROM {table.relation} AS dsv_table)"
    rows = table.engine.rows(f"SELECT class, part, count(*) FROM {cells} GROUP BY ALL LIMIT {MOST_COUNTS}")
    found = ClassTally(rows={(name, part): number for name, part, number in rows})
    if len(rows) < MOST_COUNTS and found.classes() <= CLASS_LIMIT:
        return found
    return _too_many(table.engine, cells)


def _too_many(engine: Engine, cells: str) -> ClassTally:
    """The tally of an id that is taken for a label: how many classes, and rows without one."""
    classes, unlabelled = engine.rows(f"SELECT count(DISTINCT class), count(*) FILTER (class IS NULL) FROM {cells}")[0]
    return ClassTally(rows={(None, None): unlabelled}, truncated=classes)
