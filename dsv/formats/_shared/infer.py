"""Types of text cells: inferred from all rows, or checked against a declared schema."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dsv.errors import FormatError
from dsv.model.schema import Field, Schema
from dsv.model.values import shown
from dsv.tables.duckdb import Engine, identifier
from dsv.tables.spelled import DATE, INTEGER, LOWER, NUMBER, TITLE, is_date, is_number, matches, one_of
from dsv.tables.table import POSITION

_SAMPLE_ROWS, _SAMPLE_CELLS = 250, 50_000
"""Rows and cells that Python looks at, so that few types are left to be tested on all rows."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A type that a field may have: `admits` for a cell of the sample, `test` as SQL over all rows."""

    type: str
    admits: Callable[[str], object]
    test: Callable[[str], str]


CANDIDATES = (
    Candidate("integer", re.compile(INTEGER).fullmatch, lambda column: matches(column, INTEGER)),
    Candidate("number", re.compile(NUMBER).fullmatch, is_number),
    Candidate("boolean", LOWER.__contains__, lambda column: one_of(column, LOWER)),
    Candidate("boolean", TITLE.__contains__, lambda column: one_of(column, TITLE)),
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
