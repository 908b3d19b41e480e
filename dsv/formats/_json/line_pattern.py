"""A pattern of the lines of a JSON Lines file: objects of the same members in the same order, of the same types."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import chain
from typing import Any

from dsv.tables.types import List, Scalar, Struct, Type

_BLANKS = r"[ \t]*"
_HEX = "[0-9a-fA-F]"
# Half of a surrogate pair, standing alone, is no text.
_ESCAPE = (
    rf'\\(?:["\\/bfnrt]|u(?:[0-9abcefABCEF]{_HEX}{{3}}|[dD][0-7]{_HEX}{{2}}'
    rf"|[dD][89abAB]{_HEX}{{2}}\\u[dD][c-fC-F]{_HEX}{{2}}))"
)
_SCALARS = {
    "string": rf'"(?:[^"\\\x00-\x1f]|{_ESCAPE})*"',
    # What is wider may not fit 64 bits, or be rounded: such lines are looked into one by one.
    "integer": r"(?:0|-?[1-9][0-9]{0,17})",
    "number": r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?",
    "boolean": "(?:true|false)",
    # Values of several types, or none: only the latter can be told from a few lines.
    "json": "null",
}


class Irregular(Exception):
    """No pattern fits: members stand in several orders, or the first of them is not in every object."""


def line_pattern(row: Struct, sample: Sequence[dict[str, Any]]) -> str:
    """RE2 for the lines whose values have the types of `row`; `sample` tells the order of names. Raises: Irregular."""
    return f"{_BLANKS}{_object(row, sample)}{_BLANKS}"


def _value(tree: Type, sample: Sequence[Any]) -> str:
    present = [value for value in sample if value is not None]
    if isinstance(tree, Struct):
        return f"(?:null|{_object(tree, present)})"
    if isinstance(tree, List):
        item = _value(tree.item, list(chain.from_iterable(present)))
        return rf"(?:null|\[{_BLANKS}(?:{item}{_BLANKS}(?:,{_BLANKS}{item}{_BLANKS})*)?\])"
    return f"(?:null|{_scalar(tree)})"


def _scalar(tree: Scalar) -> str:
    return _SCALARS[tree.name]


def _object(tree: Struct, sample: Sequence[dict[str, Any]]) -> str:
    types = dict(tree.members)
    first, *others = _order(list(types), sample)
    found = _member(first, types[first], sample)
    for name in others:
        found += rf"(?:,{_BLANKS}{_member(name, types[name], sample)})?"
    return rf"\{{{_BLANKS}{found}\}}"


def _member(name: str, tree: Type, sample: Sequence[dict[str, Any]]) -> str:
    spelled = json.dumps(name, ensure_ascii=False)
    if "\\" in spelled:
        raise Irregular
    value = _value(tree, [item[name] for item in sample if name in item])
    return f"{re.escape(spelled)}{_BLANKS}:{_BLANKS}{value}{_BLANKS}"


def _order(known: list[str], sample: Sequence[dict[str, Any]]) -> list[str]:
    """The names in the order in which they stand in all objects, beginning with one that all have."""
    order: list[str] = []
    for names in {tuple(item): None for item in sample}:
        place = 0
        for name in names:
            if name not in order:
                order.insert(place, name)
            place = order.index(name) + 1
    order += [name for name in known if name not in order]
    for item in sample:
        places = [order.index(name) for name in item]
        if places != sorted(places) or not places or places[0] != 0:
            raise Irregular
    if {*order} != {*known} or not order or len({name.lower() for name in order}) != len(order):
        raise Irregular
    return order
