"""What is named after `--`: a dataset or a path, and perhaps the key of one row."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dsv.errors import SchemaError, UsageError
from dsv.model.schema import NUMERIC_TYPES

if TYPE_CHECKING:
    from dsv.tables.table import Table


Row = tuple[str, ...] | Mapping[str, Any]
"""The key of one row: its values as text, in the key's order, or by field as JSON has them."""

EXACT = 2**53


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A dataset's name or a path; `key` are the key's values as text, None for all rows."""

    name: str
    key: tuple[str, ...] | None = None


def parse(word: str, known: Collection[str]) -> Target:
    """Split `DATASET[:KEY]`: after the first `:` everything is the key, a CSV record.

    A word that is itself the name of something known is taken whole.
    """
    if word in known or ":" not in word:
        return Target(name=word)
    import csv

    name, _, record = word.partition(":")
    try:
        values = next(csv.reader([record], strict=True), [])
    except csv.Error as error:
        raise UsageError(f"the key {record!r} is not a CSV record: {error}", where=word) from error
    return Target(name=name, key=tuple(values))


def key_values(key: tuple[str, ...], row: Row) -> tuple[Any, ...]:
    """The values of a row's key, in the key's order. Raises: UsageError: it names other fields than the key's."""
    if not isinstance(row, Mapping):
        if len(key) != len(row):
            fields = ", ".join(key) if key else "none"
            raise UsageError(
                f"the key has {len(key)} fields ({fields}), {len(row)} values were given",
                hint='write a composite key as a CSV record: NAME:"a,b",3',
            )
        return tuple(row)
    wrong = next((name for name in row if name not in key), None)
    lost = next((field for field in key if field not in row), None)
    if wrong is not None or lost is not None:
        problem = f"{wrong!r} is no field of the key" if wrong is not None else f"the key's field {lost!r} is not given"
        example = json.dumps(dict.fromkeys(key, "…"), ensure_ascii=False)
        raise UsageError(problem, where=json.dumps(dict(row), ensure_ascii=False), hint=f"--key-json '{example}'")
    return tuple(row[field] for field in key)


def only_row(table: Table, key: tuple[str, ...], values: tuple[Any, ...]) -> Table:
    """The rows of a table whose key has the given values, which are text, or typed as JSON has them.

    Raises: SchemaError: the table lacks a field of the key.
    """
    lost = next((field for field in key if field not in table.schema), None)
    if lost is not None:
        raise SchemaError(f"the key field {lost!r} is not on both sides, so one row cannot be picked out")
    return replace(table, relation=f"(SELECT * FROM {table.relation} WHERE {is_row(table, key, values)})")


def is_row(table: Table, key: tuple[str, ...], values: tuple[Any, ...]) -> str:
    """SQL that is true of the rows whose key has the given values, which are as for `only_row`."""
    return " AND ".join(_is(table, field, value) for field, value in zip(key, values, strict=True))


def _is(table: Table, field: str, value: Any) -> str:
    """SQL that is true where a field has a value, however the file spells it."""
    from dsv.tables.duckdb import identifier, literal

    column = identifier(field)
    text = f"CAST({column} AS VARCHAR)"
    if value is None:
        return f"{column} IS NULL"
    if isinstance(value, bool):
        return f"lower({text}) = {literal(str(value).lower())}"
    if isinstance(value, list | dict):
        raise UsageError(f"a key has no nested values: {field!r}", where=json.dumps(value, ensure_ascii=False))
    same = f"{text} = {literal(str(value))}"
    if isinstance(value, str) or table.schema[field].type not in NUMERIC_TYPES or abs(value) >= EXACT:
        return same
    return f"({same} OR TRY_CAST({column} AS DOUBLE) = {literal(float(value))})"
