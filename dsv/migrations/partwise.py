"""A version made of the one before it, part by part: rows stay in their parts, and parts that nothing touches stay.

Only for operations that make each row of one row and leave its key be. The digest goes on from that of the version
before: of the rows that differ, the hashes are taken out and put in again.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from dsv.errors import BrokenPromise
from dsv.migrations.apply import Applied
from dsv.migrations.sums import made_fields, same_columns
from dsv.model.migration import Version
from dsv.model.progress import each
from dsv.profiles.digest import MASK, row_sum
from dsv.tables.duckdb import identifier
from dsv.tables.parts import BATCH, ROWS, PartFiles, PartWriter, arrow_schema
from dsv.tables.table import POSITION, Table

_MADE = "dsv_made"
_MANY = 100_000
"""So many rows are hashed at once."""


def fits(previous: Version, parts: PartFiles, applied: Applied) -> bool:
    """Say whether rows may be made part by part: `applied` is of the table of `parts`, the files of `previous`."""
    lineage, state, before = applied.table.lineage, applied.state, previous.state
    same_key = bool(state.key) and tuple(lineage.kept.get(name) for name in state.key) == before.key
    return lineage.root == parts.table.relation and lineage.of_single_rows() and same_key


def rewrite(previous: Version, parts: PartFiles, applied: Applied, folder: Path) -> tuple[int, int]:
    """Write the parts of `applied` into `folder`; gives the number of rows, and the sum of their hashes.

    Raises: BrokenPromise: an operation made several rows of one.
    """
    work = _Rewrite(parts, applied.table)
    target = folder / ROWS
    target.mkdir(parents=True)
    task = each(parts.table.engine.progress, "changing rows, in parts", range(len(parts.files)))
    with PartWriter(target, arrow_schema(applied.state.schema, position=False)) as writer:
        for number in task:
            work.part(number, writer)
    work.settle()
    return work.rows, ((previous.total if work.comparable else 0) + work.total) & MASK


class _Rewrite:
    """The parts of one version, one after the other.

    `rows` counts rows of the parts so far. `total` is the sum of their hashes; where the fields are
    the same before and after (`comparable`), it is by how much the sum changes.
    """

    def __init__(self, parts: PartFiles, after: Table) -> None:
        self.parts, self.before, self.after = parts, parts.table, after
        self.engine = after.engine
        self.rows = self.total = 0
        self.made = made_fields(after)
        self.comparable = same_columns(self.before.schema, after.schema)
        self._gone, self._come = _Hashes(self.before), _Hashes(after)

    def part(self, number: int, writer: PartWriter) -> None:
        """Make one part, or keep it."""
        if self.comparable and not self.made and not self.after.lineage.fewer:
            self._keep(number, writer)
            return
        with self.parts.only(number):
            made = self._made(number)
            # What the engine compares and hashes is the very table that is written.
            self.engine.connection.register(_MADE, made)
            if self._changes():
                writer.write(number, made.drop_columns([POSITION]).to_batches())
                self.rows += made.num_rows
            else:
                self._keep(number, writer)
            self.engine.connection.unregister(_MADE)

    def settle(self) -> None:
        """Bring `total` up to date."""
        self.total += self._come.settle() - self._gone.settle()

    def _keep(self, number: int, writer: PartWriter) -> None:
        writer.keep(number, self.parts.files[number])
        self.rows += self.parts.rows(number)

    def _made(self, number: int) -> Any:
        """The rows of a part, as an Arrow table in the order of their positions."""
        import numpy as np
        import pyarrow as pa

        columns = ", ".join(map(identifier, (*self.after.schema.names, POSITION)))
        query = f"SELECT {columns} FROM {self.after.relation} AS dsv_table"
        read = list(self.engine.batches(query, BATCH))
        if not read:
            return arrow_schema(self.after.schema, position=True).empty_table()
        made = pa.Table.from_batches(read)
        steps = np.diff(made.column(POSITION).to_numpy())
        if (steps < 0).any():  # a join may give rows in another order
            made = made.sort_by(POSITION)
            steps = np.diff(made.column(POSITION).to_numpy())
        if (steps == 0).any():
            raise BrokenPromise("an operation made several rows of one", where=str(self.parts.files[number]))
        return made

    def _changes(self) -> bool:
        """Say whether a part differs from the one before; its rows that do are noted, to be hashed."""
        if not self.comparable:
            self.total += row_sum(replace(self.after, relation=_MADE))[1]
            return True
        old = ", ".join(f"b.{identifier(name)}" for name in (*self.made, POSITION))
        tests = [f"b.{identifier(name)} IS DISTINCT FROM a.{identifier(name)}" for name in self.made]
        differing = self.engine.fresh("differing")
        count = self.engine.write(
            f"CREATE TABLE {differing} AS SELECT {old}, a.{POSITION} IS NULL AS gone "
            f"FROM {self.before.relation} b LEFT JOIN {_MADE} a ON a.{POSITION} = b.{POSITION} "
            f"WHERE {' OR '.join([f'a.{POSITION} IS NULL', *tests])}"
        )
        if count:
            self._note(differing)
        self.engine.execute(f"DROP TABLE {differing}")
        return bool(count)

    def _note(self, differing: str) -> None:
        """Note the rows that differ, as they were and as they are."""
        names, same = self.before.schema.names, f"d.{POSITION} = a.{POSITION}"
        come = ", ".join(f"a.{identifier(name)}" for name in names)
        # A row that stays had the cells that it still has, but for those that were made anew.
        gone = ", ".join(f"{'d' if name in self.made else 'a'}.{identifier(name)}" for name in names)
        self._come.add(f"SELECT {come} FROM {_MADE} a SEMI JOIN {differing} d ON {same}")
        self._gone.add(f"SELECT {gone} FROM {_MADE} a JOIN {differing} d ON {same}")
        if self.engine.value(f"SELECT bool_or(gone) FROM {differing}"):
            self._gone.add(
                f"SELECT {come} FROM {self.before.relation} a "
                f"SEMI JOIN (SELECT {POSITION} FROM {differing} WHERE gone) d ON {same}"
            )


class _Hashes:
    """Rows of a table's fields, kept until they are many, and the sum of their hashes."""

    def __init__(self, table: Table) -> None:
        self._kept = replace(table, relation=table.engine.fresh("hashed"))
        self._begun = False
        self._count = self._total = 0

    def add(self, query: str) -> None:
        """Add the rows of a query."""
        engine, name = self._kept.engine, self._kept.relation
        self._count += engine.write(f"INSERT INTO {name} {query}" if self._begun else f"CREATE TABLE {name} AS {query}")
        self._begun = True
        if self._count > _MANY:
            self.settle()

    def settle(self) -> int:
        """The sum so far."""
        if self._begun:
            # Rows that a join gives point into all that it read; those of a table of their own are hashed sooner.
            self._total += row_sum(self._kept)[1]
            self._kept.engine.execute(f"DROP TABLE {self._kept.relation}")
            self._begun, self._count = False, 0
        return self._total
