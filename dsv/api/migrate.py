"""`dsv migrate`: write, preview and apply the migrations of a dataset."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dsv.api import adoption
from dsv.api.chains import OpenChain, base_snapshot, has_chain, open_chain
from dsv.api.names import PARAMETERS, PIPELINE
from dsv.api.opening import Workspace, changing, open_workspace
from dsv.api.running import apply_head, changed_inputs, check_published, head_files, is_committed, is_fresh
from dsv.documents import pipeline, yaml
from dsv.errors import DsvError, MigrationError, UsageError
from dsv.files import write_bytes, write_text
from dsv.migrations import document, lock, writing
from dsv.migrations import plan as planning
from dsv.migrations.chain import Chain
from dsv.model.dataset import Dataset
from dsv.model.finding import Finding
from dsv.model.migration import BASE_ID, ChainLock, Migration, Plan
from dsv.operations.base import Inputs
from dsv.tables.duckdb import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMigration:
    """A migration file that was written; `path` is relative to the repository."""

    path: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainStatus:
    """The migrations of a dataset, what is applied, and what does not agree."""

    dataset: str
    migrations: tuple[Migration, ...]
    lock: ChainLock
    findings: tuple[Finding, ...]


def new(
    start: Path,
    operation: str | None,
    parameters: Mapping[str, str],
    *,
    dataset: str | None = None,
    title: str | None = None,
    slug: str | None = None,
    tuned: Mapping[str, str] | None = None,
) -> NewMigration:
    """Write the next migration of a dataset; the first one adopts it.

    Raises: DsvError: the operation does not fit the dataset; nothing is written then.
    """
    with changing(start, "migrate new") as workspace:
        declared = workspace.choose(dataset)
        project = workspace.project(declared)
        prospect = None if has_chain(project, declared.name) else adoption.prepare(workspace, declared)
        chain = open_chain(project, declared.name).chain if prospect is None else prospect.chain
        migration_id = chain.next_id(slug or writing.slug(operation, parameters))
        draft = _draft(
            start, chain, migration_id, operation, parameters, title, project.path(project.documents(declared.name))
        )
        values = {name: yaml.load(text, name) for name, text in (tuned or {}).items()}
        folder = project.path(project.documents(declared.name))
        with workspace.restoring([*draft.files(folder), project.path(PARAMETERS)]):
            draft.write(folder)
            if values:
                text = project.text(PARAMETERS)
                write_text(
                    project.path(PARAMETERS),
                    pipeline.set_parameters(text, declared.name, migration_id, values),
                )
            if operation is not None:
                _foretell(workspace, declared, chain, draft)
            notes = adoption.adopt(workspace, prospect) if prospect is not None else ()
        return NewMigration(
            path=workspace.repository.relative(folder / f"{migration_id}.yaml"), notes=(*notes, *draft.notes)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A migration that is about to be written: its text, and a side file to copy beside it."""

    id: str
    text: str
    side: tuple[Path, str] | None = None
    notes: tuple[str, ...] = ()

    def files(self, folder: Path) -> list[Path]:
        names = [f"{self.id}.yaml", *([self.side[1]] if self.side else [])]
        return [folder / name for name in names]

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / f"{self.id}.yaml", self.text)
        if self.side is not None:
            write_bytes(folder / self.side[1], self.side[0].read_bytes())


def _draft(
    start: Path,
    chain: Chain,
    migration_id: str,
    operation: str | None,
    parameters: Mapping[str, str],
    title: str | None,
    folder: Path,
) -> _Draft:
    """The new document; a side file that lies elsewhere is to be copied beside it."""
    given = dict(parameters)
    side: tuple[Path, str] | None = None
    notes: tuple[str, ...] = ()
    name = given.get("file")
    beside_it = name is not None and not Path(name).is_absolute() and (folder / name).exists()
    if name is not None and not beside_it and (start / name).is_file():
        beside = f"{migration_id}{''.join(Path(name).suffixes)}"
        side, given["file"] = (start / name, beside), beside
        notes = (f"copied {name} beside the migration, as {beside}",)
    text = writing.new_text(
        migration_id, chain.last, title or writing.slug(operation, given).replace("_", " "), operation, given
    )
    return _Draft(id=migration_id, text=text, side=side, notes=notes)


