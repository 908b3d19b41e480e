"""Which row of old is which row of new: one scan a side for hashes, one join of the hashes.

The row index of a side is read in place of its rows, where there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dsv.diff.fields import FieldPair, Side, hash_of, key_hash
from dsv.diff.keys import Key
from dsv.model.counts import Counts
from dsv.tables.duckdb import Engine, identifier
from dsv.tables.rowindex import Common, RowIndex, common
from dsv.tables.table import POSITION, Table

NONE = Counts(old=0, new=0)
MOST = 0.9
"""Where at least this share of the shorter side's rows pair, they pair by the right thing."""
SIDES: tuple[Side, Side] = ("old", "new")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """The rows that pair with no equal row.

    `table` has the columns `o` and `n`: the positions of a row of old and of its partner of new,
    NULL on the side that lacks the row. `pairs` counts all pairs, those of equal rows included.
    `duplicate_keys` counts the rows whose key occurs more than once, `null_keys` those that lack a
    part of it; None where rows do not pair by key. `reordered` is None where rows pair by position.
    """

    table: str
    rows: Counts
    pairs: int
    duplicate_keys: Counts | None
    null_keys: Counts | None
    reordered: bool | None

    @property
    def finds_most(self) -> bool:
        """Whether most rows of the shorter side pair."""
        return self.pairs >= MOST * min(self.rows.old, self.rows.new)


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """What a join of the hashes found. `least` and `most` are how far rows moved."""

    table: str
    pairs: int
    alone: Counts
    least: int | None
    most: int | None

    def each_once(self, rows: Counts) -> bool:
        """No row pairs with two."""
        return self.pairs == rows.old - self.alone.old == rows.new - self.alone.new

    def beside_others(self) -> Join:
        """The same with other pairs, of one position each."""
        return replace(self, least=min(self.least or 0, 0), most=max(self.most or 0, 0))

    def reordered(self) -> bool | None:
        """Whether the pairs stand in another order, None if the join does not tell.

        A row that kept its place among the pairs moves by no more than the rows removed or added
        before it.
        """
        if self.least is None or self.most is None or self.least == self.most:
            return False
        return True if self.least < -self.alone.old or self.most > self.alone.new else None


def pair(old: Table, new: Table, key: Key, compared: Sequence[FieldPair], *, by_position: bool = False) -> Pairing:
    """Pair rows by key; without a key equal rows pair, and by position rows of one position.

    Rows whose key occurs more than once pair with equal rows of that key only, as a multiset. A
    row whose key lacks a part pairs with none.
    """
    found = None if by_position else _indexed(old, new, key, compared)
    if found is None:
        left = hashes(old, "old", key, compared, by_position=by_position)
        right = hashes(new, "new", key, compared, by_position=by_position)
        for relation, table in ((left, old), (right, new)):
            table.engine.counted(relation, table.count())
        spelled = any(field.spelled for field in compared)
        found = _paired(old.engine, left, right, spelled, once=by_position or bool(key.fields))
    return Pairing(
        table=found.join.table,
        rows=found.rows,
        pairs=found.join.pairs,
        duplicate_keys=found.duplicates if key.fields else None,
        null_keys=found.nulls if key.fields else None,
        reordered=None if by_position else found.reordered,
    )


def pair_beside(
    old: Table, new: Table, key: Key, compared: Sequence[FieldPair], blocks: Sequence[tuple[int, int, int]]
) -> Pairing:
    """Pair rows by key where both sides have more rows, which are equal and pair each with one.

    Those stand together in blocks: (first position in old, first position in new, number of rows). No
    key of theirs is among the rows of `old` and `new`.
    """
    # The ends of a block stand for it: so the order of all rows is seen in the order of a few.
    ends = [
        (first + place, second + place) for first, second, rows in blocks for place in sorted({0, rows - 1}) if rows
    ]
    spelled = any(field.spelled for field in compared)
    left, right = (
        _with_rows(hashes(table, side, key, compared, by_position=False), [end[at] for end in ends], spelled)
        for at, (table, side) in enumerate(((old, SIDES[0]), (new, SIDES[1])))
    )
    found = _paired(old.engine, left, right, spelled, once=True)
    more = sum(rows for _, _, rows in blocks) - len(ends)
    return Pairing(
        table=found.join.table,
        rows=_more(found.rows, more),
        pairs=found.join.pairs + more,
        duplicate_keys=found.duplicates,
        null_keys=found.nulls,
        reordered=found.reordered,
    )


