"""The sum of the hashes of a table's rows, carried on from the table it was made of: only what differs is hashed."""

from __future__ import annotations

from dataclasses import replace

from dsv.migrations.ranges import ranges
from dsv.model.schema import Schema
from dsv.profiles.digest import MASK, row_sum
from dsv.tables.duckdb import identifier
from dsv.tables.table import POSITION, Table


def made_fields(after: Table) -> list[str]:
    """Fields whose cells may differ from those of the same name and row in the table that they were made of."""
    kept = after.lineage.kept
    return [name for name in after.schema.names if kept.get(name) != name]


def same_columns(before: Schema, after: Schema) -> bool:
    """Say whether two tables have the same fields, of the same types, in the same order."""
    return [(item.name, item.type) for item in before] == [(item.name, item.type) for item in after]


def sum_after(before: Table, known: int | None, after: Table) -> tuple[int, int]:
    """The rows of `after`, and the sum of their hashes; `known` is that of `before`, None if nobody knows it."""
    carried = known is not None and after.lineage.root == before.relation
    if not carried or known is None or not same_columns(before.schema, after.schema):
        return row_sum(after)
    engine, made = after.engine, made_fields(after)
    columns = ", ".join(map(identifier, (*made, POSITION)))
    tests = [f"b.{identifier(name)} IS DISTINCT FROM a.{identifier(name)}" for name in made]
    differing = engine.fresh("differing")
    engine.execute(f"CREATE TABLE {differing} (position BIGINT, gone BOOLEAN)")
    count = sum(
        engine.write(
            f"INSERT INTO {differing} SELECT b.{POSITION}, a.{POSITION} IS NULL "
            f"FROM (SELECT {columns} FROM {before.relation} AS dsv_table {some}) b "
            f"LEFT JOIN (SELECT {columns} FROM {after.relation} AS dsv_table {some}) a ON a.{POSITION} = b.{POSITION} "
            f"WHERE {' OR '.join([f'a.{POSITION} IS NULL', *tests])}"
        )
        for some in ranges(before)
    )
    gone = int(engine.value(f"SELECT count(*) FROM {differing} WHERE gone"))
    rows = after.count()
    try:
        # Where rows were added, or most differ, hashing all is right, or no more work.
        if rows != before.count() - gone or count > rows / 2:
            return row_sum(after)
        return rows, (known + _of(after, differing) - _of(before, differing)) & MASK
    finally:
        engine.execute(f"DROP TABLE {differing}")


def _of(table: Table, positions: str) -> int:
    """The sum of the hashes of the rows at some positions."""
    relation = f"(SELECT t.* FROM {table.relation} t SEMI JOIN {positions} p ON p.position = t.{POSITION})"
    # What a join gives points into all rows that it read, and their lists would be taken apart with these.
    few = replace(table, relation=relation).stored("few")
    total = row_sum(few)[1]
    table.engine.execute(f"DROP TABLE {few.relation}")
    return total
