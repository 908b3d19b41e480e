"""The rebase of one chain, worked out in a folder of its own and tried in the engine before anything is written."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dsv.api.chains import OpenChain, Project, base_snapshot
from dsv.api.migrate import _resolve
from dsv.api.migrate._sides import (
    Branch,
    Sides,
    check_committed,
    check_same_base,
    check_unpublished,
    check_work,
    read_branch,
)
from dsv.api.names import CHAIN_LOCK, PARAMETERS, PIPELINE, PIPELINE_LOCK
from dsv.api.running import check_base, head_files
from dsv.documents import pipeline
from dsv.errors import BrokenPin, DataMissing, DsvError, MigrationError, UnknownDataset
from dsv.files import write_bytes, write_text
from dsv.migrations import document, expect, lock
from dsv.migrations import plan as planning
from dsv.migrations.chain import link
from dsv.migrations.commute import commutation, in_order
from dsv.migrations.foretell import foretell
from dsv.migrations.plan import Parameters, rows_at
from dsv.migrations.rebase import Fork, branch_of, divide, moved_text, numbered, side_names
from dsv.migrations.version import open_version
from dsv.model.dataset import Dataset
from dsv.model.migration import BASE_ID, Migration, PlanStep, State
from dsv.model.rebase import Rebased
from dsv.store import merging
from dsv.store.repository import Repository
from dsv.tables.duckdb import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A rebase of one chain, worked out and not written yet. `folder` holds the documents that there will be."""

    declared: Dataset
    opened: OpenChain
    folder: Path
    fork: Fork
    gone: tuple[str, ...]
    parameters: str
    steps: tuple[PlanStep, ...]
    told: Rebased
    changes: bool

    def _path(self, repository: Repository, relative: str) -> str:
        return repository.relative(self.opened.project.path(relative))

    def _documents(self, repository: Repository) -> str:
        return self._path(repository, self.opened.project.documents(self.declared.name))

    def _files(self) -> list[str]:
        return sorted(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file())

    def small(self, repository: Repository) -> list[str]:
        """Repository paths of the files that are written."""
        documents = self._documents(repository)
        own = [f"{documents}/{name}" for name in (*self._files(), *self.gone)]
        head = [repository.relative(path) for path in head_files(repository, self.opened)]
        return [*own, *head, self._path(repository, PARAMETERS)]

    def published(self, repository: Repository) -> str:
        """Repository path of the published file."""
        return self._path(repository, self.opened.base.publishes)

    def after(self, repository: Repository) -> list[str]:
        """Repository paths that applying the head changes, of those that Git keeps."""
        base = self.opened.base
        kept = [path for path in (base.publishes,) if (repository.root / self._path(repository, path)).exists()]
        tracked = set(merging.tracked(repository, [self._path(repository, path) for path in kept]))
        return [*(repository.relative(path) for path in head_files(repository, self.opened) if path.exists()), *tracked]

    def write(self, repository: Repository) -> list[str]:
        """Write the documents, side files and parameters; gives their repository paths."""
        documents = self._documents(repository)
        for name in self.gone:
            (repository.root / documents / name).unlink(missing_ok=True)
        for name in self._files():
            target, content = repository.root / documents / name, (self.folder / name).read_bytes()
            if not target.exists() or target.read_bytes() != content:
                write_bytes(target, content)
        own = [name for name in self._files() if not (repository.root / documents / f"{name}.dvc").exists()]
        written = [f"{documents}/{name}" for name in (*self.gone, *own)]
        parameters = self._path(repository, PARAMETERS)
        if self.parameters or (repository.root / parameters).exists():
            write_bytes(repository.root / parameters, self.parameters.encode("utf-8", "surrogateescape"))
            written.append(parameters)
        return written


