"""Values and texts as JSON: valid, lossless, and safe to print on a terminal.

JSON has no not-a-number, no bytes and no exact decimals, and many readers round integers above
2^53. Such a value is an object with one tag:

    {"$number": "NaN" | "Infinity" | "-Infinity" | "<decimal>"}
    {"$integer": "<digits>"}
    {"$bytes": "<base64>"}
    {"$object": {...}}      an object of the data itself whose only name begins with $

Dates, times and ids are text in their ISO spelling; the schema says what they are.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from dsv.diff.inside import Inside, elements_that_differ, inside, is_nested
from dsv.model.diff import Cell, RowChange
from dsv.renderers._clean import UNSAFE

LARGEST_INTEGER = 2**53 - 1


def dumps(value: Any, *, indent: int | None = None) -> str:
    """JSON text of an encoded value; unsafe characters are escaped, all others stand as they are."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    return "\n".join(UNSAFE.sub(_escape, line) for line in text.split("\n"))


def encode(value: Any) -> Any:
    """A value from the data as one that JSON can hold."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= LARGEST_INTEGER else {"$integer": str(value)}
    if isinstance(value, float | Decimal):
        return _number(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return {"$bytes": base64.b64encode(bytes(value)).decode("ascii")}
    if isinstance(value, Mapping):
        return _object(value)
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    return value.isoformat() if isinstance(value, date | datetime | time) else str(value)


def record(values: Mapping[str, Any]) -> dict[str, Any]:
    """Fields and their values, each value encoded. The names are the data's and stay as they are."""
    return {name: encode(value) for name, value in values.items()}


def row(change: RowChange) -> dict[str, Any]:
    """A row that differs, with its places in the files (counted from 1).

    `migration` stands where one accounts for the row or the cell, `context` where fields to filter by were asked for.
    """
    context = {name: {"old": encode(cell.old), "new": encode(cell.new)} for name, cell in change.context.items()}
    return {
        "key": record(change.key),
        "position": {"old": change.old_position, "new": change.new_position},
        "cells": {
            name: {**_cell(cell, look=change.kind == "changed"), **_migration(cell)}
            for name, cell in change.cells.items()
        },
        **_migration(change),
        **({"context": context} if context else {}),
    }


def _cell(cell: Cell, *, look: bool) -> dict[str, Any]:
    """A cell on both sides; of a nested one that changed also the places inside it, null where it is too large."""
    found: dict[str, Any] = {"old": encode(cell.old), "new": encode(cell.new)}
    if look and is_nested(cell.old, cell.new):
        places = inside(cell.old, cell.new)
        found["inside"] = None if places is None else [_place(item) for item in places]
        if places is None:
            found["elements"] = elements_that_differ(cell.old, cell.new)
    return found


def _place(item: Inside) -> dict[str, Any]:
    return {"change": item.change, "path": item.path, "old": encode(item.old), "new": encode(item.new)}


def _migration(item: RowChange | Cell) -> dict[str, str]:
    return {} if item.migration is None else {"migration": item.migration}


def _number(value: float | Decimal) -> Any:
    number = float(value)
    if math.isfinite(number) and (isinstance(value, float) or Decimal(repr(number)) == value):
        return number
    return {"$number": _spelling(value)}


def _spelling(value: float | Decimal) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return str(value)


def _object(value: Mapping[Any, Any]) -> Any:
    encoded = {str(name): encode(item) for name, item in value.items()}
    names = list(encoded)
    return {"$object": encoded} if len(names) == 1 and names[0].startswith("$") else encoded


def _escape(found: re.Match[str]) -> str:
    units = found.group().encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[index : index + 4]}" for index in range(0, len(units), 4))
