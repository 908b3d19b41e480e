"""Two text files most of whose lines are the same, byte for byte: the rows of these are equal, and are parsed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dsv.diff.fields import FieldPair, key_hash
from dsv.diff.keys import Key, is_unique
from dsv.diff.request import DiffRequest
from dsv.diff.rows import NONE, Join, Pairing, drop, hashes, joined, number_repeated, pair, stored
from dsv.model.counts import Counts
from dsv.model.schema import Schema
from dsv.tables.duckdb import Engine, identifier
from dsv.tables.lines import Lines
from dsv.tables.table import POSITION, Table, stage

LEAST_SAMPLED = 0.25
"""Where less than this share of some lines is shared, the others are not looked at."""
WORTH_SHARING = 0.5
"""Where less than this share of the lines is shared, all are parsed."""


LINES_AT_ONCE = 2_500_000
"""So many lines of a side are held in memory to look those of the other up: files of more are joined part by part."""
PAIRS_AT_ONCE = 2**17
CELL_BYTES = 20
"""What a cell of a key or a label takes in the engine's memory, or about that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonLines:
    """How the lines of two files pair: `rows` in all, `number` of them shared.

    `old` and `new` are relations of the positions `p` of the others, `pairs` is SQL, part by part,
    for the positions `o` and `n` of the shared ones, which moved by `least` to `most`.
    """

    rows: Counts
    number: int
    old: str
    new: str
    pairs: tuple[str, ...]
    least: int | None
    most: int | None


def common_lines(engine: Engine, old: Lines, new: Lines) -> CommonLines | None:
    """Pair equal lines, as multisets; None where too few are equal."""
    rows = Counts(old=old.number, new=new.number)
    parts = 1 + max(rows.old, rows.new) // LINES_AT_ONCE
    found = [
        _joined(engine, *(f"(SELECT * FROM {side.hashed} WHERE k % {parts} = {part})" for side in (old, new)))
        for part in range(parts)
    ]
    others = [
        " UNION ALL ".join(f"SELECT {column} AS p FROM {table} WHERE {column} IS NOT NULL" for table, *_ in found)
        for column in ("o", "n")
    ]
    alone, other = (engine.value(f"SELECT count(*) FROM ({relation})") for relation in others)
    if rows.old - alone < WORTH_SHARING * max(rows.old, rows.new):
        return None
    if rows.old - alone != rows.new - other:
        raise AssertionError(f"the lines do not add up: {rows}, {alone} and {other} of them alone")
    steps = [step for _, _, join in found for step in (join.least, join.most) if step is not None]
    return CommonLines(
        rows=rows,
        number=rows.old - alone,
        old=f"({others[0]})",
        new=f"({others[1]})",
        pairs=tuple(pairs for _, pairs, _ in found),
        least=min(steps, default=None),
        most=max(steps, default=None),
    )


def _joined(engine: Engine, left: str, right: str) -> tuple[str, str, Join]:
    """A table of the lines that only one side has (`o` or `n`), SQL for the pairs of equal ones, and their join."""
    rows = Counts(old=engine.count(left), new=engine.count(right))
    join = joined(engine, left, right, spelled=False, most=rows.old + rows.new + 1)
    if not join.each_once(rows):
        drop(engine, join.table)
        left, right = stored(engine, left), stored(engine, right)
        number_repeated(engine, left, right, spelled=False)
        join = joined(engine, left, right, spelled=False)
    pairs = f"SELECT l.p AS o, r.p AS n FROM {left} AS l JOIN {right} AS r ON l.k = r.k AND l.v = r.v"
    return join.table, pairs, join


