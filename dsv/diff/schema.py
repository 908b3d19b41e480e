"""What differs between two schemas."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from dsv.diff.cells import Differences
from dsv.diff.fields import Alignment, FieldPair, Side
from dsv.model.diff import SchemaChange
from dsv.model.schema import widens
from dsv.tables.duckdb import identifier
from dsv.tables.table import Table


def changes(
    old: Table,
    new: Table,
    fields: Alignment,
    differences: Differences | None,
    optional: Collection[str] = (),
) -> tuple[SchemaChange, ...]:
    """Schema changes: of old's fields in their order, then the fields that new adds.

    A field that both sides have goes by its new name, but a rename names both. A side without any
    value says nothing about the type. Without the rows that differ, it is not told which fields came to lack
    values or ceased to; nor is it of `optional` ones.
    """
    by_old = {pair.old.name: pair for pair in fields.pairs}
    nulls = {} if differences is None else _nulls(old, new, differences, optional)
    found: list[SchemaChange] = []
    for field in old.schema:
        pair = by_old.get(field.name)
        if pair is None:
            found.append(SchemaChange(change="field_removed", field=field.name, old_type=field.type, breaking=True))
        else:
            found += _changes_of(old, new, pair, nulls.get(pair.name, (False, False)))
    added = {form.name for form in fields.only_new}
    found += [
        SchemaChange(change="field_added", field=field.name, new_type=field.type)
        for field in new.schema
        if field.name in added
    ]
    return tuple(found)


def _changes_of(old: Table, new: Table, pair: FieldPair, nulls: tuple[bool, bool]) -> Iterator[SchemaChange]:
    types = {"old_type": pair.old.type, "new_type": pair.new.type}
    if pair.renamed:
        yield SchemaChange(change="field_renamed", field=pair.old.name, to=pair.name, **types, breaking=True)
    if pair.old.type != pair.new.type and _any_value(old, pair.old.name) and _any_value(new, pair.new.name):
        yield SchemaChange(
            change="type_changed",
            field=pair.name,
            **types,
            breaking=not widens(pair.old.type, pair.new.type),
        )
    if nulls[0] != nulls[1]:
        yield SchemaChange(change="nullable_changed", field=pair.name, **types, breaking=nulls[1])


def _any_value(table: Table, field: str) -> bool:
    return _exists(table, f"{identifier(field)} IS NOT NULL")


def _exists(table: Table, condition: str) -> bool:
    return bool(table.engine.value(f"SELECT EXISTS (FROM {table.relation} AS dsv_table WHERE {condition})"))


def _nulls(old: Table, new: Table, differences: Differences, optional: Collection[str]) -> dict[str, tuple[bool, bool]]:
    """Whether each side lacks a value somewhere, of fields where the rows that differ lack them on one side.

    The other rows are equal, so they lack the same values on both sides.
    """
    pairs = [pair for pair in (*differences.key, *differences.compared) if pair.name not in optional]
    if not pairs:
        return {}
    columns = [column for pair in pairs for column in differences.columns(pair)]
    present = [name for _ in pairs for name in ("old_position", "new_position")]
    missing = [
        f"coalesce(bool_or({position} IS NOT NULL AND {column} IS NULL), false)"
        for column, position in zip(columns, present, strict=True)
    ]
    flags = differences.engine.aggregates(differences.table, missing)
    found = {}
    for number, pair in enumerate(pairs):
        left, right = flags[2 * number], flags[2 * number + 1]
        if left != right:
            left = left or _lacks(old, pair, "old")
            right = right or _lacks(new, pair, "new")
            found[pair.name] = (left, right)
    return found


def _lacks(table: Table, pair: FieldPair, side: Side) -> bool:
    return _exists(table, f"{identifier(pair.form(side).name)} IS NULL")
