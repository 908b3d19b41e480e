"""Rows that differ, narrowed to those for which a user's condition over old and new cells is true."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from dsv.diff.cells import Differences
from dsv.diff.equality import Form
from dsv.diff.fields import Side
from dsv.model.diff import RowMatch
from dsv.tables.duckdb import Engine, identifier
from dsv.tables.locked import select
from dsv.tables.table import POSITION, Table, cast_text
from dsv.tables.where import row_condition, sided_condition

SIDES: tuple[Side, Side] = ("old", "new")
Forms = Mapping[str, Form]
Field = tuple[Side, str]
UNEXPLAINED = "unexplained"


def matching(differences: Differences, old: Forms, new: Forms, where: str) -> tuple[RowMatch, str]:
    """Count the differing rows for which `where` is true, and name a table with their `id` (rowid).

    A side that lacks the row has NULL in all its fields.

    Raises: UsageError, SchemaError: as `sided_condition` and `select`.
    """

    def cells(fields: Sequence[Field]) -> str:
        forms = {"old": old, "new": new}
        columns = _structs([(side, name, differences.column(side, name), forms[side][name]) for side, name in fields])
        return f"SELECT rowid AS id{columns} FROM {differences.table} WHERE kind <> 'same'"

    engine = differences.engine
    found = _select(engine, where, {"old": old, "new": new}, cells)
    return _counted(differences, where, found), found


def unexplained_rows(differences: Differences, match: RowMatch | None, only: str | None) -> tuple[RowMatch, str]:
    """As `matching`, of the rows that no migration explains; of those in the table `only`, if there is one."""
    found = differences.engine.fresh("unexplained")
    among = "" if only is None else f" AND rowid IN (SELECT id FROM {only})"
    differences.engine.execute(
        f"CREATE TABLE {found} AS SELECT rowid AS id FROM {differences.table} "
        f"WHERE kind <> 'same' AND {differences.unexplained}{among}"
    )
    condition = UNEXPLAINED if match is None else f"{match.condition} (and {UNEXPLAINED})"
    return _counted(differences, condition, found), found


def _counted(differences: Differences, condition: str, found: str) -> RowMatch:
    kinds = dict(
        differences.engine.rows(
            f"SELECT kind, count(*) FROM {differences.table} WHERE rowid IN (SELECT id FROM {found}) GROUP BY kind"
        )
    )
    return RowMatch(
        condition=condition,
        added=kinds.get("added", 0),
        removed=kinds.get("removed", 0),
        changed=kinds.get("changed", 0),
    )


def matching_one_side(table: Table, forms: Forms, side: Side, where: str) -> tuple[RowMatch, str]:
    """As `matching`, of a table that only one side has; `id` is the position. The other side's fields are NULL."""

    def cells(fields: Sequence[Field]) -> str:
        columns = _structs(
            [
                (mine, name, identifier(name) if mine == side else f"CAST(NULL AS {forms[name].engine})", forms[name])
                for mine, name in fields
            ]
        )
        return f"SELECT {POSITION} AS id{columns} FROM {table.relation} AS dsv_table"

    found = _select(table.engine, where, {"old": forms, "new": forms}, cells)
    rows = int(table.engine.value(f"SELECT count(*) FROM {found}"))
    added, removed = (rows, 0) if side == "new" else (0, rows)
    return RowMatch(condition=where, added=added, removed=removed, changed=0), found


def meeting(table: Table, where: str) -> str:
    """Name a table of the positions (`id`) of the rows for which a condition over fields is true.

    Raises: UsageError, SchemaError: as `row_condition` and `select`.
    """
    admitted, named = row_condition(table.engine, where, table.schema.names)
    cells = [f"{_value(table, name)} AS {identifier(name)}" for name in table.schema.names if name in named]
    rows = f"SELECT {', '.join([POSITION, *cells])} FROM {table.relation} AS dsv_table"
    return select(table.engine, rows, admitted, where, POSITION)


def _value(table: Table, name: str) -> str:
    column = identifier(name)
    return cast_text(column, table.schema[name].type, attempt=True) if name in table.text_fields else column


def _select(engine: Engine, where: str, sides: Mapping[Side, Forms], cells: Callable[[Sequence[Field]], str]) -> str:
    condition, named = sided_condition(engine, where, {side: tuple(forms) for side, forms in sides.items()})
    fields = [(side, name) for side in SIDES for name in sides[side] if (side, name) in named]
    return select(engine, cells(fields), condition, where)


def _structs(cells: Sequence[tuple[Side, str, str, Form]]) -> str:
    """Columns `old` and `new`, each a struct of its cells as values of their types."""
    found = ""
    for side in SIDES:
        members = [
            f"{identifier(name)} := {cast_text(sql, form.type, attempt=True) if form.text else sql}"
            for mine, name, sql, form in cells
            if mine == side
        ]
        found += f", struct_pack({', '.join(members)}) AS {side}" if members else ""
    return found