class SharedLines:
    """The rows of two tables of one schema, by whether the other side has their line.

    `old` and `new` are the rows of the lines that only that side has.
    """

    def __init__(self, old: Table, new: Table, common: CommonLines) -> None:
        self.old, self.new = old, new
        self._common = common
        self._few: Table | None = None
        self.respelled = True
        """Rows of the other lines may be equal."""

    def pair(
        self, old: Table, new: Table, key: Key, compared: Sequence[FieldPair], request: DiffRequest
    ) -> Pairing | None:
        """Pair the rows of `old` and `new` (all of them), of which those of shared lines pair with each other.

        None where that is not certain to be right: as where a key repeats, for equal rows then go first.
        """
        if old.schema != new.schema or request.by_position or request.identity or request.key_forms:
            return None
        wanted = {*(item.old.name for item in key.fields), *request.labels, *filter(None, [request.split])}
        self._few = self._with_fields(old, wanted)
        # An inferred key was looked at already.
        if key.fields and key.source != "inferred" and not (is_unique(self._few, key.fields) and not self._meet(key)):
            return None
        own = pair(self.old, self.new, key, compared)
        if own.duplicate_keys not in (None, NONE) or (own.pairs and not key.fields):
            # Which of several equal rows is which depends on all of them.
            drop(old.engine, own.table)
            return None
        differing = self.old.engine.value(f"SELECT count(*) FILTER (o IS NOT NULL AND n IS NOT NULL) FROM {own.table}")
        self.respelled = own.pairs > differing
        number = self._common.number
        if own.rows != Counts(old=self._common.rows.old - number, new=self._common.rows.new - number):
            raise AssertionError(f"the lines do not add up: {self._common.rows}, {number} shared, {own.rows} others")
        return replace(
            own,
            rows=self._common.rows,
            pairs=own.pairs + number,
            reordered=self._reordered(own, key, compared),
        )

    @property
    def equal(self) -> Table:
        """The rows of shared lines as old has them, with the fields of its key and its classes."""
        few = self._few
        if few is None:
            raise AssertionError("the rows of shared lines are read when rows are paired")
        return replace(few, relation=f"(FROM {few.relation} ANTI JOIN {self.old.relation} USING ({POSITION}))")

    def _with_fields(self, table: Table, names: set[str]) -> Table:
        """A table with only some of its fields, kept: all of it is parsed only once for them."""
        fields = tuple(item for item in table.schema if item.name in names) or table.schema.fields[:1]
        columns = ", ".join(identifier(item.name) for item in fields)
        size = CELL_BYTES * len(fields) * self._common.rows.old
        relation = stage(table.engine, f"(SELECT {columns} FROM {table.relation})", size)
        texts = table.text_fields & {item.name for item in fields}
        return Table(engine=table.engine, relation=relation, schema=Schema(fields=fields), text_fields=texts)

    def _meet(self, key: Key) -> bool:
        """A row of a line that only new has, has the key of a shared one."""
        others = f"SELECT {key_hash(key.fields, 'new')} FROM {self.new.relation} AS dsv_table"
        known = f"SELECT {key_hash(key.fields, 'old')} AS k FROM {self.equal.relation} AS dsv_table"
        return bool(self.new.engine.value(f"SELECT EXISTS (FROM ({known}) WHERE k IN ({others}))"))

    def _reordered(self, own: Pairing, key: Key, compared: Sequence[FieldPair]) -> bool:
        engine = self.old.engine
        left = hashes(self.old, "old", key, compared, by_position=False)
        right = hashes(self.new, "new", key, compared, by_position=False)
        others = f"SELECT l.p AS o, r.p AS n FROM {left} AS l JOIN {right} AS r ON l.k = r.k"
        moved = engine.rows(f"SELECT min(n - o), max(n - o) FROM ({others})")[0]
        steps = [step for step in (self._common.least, self._common.most, *moved) if step is not None]
        alone = Counts(old=own.rows.old - own.pairs, new=own.rows.new - own.pairs)
        join = Join(
            table="", pairs=own.pairs, alone=alone, least=min(steps, default=None), most=max(steps, default=None)
        )
        known = join.reordered()
        if known is not None:
            return known
        return self._crosses([*self._common.pairs, others])

    def _crosses(self, pairs: Sequence[str]) -> bool:
        """Of two of the pairs of positions the one that is first in old is not so in new."""
        import numpy as np

        # By their places they need no sorting, and take 8 bytes a row.
        places = np.zeros(self._common.rows.old + 1, dtype=np.int64)
        for part in pairs:
            for batch in self.old.engine.batches(part, PAIRS_AT_ONCE):
                places[batch.column(0).to_numpy()] = batch.column(1).to_numpy()
        found = places[places > 0]
        return bool((found[1:] < found[:-1]).any())
