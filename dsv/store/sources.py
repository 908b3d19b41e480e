"""Where the files of a tree come from: a commit's objects, or the index and the work tree."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from dsv.errors import DsvError, RepositoryError
from dsv.files import inside
from dsv.store import git
from dsv.store.cache import cache_folder
from dsv.store.repository import Repository


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
        contents = git.blobs(self.repo.root, list(ids.values()))
        return {path: contents[blob] for path, blob in ids.items()}

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
        root = self.repo.root
        new = git.lines(root, "ls-files", "-z", "--others", "--exclude-standard")
        gone = set(git.lines(root, "ls-files", "-z", "--deleted"))
        return tuple(sorted({*self.index, *new} - gone))

    @cached_property
    def index(self) -> dict[str, str | None]:
        """Blob ids of the index; None of a path in conflict."""
        found: dict[str, str | None] = {}
        for line in git.lines(self.repo.root, "ls-files", "-z", "--stage"):
            head, path = line.split("\t", 1)
            mode, blob, stage = head.split(" ")
            if mode != "160000":
                found[path] = blob if stage == "0" else None
        return found

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
        return cache_folder(self.repo.dvc_root).resolve() in place.resolve().parents


@dataclass(frozen=True, slots=True)
class _Entry:
    path: str
    mode: str
    blob: str


def _tree_entries(repo: Repository, commit: str) -> Iterator[_Entry]:
    for line in git.lines(repo.root, "ls-tree", "-r", "-z", "--full-tree", commit):
        head, path = line.split("\t", 1)
        mode, kind, blob = head.split(" ")
        if kind == "blob":
            yield _Entry(path, mode, blob)
