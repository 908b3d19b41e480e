"""Which files of Git's tell what a dataset is at commits: itself, a `.dvc` file, or a stage's `dvc.lock`."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence

from dsv.api.moves import path_at
from dsv.api.places import covered, first_path
from dsv.errors import DsvError
from dsv.model.dataset import Dataset
from dsv.store.history import Commit
from dsv.store.output_changes import NOTHING, OutputChanges
from dsv.store.repository import Repository
from dsv.store.revisions import all_parents
from dsv.store.trees import Tree


class Keepers:
    """The files that keep a dataset, so that a walk over the commits that changed them leaves none out."""

    def __init__(
        self, repository: Repository, dataset: Dataset, places: Sequence[str], at: Callable[[str], Tree]
    ) -> None:
        """`places` are the paths that the dataset was declared at, newest first; `at` gives the tree of a commit."""
        self._repository = repository
        self._at = at
        self._dataset = dataset
        self._first = first_path(dataset, places)
        self._places = tuple(dict.fromkeys((dataset.path, *places)))
        self._own = [own for place in self._places for own in (place, f"{place}.dvc")]
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
            # The commit is walked, for it touched the pointer, and is told of there; its parents are looked at too.
            return ()

    def beyond(self, walked: Sequence[Commit], paths: Sequence[str], outputs: Mapping[str, OutputChanges]) -> list[str]:
        """What keeps the dataset at walked commits or their parents, and is not among the paths of the walk.

        As long as the file itself or its own `.dvc` file is there, this keeps it. What is in another pointer is kept
        there until an output of it comes or goes, as `outputs` tell by commit.
        """
        checked = [
            commit.id
            for commit in walked
            if any(covered(path, self._own) for path in commit.turned)
            or any(outputs.get(commit.id, NOTHING).move(place) for place in self._places)
        ]
        parents = all_parents(self._repository, checked)
        found: dict[str, None] = {}
        for commit in dict.fromkeys([*checked, *(parent for one in checked for parent in parents[one])]):
            if commit not in self._known:
                self._known[commit] = self.of(self._at(commit))
            found.update(dict.fromkeys(self._known[commit]))
        return [path for path in found if not covered(path, paths)]


def _pointers(pointer: str) -> tuple[str, ...]:
    """A pointer, and what its paths depend on: of a stage, the folder that it works in."""
    if posixpath.basename(pointer) != "dvc.lock":
        return (pointer,)
    return pointer, posixpath.join(posixpath.dirname(pointer), "dvc.yaml")
