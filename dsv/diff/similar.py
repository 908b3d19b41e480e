"""Removed and added rows that share most cells, though no key says that they are one row.

Candidates have a value in common that few of the rows left over have, so the cost grows with what changed
and not with what exists. Of the candidates those pair that are each other's best, round by round.
"""

from __future__ import annotations

from dsv.diff.cells import NEW, OLD, Differences
from dsv.diff.fields import Side
from dsv.diff.hashing import row_hash
from dsv.diff.plain import plain, stored
from dsv.diff.rows import drop
from dsv.model.diff import Cell, SimilarPair

RARE = 20
"""A value names candidates if at most so many of the rows on each side have it."""
MOST = 0.5
"""Pairs have more than this share of their compared cells in common."""
ROUNDS = 8


def similar(differences: Differences) -> tuple[SimilarPair, ...]:
    """Pairs of a removed and an added row, by old position; each row is in one pair at the most.

    Equally good candidates are told apart by how far the row would have moved.
    """
    if not differences.compared:
        return ()
    engine = differences.engine
    cells, scored, pairs = (engine.fresh(f"similar_{name}") for name in ("cells", "scored", "pairs"))
    engine.execute(f"CREATE TABLE {cells} AS {_cells(differences, 'old')} UNION ALL {_cells(differences, 'new')}")
    engine.execute(f"CREATE TABLE {scored} AS {_scored(cells, len(differences.compared))}")
    engine.execute(f"CREATE TABLE {pairs} (o BIGINT, n BIGINT, score DOUBLE)")
    for _ in range(ROUNDS):
        before = engine.value(f"SELECT count(*) FROM {pairs}")
        engine.execute(f"INSERT INTO {pairs} {_mutual_best(scored, pairs)}")
        if engine.value(f"SELECT count(*) FROM {pairs}") == before:
            break
    found = _pairs(differences, pairs)
    drop(engine, cells, scored, pairs)
    return found


def _cells(differences: Differences, side: Side) -> str:
    """SQL for (side, row, field, hash of the value), of a side's rows that paired with none."""
    hashes = []
    for pair in differences.compared:
        old, new = differences.columns(pair)
        hashes.append(row_hash([pair.hashed(side, old if side == "old" else new)]))
    kind, position = ("removed", OLD) if side == "old" else ("added", NEW)
    numbers = ", ".join(map(str, range(len(hashes))))
    return (
        f"SELECT '{side}' AS side, {position} AS p, unnest([{numbers}]) AS f, unnest([{', '.join(hashes)}]) AS h "
        f"FROM {differences.table} WHERE kind = '{kind}'"
    )


def _scored(cells: str, number: int) -> str:
    """SQL for candidates (old row, new row) and the share of their cells that are equal."""
    seen = "count(*) FILTER (side = '{0}') BETWEEN 1 AND {1}"
    rare = f"SELECT f, h FROM {cells} GROUP BY f, h HAVING {seen.format('old', RARE)} AND {seen.format('new', RARE)}"
    chosen = f"SELECT c.* FROM {cells} AS c JOIN ({rare}) AS r USING (f, h)"
    candidates = (
        f"SELECT DISTINCT l.p AS o, r.p AS n FROM ({chosen}) AS l JOIN ({chosen}) AS r USING (f, h) "
        f"WHERE l.side = 'old' AND r.side = 'new'"
    )
    return (
        f"SELECT o, n, count(*) FILTER (a.h = b.h) / {number}.0 AS score FROM ({candidates}) AS c "
        f"JOIN {cells} AS a ON a.side = 'old' AND a.p = c.o "
        f"JOIN {cells} AS b ON b.side = 'new' AND b.p = c.n AND b.f = a.f "
        f"GROUP BY o, n HAVING score > {MOST}"
    )


def _mutual_best(scored: str, pairs: str) -> str:
    """SQL for pairs of rows, not paired before, that are each other's best candidate."""
    free = f"SELECT * FROM {scored} WHERE o NOT IN (SELECT o FROM {pairs}) AND n NOT IN (SELECT n FROM {pairs})"
    order = "ORDER BY score DESC, abs(o - n), o, n"
    best = ", ".join(f"row_number() OVER (PARTITION BY {side} {order}) AS best_{side}" for side in ("o", "n"))
    return f"SELECT o, n, score FROM (SELECT *, {best} FROM ({free})) WHERE best_o = 1 AND best_n = 1"


def _pairs(differences: Differences, pairs: str) -> tuple[SimilarPair, ...]:
    columns = [differences.columns(pair) for pair in differences.compared]
    before = [stored(f"l.{old}", pair.old) for pair, (old, _) in zip(differences.compared, columns, strict=True)]
    after = [stored(f"r.{new}", pair.new) for pair, (_, new) in zip(differences.compared, columns, strict=True)]
    differ = [
        f"{pair.value('old', f'l.{old}')} IS DISTINCT FROM {pair.value('new', f'r.{new}')}"
        for pair, (old, new) in zip(differences.compared, columns, strict=True)
    ]
    size = len(columns)
    found = []
    for o, n, score, *rest in differences.engine.rows(
        f"SELECT p.o, p.n, p.score, {', '.join([*differ, *before, *after])} FROM {pairs} AS p "
        f"JOIN {differences.table} AS l ON l.{OLD} = p.o AND l.kind = 'removed' "
        f"JOIN {differences.table} AS r ON r.{NEW} = p.n AND r.kind = 'added' ORDER BY p.o"
    ):
        flags, olds, news = rest[:size], rest[size : 2 * size], rest[2 * size :]
        cells = {
            pair.name: Cell(old=plain(old, pair.old), new=plain(new, pair.new))
            for pair, flag, old, new in zip(differences.compared, flags, olds, news, strict=True)
            if flag
        }
        found.append(SimilarPair(old_position=o, new_position=n, similarity=score, cells=cells))
    return tuple(found)
