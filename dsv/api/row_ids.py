"""What names a row over revisions: the values of its key as texts that are equal however a file spells them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dsv.api.targets import EXACT
from dsv.model.schema import NUMERIC_TYPES
from dsv.tables.duckdb import identifier

if TYPE_CHECKING:
    from dsv.tables.table import Table

RowId = tuple[str | None, ...]


def row_id(values: Iterable[Any]) -> RowId:
    """A key's values as texts: 1, 1.0 and the text `1` are one value."""
    return tuple(_spelled(value) for value in values)


def spelled(table: Table, field: str) -> str:
    """SQL of such a text of a field, the same for all values that `row_id` holds for one."""
    text = f"CAST({identifier(field)} AS VARCHAR)"
    if table.schema[field].type not in NUMERIC_TYPES:
        return text
    number = f"TRY_CAST({text} AS DOUBLE)"
    whole = f"CAST(CAST({number} AS BIGINT) AS VARCHAR)"
    return (
        f"CASE WHEN abs({number}) < {EXACT}"
        f" THEN CASE WHEN {number} = trunc({number}) THEN {whole} ELSE CAST({number} AS VARCHAR) END ELSE {text} END"
    )


def _spelled(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return None if value is None else str(value)
