"""JSON text of values, for fields of type `json`: equal values have one text."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from json.encoder import encode_basestring
from typing import Any

_MOST_ZEROS = 40
"""A whole number is written out with at most so many zeros: 1e999999999 stays as short as it is."""
_MOST_LEADING = 6
"""A small number has an exponent where it would begin with so many zeros after its point."""


def canonical(value: Any) -> str:
    """JSON text that is equal for equal values, whatever the order of an object's members."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def respelled(text: str) -> str:
    """The canonical text of a JSON text: members by name, no blanks, each number in one spelling, exactly.

    Members of one name stay in their order. Text that is too deep, or no JSON, stays as it is.
    """
    try:
        value = json.loads(text, object_pairs_hook=_Object, parse_int=_number, parse_float=_number)
        return _text(value)
    except (ValueError, RecursionError):
        return text


class _Number(str):
    """A number as it is spelled."""

    __slots__ = ()


class _Object(list[tuple[str, Any]]):
    """The members of an object."""

    __slots__ = ()


def _text(value: Any) -> str:
    kind = type(value)
    if kind is _Number:
        return str(value)
    if kind is str:
        spelled = encode_basestring(value)
        return spelled if spelled.isascii() else _sound(spelled)
    if kind is _Object:
        members = sorted(value, key=lambda member: member[0])
        return "{" + ",".join(f"{_text(name)}:{_text(item)}" for name, item in members) + "}"
    if kind is list:
        return "[" + ",".join(map(_text, value)) + "]"
    return json.dumps(value)


def _sound(spelled: str) -> str:
    """A text that UTF-8 has: half of a surrogate pair, which JSON allows, is escaped."""
    return "".join(f"\\u{ord(sign):04x}" if "\ud800" <= sign <= "\udfff" else sign for sign in spelled)


def _number(text: str) -> _Number:
    if text.removeprefix("-").isdigit():
        return _Number("0" if text == "-0" else text)
    try:
        exact = Decimal(text)
    except InvalidOperation:
        return _Number(text)
    sign, digits, exponent = exact.as_tuple()
    shown = "".join(map(str, digits)).lstrip("0")
    significant = shown.rstrip("0")
    if not significant or not isinstance(exponent, int):
        return _Number("0")
    power = exponent + len(shown) - len(significant)
    return _Number(("-" if sign else "") + _decimal(significant, power))


def _decimal(digits: str, power: int) -> str:
    """A decimal as JavaScript and the engine write it."""
    point = power + len(digits)
    if 0 <= power <= _MOST_ZEROS:
        return digits + "0" * power
    if power < 0 < point:
        return f"{digits[:point]}.{digits[point:]}"
    if -_MOST_LEADING < point <= 0:
        return f"0.{'0' * -point}{digits}"
    return f"{digits[0]}{'.' if digits[1:] else ''}{digits[1:]}e{point - 1}"
