"""The commits that may have changed datasets, wherever these were at the time, and whatever kept them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from dsv.api.keepers import Keepers
from dsv.api.moves import declared_paths
from dsv.api.places import covered, first_path, outer_pointers, paths_of
from dsv.model.dataset import Dataset
from dsv.model.revision import Revision
from dsv.store.history import Commit
from dsv.store.output_changes import NOTHING, OutputChanges, output_changes
from dsv.store.repository import Repository
from dsv.store.trees import Tree

Log = Callable[[list[str]], tuple[Commit, ...]]
"""The commits that touched paths."""


@dataclass(frozen=True, kw_only=True)
class Walk:
    """Commits that touched what keeps datasets or kept them once; all else by the names of datasets.

    `places` are the paths that each was declared at, its own included; `own` the paths that change with it alone,
    `paths` those of other pointers too. `outputs` tell what commits did in the latter.
    """

    commits: tuple[Commit, ...]
    places: Mapping[str, Sequence[str]]
    first: Mapping[str, str | None]
    own: Mapping[str, Sequence[str]]
    paths: Mapping[str, Sequence[str]]
    outputs: Mapping[str, OutputChanges]

    def touches(self, commit: Commit, name: str) -> bool:
        """The commit touched a path that is the dataset's alone."""
        return any(covered(path, self.own[name]) for path in commit.paths)

    def concerns(self, commit: Commit, name: str) -> bool:
        """The commit changed an output, in a pointer that holds several, that may be the dataset."""
        outputs = self.outputs.get(commit.id, NOTHING)
        return outputs is not NOTHING and any(outputs.concern(place) for place in self.places[name])


def walk(tree: Tree, datasets: Sequence[Dataset], end: Revision, log: Log, at: Callable[[str], Tree]) -> Walk:
    """The commits that `log` gives of all paths that keep datasets, at `end` and at what it reaches, or kept them.

    The datasets are those of the `tree`; `at` gives the trees of commits. Paths are found on the way: the walk is
    made anew with them, until no more come up.
    """
    repository = tree.repo
    places = declared_paths(repository, datasets, end, at)
    keepers = {item.name: Keepers(repository, item, places[item.name], at) for item in datasets}
    own = {item.name: paths_of(item, places[item.name]) for item in datasets}
    first = {item.name: first_path(item, places[item.name]) for item in datasets}
    all_places = {item.name: tuple(dict.fromkeys((item.path, *places[item.name]))) for item in datasets}
    ends = [tree, at(str(end.commit))]
    paths = {
        name: list(dict.fromkeys([*own[name], *outer, *(path for at in ends for path in item.of(at))]))
        for name, item in keepers.items()
        for outer in [[pointer for place in all_places[name] for pointer in outer_pointers(place)]]
    }
    commits, outputs = _followed(repository, keepers, own, paths, log)
    return Walk(commits=commits, places=all_places, first=first, own=own, paths=paths, outputs=outputs)


def _followed(
    repository: Repository,
    keepers: Mapping[str, Keepers],
    own: Mapping[str, Sequence[str]],
    paths: dict[str, list[str]],
    log: Log,
) -> tuple[tuple[Commit, ...], Mapping[str, OutputChanges]]:
    while True:
        commits = log(list(dict.fromkeys(path for given in paths.values() for path in given)))
        shared = {path for name, given in paths.items() for path in given if not covered(path, own[name])}
        outputs = output_changes(repository, commits, shared)
        more = {name: item.beyond(commits, paths[name], outputs) for name, item in keepers.items()}
        if not any(more.values()):
            return commits, outputs
        for name, found in more.items():
            paths[name] += found
