"""Migrations replayed on the rows of a published file, to tell which of its changes they account for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from dsv.diff.replay import Replay, Replayed, Step
from dsv.errors import MigrationError
from dsv.migrations.apply import apply
from dsv.migrations.foretell import Foretold, Parameters, foretell
from dsv.model.migration import Base, Migration, State
from dsv.model.schema import Field
from dsv.tables.duckdb import identifier
from dsv.tables.table import POSITION, Table, cast_text
from dsv.tables.types import engine_type


def state_after(base: Base, migrations: Sequence[Migration], folder: Path, parameters: Parameters) -> State:
    """The state that migrations lead to from a base. Raises: SchemaError: one does not fit those before it."""
    found = list(foretell(base.dataset, base.state, migrations, folder, parameters, guarded=False))
    return found[-1].after if found else base.state


def prepare(
    dataset: str, state: State, migrations: Sequence[Migration], folder: Path, parameters: Parameters
) -> Replay:
    """The replay of migrations on rows that were published in a state.

    `folder` holds their documents and side files; `parameters` gives what `params.yaml` has for a
    migration. The rows may be others than the chain's, so guards do not count.

    Raises: MigrationError: one of them runs code. SchemaError: one does not fit the state.
    """
    for migration in migrations:
        _refuse_code(migration)
    fields = _fields(state, foretell(dataset, state, migrations, folder, parameters, guarded=False))

    def run(rows: Table, keep: bool) -> Replayed:
        try:
            return _replayed(dataset, migrations, state, rows, folder, parameters, keep)
        except Exception as error:
            if not rows.engine.is_damage(error):
                raise
            raise MigrationError(
                str(error).splitlines()[0], where=f"{migrations[0].id} to {migrations[-1].id}"
            ) from None

    operations = [operation for migration in migrations for operation in migration.operations]
    return Replay(
        run=run,
        rowwise=all(operation.rowwise for operation in operations),
        renames=tuple((before, after) for before, after in fields.items() if before != after),
    )


def _refuse_code(migration: Migration) -> None:
    for operation in migration.operations:
        if operation.runs_code:
            raise MigrationError(
                f"{migration.id} runs code ({operation.name}), which comparing never does", where=migration.path
            )


def _fields(state: State, foretold: Iterable[Foretold]) -> Mapping[str, str]:
    """Where each field of a state went through migrations."""
    fields = {name: name for name in state.schema.names}
    for step in foretold:
        fields = {old: step.fields[now] for old, now in fields.items() if now in step.fields}
    return fields


def _replayed(
    dataset: str,
    migrations: Sequence[Migration],
    state: State,
    rows: Table,
    folder: Path,
    parameters: Parameters,
    keep: bool,
) -> Replayed:
    table = start = _typed(rows, state, keep)
    steps = []
    for migration in migrations:
        applied = apply(dataset, migration, state, table, folder, parameters(migration.id), guarded=False)
        state, table = applied.state, applied.table.stored("replay") if keep else applied.table
        steps.append(Step(migration=migration.id, title=migration.title, table=table, fields=applied.fields))
    return Replayed(start=start, steps=tuple(steps))


def _typed(rows: Table, state: State, keep: bool) -> Table:
    """The rows with the fields of the chain, and of its types; a cell that does not fit is missing."""
    cells = ", ".join(f"{_cell(rows, field)} AS {identifier(field.name)}" for field in state.schema)
    relation = f"(SELECT {cells}, {POSITION} FROM {rows.relation} AS dsv_table)"
    table = Table(engine=rows.engine, relation=relation, schema=state.schema)
    return table.stored("replay") if keep else table


def _cell(rows: Table, field: Field) -> str:
    column, kind = identifier(field.name), engine_type(field.type)
    if field.name not in rows.schema:
        return f"CAST(NULL AS {kind})"
    if field.name in rows.text_fields:
        return cast_text(column, field.type, attempt=True)
    return f"TRY_CAST({column} AS {kind})"
