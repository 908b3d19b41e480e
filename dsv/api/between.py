"""What the words of a diff mean: two files, or two sides of a repository, and the tables to compare."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from dsv.api.pairs import Pair, file_pair, repository_pairs
from dsv.errors import RepositoryError, UnknownRevision, UsageError
from dsv.model.revision import Revision
from dsv.store.repository import Repository
from dsv.store.revisions import resolve, sides
from dsv.store.trees import Tree


def found_between(
    start: Path, words: Sequence[str], targets: Sequence[str] | None
) -> tuple[tuple[Revision, Revision], list[Pair]]:
    """Both sides, and the tables to compare."""
    if targets is None and _are_files(start, words):
        old, new = words
        return (Revision(name=old), Revision(name=new)), [file_pair(start / old, start / new, shown=(old, new))]
    repository = Repository.discover(start)
    (before, after), named = _split(repository, start, words, targets)
    trees = Tree(repository, before), Tree(repository, after)
    return (before, after), repository_pairs(*trees, named, lambda word: repository.relative(start / word))


def _are_files(start: Path, words: Sequence[str]) -> bool:
    if len(words) != 2:
        return False
    paths = [start / word for word in words]
    if all(path.is_file() for path in paths):
        return True
    # A folder may have the name of a branch: then the branch is meant, as in git.
    return all(path.is_dir() for path in paths) and not any(_is_revision(start, word) for word in words)


def _is_revision(start: Path, word: str) -> bool:
    try:
        resolve(Repository.discover(start), word)
    except RepositoryError:
        return False
    return True


def _split(
    repository: Repository, start: Path, words: Sequence[str], targets: Sequence[str] | None
) -> tuple[tuple[Revision, Revision], list[str]]:
    """Both sides, and the targets. Raises: UnknownRevision: a word is neither revision nor target."""
    if targets is not None:
        return sides(repository, words), list(targets)
    if not any(".." in word and (start / word).exists() for word in words):
        with suppress(UnknownRevision, UsageError):
            return sides(repository, words), []
    number = _revisions(repository, start, words)
    return sides(repository, words[:number]), list(words[number:])


def _revisions(repository: Repository, start: Path, words: Sequence[str]) -> int:
    """How many words stand before the first target. Raises: UnknownRevision: a word is neither."""
    for place, word in enumerate(words):
        if ".." in word and not (start / word).exists():
            continue
        try:
            resolve(repository, word)
        except UnknownRevision:
            if _is_target(repository, start, word):
                return place
            raise
    return len(words)


def _is_target(repository: Repository, start: Path, word: str) -> bool:
    if (start / word).exists():
        return True
    tree = Tree(repository, sides(repository, ["HEAD"])[1])
    return word.partition(":")[0] in {item.name for item in tree.declared()}
