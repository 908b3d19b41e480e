"""`dsv migrate show`: one migration, all that is known of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dsv.api.chains import OpenChain, open_chain
from dsv.api.migrate._chains import check_lock
from dsv.api.migrate.log import records
from dsv.api.migrate.plan import planned
from dsv.api.opening import Workspace, open_workspace
from dsv.errors import DsvError
from dsv.model.chain import MigrationRecord


def show(start: Path, name: str, *, dataset: str | None = None) -> MigrationRecord:
    """A migration: its document, parameters, effect and environment, and what it does, counted anew from its input.

    Raises: DsvError: there is no such migration, or the chain cannot be read.
    """
    workspace = open_workspace(start, dvc=False)
    declared = workspace.choose(dataset, chained=True)
    opened = open_chain(workspace.project(declared), declared.name)
    migration = opened.chain.migration(name)
    record = next(item for item in records(workspace, opened) if item.migration.id == migration.id)
    record = replace(
        record,
        parameters=opened.project.parameters(declared.name, migration.id),
        text=opened.project.text(migration.path),
    )
    return _counted(workspace, opened, record)


def _counted(workspace: Workspace, opened: OpenChain, record: MigrationRecord) -> MigrationRecord:
    """The record with its counts, or with the reason why there are none."""
    migration = record.migration
    try:
        check_lock(opened)
        (step,) = planned(workspace, opened, migration.after, migration.id).steps
    except DsvError as error:
        return replace(record, unknown=error.message)
    return replace(record, step=step)
