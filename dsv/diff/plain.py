"""Cells as plain Python values: what the engine gives, or the text of a file, as a value of its type."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from dsv.diff.equality import TEXT_TYPES, Form

WHOLE = re.compile(r"-?[0-9]+")
FINE_TIMES = re.compile(r'"(?:[^"]|"")*"|(TIMESTAMP_NS)')
"""In the name of an engine's type; the names of members may be quoted."""
TRUTH = {"true": True, "True": True, "false": False, "False": False}


def stored(column: str, form: Form) -> str:
    """SQL for a cell as it goes to Python, whose times are no finer than microseconds: finer ones go as text."""
    kind = str(form.engine)
    if form.type in TEXT_TYPES and kind != "VARCHAR":
        return f"CAST({column} AS VARCHAR)"
    coarse = FINE_TIMES.sub(lambda match: "VARCHAR" if match[1] else match[0], kind)
    return column if coarse == kind else f"CAST({column} AS {coarse})"


def plain(value: Any, form: Form) -> Any:
    """A fetched cell as a plain value of its type; None stays None.

    Text that is no value of its type stays text. A whole number that is spelled without a point
    stays whole, however long.
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if form.text:
        return READERS.get(form.type, str)(value)
    return value if isinstance(value, str) else _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return _number(str(value))
    return value


def _number(text: str) -> int | float | str:
    try:
        return int(text) if WHOLE.fullmatch(text) else float(text)
    except ValueError:
        return text


def _date(text: str) -> date | str:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text


READERS: Mapping[str, Callable[[str], Any]] = {
    "integer": _number,
    "number": _number,
    "boolean": lambda text: TRUTH.get(text, text),
    "date": _date,
}


def missing_first(name: str | None) -> tuple[bool, str]:
    """A key to sort names by: what is missing comes first, and apart from the empty text."""
    return (name is not None, name or "")
