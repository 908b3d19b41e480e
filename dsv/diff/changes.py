"""Changed rows, read from the engine while they are shown."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dsv.diff.cells import NEW, OLD, Differences
from dsv.diff.equality import Form
from dsv.diff.fields import Alignment, Side
from dsv.diff.plain import plain, stored
from dsv.model.diff import KINDS, Cell, Kind, RowChange
from dsv.tables.duckdb import identifier
from dsv.tables.table import POSITION, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """A field of the rows that are read: where its cells stand on both sides, its flag and its credit."""

    name: str
    old: Form | None
    new: Form | None
    flag: str | None = None
    credit: str | None = None


_Places = tuple[int | None, int | None, int | None, int | None]
"""Where the cells of both sides, the flag and the credit of a field stand in a row that was read."""


class PairedChanges:
    """The rows that differ between two tables (dsv.model.diff.Changeset).

    Removed rows show all fields of old, added rows all fields of new, changed rows the fields that
    differ; each field goes by its new name.
    """

    def __init__(
        self, differences: Differences, fields: Alignment, only: str | None = None, context: Collection[str] = ()
    ) -> None:
        """`only` names a table whose `id` are the rowids of the rows to show (None: all).

        `context` names fields whose cells changed rows bring along where they do not differ, too.
        """
        self.differences = differences
        self.fields = fields
        self.only = only
        self.context = frozenset(context)
        both = [
            _Column(
                name=pair.name,
                old=pair.old,
                new=pair.new,
                flag=differences.flag(pair.name),
                credit=None if differences.credits is None else differences.credits.cell(pair.name),
            )
            for pair in fields.pairs
        ]
        old = [_Column(name=form.name, old=form, new=None) for form in fields.only_old]
        new = [_Column(name=form.name, old=None, new=form) for form in fields.only_new]
        self._columns = _in_order([*both, *old, *new], differences)
        self._key = tuple(pair.name for pair in differences.key)

    def with_context(self, fields: Collection[str]) -> PairedChanges:
        """The same rows, the changed ones with the cells of these fields beside."""
        return PairedChanges(self.differences, self.fields, self.only, fields)

    def rows(self, kinds: tuple[Kind, ...] = KINDS, limit: int | None = None) -> Iterator[RowChange]:
        """Rows of the given kinds, those first that want a look; at most `limit` of each kind."""
        if kinds and limit != 0:
            picked = "" if self.only is None else f" AND rowid IN (SELECT id FROM {self.only})"
            yield from self._rows(kinds, picked, limit)

    def changed_at(self, positions: Sequence[int]) -> Iterator[RowChange]:
        """The changed rows at these places of new's, in no order that means something."""
        if positions:
            yield from self._rows(("changed",), f" AND {NEW} IN ({', '.join(map(str, map(int, positions)))})", None)

    def _rows(self, kinds: Sequence[Kind], picked: str, limit: int | None) -> Iterator[RowChange]:
        places: list[_Places] = []
        credits = self.differences.credits
        cells = ["kind", OLD, NEW, "CAST(NULL AS INTEGER)" if credits is None else credits.ROW]
        columns = self._columns if self._one_sided(kinds) else self._differing()
        for column in columns:
            place = []
            for sql in self._cells(column):
                place.append(None if sql is None else len(cells))
                cells += [] if sql is None else [sql]
            places.append((place[0], place[1], place[2], place[3]))
        for row in self.differences.engine.stream(self._query(cells, kinds, picked, limit)):
            yield self._change(row, columns, places)

    def _one_sided(self, kinds: Sequence[Kind]) -> bool:
        """Rows of one side only are among those asked for: all their fields are shown."""
        wanted = ", ".join(f"'{kind}'" for kind in kinds if kind != "changed") or "NULL"
        query = f"SELECT count(*) FROM {self.differences.table} WHERE kind IN ({wanted})"
        return bool(self.differences.engine.value(query))

    def _differing(self) -> list[_Column]:
        """What changed rows show: their key, their context, and fields that differ in some row."""
        wanted = {*self._key, *self.context}
        return [item for item in self._columns if item.flag not in (None, "false") or item.name in wanted]

    def _cells(self, column: _Column) -> tuple[str | None, ...]:
        differences = self.differences
        old, new = column.old, column.new
        return (
            stored(differences.column("old", old.name), old) if old else None,
            stored(differences.column("new", new.name), new) if new else None,
            column.flag,
            column.credit,
        )

    def _query(self, cells: Sequence[str], kinds: Sequence[Kind], picked: str, limit: int | None) -> str:
        order = f"ORDER BY {self.differences.later}, {OLD} NULLS LAST, {NEW} NULLS LAST"
        tables = [f"SELECT * FROM {self.differences.table} WHERE kind = '{kind}'{picked}" for kind in kinds]
        if limit is not None:
            tables = [f"(FROM ({table}) {order} LIMIT {int(limit)})" for table in tables]
        return f"SELECT {', '.join(cells)} FROM ({' UNION ALL '.join(tables)}) {order}"

    def _change(self, row: tuple[Any, ...], columns: Sequence[_Column], places: Sequence[_Places]) -> RowChange:
        kind = row[0]
        cells: dict[str, Cell] = {}
        key: dict[str, Any] = {}
        context: dict[str, Cell] = {}
        for column, (old_at, new_at, flag_at, credit_at) in zip(columns, places, strict=True):
            old = None if old_at is None else row[old_at]
            new = None if new_at is None else row[new_at]
            if column.name in self._key:
                key[column.name] = _read(old, column.old) if kind == "removed" else _read(new, column.new)
            if kind == "changed":
                if column.name in self.context:
                    context[column.name] = Cell(old=_read(old, column.old), new=_read(new, column.new))
                if flag_at is not None and row[flag_at]:
                    credit = None if credit_at is None else row[credit_at]
                    cells[column.name] = _changed(old, new, column, self._migration(credit))
            elif (column.old if kind == "removed" else column.new) is not None:
                cells[column.name] = Cell(old=_read(old, column.old), new=_read(new, column.new))
        ordered = {name: key[name] for name in self._key}
        return RowChange(
            kind=kind,
            key=ordered,
            cells=cells,
            old_position=row[1],
            new_position=row[2],
            migration=self._migration(row[3]),
            context=context,
        )

    def _migration(self, number: int | None) -> str | None:
        credits = self.differences.credits
        return None if credits is None or number is None else credits.migrations[number - 1]


