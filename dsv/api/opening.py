"""The workspace as a verb finds it: the repository, its declared datasets, and which one is meant."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from pathlib import Path

from dsv.api.chains import Project, has_chain
from dsv.errors import UnknownDataset, UsageError, did_you_mean
from dsv.model.dataset import Dataset
from dsv.store.repository import Repository
from dsv.store.revisions import workspace as workspace_revision
from dsv.store.trees import Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """The work tree and the datasets that it declares."""

    repository: Repository
    tree: Tree
    declared: tuple[Dataset, ...]

    def project(self, dataset: Dataset) -> Project:
        """The folder of the `dvc.yaml` that declares a dataset."""
        return Project(folder=self.repository.root / posixpath.dirname(dataset.declared_in))

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


def open_workspace(start: Path, *, dvc: bool) -> Workspace:
    """The work tree that a folder is in. `dvc`: it must have DVC.

    Raises: NotARepository: no Git (or no DVC). DocumentError: a `dvc.yaml` is wrong.
    """
    repository = Repository.discover(start)
    if dvc:
        repository.require_dvc()
    tree = Tree(repository, workspace_revision())
    return Workspace(repository=repository, tree=tree, declared=tree.declared())
