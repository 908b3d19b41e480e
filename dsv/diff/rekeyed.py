"""Rows of equal content under another key."""

from __future__ import annotations

from dsv.diff.cells import NEW, OLD, Differences
from dsv.diff.fields import Side, hash_of
from dsv.diff.hashing import row_hash
from dsv.diff.plain import plain, stored
from dsv.model.diff import KeyChange
from dsv.tables.table import Table


def rekeyed(old: Table, new: Table, differences: Differences) -> tuple[KeyChange, ...]:
    """Added and removed rows that are equal in all compared fields, one to one, by old position.

    Only content that no other row of its side has tells who is who. Rows that were paired by
    identity have no key that could be another.
    """
    if not differences.key or differences.matched or not differences.compared:
        return ()
    engine = differences.engine
    pairs = engine.fresh("diff_rekeyed")
    left, right = _unique(differences, "old"), _unique(differences, "new")
    engine.execute(f"CREATE TABLE {pairs} AS SELECT h, l.p AS o, r.p AS n FROM {left} AS l JOIN {right} AS r USING (h)")
    if not engine.value(f"SELECT count(*) FROM {pairs}"):
        return ()
    _drop_common(old, "old", differences, pairs)
    _drop_common(new, "new", differences, pairs)
    return _changes(differences, pairs)


def _unique(differences: Differences, side: Side) -> str:
    """Content hashes that one row alone has among those of its side that paired with none."""
    values = []
    for pair in differences.compared:
        old, new = differences.columns(pair)
        values.append(pair.hashed(side, old if side == "old" else new))
    kind, position = ("removed", OLD) if side == "old" else ("added", NEW)
    return (
        f"(SELECT {row_hash(values)} AS h, min({position}) AS p FROM {differences.table} "
        f"WHERE kind = '{kind}' GROUP BY h HAVING count(*) = 1)"
    )


def _drop_common(table: Table, side: Side, differences: Differences, pairs: str) -> None:
    """Leave out content that other rows of the whole table have too."""
    content = f"SELECT {hash_of(differences.compared, side)} AS h FROM {table.relation} AS dsv_table"
    differences.engine.execute(
        f"DELETE FROM {pairs} WHERE h IN "
        f"(SELECT h FROM ({content}) SEMI JOIN {pairs} USING (h) GROUP BY h HAVING count(*) > 1)"
    )


def _changes(differences: Differences, pairs: str) -> tuple[KeyChange, ...]:
    columns = [differences.columns(pair) for pair in differences.key]
    before = [stored(f"l.{old}", pair.old) for pair, (old, _) in zip(differences.key, columns, strict=True)]
    after = [stored(f"r.{new}", pair.new) for pair, (_, new) in zip(differences.key, columns, strict=True)]
    same = " AND ".join(
        f"{pair.value('old', f'l.{old}')} IS NOT DISTINCT FROM {pair.value('new', f'r.{new}')}"
        for pair, (old, new) in zip(differences.key, columns, strict=True)
    )
    rows = differences.engine.rows(
        f"SELECT {', '.join([*before, *after])} FROM {pairs} AS p "
        f"JOIN {differences.table} AS l ON l.{OLD} = p.o JOIN {differences.table} AS r ON r.{NEW} = p.n "
        f"WHERE NOT ({same}) ORDER BY p.o"
    )
    size = len(columns)
    return tuple(
        KeyChange(
            old={pair.name: plain(cell, pair.old) for pair, cell in zip(differences.key, row[:size], strict=True)},
            new={pair.name: plain(cell, pair.new) for pair, cell in zip(differences.key, row[size:], strict=True)},
        )
        for row in rows
    )
