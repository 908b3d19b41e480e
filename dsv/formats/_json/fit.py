"""Whether what stands in JSON fits declared types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dsv.tables.native import children
from dsv.tables.types import List, Scalar, Struct, Type

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

TEXT_TYPES = ("string", "enum", "date", "datetime", "bytes")
"""Types whose values JSON has as text."""
_INTEGERS = ("bigint", "integer")
_OTHER = ("json", "boolean", "double", "list", "struct", "hugeint", "ubigint", "uhugeint", *_INTEGERS)


def is_text(native: DuckDBPyType) -> bool:
    """Say whether DuckDB found a JSON text, which it may have taken for a date, a time or a UUID."""
    return str(native) != "JSON" and native.id not in _OTHER


def is_wide(native: DuckDBPyType) -> bool:
    """Say whether values are integers beyond 64 bits, or hold such."""
    return any(word in str(native) for word in ("HUGEINT", "UBIGINT"))


def fits(native: DuckDBPyType, declared: Type) -> bool:
    """Say whether all values of a type that DuckDB found in JSON have the declared type."""
    if native.id == "null" or declared == Scalar("json"):
        return True
    if isinstance(declared, List):
        return native.id == "list" and fits(children(native)["child"], declared.item)
    if isinstance(declared, Struct):
        known = dict(declared.members)
        return native.id == "struct" and all(
            name in known and fits(part, known[name]) for name, part in children(native).items()
        )
    if declared.name in TEXT_TYPES:
        return is_text(native)
    allowed = {"integer": _INTEGERS, "number": (*_INTEGERS, "double"), "boolean": ("boolean",)}
    return native.id in allowed[declared.name] and str(native) != "JSON"


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
