"""How text spells values: SQL tests of the text of a cell, for types that are told by their spelling."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dsv.model.schema import Field
from dsv.tables.duckdb import literal
from dsv.tables.table import cast_text

INTEGER = r"0|-?[1-9][0-9]{0,17}"
NUMBER = r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?"
DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
LOWER = ("true", "false")
TITLE = ("True", "False")


def matches(column: str, pattern: str) -> str:
    """SQL: the whole text fits the pattern."""
    return f"regexp_full_match({column}, {literal(pattern)})"


def is_number(column: str) -> str:
    """SQL: the text spells a number that a double holds; NULL where there is no text."""
    finite = f"coalesce(isfinite(TRY_CAST({column} AS DOUBLE)), false)"
    return f"CASE WHEN {column} IS NOT NULL THEN {matches(column, NUMBER)} AND {finite} END"


def is_date(column: str) -> str:
    """SQL: the text spells a day that exists; NULL where there is no text."""
    exists = f"TRY_CAST({column} AS DATE) IS NOT NULL"
    return f"CASE WHEN {column} IS NOT NULL THEN {matches(column, DATE)} AND {exists} END"


def one_of(column: str, values: Sequence[str]) -> str:
    """SQL: the text is one of the values."""
    return f"{column} IN ({', '.join(literal(value) for value in values)})"


def misfit(column: str, field: Field) -> str | None:
    """SQL: the cell does not fit the declared field; None where every text fits."""
    parts = []
    if not field.nullable:
        parts.append(f"{column} IS NULL")
    fits = _fits(column, field)
    if fits is not None:
        parts.append(f"({column} IS NOT NULL AND NOT {fits})")
    return " OR ".join(parts) or None


def _fits(column: str, field: Field) -> str | None:
    if field.values is not None:
        return one_of(column, field.values) if field.values else "false"
    if field.type in ("string", "enum", "json"):
        return None
    if field.type == "boolean":
        return one_of(column, (*LOWER, *TITLE))
    if field.type == "bytes":
        return matches(column, "(?:[0-9a-fA-F]{2})*")
    by_pattern: dict[str, Callable[[str], str]] = {
        "integer": lambda name: matches(name, INTEGER),
        "number": is_number,
        "date": is_date,
    }
    if field.type in by_pattern:
        return by_pattern[field.type](column)
    return f"({cast_text(column, field.type, attempt=True)} IS NOT NULL)"