def _with_rows(source: str, positions: Sequence[int], spelled: bool) -> str:
    """SQL for hashed rows and one more at each of the positions: one of a key that no other row of its side has."""
    spelling = ", CAST(0 AS UBIGINT) AS s" if spelled else ""
    more = ", ".join(f"({position}, {number})" for number, position in enumerate(positions))
    if not more:
        return source
    return (
        f"(SELECT * FROM {source} UNION ALL BY NAME SELECT CAST(p AS BIGINT) AS p, hash('dsv block', number) AS k, "
        f"CAST(0 AS UBIGINT) AS v{spelling} FROM (VALUES {more}) AS ends(p, number))"
    )


def hashes(table: Table, side: Side, key: Key, compared: Sequence[FieldPair], *, by_position: bool) -> str:
    """SQL for a side's position `p`, pairing key `k`, value `v` and, where spellings may differ, `s`."""
    pairing, value = _hashed(side, key, compared)
    pairing = POSITION if by_position else pairing
    spelled = [identifier(field.form(side).name) for field in compared if field.spelled]
    spelling = f", hash({', '.join(spelled)}) AS s" if spelled else ""
    return f"(SELECT {POSITION} AS p, {pairing} AS k, {value} AS v{spelling} FROM {table.relation} AS dsv_table)"


def index(table: Table, key: Key, compared: Sequence[FieldPair]) -> None:
    """Have the row index made by which the table is paired with another of the same fields."""
    if not any(field.spelled for field in compared):
        table.index(*_hashed("new", key, compared))


def are_indexed(old: Table, new: Table, key: Key, compared: Sequence[FieldPair]) -> bool:
    """Say whether both tables have the row index by which they pair."""
    if any(field.spelled for field in compared):
        return False
    sides: tuple[tuple[Table, Side], ...] = ((old, "old"), (new, "new"))
    return all(table.index(*_hashed(side, key, compared), make=False) is not None for table, side in sides)


def _hashed(side: Side, key: Key, compared: Sequence[FieldPair]) -> tuple[str, str]:
    """SQL for the hashes that pair a side's rows and that tell their values apart."""
    value = hash_of(compared, side)
    return key_hash(key.fields, side) if key.fields else value, value


