"""Classes that pairs found without them show to be renamed, so that other rows can pair by class too."""

from __future__ import annotations

from dsv.diff.fields import FieldPair, Side
from dsv.diff.inferred import MOST
from dsv.diff.rows import drop
from dsv.tables.duckdb import literal
from dsv.tables.table import POSITION, Table


def rename_classes(old: Table, new: Table, label: FieldPair, pairs: str, rest: str) -> None:
    """Give the rows of old in `rest` the new name of their class `c`, where it has one.

    A class is renamed if new lacks it, old lacks the other, and nearly all rows of either that are
    in `pairs` went from the one to the other: the same in both directions.
    """
    engine = old.engine
    left, right = _classes(old, "old", label), _classes(new, "new", label)
    renamed = engine.fresh("match_renamed")
    engine.execute(
        f"CREATE TABLE {renamed} AS WITH flows AS (SELECT l.c AS source, r.c AS target, count(*) AS number "
        f"FROM {pairs} AS d JOIN {left} AS l ON l.p = d.o JOIN {right} AS r ON r.p = d.n "
        "WHERE l.c IS NOT NULL AND r.c IS NOT NULL GROUP BY ALL) "
        "SELECT source, target FROM (SELECT *, sum(number) OVER (PARTITION BY source) AS gone, "
        "sum(number) OVER (PARTITION BY target) AS came FROM flows) "
        f"WHERE number >= {literal(MOST)} * greatest(gone, came) "
        f"AND source NOT IN (SELECT c FROM {right} WHERE c IS NOT NULL) "
        f"AND target NOT IN (SELECT c FROM {left} WHERE c IS NOT NULL)"
    )
    engine.execute(f"UPDATE {rest} SET c = r.target FROM {renamed} AS r WHERE c = r.source")
    drop(engine, renamed)


def _classes(table: Table, side: Side, label: FieldPair) -> str:
    return f"(SELECT {POSITION} AS p, {label.value(side)} AS c FROM {table.relation} AS dsv_table)"
