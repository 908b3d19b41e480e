from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from dsv.formats.base import detect, scan
from dsv.model.schema import Field, Schema
from dsv.model.snapshot import ReadOptions, Snapshot
from dsv.tables.duckdb import Engine, identifier
from dsv.tables.table import POSITION, Table
from dsv.tables.types import engine_type

CASES = Path(__file__).parent.parent / "cases"


class Maker:
    """Makes tables of one engine, from rows or from a case's file."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def rows(
        self,
        types: Mapping[str, str],
        rows: Sequence[Sequence[Any]],
        *,
        engine_types: Mapping[str, str] | None = None,
    ) -> Table:
        """A table of native values: `types` maps field names to dsv types."""
        stored = {name: (engine_types or {}).get(name) or engine_type(kind) for name, kind in types.items()}
        return self._table(types, stored, rows, frozenset())

    def text(self, types: Mapping[str, str], rows: Sequence[Sequence[str | None]]) -> Table:
        """A table as a delimited file gives it: every cell is text."""
        return self._table(types, dict.fromkeys(types, "VARCHAR"), rows, frozenset(types))

    def case(self, name: str, *, header: bool = True) -> Table:
        """A table of a real history, `case/file`."""
        path = CASES / name
        format_name, gzip = detect(path.name)
        snapshot = Snapshot(
            path=path, format=format_name, gzip=gzip, shown_path=name, options=ReadOptions(header=header)
        )
        return scan(self.engine, snapshot).table

    def _table(
        self,
        types: Mapping[str, str],
        stored: Mapping[str, str],
        rows: Sequence[Sequence[Any]],
        text: frozenset[str],
    ) -> Table:
        name = self.engine.fresh("made")
        columns = ", ".join(f"{identifier(field)} {kind}" for field, kind in stored.items())
        self.engine.execute(f"CREATE TABLE {name} ({POSITION} BIGINT, {columns})")
        if rows:
            marks = ", ".join(f"CAST(? AS {kind})" for kind in stored.values())
            places = ", ".join(f"({position}, {marks})" for position in range(1, len(rows) + 1))
            self.engine.execute(f"INSERT INTO {name} VALUES {places}", [cell for row in rows for cell in row])
        schema = Schema(fields=tuple(Field(name=field, type=kind) for field, kind in types.items()))
        return Table(engine=self.engine, relation=name, schema=schema, text_fields=text)


@pytest.fixture
def make() -> Iterator[Maker]:
    with Engine() as engine:
        yield Maker(engine)


@pytest.fixture(scope="module")
def shared_make() -> Iterator[Maker]:
    with Engine() as engine:
        yield Maker(engine)
