"""Profiles at many revisions, read with their pointers through few Git processes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from dsv.errors import DsvError
from dsv.model.profile import Profile, profile_path
from dsv.profiles import document as profiles
from dsv.store import git
from dsv.store.pointers import pointer_outputs
from dsv.store.repository import Repository

AHEAD = 200
"""Files that are read at once."""
KEPT = 8
"""Profiles that are kept: the next commit of a log is often the parent of the one before."""


class Recorded:
    """The `.dvc` files and profiles of datasets at revisions: the usual case, in which nothing has to be listed."""

    def __init__(self, repository: Repository, revisions: Sequence[str], paths: Iterable[str]) -> None:
        """`revisions` are ids of commits, in the order in which they will be asked for; `paths` those of datasets."""
        self._root = repository.root
        names = [
            f"{revision}:{file}"
            for revision in revisions
            for path in paths
            if "\n" not in path
            for file in (f"{path}.dvc", profile_path(path))
        ]
        self._ids = git.object_ids(repository.root, names)
        self._order = list(dict.fromkeys(blob for blob in self._ids.values() if blob is not None))
        self._place = {blob: place for place, blob in enumerate(self._order)}
        self._loaded: dict[str, bytes] = {}
        self._sound = lru_cache(maxsize=KEPT)(self._parsed)

    def profile(self, revision: str, path: str) -> Profile | None:
        """The sound profile of exactly the recorded bytes; None where there is none."""
        pointer, profile = self._ids.get(f"{revision}:{path}.dvc"), self._ids.get(f"{revision}:{profile_path(path)}")
        return None if pointer is None or profile is None else self._sound(pointer, profile, path)

    def _parsed(self, pointer: str, profile: str, path: str) -> Profile | None:
        try:
            found = profiles.load(self._read(profile), profile_path(path))
            outputs = pointer_outputs(self._read(pointer), f"{path}.dvc")
        except DsvError:
            return None
        recorded = {item.path: item.md5 for item in outputs if not item.legacy}
        return found if found.adds_up and recorded.get(path) == found.md5 else None

    def _read(self, blob: str) -> bytes:
        if blob not in self._loaded:
            start = self._place[blob]
            self._loaded = git.blobs(self._root, self._order[start : start + AHEAD])
        return self._loaded[blob]
