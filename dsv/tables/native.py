"""dsv's types of the columns that DuckDB finds in a file, and SQL that turns such cells into values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dsv.tables.types import List, Scalar, Struct, Type, engine_type, parse, spell

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

MOST_MEMBERS = 200
"""A struct of more members is taken for a map with names as keys, and kept as JSON."""
EXACT_DIGITS = 15
"""A double tells apart all decimals of so many digits."""
_WIDE = ("ubigint", "hugeint", "uhugeint")
_SCALARS = {
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint", "utinyint", "usmallint", "uinteger"), "integer"),
    **dict.fromkeys(("float", "double", "decimal"), "number"),
    **dict.fromkeys(("timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns"), "datetime"),
    "timestamp with time zone": "datetime",
    "boolean": "boolean",
    "date": "date",
    "blob": "bytes",
}


def tree_of(native: DuckDBPyType) -> Type | None:
    """The dsv type of a DuckDB type; None where only JSON text can hold all its values.

    A map is a list of its entries. What dsv has no type for (times, intervals, UUIDs) is a string.
    """
    kind = native.id
    if str(native) == "JSON":
        return None
    if kind in ("list", "array"):
        item = tree_of(children(native)["child"])
        return None if item is None else List(item)
    if kind == "struct":
        return _struct(native)
    if kind == "map":
        parts = [(name, tree_of(part)) for name, part in children(native).items()]
        entry = _members(parts, limit=2)
        return None if entry is None else List(entry)
    if kind in _WIDE:
        return Scalar("integer")
    return Scalar(_SCALARS.get(kind, "string"))


def type_of(native: DuckDBPyType) -> str:
    """The name of the dsv type of a DuckDB type; a map inside another value is JSON, as it has no order."""
    tree = tree_of(native)
    return "json" if tree is None or _holds_map(native) else spell(tree)


def value(column: str, native: DuckDBPyType, type_name: str) -> str:
    """SQL for a cell as a value of its dsv type.

    Integers beyond 64 bits, decimals beyond what a double tells apart and times finer than
    microseconds stay as they are, in nested values too.
    """
    if type_name == "json":
        return f"CAST({column} AS VARCHAR)" if str(native) == "JSON" else f"CAST(to_json({column}) AS VARCHAR)"
    if native.id == "map":
        column = f"list_sort(map_entries({column}))"
    if _is_finer(native, parse(type_name)):
        return column
    same = native.id != "map" and str(native) == engine_type(type_name)
    return column if same else f"CAST({column} AS {engine_type(type_name)})"


def is_zoned(native: DuckDBPyType) -> bool:
    """Say whether values are instants with a time zone, or hold such."""
    return "WITH TIME ZONE" in str(native)


def _is_finer(native: DuckDBPyType, own: Type) -> bool:
    """Say whether values, or what they hold, would not all be what they are in the type that dsv has for them."""
    if isinstance(own, List):
        entry = native.id == "map"
        parts = children(native)
        items = [parts["key"], parts["value"]] if entry else [parts["child"]]
        inner = [member for _, member in own.item.members] if entry and isinstance(own.item, Struct) else [own.item]
        return any(_is_finer(*pair) for pair in zip(items, inner, strict=True))
    if isinstance(own, Struct):
        known = children(native)
        return any(_is_finer(known[name], member) for name, member in own.members)
    if own.name == "integer":
        return native.id in _WIDE
    if own.name == "datetime":
        return native.id == "timestamp_ns"
    return own.name == "number" and native.id == "decimal" and children(native)["precision"] > EXACT_DIGITS


def _struct(native: DuckDBPyType) -> Type | None:
    return _members([(name, tree_of(part)) for name, part in children(native).items()], MOST_MEMBERS)


def _members(parts: list[tuple[str, Type | None]], limit: int) -> Type | None:
    if len(parts) > limit or any(part is None for _, part in parts):
        return None
    return Struct(tuple((name, part) for name, part in parts if part is not None))


def _holds_map(native: DuckDBPyType, top: bool = True) -> bool:
    if native.id == "map" and not top:
        return True
    if native.id not in ("list", "array", "struct", "map"):
        return False
    return any(_holds_map(part, False) for part in children(native).values() if not isinstance(part, int))


def children(native: DuckDBPyType) -> dict[str, Any]:
    """The types that a nested type is made of, by their names; a decimal's precision and scale."""
    return dict(native.children)
