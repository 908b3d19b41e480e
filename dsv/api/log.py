"""`dsv log`: the revisions that changed a dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import islice
from pathlib import Path

from dsv.api.candidates import candidates
from dsv.api.counting import count
from dsv.api.deltas import TRAILER, told_deltas
from dsv.api.diff import DiffOptions, compare_trees
from dsv.api.log_memory import LogMemory, declaration_id
from dsv.api.moves import path_at
from dsv.api.names import CHAIN_LOCK
from dsv.api.places import documents_of
from dsv.api.recorded import Recorded
from dsv.api.walks import Walk, walk
from dsv.errors import DsvError, UnknownDataset, did_you_mean
from dsv.model.dataset import Dataset
from dsv.model.history import ClassMove, LogEntry, Meaning
from dsv.model.profile import Profile
from dsv.model.progress import SILENT, Progress, each
from dsv.model.revision import Revision
from dsv.store import git
from dsv.store.history import Commit, history
from dsv.store.repository import Repository
from dsv.store.revisions import EMPTY, shallow, span, workspace
from dsv.store.trees import Tree, content_at, trees_at

MOST_MOVES = 3
"""Classes that gained or lost most rows, of which a log tells."""


def log(
    start: Path,
    revisions: Sequence[str],
    targets: Sequence[str] | None,
    *,
    limit: int | None = None,
    meaning: bool = False,
    progress: Progress = SILENT,
) -> list[LogEntry]:
    """The revisions that changed a dataset, newest first, an entry a dataset.

    The datasets are the declared ones; where there are none, the tables of the work tree, by path.
    `meaning`: say what became of schema and classes too.

    `revisions` is nothing (all that HEAD reaches), a revision or a range `A..B`. Rows added,
    removed and changed are those that the commit recorded, else they are counted where the data is
    on this machine and not too large; None elsewhere.

    Raises: UnknownRevision, UnknownDataset.
    """
    repository = Repository.discover(start).local()
    tree = Tree(repository, workspace())
    declared = tree.declared() or tuple(Dataset(name=path, path=path) for path in candidates(tree))
    chosen = _chosen(declared, targets, lambda word: repository.relative(start / word))
    new, old = span(repository, revisions)
    at = trees_at(repository)
    found = walk(tree, chosen, new, lambda paths: history(repository, paths, new, old), at)
    memory = LogMemory(repository.cache_folder())
    # Not the first commits of Git's list: a merge that has one dataset of each parent is there, and changed none.
    touched = [
        (commit, item)
        for commit in found.commits
        for item in chosen
        if found.touches(commit, item.name) or found.concerns(commit, item.name)
    ]
    likely = {commit.id: commit for commit, _ in touched[:limit]}
    trees = _Trees(repository, list(likely.values()), [item.path for item in chosen], at)
    changes = _changes(found, each(progress, "counting rows of commits", touched), trees, memory)
    entries = [
        _entry(trees, memory, commit, item, found.first[item.name], meaning) for commit, item in islice(changes, limit)
    ]
    memory.save()
    return entries


def _changes(
    found: Walk, touched: Iterable[tuple[Commit, Dataset]], trees: _Trees, memory: LogMemory
) -> Iterator[tuple[Commit, Dataset]]:
    """The commits that changed a dataset: a pointer of its own, or what another says of it."""
    for commit, item in touched:
        first = found.first[item.name]
        if found.touches(commit, item.name) or _differs(trees, memory, commit, item, first):
            yield commit, item


def _differs(trees: _Trees, memory: LogMemory, commit: Commit, dataset: Dataset, first: str | None) -> bool:
    """The commit changed the dataset, or nothing on this machine tells that it did not."""
    declaration = declaration_id(dataset, first)
    known = memory.changed(commit.id, declaration)
    if known is None:
        known = trees.differs(commit, dataset, first)
        if known is not None:
            memory.keep_changed(commit.id, declaration, known)
    return known is not False


def _chosen(
    declared: tuple[Dataset, ...], targets: Sequence[str] | None, relative: Callable[[str], str]
) -> list[Dataset]:
    if not targets:
        return list(declared)
    found = []
    for target in targets:
        match = next((item for item in declared if target == item.name or relative(target) == item.path), None)
        if match is None:
            names = [item.name for item in declared]
            raise UnknownDataset(f"no dataset {target!r} is declared", hint=did_you_mean(target, names))
        found.append(match)
    return found


class _Trees:
    """The files of commits and of their parents."""

    def __init__(
        self, repository: Repository, likely: Sequence[Commit], paths: Sequence[str], at: Callable[[str], Tree]
    ) -> None:
        """`likely` are the commits that will be asked for first, in this order; `paths` those of datasets."""
        self._repository = repository
        self._likely = likely
        self._paths = paths
        self.shallow = shallow(repository)
        self.of = at

    @cached_property
    def _recorded(self) -> Recorded:
        both = [one for commit in self._likely for one in (commit.id, *commit.parents[:1])]
        return Recorded(self._repository, list(dict.fromkeys(both)), self._paths)

    def differs(self, commit: Commit, dataset: Dataset, first: str | None) -> bool | None:
        """Whether the dataset is as at no parent; None where nothing on this machine tells."""
        new = self._content(commit.id, dataset, first)
        old = [self._content(parent, dataset, first) for parent in commit.parents] or [()]
        if new is not None and new in old:
            return False
        return None if new is None or None in old else True

    def _content(self, commit: str, dataset: Dataset, first: str | None) -> tuple[str, ...] | None:
        tree = self.of(commit)
        return content_at(tree, path_at(tree, dataset, first))

    def profiles(self, commit: Commit, path: str) -> tuple[Profile | None, Profile | None] | None:
        """The profiles before and after, the first None if nothing was before; None where one is not to be had."""
        new = self._recorded.profile(commit.id, path)
        if not commit.parents:
            return None if new is None else (None, new)
        old = self._recorded.profile(commit.parents[0], path)
        return None if old is None or new is None else (old, new)

    def before(self, commit: Commit) -> Tree:
        """The files of the first parent; none before the first commit."""
        if commit.parents:
            return self.of(commit.parents[0])
        return Tree(self._repository, Revision(name=EMPTY, commit=git.EMPTY_TREES[len(commit.id)]))


def _entry(
    trees: _Trees, memory: LogMemory, commit: Commit, dataset: Dataset, first: str | None, meaning: bool
) -> LogEntry:
    told = told_deltas(commit.trailers.get(TRAILER, "")).get(dataset.name)
    entry = LogEntry(
        commit=commit.id,
        author=commit.author,
        date=commit.date,
        subject=commit.subject,
        dataset=dataset.name,
        delta=told,
        rows=None,
    )
    if commit.id in trees.shallow:
        # What was before it is not in this clone, so nothing can be held against what it tells.
        return entry
    declaration = declaration_id(dataset, first)
    known = memory.recall(entry, declaration, meaning=meaning)
    if known is None:
        known = _found(trees, entry, commit, dataset, first)
        known = replace(known, meaning=_meaning(trees, commit, dataset, first)) if meaning else known
        memory.keep(known, declaration)
    return known


def _found(trees: _Trees, entry: LogEntry, commit: Commit, dataset: Dataset, first: str | None) -> LogEntry:
    """The entry with the counts and migrations of its commit."""
    lock = f"{documents_of(dataset)}/{CHAIN_LOCK}"
    profiles = trees.profiles(commit, dataset.path) if first is None else None
    if profiles is not None and entry.delta is not None and lock not in commit.paths:
        old, new = (0 if profile is None else profile.rows for profile in profiles)
        if old + entry.delta.added - entry.delta.removed == new:
            return replace(entry, rows=new)
    before, tree = trees.before(commit), trees.of(commit.id)
    counted = count(tree.repo, before, tree, dataset, entry.delta, first=first)
    migrations = tuple(_applied(before, tree, lock)) if lock in commit.paths else ()
    return replace(entry, delta=counted.delta, rows=counted.rows, migrations=migrations)


def _meaning(trees: _Trees, commit: Commit, dataset: Dataset, first: str | None) -> Meaning | None:
    """What became of schema and classes; of data that no profile describes, nothing is known."""
    profiles = trees.profiles(commit, dataset.path) if first is None else None
    if profiles is not None:
        from dsv.diff.profiles import diff_profiles

        diff = diff_profiles(dataset.name, dataset.path, *profiles, key_source="declared")
    else:
        both = trees.before(commit), trees.of(commit.id)
        try:
            with compare_trees(both, dataset.name, options=DiffOptions(profiles=True)) as comparison:
                (diff,) = comparison.result.datasets
        except DsvError:
            return None
    moves = [
        ClassMove(field=label.field, name=item.name, old=item.old, new=item.new)
        for label in diff.labels
        for item in label.classes
        if item.old != item.new
    ]
    moves.sort(key=lambda move: (-abs(move.new - move.old), move.field, move.name))
    return Meaning(schema_changes=diff.schema_changes, moves=tuple(moves[:MOST_MOVES]), more=len(moves[MOST_MOVES:]))


def _applied(before: Tree, tree: Tree, path: str) -> Iterator[str]:
    """Migrations that a commit's lock lists and its first parent's does not."""
    from dsv.migrations import lock

    old, new = before.read(path), tree.read(path)
    known = {entry.id for entry in lock.load(old, path).line} if old is not None else set()
    for entry in lock.load(new, path).line if new is not None else ():
        if entry.id not in known:
            yield entry.id
