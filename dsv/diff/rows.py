"""Which row of old is which row of new: one scan a side for hashes, one join of the hashes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dsv.diff.fields import FieldPair, Side, hash_of, key_hash
from dsv.diff.keys import Key
from dsv.model.diff import Counts
from dsv.tables.duckdb import Engine, identifier
from dsv.tables.table import POSITION, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """Every row of both sides, once.

    `table` has the columns `o` and `n` (positions, NULL on the side that lacks the row) and
    `same` (true where the hashes of both rows are equal). `duplicate_keys` counts the rows whose
    key occurs more than once, `null_keys` those that lack a part of it.
    """

    table: str
    rows: Counts
    pairs: int
    duplicate_keys: Counts | None
    null_keys: Counts | None
    reordered: bool | None


@dataclass(frozen=True, slots=True)
class _Keys:
    rows: int
    known: int
    distinct: int

    @property
    def unique(self) -> bool:
        return self.known == self.distinct


def pair(old: Table, new: Table, key: Key, compared: Sequence[FieldPair], *, by_position: bool = False) -> Pairing:
    """Pair rows by key; without a key equal rows pair, and by position rows of one position.

    Rows whose key occurs more than once pair with equal rows of that key only, as a multiset. A
    row whose key lacks a part pairs with none.
    """
    engine = old.engine
    spelled = any(field.spelled for field in compared)
    left = _hashed(old, "old", key, compared, by_position)
    right = _hashed(new, "new", key, compared, by_position)
    counts = Counts(old=_count(engine, left), new=_count(engine, right))
    duplicates = nulls = None
    if key.unique:
        duplicates = nulls = Counts(old=0, new=0)
    elif not by_position:
        keys_old, keys_new = _keys(engine, left), _keys(engine, right)
        nulls = Counts(old=keys_old.rows - keys_old.known, new=keys_new.rows - keys_new.known)
        duplicates = Counts(old=0, new=0)
        if not (keys_old.unique and keys_new.unique):
            left, right, duplicates = _numbered(engine, left, right, spelled)
    joined = _joined(engine, left, right, spelled)
    pairs, reordered = _order(engine, joined, counts)
    return Pairing(
        table=joined,
        rows=counts,
        pairs=pairs,
        duplicate_keys=duplicates if key.fields else None,
        null_keys=nulls if key.fields else None,
        reordered=None if by_position else reordered,
    )


def drop(engine: Engine, *tables: str) -> None:
    """Let go of tables that nobody reads any more."""
    for table in tables:
        engine.execute(f"DROP TABLE {table}")


def _hashed(table: Table, side: Side, key: Key, compared: Sequence[FieldPair], by_position: bool) -> str:
    """A table of position `p`, pairing key `k`, value `v` and, where spellings may differ, `s`."""
    value = hash_of(compared, side)
    pairing = POSITION if by_position else key_hash(key.fields, side) if key.fields else value
    spelled = [identifier(field.form(side).name) for field in compared if field.spelled]
    spelling = f", hash({', '.join(spelled)}) AS s" if spelled else ""
    name = table.engine.fresh("diff_hashes")
    table.engine.execute(
        f"CREATE TABLE {name} AS SELECT {POSITION} AS p, {pairing} AS k, {value} AS v{spelling} "
        f"FROM {table.relation} AS dsv_table"
    )
    return name


def _count(engine: Engine, table: str) -> int:
    return int(engine.value(f"SELECT count(*) FROM {table}"))


def _keys(engine: Engine, hashes: str) -> _Keys:
    return _Keys(*engine.rows(f"SELECT count(*), count(k), count(DISTINCT k) FROM {hashes}")[0])


def _numbered(engine: Engine, left: str, right: str, spelled: bool) -> tuple[str, str, Counts]:
    """Hashes whose duplicate keys are told apart by their value and a running number."""
    repeated = engine.fresh("diff_repeated")
    groups = " UNION ".join(
        f"SELECT k FROM {side} WHERE k IS NOT NULL GROUP BY k HAVING count(*) > 1" for side in (left, right)
    )
    engine.execute(f"CREATE TABLE {repeated} AS {groups}")
    numbered, counts = [], []
    for hashes in (left, right):
        groups = f"SELECT count(*) AS n FROM {hashes} SEMI JOIN {repeated} USING (k) GROUP BY k HAVING n > 1"
        counts.append(int(engine.value(f"SELECT coalesce(sum(n), 0) FROM ({groups})")))
        name = engine.fresh("diff_hashes")
        number = f"row_number() OVER (PARTITION BY k, v ORDER BY {'s, p' if spelled else 'p'})"
        engine.execute(
            f"CREATE TABLE {name} AS SELECT * FROM {hashes} ANTI JOIN {repeated} USING (k) "
            f"UNION ALL SELECT * REPLACE (hash(k, v, {number}) AS k) "
            f"FROM {hashes} SEMI JOIN {repeated} USING (k)"
        )
        numbered.append(name)
    drop(engine, left, right, repeated)
    return numbered[0], numbered[1], Counts(old=counts[0], new=counts[1])


def _joined(engine: Engine, left: str, right: str, spelled: bool) -> str:
    same = "l.v = r.v" + (" AND l.s = r.s" if spelled else "")
    name = engine.fresh("diff_pairs")
    engine.execute(
        f"CREATE TABLE {name} AS SELECT l.p AS o, r.p AS n, coalesce({same}, false) AS same "
        f"FROM {left} AS l FULL OUTER JOIN {right} AS r ON l.k = r.k"
    )
    drop(engine, left, right)
    return name


def _order(engine: Engine, pairs: str, counts: Counts) -> tuple[int, bool]:
    """Number of pairs, and whether their rows stand in another order.

    A row that kept its place among the common rows moves by no more than the rows removed or
    added before it, so most reorderings show without a sort.
    """
    both = f"FROM {pairs} WHERE o IS NOT NULL AND n IS NOT NULL"
    number, least, most = engine.rows(f"SELECT count(*), min(n - o), max(n - o) {both}")[0]
    if not number or least == most:
        return number, False
    if least < number - counts.old or most > counts.new - number:
        return number, True
    backwards = f"SELECT n < lag(n) OVER (ORDER BY o) AS back {both}"
    return number, bool(engine.value(f"SELECT coalesce(bool_or(back), false) FROM ({backwards})"))
