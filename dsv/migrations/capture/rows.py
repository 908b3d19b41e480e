"""Rows that are gone, and rows that are new."""

from __future__ import annotations

from dsv.errors import MigrationError
from dsv.migrations.capture.classes import admit, class_of
from dsv.migrations.capture.draft import Draft
from dsv.migrations.capture.questions import Choice, Flag, Judge, Question
from dsv.migrations.capture.wanted import Wanted
from dsv.model.schema import Field, Schema
from dsv.tables.duckdb import identifier
from dsv.tables.table import POSITION, Table

DROP = "--drop-rows"

_DECLARE = "declare a key in dvc.yaml (meta.dsv.key) before the chain begins"


def drop(draft: Draft, wanted: Wanted, judge: Judge) -> None:
    """Take out the rows whose key the wanted table lacks; the file also tells their labels, as they were.

    Where few rows would stay, it is asked whether the key still means what it meant.
    """
    if not draft.state.key or wanted.partial:
        return
    gone = _alone(draft, draft.table, wanted.table, [*draft.state.key, *_told(draft)])
    count, total = gone.count(), draft.table.count()
    if count > total / 2:
        choice = Choice(text="they were taken out", flags=(Flag(DROP, str(count)),))
        key = ", ".join(draft.state.key)
        judge.decide(Question(text=f"{count:,} of {total:,} rows are gone, by their {key}", choices=(choice,)))
        judge.settle()
    _drop(draft, _renamed(gone, draft.state.key), draft.state.key)


def add(draft: Draft, wanted: Wanted) -> None:
    """Add the rows whose key only the wanted table has."""
    if draft.state.key:
        _add(draft, _alone(draft, wanted.table, draft.table, _shared(draft, wanted)), draft.state.key)


def exchange(draft: Draft, wanted: Wanted) -> None:
    """Without a key: take out and add rows by what they hold, equal ones as often as they differ in number.

    Raises: MigrationError: no row would stay, or a field that tells rows apart is left as it was.
    """
    if draft.state.key:
        return
    names = _shared(draft, wanted)
    gone = None if wanted.partial else _surplus(draft.table, wanted.table, names)
    new = _surplus(wanted.table, draft.table, names)
    if gone is not None and gone.count() and gone.count() == draft.table.count():
        raise MigrationError(
            "no row stays as it was, and only a key could tell which row became which",
            hint=_DECLARE,
        )
    left = [name for name in draft.state.schema.names if name in wanted.left]
    if gone is not None and gone.count() and left:
        raise MigrationError(
            f"without a key a row is told by all its fields, and {left[0]} is to be left as it was", hint=_DECLARE
        )
    if gone is not None:
        _drop(draft, gone, ())
    _add(draft, new, ())


def _drop(draft: Draft, gone: Table, order: tuple[str, ...]) -> None:
    count = gone.count()
    if count:
        file = draft.side_file("gone rows", gone, order)
        draft.do("drop_rows", _rows(count), file=file)
        draft.store()


def _add(draft: Draft, new: Table, order: tuple[str, ...]) -> None:
    count = new.count()
    if not count:
        return
    for item in draft.state.classes:
        if item.field in new.schema:
            cells = f"SELECT {class_of(new, item.field, 'n')} AS name FROM {new.relation} AS n"
            admit(draft, cells, item.field)
    file = draft.side_file("new rows", new, order)
    draft.do("add_rows", _rows(count), file=file)


def _rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"


def _told(draft: Draft) -> list[str]:
    """Fields that a file of rows to take out tells, too."""
    keys = {name.lower() for name in draft.state.key}
    return [name for name in draft.state.labels if name not in draft.state.key and f"old_{name}".lower() not in keys]


def _renamed(gone: Table, key: tuple[str, ...]) -> Table:
    """The rows with the names that a file of rows to take out gives to fields that are not of the key."""
    names = {item.name: item.name if item.name in key else f"old_{item.name}" for item in gone.schema}
    cells = [f"{identifier(old)} AS {identifier(new)}" for old, new in names.items()]
    relation = f"(SELECT {', '.join([*cells, POSITION])} FROM {gone.relation} AS g)"
    fields = tuple(Field(name=names[item.name], type=item.type) for item in gone.schema)
    return Table(engine=gone.engine, relation=relation, schema=Schema(fields=fields))


def _shared(draft: Draft, wanted: Wanted) -> list[str]:
    """The fields of the draft that the wanted table tells of."""
    return [name for name in draft.state.schema.names if name in wanted.table.schema and name not in wanted.left]


def _alone(draft: Draft, table: Table, other: Table, names: list[str]) -> Table:
    """The rows of a table whose key the other lacks, with some of their fields."""
    listed = ", ".join(map(identifier, draft.state.key))
    columns = ", ".join(f"l.{identifier(name)}" for name in (*names, POSITION))
    return _table(
        f"SELECT {columns} FROM {table.relation} AS l ANTI JOIN {other.relation} AS r USING ({listed})", table, names
    )


def _surplus(table: Table, other: Table, names: list[str]) -> Table:
    """The rows of a table beyond those that the other has as well, by some fields; of equal rows, the last."""
    columns = ", ".join(map(identifier, names))
    numbered = f"row_number() OVER (PARTITION BY {columns} ORDER BY {POSITION}) AS dsv_place"
    sides = [f"(SELECT {columns}, {POSITION}, {numbered} FROM {one.relation} AS o)" for one in (table, other)]
    on = " AND ".join(f"l.{name} IS NOT DISTINCT FROM r.{name}" for name in (*map(identifier, names), "dsv_place"))
    mine = ", ".join(f"l.{identifier(name)}" for name in (*names, POSITION))
    return _table(f"SELECT {mine} FROM {sides[0]} AS l ANTI JOIN {sides[1]} AS r ON {on}", table, names)


def _table(query: str, table: Table, names: list[str]) -> Table:
    fields = tuple(Field(name=name, type=table.schema[name].type) for name in names)
    return Table(engine=table.engine, relation=f"({query})", schema=Schema(fields=fields)).stored("rows")
