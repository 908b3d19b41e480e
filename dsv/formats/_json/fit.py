"""Whether what stands in JSON fits declared types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dsv.tables import native
from dsv.tables.duckdb import identifier, literal
from dsv.tables.native import children
from dsv.tables.types import List, Scalar, Struct, Type, spell

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

EXACT = 2**53
"""From here on a double does not tell all integers apart."""
TEXT_TYPES = ("string", "enum", "date", "datetime", "bytes")
"""Types whose values JSON has as text."""
_INTEGERS = ("bigint", "integer")
_OTHER = ("json", "boolean", "double", "list", "struct", "hugeint", "ubigint", "uhugeint", *_INTEGERS)


def is_text(kind: DuckDBPyType) -> bool:
    """Say whether DuckDB found a JSON text, which it may have taken for a date, a time or a UUID."""
    return str(kind) != "JSON" and kind.id not in _OTHER


def is_wide(kind: DuckDBPyType) -> bool:
    """Say whether values are integers beyond 64 bits, or hold such."""
    return any(word in str(kind) for word in ("HUGEINT", "UBIGINT"))


def narrower(kind: DuckDBPyType) -> str:
    """The engine's type with 64 bits for every wider integer in it."""
    if kind.id == "list":
        return f"{narrower(children(kind)['child'])}[]"
    if kind.id == "struct":
        members = ", ".join(f"{identifier(name)} {narrower(item)}" for name, item in children(kind).items())
        return f"STRUCT({members})"
    return "BIGINT" if is_wide(kind) else str(kind)


def type_of(kind: DuckDBPyType) -> str:
    """The name of the dsv type of what DuckDB found in JSON: a text is a text, also inside another value."""
    tree = None if is_wide(kind) or native.type_of(kind) == "json" else native.tree_of(kind)
    return "json" if tree is None else spell(_as_text(tree))


def _as_text(tree: Type) -> Type:
    if isinstance(tree, List):
        return List(_as_text(tree.item))
    if isinstance(tree, Struct):
        return Struct(tuple((name, _as_text(item)) for name, item in tree.members))
    return Scalar("string") if tree.name in TEXT_TYPES else tree


def largest(sql: str, tree: Type, depth: int = 0) -> str | None:
    """SQL for the largest size of a number in a value; None for a type without numbers."""
    if isinstance(tree, List):
        if tree.item == Scalar("number"):
            return f"greatest(list_max({sql}), -list_min({sql}))"
        item = f"dsv_item_{depth}"
        inner = largest(item, tree.item, depth + 1)
        return None if inner is None else f"list_max(list_transform({sql}, lambda {item}: {inner}))"
    if isinstance(tree, Struct):
        members = (largest(f"struct_extract({sql}, {literal(name)})", item, depth) for name, item in tree.members)
        found = [member for member in members if member is not None]
        return f"greatest({', '.join(found)})" if found else None
    return f"abs({sql})" if tree.name == "number" else None


def holds_wide(value: Any) -> bool:
    """Say whether a value of JSON is, or holds, an integer that a double would round."""
    if isinstance(value, dict):
        return any(map(holds_wide, value.values()))
    if isinstance(value, list):
        return any(map(holds_wide, value))
    return isinstance(value, int) and abs(value) >= EXACT


def fits(kind: DuckDBPyType, declared: Type) -> bool:
    """Say whether all values of a type that DuckDB found in JSON have the declared type."""
    if kind.id == "null" or declared == Scalar("json"):
        return True
    if isinstance(declared, List):
        return kind.id == "list" and fits(children(kind)["child"], declared.item)
    if isinstance(declared, Struct):
        known = dict(declared.members)
        return kind.id == "struct" and all(
            name in known and fits(part, known[name]) for name, part in children(kind).items()
        )
    if declared.name in TEXT_TYPES:
        return is_text(kind)
    allowed = {"integer": _INTEGERS, "number": (*_INTEGERS, "double"), "boolean": ("boolean",)}
    return kind.id in allowed[declared.name] and str(kind) != "JSON"


def value_fits(value: Any, declared: Type) -> bool:
    """Say whether one value has the declared type; a missing one always has."""
    if value is None or declared == Scalar("json"):
        return True
    if isinstance(declared, List):
        return isinstance(value, list) and all(value_fits(item, declared.item) for item in value)
    if isinstance(declared, Struct):
        known = dict(declared.members)
        return isinstance(value, dict) and all(
            name in known and value_fits(item, known[name]) for name, item in value.items()
        )
    if declared.name in TEXT_TYPES:
        return isinstance(value, str)
    if declared.name == "boolean":
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    if declared.name == "integer":
        return isinstance(value, int) and -(2**63) <= value < 2**63
    return isinstance(value, int | float)
