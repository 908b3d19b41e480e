"""Groups of rows in order, such as sentences: one that was rewritten stands where it stood, between the same others."""

from __future__ import annotations

from dsv.diff.fields import FieldPair, Side
from dsv.tables.duckdb import Engine, identifier
from dsv.tables.table import POSITION, Table


def gaps(old: Table, new: Table, sequence: FieldPair, pairs: str) -> str:
    """A table of groups `o` and `n` that pair by their place, though none of their rows has a partner.

    `sequence` numbers the groups; `pairs` is a table of the positions `o` and `n` of the rows that
    have partners. Groups pair between two neighbours that paired, where both sides have as many.
    """
    engine = old.engine
    partners = _partners(engine, old, new, sequence, pairs)
    left = _left(old, "old", sequence, partners)
    right = _left(new, "new", sequence, partners)
    name = engine.fresh("match_gaps")
    engine.execute(
        f"CREATE TABLE {name} AS SELECT l.s AS o, r.s AS n FROM {left} AS l JOIN {right} AS r "
        "USING (before, after, place, size)"
    )
    engine.execute(f"DROP TABLE {partners}")
    return name


def _partners(engine: Engine, old: Table, new: Table, sequence: FieldPair, pairs: str) -> str:
    """A table of the groups `o` and `n` that share rows, with how many; `sole`: they share none with others."""
    name = engine.fresh("match_groups")
    before, after = identifier(sequence.old.name), identifier(sequence.new.name)
    engine.execute(
        f"CREATE TABLE {name} AS SELECT *, count(*) OVER (PARTITION BY o) = 1 AND count(*) OVER (PARTITION BY n) = 1 "
        f"AS sole FROM (SELECT l.{before} AS o, r.{after} AS n FROM {pairs} AS p "
        f"JOIN {old.relation} AS l ON l.{POSITION} = p.o JOIN {new.relation} AS r ON r.{POSITION} = p.n GROUP BY ALL)"
    )
    return name


def _left(table: Table, side: Side, sequence: FieldPair, partners: str) -> str:
    """SQL for the groups of a side without partners, and where they stand.

    `before` and `after` are the neighbours that have partners, by their numbers in new (0 and -1 at
    the ends); `place` counts the groups between those, of which there are `size`.
    """
    own = side[0]
    groups = (
        f"(SELECT DISTINCT {identifier(sequence.form(side).name)} AS s FROM {table.relation} AS dsv_table "
        "WHERE s IS NOT NULL)"
    )
    known = (
        f"(SELECT s, max(n) FILTER (sole) AS partner, count(n) > 0 AS paired FROM {groups} AS g "
        f"LEFT JOIN {partners} AS p ON p.{own} = g.s GROUP BY s)"
    )
    placed = (
        "(SELECT s, paired, "
        "coalesce(last_value(partner IGNORE NULLS) OVER (ORDER BY s ROWS UNBOUNDED PRECEDING), 0) AS before, "
        "coalesce(first_value(partner IGNORE NULLS) OVER "
        "(ORDER BY s ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING), -1) AS after "
        f"FROM {known})"
    )
    return (
        "(SELECT s, before, after, row_number() OVER (PARTITION BY before, after ORDER BY s) AS place, "
        f"count(*) OVER (PARTITION BY before, after) AS size FROM {placed} WHERE NOT paired)"
    )
