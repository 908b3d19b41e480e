"""Casts between types, as SQL that never rounds, trims or guesses: a value that the new type cannot hold is NULL.

A text becomes a value where it is the one spelling that a reader would take for that type (`007` and
` 7` are no integers), and a value becomes text as dsv writes it into files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dsv.model.schema import Field
from dsv.tables.spelled import matches, misfit
from dsv.tables.table import cast_text
from dsv.tables.types import List, Scalar, Type, parse, spell

_TEXTS = ("string", "enum")
_FROM_TEXT = ("integer", "number", "boolean", "date")
_RESPELLED = ("number", "boolean", "datetime")
_INSTANT = "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\\.[0-9]{1,6})?)?Z?"
"""An offset from UTC would be lost, and a day alone is no instant."""
_LEAST, _MOST = "CAST(-9223372036854775808 AS DOUBLE)", "CAST(9223372036854775808 AS DOUBLE)"


def cast(cell: str, old: str, new: str) -> str | None:
    """SQL for a cell of the type `old` as one of the type `new`; None: there is no such cast."""
    return _cast(cell, parse(old), parse(new), 0)


def lossless(old: str, new: str) -> bool:
    """Say whether the cast back gives every value again that the cast could hold; `old` can be cast to `new`."""
    before, after = _innermost(parse(old)), _innermost(parse(new))
    # A text that becomes a number may have been `7` or `7.0`, and one that becomes true may have been `True`.
    return not (before in _TEXTS and after in _RESPELLED)


def _cast(cell: str, old: Type, new: Type, depth: int) -> str | None:
    if old == new:
        return cell
    if isinstance(old, Scalar) and isinstance(new, Scalar):
        return _scalar(cell, old.name, new.name)
    if isinstance(new, List) and new.item == Scalar("enum"):
        return None
    if isinstance(old, List) and isinstance(new, List):
        return _items(cell, old, new, depth)
    if isinstance(new, List):
        item = _cast(cell, old, new.item, depth)
        return None if item is None else f"CASE WHEN {item} IS NOT NULL THEN [{item}] END"
    if isinstance(old, List):
        item = _cast(f"{cell}[1]", old.item, new, depth)
        return None if item is None else f"CASE WHEN len({cell}) = 1 THEN {item} END"
    return None


def _innermost(tree: Type) -> str:
    return _innermost(tree.item) if isinstance(tree, List) else spell(tree)


def _items(cell: str, old: List, new: List, depth: int) -> str | None:
    variable = f"dsv_item_{depth}"
    item = _cast(variable, old.item, new.item, depth + 1)
    if item is None:
        return None
    lost = f"list_filter({cell}, lambda {variable}: {variable} IS NOT NULL AND ({item}) IS NULL)"
    return f"CASE WHEN coalesce(len({lost}), 0) = 0 THEN list_transform({cell}, lambda {variable}: {item}) END"


def _scalar(cell: str, old: str, new: str) -> str | None:
    if old in _TEXTS and new in _TEXTS:
        return cell
    if old in _TEXTS and new == "datetime":
        # The oldest engine reads no minutes that a zone follows.
        whole = f"regexp_replace({cell}, '([ T][0-9]{{2}}:[0-9]{{2}})Z$', '\\1:00Z')"
        return f"CASE WHEN {matches(cell, _INSTANT)} THEN {cast_text(whole, new, attempt=True)} END"
    if old in _TEXTS and new in _FROM_TEXT:
        test = misfit(cell, Field(name="", type=new)) or "false"
        return f"CASE WHEN NOT ({test}) THEN {cast_text(cell, new, attempt=True)} END"
    rule = _RULES.get((old, "string" if new in _TEXTS else new))
    return None if rule is None else rule(cell)


def _number_text(cell: str) -> str:
    """The fewest digits that give the number back; with a point or an exponent, so that it reads as a number."""
    plain = _shortest(cell, [f"{{:.{digits}g}}" for digits in (15, 16, 17)])
    # Readers take longer rows of digits for identifiers.
    padded = _shortest(cell, [f"{{:.{digits}e}}" for digits in (14, 15, 16)])
    large = f"regexp_replace({padded}, '[.]?0+e', 'e')"
    whole = f"regexp_full_match({plain}, '-?[0-9]+')"
    return (
        f"CASE WHEN NOT isfinite({cell}) THEN NULL WHEN {cell} = 0 THEN '0.0' WHEN abs({cell}) >= 1e15 THEN {large} "
        f"WHEN {whole} THEN {plain} || '.0' ELSE {plain} END"
    )


def _shortest(cell: str, shapes: Sequence[str]) -> str:
    *tried, last = [f"format('{shape}', {cell})" for shape in shapes]
    whens = " ".join(f"WHEN CAST({text} AS DOUBLE) = {cell} THEN {text}" for text in tried)
    return f"CASE {whens} ELSE {last} END"


def _datetime_text(cell: str) -> str:
    seconds, rest = f"strftime({cell}, '%Y-%m-%dT%H:%M:%S')", f"strftime({cell}, '.%f')"
    return f"CASE WHEN {rest} = '.000000' THEN {seconds} ELSE {seconds} || {rest} END"


_RULES: dict[tuple[str, str], Callable[[str], str]] = {
    ("integer", "number"): lambda cell: (
        f"CASE WHEN CAST(CAST({cell} AS DOUBLE) AS HUGEINT) = {cell} THEN CAST({cell} AS DOUBLE) END"
    ),
    ("number", "integer"): lambda cell: (
        f"CASE WHEN {cell} = trunc({cell}) AND {cell} >= {_LEAST} AND {cell} < {_MOST} THEN CAST({cell} AS BIGINT) END"
    ),
    ("integer", "boolean"): lambda cell: f"CASE {cell} WHEN 0 THEN false WHEN 1 THEN true END",
    ("boolean", "integer"): lambda cell: f"CAST({cell} AS BIGINT)",
    ("date", "datetime"): lambda cell: f"CAST({cell} AS TIMESTAMP)",
    ("datetime", "date"): lambda cell: f"CASE WHEN {cell} = date_trunc('day', {cell}) THEN CAST({cell} AS DATE) END",
    ("integer", "string"): lambda cell: f"CAST({cell} AS VARCHAR)",
    ("boolean", "string"): lambda cell: f"CASE WHEN {cell} THEN 'true' WHEN NOT {cell} THEN 'false' END",
    ("number", "string"): _number_text,
    ("date", "string"): lambda cell: f"strftime({cell}, '%Y-%m-%d')",
    ("datetime", "string"): _datetime_text,
}
