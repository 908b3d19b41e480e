"""Two Parquet files in which rows kept their places: only the columns whose bytes differ are decoded.

Where all keys are unique and each stands at the same place on both sides, rows pair by place. Then
fields of equal bytes are equal in all rows, and nothing has to be known of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from dsv.diff.fields import FieldPair, align
from dsv.diff.keys import is_unique
from dsv.diff.request import DiffRequest
from dsv.diff.rows import Pairing
from dsv.model.counts import Counts
from dsv.model.schema import Schema
from dsv.tables.chunks import Alike, alike
from dsv.tables.duckdb import identifier
from dsv.tables.table import OFFSET, POSITION, Table

ROWS_AT_ONCE = 2**20
"""Row groups are compared together up to so many rows: a side of them is held in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InPlace:
    """Both tables with the fields that matter, a request about these, and the row groups that differ.

    `spans` are the first and last offsets (from 0) of rows to look at.
    """

    old: Table
    new: Table
    request: DiffRequest
    rows: int
    spans: tuple[tuple[int, int], ...]

    def pair(self, compared: Sequence[FieldPair]) -> Pairing:
        """The pairs of rows that differ, found place by place."""
        engine = self.old.engine
        name = engine.fresh("diff_pairs")
        engine.execute(f"CREATE TABLE {name} (o BIGINT, n BIGINT)")
        looked_at = 0
        for first, last in self.spans if compared else ():
            left, right = (_cells(table, first, last, compared) for table in (self.old, self.new))
            differ = " OR ".join(
                f"{pair.value('old', f'l.c{number}')} IS DISTINCT FROM {pair.value('new', f'r.c{number}')}"
                for number, pair in enumerate(compared)
            )
            joined = f"SELECT l.p AS o, r.p AS n, ({differ}) AS differ FROM {left} AS l POSITIONAL JOIN {right} AS r"
            engine.execute(f"INSERT INTO {name} SELECT o, n FROM ({joined}) WHERE differ OR o IS DISTINCT FROM n")
            looked_at += last - first + 1
        apart = engine.value(f"SELECT count(*) FROM {name} WHERE o IS DISTINCT FROM n")
        if apart or looked_at > self.rows:
            raise AssertionError(f"{apart} of {looked_at} rows were not compared place by place")
        nothing = Counts(old=0, new=0)
        return Pairing(
            table=name,
            rows=Counts(old=self.rows, new=self.rows),
            pairs=self.rows,
            duplicate_keys=nothing,
            null_keys=nothing,
            reordered=False,
        )


def in_place(old: Table, new: Table, request: DiffRequest, keep: Collection[str]) -> InPlace | None:
    """The same comparison of fewer fields; None where rows have to be paired by key.

    `keep` are further fields that are wanted, whether they differ or not.
    """
    if old.file is None or new.file is None or not _fits(old, new, request):
        return None
    layout = alike(old.engine, old.file, new.file)
    if layout is None or any(next(layout.differing(name), None) is not None for name in request.key):
        return None
    groups = {name: set(layout.differing(name)) for name in old.schema.names if name not in request.key}
    key = [pair for name in request.key if (pair := align(old, new).find(name)) is not None]
    if not is_unique(old, key):
        return None
    kept = {*request.key, *keep, *(name for name, differing in groups.items() if differing)}
    ignored = {name for name in groups if name in request.ignore}
    differing = set().union(*(groups[name] for name in groups.keys() - ignored))
    return InPlace(
        old=_narrowed(old, kept),
        new=_narrowed(new, kept),
        request=replace(request, ignore=tuple(name for name in request.ignore if name in kept)),
        rows=sum(layout.rows),
        spans=tuple(_spans(layout, sorted(differing))),
    )


def _fits(old: Table, new: Table, request: DiffRequest) -> bool:
    """Whether a key is named, and nothing is asked that needs more than the fields that differ."""
    more = (
        request.by_position,
        request.identity,
        request.renames,
        request.key_forms,
        request.context,
        request.surrogates,
        request.sequence,
        request.where,
    )
    named = (*request.key, *request.ignore, *request.labels, *([request.split] if request.split else []))
    same = old.schema == new.schema and all(pair.old == pair.new for pair in align(old, new).pairs)
    return bool(request.key) and not any(more) and same and all(name in old.schema for name in named)


def _narrowed(table: Table, kept: Collection[str]) -> Table:
    return replace(table, schema=Schema(fields=tuple(item for item in table.schema if item.name in kept)))


def _spans(layout: Alike, groups: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and last offsets of runs of row groups, each of a bearable size."""
    firsts = [sum(layout.rows[:number]) for number in range(len(layout.rows))]
    run: tuple[int, int] | None = None
    for group in groups:
        first, last = firsts[group], firsts[group] + layout.rows[group] - 1
        if run is not None and first == run[1] + 1 and last - run[0] < ROWS_AT_ONCE:
            run = (run[0], last)
            continue
        if run is not None:
            yield run
        run = (first, last)
    if run is not None:
        yield run


def _cells(table: Table, first: int, last: int, compared: Sequence[FieldPair]) -> str:
    cells = ", ".join(f"{identifier(pair.name)} AS c{number}" for number, pair in enumerate(compared))
    return f"(SELECT {POSITION} AS p, {cells} FROM {table.lookup} WHERE {OFFSET} BETWEEN {first} AND {last})"
