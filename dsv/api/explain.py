"""The migrations that lie between two sides of a dataset, read at the new one and made ready to be replayed."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dsv.api.names import CHAIN_LOCK, MIGRATIONS, PARAMETERS, SQUASHED
from dsv.api.pairs import Pair
from dsv.documents import pipeline
from dsv.errors import DsvError, MigrationError
from dsv.files import inside, write_bytes
from dsv.model.finding import Finding
from dsv.store import objects
from dsv.store.trees import Tree
from dsv.tables.duckdb import Engine

if TYPE_CHECKING:
    from dsv.diff.replay import Replay
    from dsv.migrations.chain import Chain
    from dsv.migrations.foretell import Foretold
    from dsv.model.migration import ChainLock, LockEntry, Migration, State


def replay_between(engine: Engine, pair: Pair) -> tuple[Replay | None, list[Finding]]:
    """The replay of the migrations that new's `chain.lock` has and old's lacks; None if there are none.

    They need not be the last ones: after a rebase, those of the other branch come before mine. If it is
    old that has them, and new lacks some, they are replayed from new to old.

    Findings say that, or why a replay cannot be had where there should be one. Nothing of the documents is run.
    """
    sides = _sides(pair)
    if sides is None:
        return None, []
    old, new = sides
    try:
        if not _continues(new, old):
            return _between(engine, old, new)
        replay, findings = _between(engine, new, old)
        if replay is None:
            return None, findings
        return replace(replay, backwards=True), [_backwards(pair.name), *findings]
    except DsvError as error:
        where = f" ({error.where})" if error.where else ""
        message = f"the migrations between the two sides cannot be read, so none explains a change: {error.message}"
        return None, [Finding(rule="replay-failed", level="warning", message=message + where, dataset=pair.name)]


@dataclass(frozen=True, kw_only=True)
class _Files:
    """A dataset's chain as a tree has it. `folder` is the repository path of its documents."""

    tree: Tree
    folder: str
    dataset: str

    @cached_property
    def written(self) -> bytes | None:
        """The text of `chain.lock`; None without a chain."""
        return self.tree.read(f"{self.folder}/{CHAIN_LOCK}")

    @cached_property
    def lock(self) -> ChainLock:
        """What `chain.lock` says is applied."""
        from dsv.migrations import lock
        from dsv.model.migration import BASE_ID, ChainLock

        if self.written is None:
            return ChainLock(head=BASE_ID, entries=())
        return lock.load(self.written, f"{self.folder}/{CHAIN_LOCK}")

    def place(self, migration: str) -> str:
        """The folder of a migration's document and side files."""
        squashed = any(entry.id == migration for entry in self.lock.squashed)
        return f"{self.folder}/{SQUASHED}" if squashed else self.folder

    @property
    def base_path(self) -> str:
        """Where the base stands that the whole chain starts from, squashed migrations included."""
        from dsv.model.migration import BASE_ID

        return f"{self.folder}/{SQUASHED + '/' if self.lock.squashed else ''}{BASE_ID}.yaml"

    def parameters(self, migration: str) -> Mapping[str, Any]:
        """What `params.yaml` holds for a migration; that of a squashed one stands beside its document."""
        place = self.place(migration)
        top = place if place != self.folder else posixpath.dirname(posixpath.dirname(self.folder))
        text = (self.tree.read(posixpath.join(top, PARAMETERS)) or b"").decode("utf-8", "surrogateescape")
        return pipeline.parameters(text, self.dataset, migration)

    def text(self, path: str) -> bytes:
        """A file of the chain. Raises: MigrationError: it is not there."""
        content = self.tree.read(path)
        if content is None:
            name = posixpath.basename(path)
            raise MigrationError(f"{name} is not there", where=f"{path} at {self.tree.revision.name}")
        return content

    def copy(self, engine: Engine, migrations: Sequence[Migration]) -> Path:
        """A folder with the documents and side files of migrations, that lives as long as the engine."""
        import shutil

        folder = engine.scratch()
        folder.mkdir(parents=True)
        for migration in migrations:
            place = self.place(migration.id)
            write_bytes(folder / f"{migration.id}.yaml", self.text(f"{place}/{migration.id}.yaml"))
            for name in {name for operation in migration.operations for name in operation.side_files()}:
                target = inside(folder, name)
                target.parent.mkdir(parents=True, exist_ok=True)
                located = self.tree.find(f"{place}/{name}")
                if located is None:
                    raise MigrationError(f"the file {name!r}, which it names, is not there", where=migration.path)
                shutil.copyfile(objects.materialise(self.tree.repo, located), target)
        return folder


@dataclass(frozen=True, slots=True, kw_only=True)
class _Between:
    """The migrations that lie between two sides, and what there is to read or replay them with."""

    dataset: str
    state: State
    migrations: Sequence[Migration]
    folder: Path
    parameters: Callable[[str], Mapping[str, Any]]


def foretold_between(engine: Engine, pair: Pair) -> list[Foretold]:
    """The migrations that the new side has and the old one lacks, as far as their documents tell; no row is read.

    Raises: DsvError: they cannot be read.
    """
    from dsv.migrations.foretell import foretell

    sides = _sides(pair)
    found = None if sides is None else _found(engine, *sides)
    if not isinstance(found, _Between):
        return []
    return list(foretell(found.dataset, found.state, found.migrations, found.folder, found.parameters, guarded=False))


