"""Types of text cells: inferred from all rows, or checked against a declared schema."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dsv.errors import FormatError
from dsv.model.schema import Field, Schema
from dsv.model.values import shown
from dsv.tables.duckdb import Engine, identifier, literal
from dsv.tables.table import POSITION, cast_text

INTEGER = r"0|-?[1-9][0-9]{0,17}"
NUMBER = r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?"
DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_SAMPLE_ROWS, _SAMPLE_CELLS = 250, 50_000
"""Rows and cells that Python looks at, so that few types are left to be tested on all rows."""
_LOWER = ("true", "false")
_TITLE = ("True", "False")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A type that a field may have: `admits` for a cell of the sample, `test` as SQL over all rows."""

    type: str
    admits: Callable[[str], object]
    test: Callable[[str], str]


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


CANDIDATES = (
    Candidate("integer", re.compile(INTEGER).fullmatch, lambda column: matches(column, INTEGER)),
    Candidate("number", re.compile(NUMBER).fullmatch, is_number),
    Candidate("boolean", _LOWER.__contains__, lambda column: one_of(column, _LOWER)),
    Candidate("boolean", _TITLE.__contains__, lambda column: one_of(column, _TITLE)),
    Candidate("date", re.compile(DATE).fullmatch, is_date),
)


def infer(engine: Engine, relation: str, names: Sequence[str]) -> Schema:
    """The schema of a relation of text fields, from all its rows.

    A field without any value is a string. Integers have at most 18 digits, and numbers at most 15
    before the point: what a wider one means would be lost in 64 bits, so it stays text.
    """
    limit = max(20, min(_SAMPLE_ROWS, _SAMPLE_CELLS // max(1, len(names))))
    columns = ", ".join(map(identifier, names))
    sample = engine.rows(f"SELECT {columns} FROM {relation} LIMIT {limit}")
    open_tests = [
        (index, candidate)
        for index, cells in enumerate(zip(*sample, strict=True))
        for candidate in CANDIDATES
        if all(cell is None or candidate.admits(cell) for cell in cells)
    ]
    tests = [f"bool_and({candidate.test(identifier(names[index]))})" for index, candidate in open_tests]
    verdicts = engine.aggregates(relation, tests)
    types: dict[int, str] = {}
    for (index, candidate), verdict in zip(open_tests, verdicts, strict=True):
        if verdict:
            types.setdefault(index, candidate.type)
    return Schema(fields=tuple(Field(name=name, type=types.get(index, "string")) for index, name in enumerate(names)))


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
        return one_of(column, (*_LOWER, *_TITLE))
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


def check_cells(
    engine: Engine, relation: str, schema: Schema, tests: dict[str, str], locate: Callable[[int], str]
) -> None:
    """Find the first row with a cell that does not fit; `tests` maps fields to SQL that is true there.

    `locate` turns a row's position into `path:line`.

    Raises: FormatError: with that row's line, the field and the value.
    """
    if not tests:
        engine.value(f"SELECT count(*) FROM {relation}")
        return
    firsts = ", ".join(f"min({POSITION}) FILTER (WHERE {test})" for test in tests.values())
    found = engine.rows(f"SELECT {firsts} FROM {relation}")[0]
    bad = [(position, name) for name, position in zip(tests, found, strict=True) if position is not None]
    if not bad:
        return
    position, name = min(bad, key=lambda pair: pair[0])
    value = engine.value(f"SELECT {identifier(name)} FROM {relation} WHERE {POSITION} = {position}")
    raise FormatError(_why(schema[name], value), where=locate(position), hint=_hint(schema[name], value))


def _why(field: Field, value: object) -> str:
    if value is None:
        return f"field {field.name!r} is empty, but must have a value"
    text = shown(value)
    text = text if len(text) <= 80 else text[:80] + "…"
    if field.values is not None:
        return f"field {field.name!r} holds {text}, which is none of its values"
    return f"field {field.name!r} holds {text}, which is no {field.type}"


def _hint(field: Field, value: object) -> str:
    if value is not None and field.values is not None:
        return "mend the row, or admit the value with a migration (add_class)"
    return "mend the row"
