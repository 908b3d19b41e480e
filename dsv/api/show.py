"""`dsv show`: a commit, and what it changed in the datasets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dsv.api.diff import Comparison, DiffOptions, compare_sides
from dsv.api.pairs import repository_pairs
from dsv.errors import UnknownRevision, UsageError
from dsv.model.history import CommitDetails
from dsv.model.progress import SILENT, Progress
from dsv.store.history import details
from dsv.store.repository import Repository
from dsv.store.revisions import parents, resolve, shallow
from dsv.store.trees import Tree


def show(
    start: Path,
    word: str,
    targets: Sequence[str] | None,
    options: DiffOptions | None = None,
    progress: Progress = SILENT,
) -> tuple[CommitDetails, Comparison]:
    """The commit that a revision names, and its comparison with its first parent, or with no files if it has none.

    `targets` are datasets, paths or `DATASET:KEY`; None for all.

    Raises: UnknownRevision. UsageError: a range. DsvError: it cannot be compared.
    """
    if ".." in word:
        raise UsageError(f"{word!r} is a range; one revision can be shown", hint=f"dsv diff {word}")
    repository = Repository.discover(start)
    after = resolve(repository, word)
    about = details(repository, after)
    if about.commit in shallow(repository):
        raise UnknownRevision(
            f"the parent of {word} is not in this clone, which is shallow",
            where=about.commit,
            hint="git fetch --deepen 1",
        )
    before = parents(repository, [about.commit])[about.commit]
    trees = Tree(repository, before), Tree(repository, after)
    with progress.task("comparing"):
        pairs = repository_pairs(*trees, list(targets or ()), lambda name: repository.relative(start / name))
        return about, compare_sides(trees, pairs, options or DiffOptions(), progress)
