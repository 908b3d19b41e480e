"""The proof of a capture: the written documents, replayed on the old rows, give exactly the wanted ones."""

from __future__ import annotations

from pathlib import Path

from dsv.errors import BrokenPromise
from dsv.migrations import document
from dsv.migrations.apply import Applied, apply
from dsv.migrations.capture.wanted import Wanted, chosen
from dsv.migrations.source import check_key
from dsv.model.migration import State
from dsv.profiles.digest import row_digest
from dsv.tables.duckdb import identifier
from dsv.tables.table import POSITION, Table


def prove(dataset: str, text: str, path: str, folder: Path, state: State, old: Table, wanted: Wanted) -> Applied:
    """Replay a migration as it was written, and hold its rows against the wanted ones.

    `path` is the document's repository path, `folder` where its side files lie; `state` and `old`
    are what it meets.

    Raises: BrokenPromise: it does not give exactly the wanted rows, fields or types.
    """
    migration = document.read(text, path, folder)
    applied = apply(dataset, migration, state, old, folder, {})
    made = applied.table.stored("proved")
    check_key(made, applied.state.key, where=path)
    names = [name for name in wanted.table.schema.names if name not in wanted.left]
    _check_fields(applied.state, wanted, names, path)
    left, right = chosen(made, names), chosen(wanted.table, names)
    if not _give(left, right, applied.state.key, partial=wanted.partial):
        raise BrokenPromise(
            "the captured migration does not give exactly the new rows",
            where=path,
            hint="nothing was written; this is a bug of dsv",
        )
    return applied


def _check_fields(state: State, wanted: Wanted, names: list[str], path: str) -> None:
    found = {field.name: _plain(field.type) for field in state.schema if field.name not in wanted.left}
    expected = {name: _plain(wanted.table.schema[name].type) for name in names}
    if found != expected:
        raise BrokenPromise(
            "the captured migration does not give exactly the new fields",
            where=path,
            hint="nothing was written; this is a bug of dsv",
        )


def _plain(type_name: str) -> str:
    return "string" if type_name == "enum" else type_name


def _give(made: Table, wanted: Table, key: tuple[str, ...], *, partial: bool) -> bool:
    """Say whether the rows are the wanted ones; of a partial table, whether those are among them."""
    if not partial:
        return row_digest(made) == row_digest(wanted)
    if key:
        return row_digest(_only(made, wanted, key)) == row_digest(wanted)
    names = ", ".join(map(identifier, wanted.schema.names))
    lacking = f"SELECT {names} FROM {wanted.relation} EXCEPT ALL SELECT {names} FROM {made.relation}"
    return not made.engine.value(f"SELECT count(*) FROM ({lacking})")


def _only(table: Table, other: Table, key: tuple[str, ...]) -> Table:
    """The rows of a table whose key is in the other."""
    columns = ", ".join(f"t.{identifier(name)}" for name in (*table.schema.names, POSITION))
    listed = ", ".join(map(identifier, key))
    relation = f"(SELECT {columns} FROM {table.relation} AS t SEMI JOIN {other.relation} AS o USING ({listed}))"
    return Table(engine=table.engine, relation=relation, schema=table.schema)
