"""`dsv migrate revert`: a new migration that undoes a published one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dsv.api.chains import OpenChain, base_snapshot, open_chain
from dsv.api.migrate._chains import check_lock
from dsv.api.migrate.new import NewMigration
from dsv.api.opening import Workspace, changing
from dsv.api.running import check_published, is_fresh
from dsv.errors import MigrationError
from dsv.files import write_bytes
from dsv.migrations import writing
from dsv.migrations.apply import follow
from dsv.migrations.plan import rows_at
from dsv.migrations.revert.whole import Task, Version
from dsv.migrations.revert.whole import revert as undo
from dsv.model.migration import Migration, State
from dsv.operations.base import Inputs
from dsv.scratch import scratch
from dsv.tables.duckdb import Engine


def revert(
    start: Path, name: str, *, dataset: str | None = None, skip_conflicts: bool = False, title: str | None = None
) -> NewMigration:
    """Write a migration that undoes an applied one, at the end of the chain.

    What was touched since stays: an error that lists it, or with `skip_conflicts` a note.

    Raises: ConflictError: something was touched since. MigrationError: it is not applied, or nothing
        of it is left to undo.
    """
    with changing(start, "migrate revert") as workspace, Engine() as engine:
        declared = workspace.choose(dataset, chained=True)
        opened = open_chain(workspace.project(declared), declared.name)
        check_lock(opened)
        check_published(workspace, opened)
        migration = opened.chain.migration(name)
        if migration not in opened.chain.up_to(opened.lock.head):
            raise MigrationError(
                f"{migration.id} is not applied", where=migration.path, hint=f"dsv migrate remove {migration.id}"
            )
        project, chain = opened.project, opened.chain
        identifier = chain.next_id(writing.slugify(f"revert {migration.id[6:]}"))
        documents = project.documents(declared.name)
        with scratch("revert") as work:
            task = _task(engine, workspace, opened, migration, identifier, title, work)
            found = undo(task, skip=skip_conflicts)
            folder = project.path(documents)
            names = [*found.side_files, f"{identifier}.yaml"]
            with workspace.restoring([folder / one for one in names]):
                for one in found.side_files:
                    write_bytes(folder / one, (work / one).read_bytes())
                write_bytes(folder / f"{identifier}.yaml", found.text.encode("utf-8"))
        notes = (*(f"{sign} {text}" for sign, text in found.lines), *found.notes)
        return NewMigration(path=workspace.repository.relative(folder / f"{identifier}.yaml"), notes=notes)


def _task(
    engine: Engine,
    workspace: Workspace,
    opened: OpenChain,
    migration: Migration,
    identifier: str,
    title: str | None,
    work: Path,
) -> Task:
    project, base = opened.project, opened.base
    folder = project.path(project.documents(base.dataset))
    fresh = is_fresh(workspace, opened)

    def version(name: str) -> Version:
        state, table = rows_at(
            engine,
            opened.chain,
            name,
            base_snapshot(project, base),
            lambda one: path if fresh and (path := project.version(base, one)).is_dir() else None,
            folder,
            lambda one: project.parameters(base.dataset, one),
        )
        return Version(state=state, table=table.stored("version"))

    before, after, now = version(migration.after), version(migration.id), version(opened.chain.last)
    inputs = Inputs(folder=folder, parameters=project.parameters(base.dataset, migration.id))
    where = f"migrations.{base.dataset}.{migration.id}"
    return Task(
        dataset=base.dataset,
        operations=[item.bind(inputs.parameters, path=where) for item in migration.operations],
        inputs=inputs,
        before=before,
        after=after,
        now=now,
        since=_since(opened, migration, after.state, folder),
        id=identifier,
        last=opened.chain.last,
        title=title or f"Revert {migration.id}: {migration.title}",
        path=f"{project.documents(base.dataset)}/{identifier}.yaml",
        folder=work,
    )


def _since(opened: OpenChain, migration: Migration, state: State, folder: Path) -> Mapping[str, str]:
    """The fields after a migration, and those of the chain's end that hold the same cells."""
    fields: Mapping[str, str] = {name: name for name in state.schema.names}
    dataset = opened.base.dataset
    for later in opened.chain.pending(migration.id):
        inputs = Inputs(folder=folder, parameters=opened.project.parameters(dataset, later.id))
        for unbound in later.operations:
            operation = unbound.bind(inputs.parameters, path=f"migrations.{dataset}.{later.id}")
            after = operation.forward_schema(state, inputs)
            fields = follow(fields, state, after, operation.effect(state))
            state = after
    return fields