def prepared_chains(
    repository: Repository, sides: Sides, dataset: str | None, work: Path, *, pin: bool
) -> list[Prepared]:
    """The rebases of the chains that both sides have, or of one; `work` is a folder for what they write.

    `pin`: mine are pinned anew, where they are pinned.

    Raises: UnknownDataset; and what `dsv.api.migrate.rebase.rebase` raises.
    """
    mine = {item.name: item for item in sides.mine.tree.declared()}
    theirs = {item.name for item in sides.theirs.tree.declared()}
    if dataset is not None and dataset not in mine:
        raise UnknownDataset(f"no dataset {dataset!r} is declared")
    wanted = [item for name, item in mine.items() if name in theirs and dataset in (None, name)]
    found = [(item, pair) for item in wanted if (pair := _branches(sides, item, work / item.name)) is not None]
    texts: dict[Path, str] = {}
    prepared = []
    for declared, (branch, own) in found:
        project = Project(folder=repository.root / posixpath.dirname(declared.declared_in))
        names = [item.name for item, _ in found]
        text = texts.get(project.folder) or _resolve.parameters(repository, sides, project, names)
        made = _prepare(repository, sides, project, declared, branch, own, work / declared.name / "made", text)
        _hold_pins(made, pin)
        texts[project.folder] = made.parameters
        prepared.append(made)
    return [replace(item, parameters=texts[item.opened.project.folder]) for item in prepared]


def _branches(sides: Sides, declared: Dataset, work: Path) -> tuple[Branch, Branch] | None:
    """Theirs, in order, and mine."""
    theirs = read_branch(sides.theirs, declared, work / "theirs")
    mine = read_branch(sides.mine, declared, work / "mine")
    if theirs is None or mine is None:
        return None
    if sides.branch is not None:
        try:
            return replace(theirs, migrations=branch_of(theirs.migrations, sides.branch)), mine
        except MigrationError:
            # With several chains the migration is of one of them.
            return None
    return replace(theirs, migrations=link(theirs.base, theirs.migrations).migrations), mine


def _prepare(
    repository: Repository,
    sides: Sides,
    project: Project,
    declared: Dataset,
    theirs: Branch,
    mine: Branch,
    folder: Path,
    text: str,
) -> Prepared:
    documents = repository.relative(project.path(project.documents(declared.name)))
    _check(repository, sides, project, theirs, mine, documents)
    fork = divide(theirs.migrations, mine.migrations, theirs.lock.squashed)
    check_unpublished(
        repository, fork.mine, {f"{documents}/{item.id}.yaml": _content(mine, item) for item in fork.mine}
    )
    ids = numbered(fork, last=int((theirs.base.squashed or BASE_ID)[1:5]))
    migrations = _write_made(declared, fork, ids, theirs, mine, folder)
    chain = link(theirs.base, migrations)
    path = repository.relative(project.path(PARAMETERS))
    parameters = _resolve.moved_parameters(text, sides, path, declared.name, fork, ids)
    known = (replace(entry, id=ids[entry.id]) for entry in mine.lock.entries if entry.id in ids)
    entries = (*theirs.lock.entries, *known)
    opened = OpenChain(project=project, chain=chain, lock=replace(theirs.lock, entries=entries))
    head = _head(fork, ids, theirs, mine, whole=sides.branch is not None)
    after = (*fork.shared, *fork.theirs)
    told = Rebased(
        dataset=declared.name,
        after=after[-1].id if after else BASE_ID,
        moved=tuple(ids.items()),
        classes=(),
        commutation=None,
        head=head,
        pending=tuple(item.id for item in chain.pending(head)),
        publishes=theirs.base.publishes,
    )
    kept = {path.name for path in folder.iterdir()}
    old = {name for item in fork.mine for name in (f"{item.id}.yaml", *_side_files(item))}
    prepared = Prepared(
        declared=declared,
        opened=opened,
        folder=folder,
        fork=fork,
        gone=tuple(sorted(old - kept)),
        parameters=parameters,
        steps=(),
        told=told,
        changes=bool(sides.conflicts) or bool(fork.mine and fork.theirs) or sides.branch is not None,
    )
    return _tried(prepared, mine, ids) if fork.mine and fork.theirs else prepared


