"""The commits that changed one dataset, wherever it was at the time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from dsv.api.walks import walk
from dsv.errors import RepositoryError, UnknownDataset, UnknownRevision, UsageError, did_you_mean
from dsv.model.blame import Origin
from dsv.model.dataset import Dataset
from dsv.model.revision import Revision
from dsv.store.history import Commit, lineage
from dsv.store.repository import Repository
from dsv.store.revisions import resolve, shallow
from dsv.store.trees import Tree, trees_at


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """The commits that changed a dataset, each before its parents.

    `first` is the path that it was declared at first, None if it has always been where it is now.
    `shallow` are the commits whose parents a shallow clone lacks.
    """

    repository: Repository
    dataset: Dataset
    first: str | None
    commits: tuple[Commit, ...]
    shallow: frozenset[str] = frozenset()
    tree: Callable[[str], Tree] = field(repr=False)

    @cached_property
    def by_id(self) -> Mapping[str, Commit]:
        """The commits by their ids."""
        return {commit.id: commit for commit in self.commits}

    def origin(self, commit: str, *, boundary: bool = False) -> Origin:
        """What there is to say of a commit."""
        found = self.by_id[commit]
        return Origin(commit=found.id, author=found.author, date=found.date, subject=found.subject, boundary=boundary)


def lineage_of(
    tree: Tree,
    name: str,
    relative: Callable[[str], str],
    key: tuple[str, ...] = (),
    *,
    span: tuple[Revision, Revision | None] | None = None,
) -> Lineage:
    """The lineage of a dataset that a tree has, by its name or path.

    It begins with what the tree's commit reaches (of the work tree: HEAD), or with what the first revision of
    `span` reaches and the second does not. `key` are the fields of its key, if the declaration tells none.

    Raises: UnknownDataset. UsageError: it has no key.
    """
    repository, dataset = tree.repo, _found(tree, name, relative)
    if not (key or dataset.key):
        raise UsageError(f"{dataset.name} has no key, so no row of it can be followed", hint="-k FIELD")
    dataset = replace(dataset, key=key or dataset.key)
    end, old = (_commit(tree), None) if span is None else span
    at = trees_at(repository)
    if end is None:
        return Lineage(repository=repository, dataset=dataset, first=None, commits=(), tree=at)
    found = walk(tree, [dataset], end, lambda paths: lineage(repository, paths, end, old), at)
    return Lineage(
        repository=repository,
        dataset=dataset,
        first=found.first[dataset.name],
        commits=found.commits,
        shallow=shallow(repository),
        tree=at,
    )


def _commit(tree: Tree) -> Revision | None:
    """The commit of a tree, of the work tree HEAD; None before the first commit."""
    if tree.revision.commit is not None:
        return tree.revision
    try:
        return resolve(tree.repo, "HEAD")
    except UnknownRevision:
        return None


def _found(tree: Tree, name: str, relative: Callable[[str], str]) -> Dataset:
    declared = tree.declared()
    found = next((item for item in declared if name == item.name), None)
    path = relative(name)
    found = found or next((item for item in declared if path == item.path), None)
    if found is not None:
        return found
    try:
        there = tree.find(path) is not None
    except RepositoryError:
        there = False
    if not there:
        names = [item.name for item in declared]
        raise UnknownDataset(f"no dataset and no table {name!r}", hint=did_you_mean(name, names) or "dsv init PATH")
    return Dataset(name=path, path=path)
