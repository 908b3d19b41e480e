"""SQL over cells that hold classes: one class, or a list of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dsv.model.schema import Field
from dsv.operations._classes import cell_type
from dsv.operations._rows import column
from dsv.tables.duckdb import literal
from dsv.tables.types import engine_type


def has(field: Field, names: Iterable[str]) -> str:
    """SQL: the cell of the row `t` holds one of the classes."""
    values = ", ".join(value(field, name) for name in names)
    if _is_list(field):
        return f"coalesce(list_has_any({column(field.name)}, [{values}]), false)"
    return f"coalesce({column(field.name)} IN ({values}), false)"


def only(field: Field, names: Iterable[str], cell: str) -> str:
    """SQL: a cell of the field's type, given as SQL, holds nothing but the classes."""
    values = ", ".join(map(literal, names)) or "NULL"
    if not _is_list(field):
        return f"coalesce(CAST({cell} AS VARCHAR) IN ({values}), {cell} IS NULL)"
    strange = f"list_filter(CAST({cell} AS VARCHAR[]), lambda v: coalesce(v NOT IN ({values}), v IS NOT NULL))"
    return f"coalesce(len({strange}) = 0, {cell} IS NULL)"


def changed(field: Field, name: str, new: str) -> str:
    """SQL: the cell of the row `t`, which holds a class, with the SQL value `new` in its place."""
    if not _is_list(field):
        return new
    return f"list_transform({column(field.name)}, lambda x: CASE WHEN x = {value(field, name)} THEN {new} ELSE x END)"


def mapped(field: Field, names: Mapping[str, str | None], *, merging: bool = False) -> str:
    """SQL: the cell of the row `t` with classes replaced by others.

    None takes a class away: from a list, or leaving the cell missing. With `merging`, a list that
    held classes which became one holds it once, where the first stood.
    """
    cell = column(field.name)
    if not _is_list(field):
        return _case(cell, field, names)
    taken = [name for name, target in names.items() if target is None]
    items = cell
    if taken:
        gone = ", ".join(value(field, name) for name in taken)
        items = f"list_filter({items}, lambda e: e IS NULL OR e NOT IN ({gone}))"
    kept = {name: target for name, target in names.items() if target is not None}
    if kept:
        items = f"list_transform({items}, lambda e: {_case('e', field, kept)})"
    for target in dict.fromkeys(kept.values()) if merging else ():
        merged = value(field, target)
        first = f"i = list_position({items}, {merged})"
        items = f"list_filter({items}, lambda e, i: e IS DISTINCT FROM {merged} OR {first})"
    return f"CASE WHEN {has(field, names)} THEN {items} ELSE {cell} END"


def _case(cell: str, field: Field, names: Mapping[str, str | None]) -> str:
    whens = " ".join(
        f"WHEN {value(field, name)} THEN {'NULL' if target is None else value(field, target)}"
        for name, target in names.items()
    )
    return f"CASE {cell} {whens} ELSE {cell} END"


def value(field: Field, name: str) -> str:
    """A class as an SQL value: the cells may hold numbers, whose text is then the name."""
    kind = engine_type(cell_type(field))
    return literal(name) if kind == "VARCHAR" else f"CAST({literal(name)} AS {kind})"


def _is_list(field: Field) -> bool:
    return cell_type(field) != field.type
