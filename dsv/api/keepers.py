"""Which files of Git's tell what a dataset is at commits: itself, a `.dvc` file, or a stage's `dvc.lock`."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping, Sequence

from dsv.api.moves import path_at
from dsv.errors import DsvError
from dsv.model.dataset import Dataset
from dsv.model.revision import Revision
from dsv.store.history import Commit
from dsv.store.repository import Repository
from dsv.store.revisions import all_parents
from dsv.store.trees import Tree


class Keepers:
    """The files that keep a dataset, so that a walk over the commits that changed them leaves none out."""

    def __init__(self, repository: Repository, dataset: Dataset, first: str | None) -> None:
        """`first` is the path that the dataset was declared at first, None if it has always been where it is."""
        self._repository = repository
        self._dataset = dataset
        self._first = first
        self._known: dict[str, tuple[str, ...]] = {}

    def of(self, tree: Tree) -> tuple[str, ...]:
        """Repository paths of what keeps the dataset; none where it is not there, or a pointer is damaged."""
        path = path_at(tree, self._dataset, self._first)
        try:
            output = None if path in tree.paths() else tree.kept_by(path)
            if output is not None:
                return _pointers(output.pointer)
            located = tree.find(path)
            if located is None or not located.is_folder:
                return () if located is None else (path,)
            return (path, *(one for item in tree.holdings(located) if item.pointer for one in _pointers(item.pointer)))
        except DsvError:
            return ()

    def beyond(self, walked: Sequence[Commit], own: Sequence[str], paths: Sequence[str]) -> list[str]:
        """What keeps the dataset at walked commits or their parents, and is not among the paths of the walk.

        `own` are the paths that are of no other dataset: as long as such a one is there, it keeps it.
        """
        checked = [
            commit.id
            for commit in walked
            if commit.turned or any(not covered(path, own) and covered(path, paths) for path in commit.paths)
        ]
        parents = all_parents(self._repository, checked)
        found: dict[str, None] = {}
        for commit in dict.fromkeys([*checked, *(parent for one in checked for parent in parents[one])]):
            if commit not in self._known:
                self._known[commit] = self.of(Tree(self._repository, Revision(name=commit, commit=commit)))
            found.update(dict.fromkeys(self._known[commit]))
        return [path for path in found if not covered(path, paths)]


def covered(path: str, paths: Iterable[str]) -> bool:
    """Say whether a path is one of others, or below one."""
    return any(path == other or path.startswith(other + "/") for other in paths)


def followed(
    keepers: Mapping[str, Keepers],
    own: Mapping[str, Sequence[str]],
    paths: Mapping[str, Sequence[str]],
    walk: Callable[[list[str]], tuple[Commit, ...]],
) -> tuple[dict[str, list[str]], tuple[Commit, ...]]:
    """Walk the paths of datasets, and again with what is found to have kept one of them, until nothing new is.

    All by the names of datasets. Gives the paths that keep each, and the commits of the last walk.
    """
    wider = {name: list(given) for name, given in paths.items()}
    while True:
        commits = walk(list(dict.fromkeys(path for given in wider.values() for path in given)))
        more = {
            name: item.beyond(_touching(commits, wider[name]), own[name], wider[name]) for name, item in keepers.items()
        }
        if not any(more.values()):
            return wider, commits
        for name, found in more.items():
            wider[name] += found


def _touching(commits: Sequence[Commit], paths: Sequence[str]) -> list[Commit]:
    return [commit for commit in commits if any(covered(path, paths) for path in commit.paths)]


def _pointers(pointer: str) -> tuple[str, ...]:
    """A pointer, and what its paths depend on: of a stage, the folder that it works in."""
    if posixpath.basename(pointer) != "dvc.lock":
        return (pointer,)
    return pointer, posixpath.join(posixpath.dirname(pointer), "dvc.yaml")