def _sides(pair: Pair) -> tuple[_Files, _Files] | None:
    """The chains of both sides; None where there is none to ask."""
    if pair.old is None or pair.new is None or pair.declared is None:
        return None
    if pair.old.tree is None or pair.new.tree is None:
        return None
    folder = posixpath.join(posixpath.dirname(pair.declared.declared_in), MIGRATIONS, pair.name)
    old, new = (_Files(tree=tree, folder=folder, dataset=pair.name) for tree in (pair.old.tree, pair.new.tree))
    return None if old.written is None and new.written is None else (old, new)


def _between(engine: Engine, old: _Files, new: _Files) -> tuple[Replay | None, list[Finding]]:
    from dsv.migrations.replay import prepare

    found = _found(engine, old, new)
    if not isinstance(found, _Between):
        return None, [] if found is None else [found]
    return prepare(found.dataset, found.state, found.migrations, found.folder, found.parameters), []


def _found(engine: Engine, old: _Files, new: _Files) -> _Between | Finding | None:
    """The migrations that new has and old lacks; None if there are none, a finding where the chains diverge."""
    applied = new.lock.line
    if not applied:
        return None
    before = old.lock.line
    missing = _missing(before, applied)
    if missing is None or not _same_base(old, new):
        return _diverged(new.dataset)
    if not missing:
        return None
    from dsv.migrations.replay import state_after

    chain = _chain(new, applied)
    between = [chain.migrations[place] for place in missing]
    folder = new.copy(engine, between)
    _check(between, [applied[place] for place in missing], folder)
    # After a rebase the old side had the same migrations without those that came before them since.
    side = new if missing[0] == len(before) else old
    reached = chain.migrations[: len(before)] if side is new else _chain(old, before).migrations
    state = state_after(chain.base, reached, folder, side.parameters)
    return _Between(dataset=new.dataset, state=state, migrations=between, folder=folder, parameters=new.parameters)


def _missing(before: Sequence[LockEntry], applied: Sequence[LockEntry]) -> list[int] | None:
    """Places of the applied migrations that the old side lacks; None if it has others, or in another order.

    A migration is known by its digest, whatever its id is now.
    """
    missing, left = [], [entry.document for entry in before]
    for place, entry in enumerate(applied):
        if left and left[0] == entry.document:
            left.pop(0)
        else:
            missing.append(place)
    return None if left else missing


def _continues(before: _Files, after: _Files) -> bool:
    """Say whether a chain has all migrations of another, in its order, and more."""
    return bool(_missing(before.lock.line, after.lock.line))


def _backwards(dataset: str) -> Finding:
    message = (
        "the old side has migrations that the new side lacks: what they account for, from new to old, was taken back"
    )
    return Finding(rule="explained-backwards", level="info", message=message, dataset=dataset)


def _same_base(old: _Files, new: _Files) -> bool:
    """The chains start from the same base; a side without a chain starts from any."""
    from dsv.migrations.base import load

    content = old.tree.read(old.base_path)
    return content is None or load(content, old.base_path) == load(new.text(new.base_path), new.base_path)


def _diverged(dataset: str) -> Finding:
    message = "the old side has migrations that the new side lacks, so no migration explains a change"
    return Finding(rule="chains-diverge", level="info", message=message, dataset=dataset)


def _chain(files: _Files, entries: Sequence[LockEntry]) -> Chain:
    """The whole chain as far as it is applied, squashed migrations first.

    Raises: MigrationError: its documents are not what the lock says.
    """
    from dsv.migrations.base import load
    from dsv.migrations.chain import Chain, link
    from dsv.model.migration import BASE_ID

    base = load(files.text(files.base_path), files.base_path)
    documents = tuple(_documents(files, entries))
    # Squashed ones stand in the lock's order: each first one of a squash follows a base of its own.
    live = documents[len(files.lock.squashed) :]
    if link(base, live).ids != (BASE_ID, *(item.id for item in live)):
        raise MigrationError("chain.lock has the migrations in another order", where=f"{files.folder}/{CHAIN_LOCK}")
    return Chain(base=base, migrations=documents)


def _documents(files: _Files, entries: Sequence[LockEntry]) -> Iterator[Migration]:
    from dsv.migrations.document import ID, read

    for entry in entries:
        if not ID.fullmatch(entry.id):
            raise MigrationError(f"{entry.id!r} is no id of a migration", where=f"{files.folder}/{CHAIN_LOCK}")
        path = f"{files.place(entry.id)}/{entry.id}.yaml"
        yield read(files.text(path), path, None)


def _check(migrations: Sequence[Migration], entries: Sequence[LockEntry], folder: Path) -> None:
    """Hold the documents and their side files against the lock. Raises: MigrationError: one was edited."""
    from dsv.migrations.document import read

    for migration, entry in zip(migrations, entries, strict=True):
        found = read((folder / f"{migration.id}.yaml").read_bytes(), migration.path, folder)
        if found.digest != entry.document:
            raise MigrationError(f"{migration.id} was edited after it was applied", where=migration.path)
