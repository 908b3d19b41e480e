"""How dsv spells a value that it writes into a text file."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

_MOST_DIGITS = 15


def plain(value: Any) -> Any:
    """A value as JSON has it: dates in ISO form, bytes in hexadecimal digits; others as they are."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, Decimal):
        return float(value)
    return str(value)


def number(value: float) -> str:
    """The shortest text of a number; with an exponent where its digits could be taken for an identifier's."""
    text = repr(value)
    if "e" in text or len(text.lstrip("-").partition(".")[0]) <= _MOST_DIGITS:
        return text
    return format(Decimal(text).normalize(), "e")
