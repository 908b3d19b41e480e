"""A dataset is its name, not its path: where it was before it moved, and what it left there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dsv.api.opening import Workspace
from dsv.errors import DocumentError
from dsv.model.dataset import Dataset
from dsv.model.revision import Revision
from dsv.store.history import edits
from dsv.store.repository import Repository
from dsv.store.trees import Tree


def path_at(tree: Tree, dataset: Dataset, first: str | None) -> str:
    """Where a tree has a dataset: as it declares it, else at `first`, the path of its first declaration.

    None for `first`: it has always been where it is now.
    """
    if first is None:
        return dataset.path
    return _declared(tree, dataset.name) or first


def declared_paths(
    repository: Repository, datasets: Sequence[Dataset], new: Revision, at: Callable[[str], Tree]
) -> dict[str, list[str]]:
    """The paths that each dataset was declared at in the revisions that `new` reaches, newest first; by name.

    Only the revisions that changed a path in its `dvc.yaml` are looked at, each with the tree that `at` gives of it.
    """
    found: dict[str, list[str]] = {dataset.name: [] for dataset in datasets}
    documents = dict.fromkeys(dataset.declared_in for dataset in datasets)
    for commit in edits(repository, list(documents), "path", new):
        tree = at(commit)
        for name, paths in found.items():
            path = _declared(tree, name)
            if path is not None:
                paths.append(path)
    return found


def left(workspace: Workspace, dataset: Dataset) -> str | None:
    """The path that HEAD declares for a dataset, if it moved since and nothing stands there now."""
    head, _ = workspace.with_head()
    former = _declared(head, dataset.name)
    if former is None or former in {item.path for item in workspace.declared}:
        return None
    stands = any((workspace.repository.root / path).exists() for path in (former, f"{former}.dvc"))
    return None if stands else former


def _declared(tree: Tree, name: str) -> str | None:
    """The path that a tree declares; None where it declares no such dataset, or its `dvc.yaml` is broken."""
    try:
        return next((item.path for item in tree.declared() if item.name == name), None)
    except DocumentError:
        return None
