"""One migration on a table: its operations, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsv.errors import BrokenPromise, DsvError
from dsv.model.finding import Finding
from dsv.model.migration import Effect, Migration, State
from dsv.operations.base import Inputs, Outcome, worst
from dsv.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What a migration made of a table.

    `fields` maps the fields before to the fields after that hold the same cells. `quarantine` are
    the rows that each operation set aside. `lines` are the operations in words, with their signs,
    `guards` what they checked.
    """

    state: State
    table: Table
    fields: Mapping[str, str]
    quarantine: tuple[Table, ...]
    lines: tuple[tuple[str, str], ...]
    effect: Effect
    findings: tuple[Finding, ...]
    guards: tuple[str, ...] = ()


def apply(
    dataset: str,
    migration: Migration,
    state: State,
    table: Table,
    folder: Path,
    parameters: Mapping[str, Any],
    *,
    guarded: bool = True,
) -> Applied:
    """Apply a migration's operations. `folder` holds its document and side files.

    `parameters` are the values that `params.yaml` has for the migration. Rows are computed when
    they are read; guards are checked now, unless the rows are others than the chain's (not
    `guarded`).

    Raises: SchemaError, MigrationError: as the operations do; `where` is the document unless the
        operation knows better. BrokenPromise: an operation made other fields than it foretold.
    """
    inputs = Inputs(folder=folder, parameters=parameters, guarded=guarded)
    fields = {name: name for name in state.schema.names}
    outcomes: list[Outcome] = []
    lines: list[tuple[str, str]] = []
    effects: list[Effect] = []
    for position, unbound in enumerate(migration.operations):
        with located(migration, position):
            operation = unbound.bind(parameters, path=f"migrations.{dataset}.{migration.id}")
            outcome = operation.forward(state, table, inputs)
            foretold = operation.forward_schema(state, inputs)
        if outcome.table.schema != foretold.schema:
            raise BrokenPromise(f"{operation.name} made other fields than it foretold", where=migration.path)
        lines.append((operation.symbol, operation.describe(state, inputs)))
        effects.append(operation.effect(state))
        fields = follow(fields, state, foretold, effects[-1])
        outcomes.append(outcome)
        state, table = foretold, outcome.table
    return Applied(
        state=state,
        table=table,
        fields=fields,
        quarantine=tuple(item.quarantine for item in outcomes if item.quarantine is not None),
        lines=tuple(lines),
        effect=worst(effects),
        findings=tuple(finding for item in outcomes for finding in item.findings),
        guards=tuple(guard for item in outcomes for guard in item.guards),
    )


@contextmanager
def located(migration: Migration, position: int) -> Iterator[None]:
    """Errors of an operation (counted from 0) tell its line in the document, after what they know better."""
    try:
        yield
    except DsvError as error:
        name = migration.operations[position].name
        place = f"{migration.place(f'operations[{position}]')}: operation {position + 1} ({name})"
        error.where = place if error.where is None else f"{error.where}\n{place}"
        raise


def follow(fields: Mapping[str, str], before: State, after: State, effect: Effect) -> dict[str, str]:
    """Where each field went through one operation. A rename keeps the order of fields."""
    if effect.schema == "rename":
        renamed = dict(zip(before.schema.names, after.schema.names, strict=True))
    else:
        renamed = {name: name for name in before.schema.names if name in after.schema}
    return {old: renamed[now] for old, now in fields.items() if now in renamed}
