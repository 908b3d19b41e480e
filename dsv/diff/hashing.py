"""SQL for 64 bits that tell rows apart, whatever is nested in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsv.tables.duckdb import literal
from dsv.tables.native import children

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

NESTED = ("list", "array", "struct", "map", "union", "variant")


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """SQL for a comparable value; whether it is nested, and then its engine type where that is known."""

    sql: str
    nested: bool = False
    kind: DuckDBPyType | None = None


def row_hash(values: Sequence[Value]) -> str:
    """SQL for 64 bits that are equal for equal rows, and else as good as never."""
    if not values:
        return "CAST(0 AS UBIGINT)"
    return f"hash({', '.join(part for value in values for part in _parts(value))})"


def _parts(value: Value) -> Iterator[str]:
    """What goes into the engine's hash: a scalar as it is, a nested value as a hash of its own or a sort key."""
    if not value.nested:
        yield value.sql
    elif value.kind is not None and _plain(value.kind):
        yield _nested_hash(value.sql, value.kind, 0)
    else:
        yield f"create_sort_key({value.sql}, 'ASC NULLS FIRST')"


def _plain(kind: DuckDBPyType) -> bool:
    """Made of lists, structs and scalars alone."""
    if kind.id not in NESTED:
        return True
    return kind.id in ("list", "struct") and all(_plain(child) for child in children(kind).values())


def _nested_hash(sql: str, kind: DuckDBPyType, depth: int) -> str:
    """SQL for 64 bits that tell the values of a type apart; a scalar's is the scalar itself.

    The engine's hash of a nested value forgets what holds the scalars: it takes NULL, [] and [NULL]
    for one. And what it makes of a list inside another can cancel out: [[x], [x, y]] gives the same
    for every x. So it only ever sees scalars and lists of scalars; what is nested deeper comes as
    numbers, which it hashes once more, and so nothing cancels. The length and what is missing go in too.
    """
    if kind.id == "list":
        item = f"dsv_item_{depth}"
        child = children(kind)["child"]
        items = sql
        if child.id in NESTED:
            items = f"list_transform({sql}, lambda {item}: {_nested_hash(item, child, depth + 1)})"
        return f"hash({items}, len({sql}))"
    if kind.id == "struct":
        members = (
            _nested_hash(f"struct_extract({sql}, {literal(name)})", child, depth)
            for name, child in children(kind).items()
        )
        return f"hash({', '.join((*members, f'({sql} IS NULL)'))})"
    return sql
