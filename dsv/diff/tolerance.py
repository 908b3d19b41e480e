"""Cells that differ by no more than a tolerance: numbers, and the numbers of lists, structs and JSON of mixed types."""

from __future__ import annotations

import math

from dsv.diff.equality import Form, numeric_depth
from dsv.model.schema import is_nested
from dsv.tables.duckdb import literal
from dsv.tables.json_values import json_text

ROUNDING = 1e-9
"""By what share of it a tolerance may be exceeded: to a double, 1.1 - 1.0 is 0.10000000000000009."""
_TOKENS = r'"(?:[^"\\]|\\.)*"|-?[0-9][-+.eE0-9]*'
"""The texts (names, too) and the numbers of a JSON text."""


def within(old: str, new: str, forms: tuple[Form, Form], tolerance: float) -> str | None:
    """SQL that is true where cells are alike but for numbers within a tolerance; None for types without numbers."""
    one, other = forms
    exact = one.type == other.type and "integer" in one.type
    if one.numeric and other.numeric:
        return _close(old, new, tolerance, exact=exact)
    depth = numeric_depth(one.type)
    if depth and depth == numeric_depth(other.type):
        return f"coalesce({_lists_alike(old, new, depth, tolerance, exact=exact)}, false)"
    if not (_holds_json(one) and _holds_json(other)):
        return None
    return _json_alike(_json(old, one), _json(new, other), tolerance)


def _close(old: str, new: str, tolerance: float, *, exact: bool) -> str:
    """SQL for two numbers, spelled or stored; whole ones may have more digits than a double holds."""
    kind = "HUGEINT" if exact else "DOUBLE"
    most = literal(math.floor(tolerance)) if exact else f"CAST({literal(tolerance * (1 + ROUNDING))} AS DOUBLE)"
    return f"coalesce(abs(TRY_CAST({old} AS {kind}) - TRY_CAST({new} AS {kind})) <= {most}, false)"


def _lists_alike(old: str, new: str, depth: int, tolerance: float, *, exact: bool) -> str:
    """SQL that is true where two lists of numbers, `depth` deep, are alike element by element."""
    same = f"{old} IS NOT DISTINCT FROM {new}"
    if depth == 0:
        return f"({same} OR {_close(old, new, tolerance, exact=exact)})"
    item, place = f"dsv_item_{depth}", f"dsv_place_{depth}"
    inner = _lists_alike(item, f"{new}[{place}]", depth - 1, tolerance, exact=exact)
    every = f"list_bool_and(list_transform({old}, lambda {item}, {place}: {inner}))"
    return f"({same} OR (len({old}) = len({new}) AND coalesce({every}, true)))"


def _holds_json(form: Form) -> bool:
    return not form.text and (form.type == "json" or is_nested(form.type))


def _json(column: str, form: Form) -> str:
    """SQL for a nested cell as JSON in one spelling."""
    return column if form.type == "json" else json_text(column, form.engine)


def _json_alike(old: str, new: str, tolerance: float) -> str:
    """SQL that is true where two JSON texts have the same shape, names and texts, and numbers that are close."""
    tokens = literal(_TOKENS)
    shapes = [f"regexp_replace({side}, {tokens}, '#', 'g')" for side in (old, new)]
    pairs = ", ".join(f"regexp_extract_all({side}, {tokens})" for side in (old, new))
    one, other = "dsv_pair[1]", "dsv_pair[2]"
    whole, real = (_close(one, other, tolerance, exact=exact) for exact in (True, False))
    is_whole = f"regexp_full_match({one} || {other}, '[-0-9]+')"
    alike = f"{one} = {other} OR CASE WHEN {is_whole} THEN {whole} ELSE {real} END"
    every = f"list_bool_and(list_transform(list_zip({pairs}), lambda dsv_pair: {alike}))"
    return f"coalesce({shapes[0]} = {shapes[1]} AND {every}, false)"
