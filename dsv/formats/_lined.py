"""Files of one record a line, whose first lines say what a line has to be for the whole file to be so.

A pattern stands for a proof: a file all of whose lines match it is sound, has no line that means something only
together with another, and has the schema that its first lines have.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dsv.model.schema import Schema
from dsv.tables.duckdb import Engine
from dsv.tables.lines import Lines, read_lines
from dsv.tables.table import POSITION, Table

LEAST_BYTES = 8 * 2**20
"""Smaller files are parsed in less time than it takes to find out that they need not be."""
SAMPLE_ROWS = 20_480
"""Rows that say what the others have to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lined:
    """How the lines of a file have to be, as its first ones are.

    `pattern` (RE2) is matched by whole lines only that are records of the `schema`: its types then are those of
    the file. `head` are the bytes before the first record. `read` gives SQL that reads a file of such lines after
    such a head. No line begins with `never`. `text_fields` are as in `Table`.
    """

    schema: Schema
    pattern: str
    head: bytes
    read: Callable[[Path], str]
    never: str | None = None
    text_fields: frozenset[str] = frozenset()

    def proved(self, engine: Engine, path: Path) -> Lines | None:
        """The lines of a file, each of which matches; None if one does not."""
        return read_lines(engine, path, self.head, self.pattern, self.never)

    def table(self, engine: Engine, path: Path, rows: int) -> Table:
        """The rows of a file all of whose lines match, parsed anew whenever they are asked for."""
        name = engine.fresh("scan")
        engine.execute(f"CREATE VIEW {name} AS SELECT *, row_number() OVER () AS {POSITION} FROM {self.read(path)}")
        engine.counted(name, rows)
        return Table(engine=engine, relation=name, schema=self.schema, text_fields=self.text_fields)

    def some(self, engine: Engine, path: Path, positions: str) -> Table:
        """The rows of a file of such lines, kept; they stand at the positions that a relation of `p` has, in order."""
        name = engine.fresh("scan")
        numbered = f"(SELECT *, row_number() OVER () AS dsv_row FROM {self.read(path)})"
        places = f"(SELECT p AS {POSITION}, row_number() OVER (ORDER BY p) AS dsv_row FROM {positions})"
        engine.execute(
            f"CREATE TABLE {name} AS SELECT * EXCLUDE (dsv_row) FROM {numbered} JOIN {places} USING (dsv_row)"
        )
        return Table(engine=engine, relation=name, schema=self.schema, text_fields=self.text_fields)
