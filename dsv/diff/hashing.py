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
    """What goes into the engine's hash.

    That hash takes NULL, [] and [NULL] for one, and [0] and [0, 0]: it mixes the scalars that it
    finds and forgets what holds them. So the lengths and the missing parts go in too; two values
    of one structure hold their scalars at the same places, where the engine does tell them apart.
    A sort key tells all apart, and takes twice as long.
    """
    if not value.nested:
        yield value.sql
    elif value.kind is not None and _plain(value.kind):
        yield value.sql
        yield _structure(value.sql, value.kind, 0) or f"({value.sql} IS NULL)"
    else:
        yield f"create_sort_key({value.sql}, 'ASC NULLS FIRST')"


def _plain(kind: DuckDBPyType) -> bool:
    """Made of lists, structs and scalars alone."""
    if kind.id not in NESTED:
        return True
    return kind.id in ("list", "struct") and all(_plain(child) for child in children(kind).values())


def _structure(sql: str, kind: DuckDBPyType, depth: int) -> str | None:
    """SQL for a scalar that tells structures apart; None for a scalar, which has none."""
    if kind.id == "list":
        item = f"dsv_item_{depth}"
        inner = _structure(item, children(kind)["child"], depth + 1)
        length = f"len({sql})"
        return length if inner is None else f"hash({length}, list_transform({sql}, lambda {item}: {inner}))"
    if kind.id != "struct":
        return None
    members = (
        _structure(f"struct_extract({sql}, {literal(name)})", child, depth) for name, child in children(kind).items()
    )
    parts = [f"({sql} IS NULL)", *(member for member in members if member is not None)]
    return parts[0] if len(parts) == 1 else f"hash({', '.join(parts)})"