def _check(
    repository: Repository, sides: Sides, project: Project, theirs: Branch, mine: Branch, documents: str
) -> None:
    base = theirs.base
    paths = [repository.relative(project.path(path)) for path in (base.path, f"{base.path}.dvc")]
    shared = [repository.relative(project.path(name)) for name in (PIPELINE, PIPELINE_LOCK, PARAMETERS)]
    check_committed(repository, sides, documents, shared)
    check_work([path for path in (*paths, f"{documents}/{BASE_ID}.yaml") if path in sides.conflicts])
    check_same_base(theirs, mine, f"{documents}/{BASE_ID}.yaml")
    check_base(repository, project, base)
    if sides.branch is None:
        problems = lock.verify(theirs.lock, link(base, theirs.migrations))
        if problems:
            raise MigrationError(problems[0].message, where=f"{documents}/{CHAIN_LOCK} at {sides.onto}")
    _resolve.check_published(repository, sides, project, base)


def _write_made(
    declared: Dataset, fork: Fork, ids: Mapping[str, str], theirs: Branch, mine: Branch, folder: Path
) -> list[Migration]:
    """Write the documents and side files that the chain will have; read them."""
    folder.mkdir()
    taken: set[str] = set()
    for item in (*fork.shared, *fork.theirs):
        for name in (f"{item.id}.yaml", *_side_files(item)):
            taken.add(name)
            write_bytes(folder / name, (theirs.folder / name).read_bytes())
    after = [*fork.shared, *fork.theirs]
    before = after[-1].id if after else BASE_ID
    for item in fork.mine:
        names = side_names(item, ids[item.id], taken, mine.kept)
        text = moved_text(_content(mine, item).decode("utf-8", "surrogateescape"), item, ids[item.id], before, names)
        write_bytes(folder / f"{ids[item.id]}.yaml", text.encode("utf-8", "surrogateescape"))
        for old, new in names.items():
            write_bytes(folder / new, (mine.folder / old).read_bytes())
            taken.add(new)
        before = ids[item.id]
    relative = f"migrations/{declared.name}"
    names_now = [*(item.id for item in after), *(ids[item.id] for item in fork.mine)]
    return [
        document.read((folder / f"{name}.yaml").read_bytes(), f"{relative}/{name}.yaml", folder) for name in names_now
    ]


def _side_files(item: Migration) -> list[str]:
    above = posixpath.dirname(item.path)
    return [path.removeprefix(f"{above}/") for path in item.side_files]


def _content(branch: Branch, item: Migration) -> bytes:
    return (branch.folder / f"{item.id}.yaml").read_bytes()


def _head(fork: Fork, ids: Mapping[str, str], theirs: Branch, mine: Branch, *, whole: bool) -> str:
    """The migration that is applied last: as far as both sides had come, mine only after all of theirs."""
    line = [*fork.shared, *fork.theirs]
    done = {entry.id for entry in theirs.lock.entries}
    if not whole and any(item.id not in done for item in line):
        return theirs.lock.head
    own = {entry.id for entry in mine.lock.entries}
    if whole and not own & {item.id for item in fork.mine}:
        return next((item.id for item in reversed(line) if item.id in own), BASE_ID)
    applied = [ids[item.id] for item in fork.mine if item.id in own]
    return applied[-1] if applied else (line[-1].id if line else BASE_ID)


