"""Two branches of migrations in either order: done in the engine, and what comes out compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from dsv.errors import DsvError
from dsv.migrations.apply import apply
from dsv.migrations.source import check_key
from dsv.model.migration import ClassList, Migration, State
from dsv.model.profile import ClassIdentity
from dsv.model.rebase import Commutation
from dsv.model.values import shown
from dsv.tables.duckdb import identifier
from dsv.tables.table import POSITION, Table

EXAMPLES = 10
Parameters = Callable[[str], Mapping[str, Any]]
Outcome = tuple[State, Table]


def in_order(
    dataset: str, start: Outcome, migrations: Sequence[Migration], folder: Path, parameters: Parameters
) -> Outcome:
    """What migrations make of rows, one after the other. `folder` holds their documents and side files.

    Raises: SchemaError, MigrationError: one does not fit, or a guard does not hold.
    """
    state, table = start
    for migration in migrations:
        applied = apply(dataset, migration, state, table, folder, parameters(migration.id))
        state, table = applied.state, applied.table.stored("order")
        check_key(table, state.key, where=migration.path)
    return state, table


def commutation(
    dataset: str,
    start: Outcome,
    theirs: Sequence[Migration],
    mine: Sequence[Migration],
    outcome: Outcome,
    folder: Path,
    parameters: Parameters,
) -> Commutation:
    """Whether mine before theirs comes to the same as theirs before mine, which is `outcome`.

    Rows, fields and classes are compared. A class is its key: ids and indices are dealt in the order
    of application, so they do not count.
    """
    try:
        other = in_order(dataset, start, [*mine, *theirs], folder, parameters)
    except DsvError as error:
        where = f" ({error.where.splitlines()[-1]})" if error.where else ""
        return Commutation(differences=(f"the other order does not apply: {error.message}{where}",))
    told = [*_fields(outcome[0], other[0]), *_classes(outcome[0], other[0])]
    rows, examples = _rows(outcome, other)
    return Commutation(rows=rows, examples=tuple(examples), differences=tuple(told))


def _fields(one: State, other: State) -> Iterator[str]:
    before, after = ({item.name: item for item in state.schema} for state in (one, other))
    for name in sorted({*before, *after}):
        if name not in before or name not in after:
            yield f"field {name} is there in one order only"
        elif _about(before[name]) != _about(after[name]):
            yield f"field {name} has another type or other values"
    for what, left, right in (
        ("key", one.key, other.key),
        ("labels", one.labels, other.labels),
        ("split", one.split, other.split),
    ):
        if left != right:
            yield f"another {what}"


def _about(field: Any) -> Any:
    values = None if field.values is None else tuple(sorted(field.values))
    return replace(field, values=values)


def _classes(one: State, other: State) -> Iterator[str]:
    for field in sorted({item.field for state in (one, other) for item in state.classes}):
        left, right = (_identities(state.class_list(field)) for state in (one, other))
        for key in sorted({*left, *right}):
            if key not in left or key not in right:
                yield f"class {key} of {field} is there in one order only"
            elif left[key] != right[key]:
                yield f"class {key} of {field}: {', '.join(_attributes(left[key], right[key]))}"


def _identities(classes: ClassList | None) -> dict[str, ClassIdentity]:
    found = () if classes is None else classes.classes
    return {item.key: replace(item, id=0, index=None) for item in found}


def _attributes(one: ClassIdentity, other: ClassIdentity) -> Iterator[str]:
    for name in ("name", "parent", "description", "coverage", "group", "retired", "split_from", "into"):
        left, right = getattr(one, name), getattr(other, name)
        if left != right:
            yield f"{name} {shown(left)} (theirs first), {shown(right)} (mine first)"


def _rows(one: Outcome, other: Outcome) -> tuple[int, list[str]]:
    """How many rows differ in the fields that both orders have, and some of them."""
    names = [item.name for item in one[0].schema if item in other[0].schema.fields or _comparable(item, other[0])]
    key = one[0].key
    if key and key == other[0].key and all(name in names for name in key):
        return _keyed(one[1], other[1], key, [name for name in names if name not in key])
    return _unkeyed(one[1], other[1], names)


def _comparable(field: Any, other: State) -> bool:
    return field.name in other.schema and other.schema[field.name].type == field.type


def _keyed(one: Table, other: Table, key: Sequence[str], names: Sequence[str]) -> tuple[int, list[str]]:
    on = " AND ".join(f"a.{identifier(name)} = b.{identifier(name)}" for name in key)
    differs = [f"a.{identifier(name)} IS DISTINCT FROM b.{identifier(name)}" for name in names]
    lacking = f"a.{POSITION} IS NULL OR b.{POSITION} IS NULL"
    where = " OR ".join([lacking, *differs])
    found = f"FROM {one.relation} AS a FULL JOIN {other.relation} AS b ON {on} WHERE {where}"
    count = one.engine.value(f"SELECT count(*) {found}")
    keys = [f"coalesce(a.{identifier(name)}, b.{identifier(name)}) AS k{place}" for place, name in enumerate(key)]
    cells = [f"{side}.{identifier(name)}" for name in names for side in "ab"]
    columns = ", ".join([*keys, f"a.{POSITION}", f"b.{POSITION}", *cells])
    order = ", ".join(f"k{place}" for place in range(len(key)))
    rows = one.engine.rows(f"SELECT {columns} {found} ORDER BY {order} LIMIT {EXAMPLES}") if count else []
    return int(count), [_example(row, key, names) for row in rows]


def _example(row: Sequence[Any], key: Sequence[str], names: Sequence[str]) -> str:
    width = len(key)
    about = " ".join(f"{name}={shown(value)}" for name, value in zip(key, row, strict=False))
    if row[width] is None or row[width + 1] is None:
        return f"{about}: only {'mine' if row[width] is None else 'theirs'} first"
    cells = row[width + 2 :]
    parts = [
        f"{name} {shown(left)} (theirs first), {shown(right)} (mine first)"
        for name, left, right in zip(names, cells[::2], cells[1::2], strict=True)
        if left != right
    ]
    return f"{about}: {'; '.join(parts)}"


def _unkeyed(one: Table, other: Table, names: Sequence[str]) -> tuple[int, list[str]]:
    columns = ", ".join(map(identifier, names)) or "1"
    sides = [f"SELECT {columns} FROM {table.relation}" for table in (one, other)]
    counts, examples = [], []
    for left, right, word in ((*sides, "theirs"), (*reversed(sides), "mine")):
        lacking = f"({left} EXCEPT ALL {right})"
        counts.append(int(one.engine.value(f"SELECT count(*) FROM {lacking}")))
        for row in one.engine.rows(f"SELECT * FROM {lacking} ORDER BY ALL LIMIT {EXAMPLES // 2}"):
            cells = " ".join(f"{name}={shown(value)}" for name, value in zip(names, row, strict=False))
            examples.append(f"{cells}: only {word} first")
    return max(counts), examples
