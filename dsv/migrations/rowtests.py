"""The tests that a document brings: rows before, and what the migration must make of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dsv.errors import DsvError, SchemaError, did_you_mean
from dsv.formats import base as formats
from dsv.migrations import expect
from dsv.migrations.apply import apply
from dsv.migrations.chain import Chain
from dsv.migrations.plan import Parameters, Walk
from dsv.model.migration import Migration, RowTest, State
from dsv.model.schema import Schema
from dsv.model.snapshot import ReadOptions, Snapshot
from dsv.model.trial import Outcome, Trial
from dsv.model.values import shown
from dsv.scratch import scratch
from dsv.tables.duckdb import Engine, identifier
from dsv.tables.table import POSITION, Table

Row = Mapping[str, Any]
Difference = tuple[str, str]


def row_tests(
    engine: Engine, chain: Chain, migration: Migration, state: State, folder: Path, parameters: Parameters
) -> Iterator[Trial]:
    """The tests of one document, each on its own rows; `state` is that before the migration.

    The rows are not the chain's, so its guards do not count.
    """
    for number, test in enumerate(migration.tests, start=1):
        told: Sequence[Difference] = ()
        message: str | None = None
        try:
            told = _told(engine, chain, migration, state, test, folder, parameters)
        except DsvError as error:
            message = error.message if error.where is None else f"{error.message} ({error.where.splitlines()[0]})"
        outcome: Outcome = "failed" if told or message is not None else "passed"
        yield Trial(
            dataset=chain.base.dataset,
            migration=migration.id,
            law="test",
            outcome=outcome,
            name=test.name or f"test {number}",
            message=message,
            where=f"{migration.path}:{test.line}" if outcome == "failed" else None,
            differences=tuple(told),
        )


def _told(
    engine: Engine,
    chain: Chain,
    migration: Migration,
    state: State,
    test: RowTest,
    folder: Path,
    parameters: Parameters,
) -> list[Difference]:
    """What is not as the test expects."""
    with scratch("test") as work:
        table = typed(engine, state.schema, test.given, work / "given.jsonl").stored("given")
        applied = apply(chain.base.dataset, migration, state, table, folder, parameters(migration.id), guarded=False)
        found = rows(applied.table)
        wanted = test.expect
        if test.unchanged:
            wanted = tuple(
                {applied.fields[name]: value for name, value in row.items() if name in applied.fields}
                for row in test.given
            )
        told: list[Difference] = []
        if wanted is not None:
            exact = rows(typed(engine, applied.state.schema, wanted, work / "wanted.jsonl")) if wanted else []
            expected = [{name: row[name] for name in named} for row, named in zip(exact, wanted, strict=True)]
            told = compared(expected, found, applied.state.key)
        if test.counts is not None:
            walk = Walk(engine, chain, folder, parameters, guarded=False)
            walk.begin(state, table)
            told += [("~", text) for text in expect.differences(test.counts, walk.step(migration))]
        return told


def typed(engine: Engine, schema: Schema, given: Sequence[Row], path: Path) -> Table:
    """Rows of a document as a table of a schema: values are read as those of a file, cells not named are missing.

    Raises: SchemaError: a field that is not there. FormatError: a value that does not fit its field.
    """
    for row in given:
        for name in row:
            if name not in schema:
                raise SchemaError(f"there is no field {name!r}", hint=did_you_mean(name, schema.names))
    lines = [json.dumps({name: row.get(name) for name in schema.names}, ensure_ascii=False) for row in given]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", errors="surrogatepass")
    options = ReadOptions(schema=schema)
    snapshot = Snapshot(path=path, format="jsonl", gzip=False, shown_path="the test's rows", options=options)
    return formats.scan(engine, snapshot).table.typed_table()


def rows(table: Table) -> list[dict[str, Any]]:
    """The rows of a small table, in their order."""
    columns = ", ".join(identifier(name) for name in table.schema.names)
    found = table.engine.rows(f"SELECT {columns} FROM {table.relation} ORDER BY {POSITION}")
    return [dict(zip(table.schema.names, row, strict=True)) for row in found]


def compared(expected: Sequence[Row], found: Sequence[Row], key: Sequence[str]) -> list[Difference]:
    """Rows and cells that differ; by key where every expected row names one, else in their order."""
    by_key = bool(key) and all(name in row for row in expected for name in key)
    told: list[Difference] = []
    left = list(found)
    for place, row in enumerate(expected):
        matches = [item for item in left if all(item[name] == row[name] for name in key)] if by_key else left[:1]
        if not matches:
            told.append(("-", f"expected {_words(row)}"))
            continue
        left.remove(matches[0])
        name = _words({part: row[part] for part in key}) if by_key else f"row {place + 1}"
        told += [
            ("~", f"{name}  {field}: expected {shown(value)}, found {shown(matches[0][field])}")
            for field, value in row.items()
            if matches[0][field] != value
        ]
    return told + [("+", f"found {_words(row)}") for row in left]


def _words(row: Row) -> str:
    return " ".join(f"{name}={shown(value)}" for name, value in row.items())