def _tried(prepared: Prepared, mine: Branch, ids: Mapping[str, str]) -> Prepared:
    """Apply theirs and mine, in either order, in the engine; nothing is written."""
    chain, fork, project = prepared.opened.chain, prepared.fork, prepared.opened.project
    name, base = prepared.declared.name, prepared.opened.base

    def parameters(migration: str) -> Mapping[str, Any]:
        return pipeline.parameters(prepared.parameters, name, migration)

    if not project.path(base.path).exists():
        raise DataMissing(f"the base {base.path} is not there", where=base.path, hint=f"dvc checkout {base.path}.dvc")
    old = {new: before for before, new in ids.items()}
    # Errors name the file that is there to be mended.
    line = [replace(item, path=_old_path(item, old)) for item in chain.migrations[len(fork.shared) :]]
    theirs, own = line[: len(fork.theirs)], line[len(fork.theirs) :]
    last = fork.shared[-1].id if fork.shared else BASE_ID
    with Engine() as engine:
        snapshot = base_snapshot(project, base)
        begin = rows_at(
            engine, chain, last, snapshot, lambda item: _version(prepared.opened, item), prepared.folder, parameters
        )
        first = in_order(name, begin, theirs, prepared.folder, parameters)
        try:
            outcome = in_order(name, first, own, prepared.folder, parameters)
        except DsvError as error:
            error.message = f"mine do not apply after {theirs[-1].id}: {error.message}"
            again = "mend the file (git add it, if it was in conflict), then run dsv migrate rebase again"
            error.hint = f"{error.hint}; {again}" if error.hint else again
            raise
        found = commutation(name, begin, theirs, own, outcome, prepared.folder, parameters)
        steps = _steps(engine, prepared, last, parameters)
    classes = tuple(_dealt(name, begin[0], outcome[0], fork, mine, prepared.folder, ids, parameters))
    told = replace(prepared.told, commutation=found, classes=classes)
    return replace(prepared, told=told, steps=steps)


def _steps(engine: Engine, prepared: Prepared, last: str, parameters: Parameters) -> tuple[PlanStep, ...]:
    """What theirs and mine come to, counted as `plan` does."""
    opened = prepared.opened
    found = planning.plan(
        engine,
        opened.chain,
        last,
        opened.chain.last,
        base_snapshot(opened.project, opened.base),
        lambda item: _version(opened, item),
        prepared.folder,
        parameters,
    )
    return found.steps


def _hold_pins(prepared: Prepared, pin: bool) -> None:
    """Hold my migrations to their `expect:`, or with `pin` write what they come to now.

    Raises: BrokenPin: theirs change what one comes to; `where` is the file that is there to be mended.
    """
    old = {new: before for before, new in prepared.told.moved}
    for step in prepared.steps:
        name = step.migration.id
        if name not in old or step.migration.expect is None:
            continue
        path = prepared.folder / f"{name}.yaml"
        if pin:
            write_text(path, expect.pin(path.read_text(encoding="utf-8"), expect.pinned(step), step.migration.path))
            continue
        try:
            expect.check(replace(step, migration=replace(step.migration, path=_old_path(step.migration, old))))
        except BrokenPin as error:
            error.hint = "look at the counts; if they are right, pin them anew: dsv migrate rebase --pin"
            raise


def _old_path(item: Migration, old: Mapping[str, str]) -> str:
    return f"{posixpath.dirname(item.path)}/{old.get(item.id, item.id)}.yaml"


def _version(opened: OpenChain, name: str) -> Path | None:
    """The directory of a version that is what chain.lock says; None if it is not here."""
    entry = next((entry for entry in opened.lock.entries if entry.id == name), None)
    path = opened.project.version(opened.base, name)
    with suppress(DsvError):
        if entry is not None and open_version(path).digest == entry.digest:
            return path
    return None


def _dealt(
    dataset: str,
    begin: State,
    after: State,
    fork: Fork,
    mine: Branch,
    folder: Path,
    ids: Mapping[str, str],
    parameters: Any,
) -> Iterator[str]:
    """Classes of mine that have another id or index after theirs than they had before."""
    try:
        line = list(foretell(dataset, begin, fork.mine, mine.folder, lambda name: parameters(ids[name])))
    except DsvError as error:
        yield f"which ids and indexes classes of mine had before cannot be told: {error.message}"
        return
    alone = line[-1].after
    for classes in alone.classes:
        now = after.class_list(classes.field)
        found = {} if now is None else {item.key: item for item in now.classes}
        for item in classes.classes:
            other = found.get(item.key)
            if other is not None and (item.id, item.index) != (other.id, other.index):
                index = "" if item.index == other.index else f", index {item.index} -> {other.index}"
                yield f"class {item.key} of {classes.field}: id {item.id} -> {other.id}{index}"
