"""The workspace as a verb finds it: the repository, its declared datasets, and which one is meant."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from dsv.api.chains import Project, has_chain
from dsv.errors import UnknownDataset, UsageError, did_you_mean
from dsv.model.dataset import Dataset
from dsv.store.journal import Journal, repair, transaction
from dsv.store.repository import Repository
from dsv.store.revisions import sides
from dsv.store.revisions import workspace as workspace_revision
from dsv.store.trees import Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """The work tree and the datasets that it declares."""

    repository: Repository
    tree: Tree
    declared: tuple[Dataset, ...]
    journal: Journal | None = None

    def restoring(
        self, small: Iterable[Path], *, replaced: Iterable[Path] = (), moved: Iterable[Path] = ()
    ) -> AbstractContextManager[None]:
        """Put back these files if the block fails or is killed, as `Journal.restoring` does; for `changing` only."""
        if self.journal is None:
            raise RuntimeError("this workspace was opened for reading")
        relative = self.repository.relative
        return self.journal.restoring(
            [relative(path) for path in small],
            replaced=[relative(path) for path in replaced],
            moved=[relative(path) for path in moved],
        )

    def project(self, dataset: Dataset) -> Project:
        """The folder of the `dvc.yaml` that declares a dataset."""
        return Project(folder=self.repository.root / posixpath.dirname(dataset.declared_in))

    def with_head(self) -> tuple[Tree, Tree]:
        """The files of HEAD (before the first commit: none) and those of the work tree."""
        return Tree(self.repository, sides(self.repository, ())[0]), self.tree

    def choose(self, name: str | None, *, chained: bool = False) -> Dataset:
        """The dataset of that name; without one, the only dataset (`chained`: that has a chain).

        Raises: UnknownDataset: no such dataset, or none at all. UsageError: there are several.
        """
        names = [item.name for item in self.declared]
        if name is not None:
            found = next((item for item in self.declared if name in (item.name, item.path)), None)
            if found is None:
                raise UnknownDataset(
                    f"no dataset {name!r} is declared", hint=did_you_mean(name, names) or "dsv init PATH"
                )
            return found
        if not names:
            raise UnknownDataset("no dataset is declared here", hint="dsv init PATH")
        candidates = [item for item in self.declared if not chained or has_chain(self.project(item), item.name)]
        if len(candidates) == 1:
            return candidates[0]
        if not candidates:
            return self.declared[0]
        raise UsageError("which dataset is meant?", hint="--dataset " + " | ".join(item.name for item in candidates))


def open_workspace(start: Path, *, dvc: bool, fetches: bool = True) -> Workspace:
    """The work tree that a folder is in, for reading. `dvc`: it must have DVC. `fetches`: as in `Repository`.

    What a dsv that was killed had begun is put back first.

    Raises: NotARepository: no Git (or no DVC). DocumentError: a `dvc.yaml` is wrong.
    """
    repository = Repository.discover(start)
    repair(repository)
    return _workspace(repository if fetches else repository.local(), dvc=dvc)


@contextmanager
def changing(start: Path, command: str) -> Iterator[Workspace]:
    """The work tree for one command that writes: nobody else does, and what it restores survives a kill.

    Raises: NotARepository: no Git, or no DVC. Busy: another dsv is writing. DocumentError.
    """
    repository = Repository.discover(start)
    repository.require_dvc()
    with transaction(repository, command) as journal:
        yield workspace_of(repository, journal)


def workspace_of(repository: Repository, journal: Journal) -> Workspace:
    """The work tree for a command that has begun to write. Raises: NotARepository: no DVC. DocumentError."""
    return replace(_workspace(repository, dvc=True), journal=journal)


def _workspace(repository: Repository, *, dvc: bool) -> Workspace:
    if dvc:
        repository.require_dvc()
    tree = Tree(repository, workspace_revision())
    return Workspace(repository=repository, tree=tree, declared=tree.declared())
