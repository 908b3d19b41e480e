"""What is named after `--`: a dataset or a path, and perhaps the key of one row."""

from __future__ import annotations

import csv
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dsv.errors import SchemaError, UsageError

if TYPE_CHECKING:
    from dsv.tables.table import Table


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
    name, _, record = word.partition(":")
    try:
        values = next(csv.reader([record], strict=True), [])
    except csv.Error as error:
        raise UsageError(f"the key {record!r} is not a CSV record: {error}", where=word) from error
    return Target(name=name, key=tuple(values))


def only_row(table: Table, key: tuple[str, ...], values: tuple[str, ...]) -> Table:
    """The rows of a table whose key is the given text.

    Raises: UsageError: the key has another number of fields. SchemaError: the table lacks one.
    """
    from dsv.tables.duckdb import identifier, literal

    lost = next((field for field in key if field not in table.schema), None)
    if lost is not None:
        raise SchemaError(f"the key field {lost!r} is not on both sides, so one row cannot be picked out")
    if len(key) != len(values):
        fields = ", ".join(key) if key else "none"
        raise UsageError(
            f"the key has {len(key)} fields ({fields}), {len(values)} values were given",
            hint='write a composite key as a CSV record: NAME:"a,b",3',
        )
    wanted = " AND ".join(
        f"CAST({identifier(field)} AS VARCHAR) = {literal(value)}" for field, value in zip(key, values, strict=True)
    )
    return replace(table, relation=f"(SELECT * FROM {table.relation} WHERE {wanted})")
