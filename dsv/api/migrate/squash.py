"""`dsv migrate squash`: let a chain start at a later version; the migrations before it become its base."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from dsv.api.chains import OpenChain, Project, base_snapshot, open_chain
from dsv.api.migrate._chains import check_lock
from dsv.api.names import IGNORE, PARAMETERS, SQUASHED
from dsv.api.opening import Workspace, changing
from dsv.api.running import apply_head, changed_inputs, check_published, head_files
from dsv.documents import pipeline
from dsv.errors import DataMissing, MigrationError, UsageError
from dsv.files import atomic_writer, write_bytes, write_text
from dsv.migrations import base as bases
from dsv.migrations.chain import link
from dsv.migrations.document import read
from dsv.migrations.squash import first_text, squashed_base
from dsv.model.migration import BASE_ID, Base, ChainLock, Migration
from dsv.scratch import scratch
from dsv.store import dvc, objects
from dsv.store.repository import Repository
from dsv.tables.duckdb import Engine


def squash(start: Path, to: str | None, *, dataset: str | None = None) -> list[str]:
    """Let the version of the applied migration `to` (without it: the head) be the base of the chain.

    The published bytes stay as they are. The documents before go to `squashed/`, where diffs and
    class maps of older revisions find them. Gives sentences about what was done.

    Raises: MigrationError: it is not applied, something was edited, or the published file would be
        spelled otherwise; nothing is changed then. DataMissing: the version is not on this machine.
    """
    with changing(start, "migrate squash") as workspace:
        declared = workspace.choose(dataset, chained=True)
        opened = open_chain(workspace.project(declared), declared.name)
        target = opened.lock.head if to is None else opened.chain.find(to)
        _check(workspace, opened, target)
        with scratch("squash") as work:
            made = work / Path(opened.base.path).name
            with Engine() as engine:
                version = opened.project.version(opened.base, target)
                snapshot = base_snapshot(opened.project, opened.base)
                base = squashed_base(engine, opened.base, snapshot, version, made)
            return list(_squash(workspace, opened, _Squash.of(opened, target, base), made))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Squash:
    """What a squash takes out of the chain, and what it leaves. Paths are relative to the project."""

    base: Base
    gone: tuple[Migration, ...]
    left: tuple[Migration, ...]
    documents: str
    archive: str

    @staticmethod
    def of(opened: OpenChain, target: str, base: Base) -> _Squash:
        gone = opened.chain.up_to(target)
        left = opened.chain.migrations[len(gone) :]
        documents = opened.project.documents(base.dataset)
        return _Squash(base=base, gone=gone, left=left, documents=documents, archive=f"{documents}/{SQUASHED}")

    @property
    def moves(self) -> dict[str, str]:
        """Documents and side files that go to the archive: path before -> path after."""
        found = [path for item in self.gone for path in (item.path, *item.side_files)]
        return {path: self.archive + path.removeprefix(self.documents) for path in dict.fromkeys(found)}

    @property
    def shared(self) -> frozenset[str]:
        """Side files that a migration which stays names too: they are copied, not moved."""
        return frozenset(path for item in self.left for path in item.side_files)


def _check(workspace: Workspace, opened: OpenChain, target: str) -> None:
    check_published(workspace, opened)
    check_lock(opened)
    base, project = opened.base, opened.project
    if target == BASE_ID:
        raise UsageError("there is nothing to squash before the base", hint="name a migration: --to ID")
    if target not in {entry.id for entry in opened.lock.entries}:
        raise UsageError(f"{target} is not applied", hint=f"apply it: dsv migrate up {target}")
    if changed := changed_inputs(workspace, opened):
        raise MigrationError(
            f"changed since the last run: {', '.join(changed)}", where=changed[0], hint="dsv migrate up first"
        )
    located = workspace.tree.find(workspace.repository.relative(project.path(base.path)))
    if located is not None and located.kind == "stage":
        raise MigrationError(
            f"the base {base.path} is written by the stage {located.stage!r}, which a squash would cut off",
            where=base.path,
            hint="let the stage write what the chain makes, and start a chain anew",
        )
    version = project.version(base, target)
    if not version.is_dir() or not project.path(base.path).exists():
        raise DataMissing(f"the version {target} or the base is not here", where=str(version), hint="dvc pull")


def _squash(workspace: Workspace, opened: OpenChain, work: _Squash, made: Path) -> Iterator[str]:
    project, head = opened.project, opened.lock.head
    published = project.path(opened.base.publishes)
    before = objects.workspace_md5(workspace.repository, published)
    with workspace.restoring(
        _small(workspace.repository, opened, work), replaced=[project.path(opened.base.path), published]
    ):
        _archive(opened, work)
        _replace_base(workspace, opened, work, made)
        squashed = _opened(opened, work)
        rows = apply_head(workspace, squashed, head if work.left and head != work.gone[-1].id else BASE_ID)
        if objects.workspace_md5(workspace.repository, published) != before:
            raise MigrationError(
                f"{opened.base.publishes} would get other bytes: rows that were added before and after "
                f"{work.gone[-1].id} would stand in another order",
                where=opened.base.publishes,
                hint=f"squash all that is applied: dsv migrate squash --to {head}",
            )
    several = "migrations are" if len(work.gone) > 1 else "migration is"
    yield f"{len(work.gone)} {several} part of the base of {work.base.dataset} now, up to {work.gone[-1].id}"
    yield f"their documents are in {work.archive}; versions before are reproduced from Git as they were"
    yield f"{opened.base.publishes} has the same bytes, {rows:,} rows"


def _small(repository: Repository, opened: OpenChain, work: _Squash) -> list[Path]:
    project = opened.project
    moves = [*work.moves, *work.moves.values()]
    names = [*moves, *(f"{path}.dvc" for path in moves), *(item.path for item in work.left)]
    names += [str(Path(target).parent / IGNORE) for target in work.moves.values()]
    names += [f"{work.documents}/{BASE_ID}.yaml", f"{work.archive}/{BASE_ID}.yaml"]
    names += [PARAMETERS, f"{work.archive}/{PARAMETERS}", f"{opened.base.path}.dvc"]
    return [*head_files(repository, opened), *(project.path(name) for name in dict.fromkeys(names))]


def _archive(opened: OpenChain, work: _Squash) -> None:
    """Put the documents, side files and parameters of the migrations that go where older revisions are explained."""
    project, name = opened.project, work.base.dataset
    first = project.path(f"{work.archive}/{BASE_ID}.yaml")
    if not first.exists():
        write_bytes(first, project.path(f"{work.documents}/{BASE_ID}.yaml").read_bytes())
    for path, target in work.moves.items():
        _keep(project, path, target, copy=path in work.shared)
    text, kept = project.text(PARAMETERS), project.text(f"{work.archive}/{PARAMETERS}")
    for item in work.gone:
        if values := project.parameters(name, item.id):
            kept = pipeline.set_parameters(kept, name, item.id, values)
            text = pipeline.remove_parameters(text, name, item.id)
    if kept:
        write_text(project.path(f"{work.archive}/{PARAMETERS}"), kept)
    if text != project.text(PARAMETERS):
        if text.strip():
            write_text(project.path(PARAMETERS), text)
        else:
            project.path(PARAMETERS).unlink()


def _keep(project: Project, path: str, target: str, *, copy: bool) -> None:
    """Put a file of a squashed migration into the archive; one that DVC keeps goes with its pointer."""
    write_bytes(project.path(target), project.path(path).read_bytes())
    pointer = project.path(f"{path}.dvc")
    if pointer.exists():
        write_bytes(project.path(f"{target}.dvc"), pointer.read_bytes())
        ignore = project.path(target).parent / IGNORE
        before = ignore.read_text(encoding="utf-8") if ignore.exists() else ""
        write_text(ignore, f"{before}/{Path(target).name}\n")
    if not copy:
        project.path(path).unlink()
        pointer.unlink(missing_ok=True)


def _replace_base(workspace: Workspace, opened: OpenChain, work: _Squash, made: Path) -> None:
    project, path = opened.project, opened.base.path
    with made.open("rb") as source, atomic_writer(project.path(path)) as stream:
        shutil.copyfileobj(source, stream, 1 << 20)
    if project.path(f"{path}.dvc").exists():
        dvc.add(workspace.repository, [workspace.repository.relative(project.path(path))])
    write_text(project.path(f"{work.documents}/{BASE_ID}.yaml"), bases.dump(work.base))
    if work.left:
        first = work.left[0]
        text = project.text(first.path)
        write_text(project.path(first.path), first_text(text, first.path))


def _opened(opened: OpenChain, work: _Squash) -> OpenChain:
    """The chain as it is now, and a lock that has the squashed migrations before it."""
    project = opened.project
    left = [read(project.path(item.path).read_bytes(), item.path, project.path(work.documents)) for item in work.left]
    base = bases.load(project.text(f"{work.documents}/{BASE_ID}.yaml"), f"{work.documents}/{BASE_ID}.yaml")
    gone = {item.id for item in work.gone}
    entries = opened.lock.entries
    lock = ChainLock(
        head=opened.lock.head,
        entries=tuple(entry for entry in entries if entry.id not in gone),
        squashed=(*opened.lock.squashed, *(entry for entry in entries if entry.id in gone)),
    )
    return replace(opened, chain=link(base, left), lock=lock)
