"""The chain of a dataset, read from the files of the workspace."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsv.api.names import CHAIN_LOCK, MIGRATIONS, PARAMETERS, VERSIONS
from dsv.documents import pipeline
from dsv.errors import DocumentError, MigrationError
from dsv.migrations import base as bases
from dsv.migrations import document, lock
from dsv.migrations.chain import Chain, link
from dsv.migrations.foretell import Foretold, foretell
from dsv.model.migration import BASE_ID, Base, ChainLock, Migration
from dsv.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The folder of a `dvc.yaml`, from which the paths of its chains are counted."""

    folder: Path

    def documents(self, dataset: str) -> str:
        """The folder of a dataset's migrations, relative to the project."""
        return f"{MIGRATIONS}/{dataset}"

    def versions(self, base: Base) -> str:
        """The folder of a chain's versions, relative to the project."""
        return posixpath.join(posixpath.dirname(base.path), VERSIONS, base.dataset)

    def version(self, base: Base, migration: str) -> Path:
        """The folder of one version."""
        return self.folder / self.versions(base) / migration

    def path(self, relative: str) -> Path:
        """A path of the project on this machine."""
        return self.folder / relative

    def text(self, relative: str) -> str:
        """The text of a file of the project; empty if there is none."""
        path = self.path(relative)
        return path.read_bytes().decode("utf-8", "surrogateescape") if path.exists() else ""

    def parameters(self, dataset: str, migration: str) -> Mapping[str, Any]:
        """What `params.yaml` holds for a migration."""
        return pipeline.parameters(self.text(PARAMETERS), dataset, migration)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenChain:
    """A chain and what its lock says of it."""

    project: Project
    chain: Chain
    lock: ChainLock

    @property
    def base(self) -> Base:
        """What `m0000_base.yaml` pins."""
        return self.chain.base

    @property
    def lock_path(self) -> Path:
        """Where the lock is."""
        return self.project.path(f"{self.project.documents(self.base.dataset)}/{CHAIN_LOCK}")


def has_chain(project: Project, dataset: str) -> bool:
    """Say whether a dataset has been adopted by a chain."""
    return project.path(_base_file(project, dataset)).exists()


def open_base(project: Project, dataset: str) -> Base:
    """What `m0000_base.yaml` pins. Raises: MigrationError: there is none. DocumentError."""
    relative = _base_file(project, dataset)
    path = project.path(relative)
    if not path.exists():
        raise MigrationError(
            f"the dataset {dataset!r} has no chain of migrations", hint=f"dsv migrate new --dataset {dataset}"
        )
    return bases.load(path.read_bytes(), relative)


def open_migration(project: Project, dataset: str, migration: str) -> Migration:
    """One migration's document. Raises: MigrationError: there is none. DocumentError."""
    relative = f"{project.documents(dataset)}/{migration}.yaml"
    path = project.path(relative)
    if not path.exists():
        raise MigrationError(f"there is no migration {migration!r}", where=relative, hint="dsv migrate status")
    return document.read(path.read_bytes(), relative, path.parent)


def open_chain(project: Project, dataset: str, *, going: str | None = None) -> OpenChain:
    """The chain of a dataset. `going` is a migration that is about to be removed, readable or not.

    Raises: MigrationError: it has none. DocumentError: a document is wrong. ConflictError: two
        migrations follow the same one.
    """
    base = open_base(project, dataset)
    folder = project.documents(dataset)
    ids = sorted(path.stem for path in project.path(folder).glob("m[0-9]*.yaml") if path.stem != BASE_ID)
    migrations = [open_migration(project, dataset, name) for name in ids if name != going]
    if going in ids:
        migrations.append(_removable(project, dataset, str(going), after=migrations[-1].id if migrations else BASE_ID))
    chain = link(base, migrations)
    relative = f"{folder}/{CHAIN_LOCK}"
    path = project.path(relative)
    if not path.exists():
        return OpenChain(project=project, chain=chain, lock=ChainLock(head=BASE_ID, entries=()))
    return OpenChain(project=project, chain=chain, lock=lock.load(path.read_bytes(), relative))


def _removable(project: Project, dataset: str, name: str, *, after: str) -> Migration:
    """A migration; where its document is no document, one that does nothing after `after`."""
    try:
        return open_migration(project, dataset, name)
    except DocumentError:
        path = f"{project.documents(dataset)}/{name}.yaml"
        return Migration(
            id=name, after=after, title=name, why=None, path=path, operations=(), side_files=(), tuned=(), digest=""
        )


def foretold(opened: OpenChain, target: str | None = None) -> list[Foretold]:
    """The migrations up to `target` (None: all), with the states before and after each; no rows are read.

    Raises: SchemaError, MigrationError: one does not fit the chain before it.
    """
    project, base = opened.project, opened.base
    folder = project.path(project.documents(base.dataset))
    migrations = opened.chain.migrations if target is None else opened.chain.up_to(target)
    return list(
        foretell(base.dataset, base.state, migrations, folder, lambda name: project.parameters(base.dataset, name))
    )


def base_snapshot(project: Project, base: Base) -> Snapshot:
    """The base's file in the workspace."""
    return Snapshot(path=project.path(base.path), format=base.format, gzip=base.gzip, shown_path=base.path)


def _base_file(project: Project, dataset: str) -> str:
    return f"{project.documents(dataset)}/{BASE_ID}.yaml"
