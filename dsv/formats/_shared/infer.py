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
    """A type that a field may have: `admits` for a cell of the sample, `test` as SQL over all rows.

    `surely` (RE2) is matched by texts only that pass the test, though not by all of them.
    """

    type: str
    admits: Callable[[str], object]
    test: Callable[[str], str]
    surely: str


_FINITE = r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?"
_DAYS = r"[0-9]{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
"""All days but those that only leap years have."""
CANDIDATES = (
    Candidate("integer", re.compile(INTEGER).fullmatch, lambda column: matches(column, INTEGER), INTEGER),
    Candidate("number", re.compile(NUMBER).fullmatch, is_number, _FINITE),
    Candidate("boolean", LOWER.__contains__, lambda column: one_of(column, LOWER), "|".join(LOWER)),
    Candidate("boolean", TITLE.__contains__, lambda column: one_of(column, TITLE), "|".join(TITLE)),
    Candidate("date", re.compile(DATE).fullmatch, is_date, _DAYS),
)


def infer(engine: Engine, relation: str, names: Sequence[str]) -> Schema:
    """The schema of a relation of text fields, from all its rows.

    A field without any value is a string. Integers have at most 18 digits, and numbers at most 15
    before the point: what a wider one means would be lost in 64 bits, so it stays text.
    """
    return schema_of(names, passed(engine, relation, names))


def schema_of(names: Sequence[str], found: Sequence[Candidate | None]) -> Schema:
    """The schema of text fields of these types; None for a string."""
    types = [candidate.type if candidate else "string" for candidate in found]
    return Schema(fields=tuple(Field(name=name, type=kind) for name, kind in zip(names, types, strict=True)))


def passed(engine: Engine, relation: str, names: Sequence[str]) -> list[Candidate | None]:
    """Of each text field the first candidate that all its cells pass; None where none does, or there is no cell."""
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
    found: dict[int, Candidate] = {}
    for (index, candidate), verdict in zip(open_tests, verdicts, strict=True):
        if verdict:
            found.setdefault(index, candidate)
    return [found.get(index) for index in range(len(names))]


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
