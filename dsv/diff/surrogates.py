"""Fields that name rows inside one file only: how many rows got another one, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from dsv.diff.cells import Differences
from dsv.diff.fields import Alignment, FieldPair, Side, key_hash
from dsv.diff.keys import Key
from dsv.diff.request import DiffRequest
from dsv.model.finding import Finding
from dsv.tables.table import Table


def renumbered(
    name: str, old: Table, new: Table, key: Key, fields: Alignment, differences: Differences, request: DiffRequest
) -> Iterator[Finding]:
    """A finding for each surrogate by which paired rows differ that differ in nothing that was compared.

    Rows whose key repeats are not counted. Without a key no two rows are known to be one.
    """
    pairs = [pair for field in request.surrogates if (pair := fields.find(field)) is not None]
    for pair in pairs if key.fields else ():
        rows = _moved(old, new, key, pair) - _moved_and_changed(differences, pair)
        if rows > 0:
            subject = "1 row has" if rows == 1 else f"{rows:,} rows have"
            message = f"{subject} another {pair.name} and no other change (it is dealt afresh, so it is not compared)"
            yield Finding(rule="renumbered", level="info", message=message, count=rows, dataset=name)


def _moved(old: Table, new: Table, key: Key, pair: FieldPair) -> int:
    left, right = _once(old, "old", key, pair), _once(new, "new", key, pair)
    return int(
        old.engine.value(f"SELECT count(*) FROM {left} AS l JOIN {right} AS r USING (k) WHERE l.x IS DISTINCT FROM r.x")
    )


def _once(table: Table, side: Side, key: Key, pair: FieldPair) -> str:
    """Keys `k` that one row alone has, with its surrogate `x`."""
    rows = f"SELECT {key_hash(key.fields, side)} AS k, {pair.value(side)} AS x FROM {table.relation} AS dsv_table"
    return f"(SELECT k, min(x) AS x FROM ({rows}) WHERE k IS NOT NULL GROUP BY k HAVING count(*) = 1)"


def _moved_and_changed(differences: Differences, pair: FieldPair) -> int:
    before, after = differences.columns(pair)
    old, new = pair.value("old", before), pair.value("new", after)
    sql = f"SELECT count(*) FROM {differences.table} WHERE kind = 'changed' AND {old} IS DISTINCT FROM {new}"
    return int(differences.engine.value(sql))