def drop(engine: Engine, *tables: str) -> None:
    """Let go of tables that nobody reads any more."""
    for table in tables:
        engine.execute(f"DROP TABLE {table}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    join: Join
    rows: Counts
    duplicates: Counts
    nulls: Counts
    reordered: bool | None


def _indexed(old: Table, new: Table, key: Key, compared: Sequence[FieldPair]) -> _Found | None:
    """Pair rows by their indexes, those of a side that has none by themselves; None if neither side has one."""
    if any(field.spelled for field in compared):
        # An index tells values apart, and not their spellings.
        return None
    engine = old.engine
    left, right = old.index(*_hashed("old", key, compared)), new.index(*_hashed("new", key, compared))
    if left is None and right is None:
        return None
    once = bool(key.fields)
    try:
        shared = common(engine, left, right) if left and right else None
        found = _apart(engine, left, right, shared, once) if left and right and shared else None
        if found is not None:
            return found
        before = (left.rows(engine) if left else None) or hashes(old, "old", key, compared, by_position=False)
        after = (right.rows(engine) if right else None) or hashes(new, "new", key, compared, by_position=False)
        return _paired(engine, before, after, spelled=False, once=once)
    except Exception as error:
        # Another dsv may have made room in the cache meanwhile. If it is the rows, they are read again, and it is told.
        if not engine.is_damage(error):
            raise
        return None


def _apart(engine: Engine, left: RowIndex, right: RowIndex, shared: Common, once: bool) -> _Found | None:
    """Pair the rows that two indexes do not share, and count the others; None if an index is damaged.

    None as well if the order of the rows cannot be told without reading all.
    """
    before, after = left.rows(engine, shared.buckets), right.rows(engine, shared.buckets)
    if before is None or after is None:
        return None
    found = _paired(engine, before, after, spelled=False, once=once, in_place=True)
    drop(engine, before, after)
    if found.reordered is None:
        drop(engine, found.join.table)
        return None
    return replace(
        found,
        join=replace(found.join, pairs=found.join.pairs + shared.rows),
        rows=_more(found.rows, shared.rows),
        duplicates=_more(found.duplicates, shared.repeated),
    )


def _more(counts: Counts, number: int) -> Counts:
    return Counts(old=counts.old + number, new=counts.new + number)


def _paired(engine: Engine, left: str, right: str, spelled: bool, *, once: bool, in_place: bool = False) -> _Found:
    """Pair the rows of two relations; `once`: most keys may be expected not to repeat.

    `in_place`: there are other rows, which pair at one position; `reordered` may then be None, for unknown.
    """
    found = _paired_once(engine, left, right, spelled, in_place) if once else None
    return _paired_as_multisets(engine, left, right, spelled, in_place) if found is None else found


def _paired_once(engine: Engine, left: str, right: str, spelled: bool, in_place: bool) -> _Found | None:
    """Pair rows whose keys do not repeat, straight from the sources; None if a key of both sides repeats."""
    rows = Counts(old=engine.count(left), new=engine.count(right))
    # Where no row pairs with two, the join has no more rows than both sides together. One row more
    # proves that keys repeat, and so the join is cut off there, before it grows beyond measure.
    join = joined(engine, left, right, spelled, most=rows.old + rows.new + 1)
    if not join.each_once(rows):
        drop(engine, join.table)
        return None
    some_alone = join.alone != NONE
    return _Found(
        join=join,
        rows=rows,
        duplicates=_alone_twice(engine, join.table) if some_alone else NONE,
        nulls=_alone_without(engine, join.table) if some_alone else NONE,
        reordered=_reordered(engine, join, left, right, in_place),
    )


def _paired_as_multisets(engine: Engine, left: str, right: str, spelled: bool, in_place: bool) -> _Found:
    """Pair rows whose keys may repeat."""
    tables = left, right = stored(engine, left), stored(engine, right)
    (rows_old, nulls_old), (rows_new, nulls_new) = (
        engine.rows(f"SELECT count(*), count(*) - count(k) FROM {table}")[0] for table in tables
    )
    duplicates = number_repeated(engine, left, right, spelled)
    join = joined(engine, left, right, spelled)
    found = _Found(
        join=join,
        rows=Counts(old=rows_old, new=rows_new),
        duplicates=duplicates,
        nulls=Counts(old=nulls_old, new=nulls_new),
        reordered=_reordered(engine, join, left, right, in_place),
    )
    drop(engine, *tables)
    return found


def joined(engine: Engine, left: str, right: str, spelled: bool, most: int | None = None) -> Join:
    """Join by key, the first `most` rows. Pairs of equal rows become one group: only what differs is stored."""
    name = engine.fresh("diff_pairs")
    same = "l.v = r.v" + (" AND l.s = r.s" if spelled else "")
    every = (
        f"SELECT l.p AS lp, r.p AS rp, coalesce(l.k, r.k) AS lk, coalesce({same}, false) AS same "
        f"FROM {left} AS l FULL OUTER JOIN {right} AS r ON l.k = r.k"
    ) + ("" if most is None else f" LIMIT {most}")
    differing = ", ".join(
        f"CASE WHEN NOT same THEN {column} END AS {short}" for column, short in (("lp", "o"), ("rp", "n"), ("lk", "k"))
    )
    with engine.unordered():
        engine.execute(
            f"CREATE TABLE {name} AS SELECT {differing}, count(*) AS number, min(rp - lp) AS least, "
            f"max(rp - lp) AS most FROM ({every}) GROUP BY ALL"
        )
    pairs, alone_old, alone_new, least, most = engine.rows(
        "SELECT coalesce(sum(number) FILTER ((o IS NULL) = (n IS NULL)), 0), "
        "count(*) FILTER (o IS NOT NULL AND n IS NULL), count(*) FILTER (o IS NULL AND n IS NOT NULL), "
        f"min(least), max(most) FROM {name}"
    )[0]
    return Join(table=name, pairs=int(pairs), alone=Counts(old=alone_old, new=alone_new), least=least, most=most)


def _alone(side: str) -> str:
    return "o IS NOT NULL AND n IS NULL" if side == "old" else "o IS NULL AND n IS NOT NULL"


def _alone_twice(engine: Engine, table: str) -> Counts:
    """Rows of a repeated key, where no key that both sides have repeats."""
    old, new = (
        engine.value(
            f"SELECT coalesce(sum(rows), 0) FROM (SELECT count(*) AS rows FROM {table} "
            f"WHERE {_alone(side)} AND k IS NOT NULL GROUP BY k HAVING rows > 1)"
        )
        for side in ("old", "new")
    )
    return Counts(old=int(old), new=int(new))


def _alone_without(engine: Engine, table: str) -> Counts:
    """Rows without a key."""
    old, new = engine.rows(
        f"SELECT count(*) FILTER ({_alone('old')}), count(*) FILTER ({_alone('new')}) FROM {table} WHERE k IS NULL"
    )[0]
    return Counts(old=old, new=new)


def stored(engine: Engine, source: str) -> str:
    """Keep what a relation gives in a table; its name."""
    name = engine.fresh("diff_hashes")
    engine.execute(f"CREATE TABLE {name} AS SELECT * FROM {source}")
    return name


def number_repeated(engine: Engine, left: str, right: str, spelled: bool) -> Counts:
    """Tell apart the rows of a key that repeats in stored hashes, by their value and a running number; count them.

    The engine gives 0 for 0, and for zeros and a number what it gives for the number: without the word
    that goes first, the first of several rows of nothing but zeros would have the key of a row that holds 1.
    """
    repeated = engine.fresh("diff_repeated")
    twice = " UNION ".join(
        f"SELECT k FROM {side} WHERE k IS NOT NULL GROUP BY k HAVING count(*) > 1" for side in (left, right)
    )
    engine.execute(f"CREATE TABLE {repeated} AS {twice}")
    found = []
    for table in (left, right):
        groups = f"SELECT count(*) AS rows FROM {table} SEMI JOIN {repeated} USING (k) GROUP BY k HAVING rows > 1"
        found.append(int(engine.value(f"SELECT coalesce(sum(rows), 0) FROM ({groups})")))
        number = f"row_number() OVER (PARTITION BY k, v ORDER BY {'s, p' if spelled else 'p'})"
        numbered = stored(
            engine,
            f"(SELECT * FROM {table} ANTI JOIN {repeated} USING (k) UNION ALL "
            f"SELECT * REPLACE (hash('repeated', k, v, {number}) AS k) FROM {table} SEMI JOIN {repeated} USING (k))",
        )
        drop(engine, table)
        engine.execute(f"ALTER TABLE {numbered} RENAME TO {table}")
    drop(engine, repeated)
    return Counts(old=found[0], new=found[1])


def _reordered(engine: Engine, join: Join, left: str, right: str, in_place: bool) -> bool | None:
    known = (join.beside_others() if in_place else join).reordered()
    if known is not None or in_place:
        return known
    pairs = f"SELECT l.p AS o, r.p AS n FROM {left} AS l JOIN {right} AS r ON l.k = r.k"
    backwards = f"SELECT n < lag(n) OVER (ORDER BY o) AS back FROM ({pairs})"
    return bool(engine.value(f"SELECT coalesce(bool_or(back), false) FROM ({backwards})"))