def _foretell(workspace: Workspace, declared: Dataset, chain: Chain, draft: _Draft) -> None:
    """Check the new migration against the schema that it will meet, without reading rows."""
    project = workspace.project(declared)
    relative = f"{project.documents(declared.name)}/{draft.id}.yaml"
    folder = project.path(project.documents(declared.name))
    migration = document.read(draft.text, relative, folder)
    state = chain.base.state
    for item in (*chain.migrations, migration):
        inputs = Inputs(folder=folder, parameters=project.parameters(declared.name, item.id))
        for unbound in item.operations:
            try:
                bound = unbound.bind(inputs.parameters, path=f"migrations.{declared.name}.{item.id}")
                state = bound.forward_schema(state, inputs)
            except DsvError as error:
                error.where = error.where or item.path
                raise


def remove(start: Path, name: str, *, dataset: str | None = None) -> list[str]:
    """Take out the last migration of a chain, if Git does not have it; and with the last one the chain.

    Raises: MigrationError: it is not the last, or it is committed.
    """
    with changing(start, "migrate remove") as workspace:
        declared = workspace.choose(dataset, chained=True)
        opened = open_chain(workspace.project(declared), declared.name)
        migration = opened.chain.migration(name)
        _check_removable(workspace, opened, migration)
        undoes = len(opened.chain.migrations) == 1 and not is_committed(workspace, opened, f"{BASE_ID}.yaml")
        if undoes and changed_inputs(workspace, opened):
            raise MigrationError(
                f"{opened.base.path} was edited since the adoption, which would lose the edit",
                where=opened.base.path,
                hint="put it back, or keep a copy of it",
            )
        project, base = opened.project, opened.base
        if undoes or opened.lock.head == migration.id:
            check_published(workspace, opened)
        small = [project.path(name) for name in (PARAMETERS, migration.path)]
        small += adoption.files(opened) if undoes else head_files(opened)
        with workspace.restoring(small, replaced=[project.path(path) for path in {base.path, base.publishes}]):
            if opened.lock.head == migration.id:
                apply_head(workspace, opened, migration.after)
            lines = list(_take_out(opened, migration))
            if undoes:
                lines += adoption.undo(workspace, open_chain(project, declared.name), declared)
        # Last, for a version that is gone is not put back, only made again.
        shutil.rmtree(project.path(project.versions(base)) if undoes else project.version(base, migration.id), True)
        return lines


def _check_removable(workspace: Workspace, opened: OpenChain, migration: Migration) -> None:
    if migration.id != opened.chain.last:
        raise MigrationError(
            f"{migration.id} is not the last migration", hint=f"dsv migrate remove {opened.chain.last}"
        )
    if is_committed(workspace, opened, f"{migration.id}.yaml"):
        raise MigrationError(
            f"{migration.id} is committed; others may have it",
            where=migration.path,
            hint=f"move the head back instead: dsv migrate down {migration.after}",
        )


def _take_out(opened: OpenChain, migration: Migration) -> Iterator[str]:
    project, name = opened.project, opened.base.dataset
    text = project.text(PARAMETERS)
    without = pipeline.remove_parameters(text, name, migration.id) if text else text
    if without != text:
        if without.strip():
            write_text(project.path(PARAMETERS), without)
        else:
            project.path(PARAMETERS).unlink()
    project.path(migration.path).unlink()
    yield f"removed {migration.path}"
    for side in migration.side_files:
        yield f"left {side}"


def plan(start: Path, to: str | None, *, dataset: str | None = None) -> list[Plan]:
    """What the pending migrations would do, of one chain or of all. Writes nothing.

    Raises: DsvError: a migration does not fit; names the document.
    """
    workspace = open_workspace(start, dvc=False)
    return [_plan(workspace, opened, to) for opened in _chains(workspace, dataset)]


def _plan(workspace: Workspace, opened: OpenChain, to: str | None) -> Plan:
    project, base = opened.project, opened.base
    target = opened.chain.find(to) if to is not None else opened.chain.last
    _check_lock(opened)
    fresh = is_fresh(workspace, opened)
    with Engine() as engine:
        found = planning.plan(
            engine,
            opened.chain,
            opened.lock.head,
            target,
            base_snapshot(project, base),
            lambda name: path if fresh and (path := project.version(base, name)).is_dir() else None,
            project.path(project.documents(base.dataset)),
            lambda name: project.parameters(base.dataset, name),
        )
    return replace(found, downstream=pipeline.downstream(project.text(PIPELINE), [base.publishes]))