class OneSideChanges:
    """All rows of a table that only one side has (dsv.model.diff.Changeset)."""

    def __init__(
        self, table: Table, forms: Mapping[str, Form], side: Side, key: tuple[str, ...], only: str | None = None
    ) -> None:
        """`only` names a table whose `id` are the positions of the rows to show (None: all)."""
        self.table = table
        self._only = only
        self.forms = forms
        self.side: Side = side
        self._key = key

    def rows(self, kinds: tuple[Kind, ...] = KINDS, limit: int | None = None) -> Iterator[RowChange]:
        """The rows, by position, if their kind is among the given ones; at most `limit`."""
        kind: Kind = "removed" if self.side == "old" else "added"
        if kind not in kinds:
            return
        cells = ", ".join(stored(identifier(name), form) for name, form in self.forms.items())
        only = "" if self._only is None else f"WHERE {POSITION} IN (SELECT id FROM {self._only}) "
        sql = f"SELECT {POSITION}, {cells} FROM {self.table.relation} AS dsv_table {only}ORDER BY {POSITION}"
        for row in self.table.engine.stream(sql + ("" if limit is None else f" LIMIT {int(limit)}")):
            values = {name: plain(value, form) for (name, form), value in zip(self.forms.items(), row[1:], strict=True)}
            yield self._change(kind, row[0], values)

    def _change(self, kind: Kind, position: int, values: Mapping[str, Any]) -> RowChange:
        removed = kind == "removed"
        return RowChange(
            kind=kind,
            key={name: values[name] for name in self._key},
            cells={
                name: Cell(old=value if removed else None, new=None if removed else value)
                for name, value in values.items()
            },
            old_position=position if removed else None,
            new_position=None if removed else position,
        )


def _in_order(columns: list[_Column], differences: Differences) -> list[_Column]:
    """The fields in new's order, then those that only old has."""
    place = {name: number for number, name in enumerate(differences.new_fields)}
    return sorted(columns, key=lambda column: place.get(column.new.name, 0) if column.new else len(place))


def _read(value: Any, form: Form | None) -> Any:
    return None if form is None else plain(value, form)


def _changed(old: Any, new: Any, column: _Column, migration: str | None) -> Cell:
    """The values of a cell that differs; its texts where both texts are one value (True and true)."""
    cell = Cell(old=_read(old, column.old), new=_read(new, column.new), migration=migration)
    return replace(cell, old=old, new=new) if cell.old == cell.new and type(cell.old) is type(cell.new) else cell
