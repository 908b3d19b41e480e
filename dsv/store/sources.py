"""Where the files of a tree come from: a commit's objects, or the index and the work tree."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from dsv.errors import DsvError, RepositoryError
from dsv.files import inside
from dsv.model.profile import PROFILE_SUFFIX
from dsv.store import git
from dsv.store.pointers import is_pointer
from dsv.store.repository import Repository

MANY = 50
"""More documents than this are not read before they are asked for."""
KEPT = 2_000
"""So many documents are kept in memory."""


class Source(Protocol):
    """What a revision and the workspace answer each in its own way."""

    @property
    def paths(self) -> tuple[str, ...]: ...

    def read_many(self, paths: Iterable[str]) -> dict[str, bytes]: ...

    def blob(self, path: str) -> str | None:
        """Git's id of the file's bytes."""

    def tracks(self, path: str) -> bool:
        """Git knows the path and the file is there."""

    def file(self, path: str) -> Path | None:
        """The work file."""

    def folder(self, path: str) -> Path | None:
        """The folder in the work tree."""


class CommitFiles:
    """The files of a commit (or of a tree id)."""

    def __init__(self, repo: Repository, commit: str) -> None:
        self.repo = repo
        self.entries = {item.path: item for item in _tree_entries(repo, commit)}

    @cached_property
    def paths(self) -> tuple[str, ...]:
        return tuple(sorted(self.entries))

    def read_many(self, paths: Iterable[str]) -> dict[str, bytes]:
        ids = {path: blob for path in paths if (blob := self.blob(path)) is not None}
        kept = self.repo.documents
        missing = [blob for blob in ids.values() if blob not in kept]
        if missing:
            if len(kept) > KEPT:
                kept.clear()
                missing = list(ids.values())
            kept.update(self._read(missing))
        return {path: kept[blob] for path, blob in ids.items()}

    def _read(self, blobs: list[str]) -> dict[str, bytes]:
        """Blobs, and the documents that are likely to be wanted next, if they are few: through one process."""
        documents = [item.blob for item in self.entries.values() if item.mode != "120000" and _is_document(item.path)]
        more = [blob for blob in documents if blob not in self.repo.documents]
        if more and len(documents) <= MANY:
            # One that is lacking is an error when it is asked for, not before.
            with suppress(git.GitFailed):
                return git.blobs(self.repo.root, [*blobs, *more])
        return git.blobs(self.repo.root, blobs)

    def blob(self, path: str) -> str | None:
        entry = self.entries.get(path)
        if entry is not None and entry.mode == "120000":
            raise RepositoryError(f"{path!r} is a symbolic link", where=path)
        return None if entry is None else entry.blob

    def tracks(self, path: str) -> bool:
        return path in self.entries

    def file(self, path: str) -> Path | None:
        return None

    def folder(self, path: str) -> Path | None:
        return None


class WorkspaceFiles:
    """The files of the work tree, and what the index knows of them."""

    def __init__(self, repo: Repository) -> None:
        self.repo = repo
        self._inside: dict[str, bool] = {}

    @cached_property
    def paths(self) -> tuple[str, ...]:
        index, new, gone = self._listed
        return tuple(sorted({*index, *new} - gone))

    @property
    def index(self) -> dict[str, str | None]:
        """Blob ids of the index; None of a path in conflict."""
        return self._listed[0]

    @cached_property
    def _listed(self) -> tuple[dict[str, str | None], set[str], set[str]]:
        """The index, the files that Git neither knows nor ignores, and those that are gone: one process for all."""
        index: dict[str, str | None] = {}
        new, gone = set(), set()
        options = ("-z", "-t", "--stage", "--deleted", "--others", "--exclude-standard")
        for line in git.lines(self.repo.root, "ls-files", *options):
            tag, found = line.split(" ", 1)
            if tag == "?":
                new.add(found)
                continue
            head, path = found.split("\t", 1)
            mode, blob, stage = head.split(" ")
            if tag == "R":
                gone.add(path)
            elif mode != "160000":
                index[path] = blob if stage == "0" else None
        return index, new, gone

    @cached_property
    def modified(self) -> set[str]:
        """Tracked paths whose work file differs from the index."""
        answer = git.lines(self.repo.root, "status", "--porcelain", "-z", "--untracked-files=no", "--no-renames")
        return {line[3:] for line in answer if line[1] != " "}

    def read_many(self, paths: Iterable[str]) -> dict[str, bytes]:
        files = ((path, self.file(path)) for path in paths)
        return {path: file.read_bytes() for path, file in files if file is not None}

    def blob(self, path: str) -> str | None:
        return None if path in self.modified else self.index.get(path)

    def tracks(self, path: str) -> bool:
        return path in self.index and self.file(path) is not None

    def file(self, path: str) -> Path | None:
        place = self.repo.root / path
        if os.path.islink(place) or not self._is_inside(os.path.dirname(path)):
            try:
                place = inside(self.repo.root, path)
            except DsvError:
                if not self._is_link_into_cache(place):
                    raise
        return place if place.is_file() else None

    def folder(self, path: str) -> Path | None:
        place = inside(self.repo.root, path)
        return place if place.is_dir() else None

    def _is_inside(self, folder: str) -> bool:
        """Like `files.inside`, each folder being resolved once: a folder may hold a hundred thousand files."""
        known = self._inside.get(folder)
        if known is None:
            try:
                inside(self.repo.root, folder)
            except DsvError:
                known = False
            else:
                known = True
            self._inside[folder] = known
        return known

    def _is_link_into_cache(self, place: Path) -> bool:
        """DVC's own links (`cache.type symlink`) leave the repository where the cache is outside."""
        if self.repo.dvc_root is None:
            return False
        return self.repo.objects_folder(self.repo.dvc_root).resolve() in place.resolve().parents


def _is_document(path: str) -> bool:
    return is_pointer(path) or path.endswith(PROFILE_SUFFIX) or posixpath.basename(path) in ("dvc.yaml", "chain.lock")


@dataclass(frozen=True, slots=True)
class _Entry:
    path: str
    mode: str
    blob: str


def _tree_entries(repo: Repository, commit: str) -> Iterator[_Entry]:
    if commit in git.EMPTY_TREES.values():
        return
    for line in git.lines(repo.root, "ls-tree", "-r", "-z", "--full-tree", commit):
        head, path = line.split("\t", 1)
        mode, kind, blob = head.split(" ")
        if kind == "blob":
            yield _Entry(path, mode, blob)
