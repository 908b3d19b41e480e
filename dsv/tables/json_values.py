"""A cell of any type as JSON text in the one spelling that fields of mixed JSON have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsv.tables.decimals import double_text
from dsv.tables.duckdb import literal
from dsv.tables.native import children

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType


def json_text(column: str, kind: DuckDBPyType) -> str:
    """SQL for a cell as JSON text: members by name, those that are missing left out, whole numbers without a point."""
    return f"CASE WHEN {column} IS NOT NULL THEN CAST({_value(column, kind, 0)} AS VARCHAR) END"


def _value(sql: str, kind: DuckDBPyType, depth: int) -> str:
    """SQL for the JSON of a value; `depth` numbers the variables of nested lambdas."""
    if kind.id in ("list", "array"):
        child = children(kind)["child"]
        items = sql if kind.id == "list" else f"CAST({sql} AS {child}[])"
        item = f"dsv_item_{depth}"
        return f"to_json(list_transform({items}, lambda {item}: {_value(item, child, depth + 1)}))"
    if kind.id == "struct":
        members = ", ".join(
            f"{literal(name)}, {_value(f'struct_extract({sql}, {literal(name)})', part, depth)}"
            for name, part in sorted(children(kind).items())
        )
        # Merging leaves out what is missing; a struct that is missing is none of no members.
        return f"CASE WHEN {sql} IS NOT NULL THEN json_merge_patch('{{}}', json_object({members})) END"
    if kind.id in ("float", "double"):
        return f"CAST({double_text(f'CAST({sql} AS DOUBLE)')} AS JSON)"
    return f"to_json({sql})"