def up(start: Path, to: str | None, *, dataset: str | None = None) -> list[str]:
    """Apply the pending migrations, of one chain or of all; what comes out must be what was planned.

    Raises: DsvError: nothing is applied; `dvc.yaml` and `dvc.lock` are as they were.
    """
    with changing(start, "migrate up") as workspace:
        chains = _chains(workspace, dataset)
        for opened in chains:
            check_published(workspace, opened)
        small = [path for opened in chains for path in head_files(opened)]
        published = [opened.project.path(opened.base.publishes) for opened in chains]
        with workspace.restoring(small, replaced=published):
            return [line for opened in chains for line in _apply(workspace, opened, to)]


def _apply(workspace: Workspace, opened: OpenChain, to: str | None) -> Iterator[str]:
    found = _plan(workspace, opened, to)
    applied = opened.chain.up_to(opened.lock.head)
    if found.target in (BASE_ID, *(item.id for item in applied)) and found.target != opened.lock.head:
        raise UsageError(
            f"{found.target} is applied already; the head is {opened.lock.head}",
            hint=f"move back: dsv migrate down {found.target}",
        )
    results = apply_head(workspace, opened, found.target, found.steps)
    for step in found.steps:
        changes = [
            f"{count:,} {'cell' if count == 1 else 'cells'} of {field}" for field, count in step.cells.items() if count
        ]
        if step.rows_added:
            changes.append(f"{step.rows_added:,} rows added")
        if step.rows_removed:
            aside = f", {step.quarantined:,} of them kept in quarantine" if step.quarantined else ""
            changes.append(f"{step.rows_removed:,} rows removed{aside}")
        yield f"{step.migration.id}  {', '.join(changes) or 'no cell changed'}, as planned"
    state = "is" if found.steps else "stays"
    yield f"head of {opened.base.dataset} {state} {found.target}, {results:,} rows in {opened.base.publishes}"


def down(start: Path, to: str, *, dataset: str | None = None) -> list[str]:
    """Move the head of a chain back. The migrations after it are pending again; nothing is deleted.

    Raises: UsageError: the target is not applied. MigrationError: the published file was edited.
    """
    with changing(start, "migrate down") as workspace:
        declared = workspace.choose(dataset, chained=True)
        opened = open_chain(workspace.project(declared), declared.name)
        check_published(workspace, opened)
        _check_lock(opened)
        target = opened.chain.find(to)
        if target not in (BASE_ID, *(item.id for item in opened.chain.up_to(opened.lock.head))):
            raise UsageError(f"{target} is not applied", hint=f"apply it: dsv migrate up {target}")
        rows = apply_head(workspace, opened, target)
        return [f"head of {declared.name} is {target}, {rows:,} rows in {opened.base.publishes}"]


def status(start: Path, *, dataset: str | None = None) -> list[ChainStatus]:
    """The migrations of one chain or of all, with what does not agree between files, lock and data."""
    workspace = open_workspace(start, dvc=False)
    found = []
    for opened in _chains(workspace, dataset):
        problems = [*lock.verify(opened.lock, opened.chain)]
        try:
            check_published(workspace, opened)
        except MigrationError as error:
            message = f"{error.message} ({error.hint})" if error.hint else error.message
            problems.append(Finding(rule="hand-edited", level="error", message=message, dataset=opened.base.dataset))
        found.append(
            ChainStatus(
                dataset=opened.base.dataset,
                migrations=opened.chain.migrations,
                lock=opened.lock,
                findings=tuple(problems),
            )
        )
    return found


def _check_lock(opened: OpenChain) -> None:
    """Refuse to go on from a lock that does not agree with the documents."""
    problems = [item for item in lock.verify(opened.lock, opened.chain) if item.level == "error"]
    if problems:
        raise MigrationError(
            problems[0].message,
            where=str(opened.lock_path.relative_to(opened.project.folder)),
            hint="put the document or chain.lock back as it was: git checkout -- migrations",
        )


def _chains(workspace: Workspace, dataset: str | None) -> list[OpenChain]:
    """The chain of the named dataset, or all chains. Raises: MigrationError: there is none."""
    if dataset is not None:
        declared: Sequence[Dataset] = [workspace.choose(dataset)]
    else:
        declared = [item for item in workspace.declared if has_chain(workspace.project(item), item.name)]
    if not declared:
        raise MigrationError("no dataset has a chain of migrations", hint="dsv migrate new")
    return [open_chain(workspace.project(item), item.name) for item in declared]
