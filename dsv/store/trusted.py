"""DVC's settings as a trusted revision has them, so that a branch under review chooses no remote and no command.

What a branch commits into `.dvc/` is its author's: addresses that objects are fetched from, commands that
DVC runs to reach them, folders that it unpickles from. Under a trusted revision nothing of that is read
from the work tree: `.dvc/config` is that revision's, `.dvc/config.local` counts only while Git does not
track it, and caches that Git tracks are left alone for private ones.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dsv.errors import RepositoryError, UnknownRevision
from dsv.model.revision import SETTINGS_FROM
from dsv.scratch import lasting
from dsv.store import git
from dsv.store.cache import option_of, setting_of_user

_CONFIG, _LOCAL = "config", "config.local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """The commit whose settings count, and a private folder for what must not lie in the work tree."""

    root: Path
    commit: str
    folder: Path
    known: dict[Path, Mapping[str, bytes]] = field(default_factory=dict, compare=False, repr=False)
    tracked: dict[Path, bool] = field(default_factory=dict, compare=False, repr=False)

    @staticmethod
    def at(root: Path, commit: str) -> Trusted:
        """Trust a commit, by its full id."""
        return Trusted(root=root, commit=commit, folder=lasting("trusted"))

    @staticmethod
    def named(root: Path) -> Trusted | None:
        """The revision that the environment names. Raises: UnknownRevision: there is no such commit."""
        name = os.environ.get(SETTINGS_FROM)
        if not name:
            return None
        found = None if "\n" in name else git.object_ids(root, [f"{name}^{{commit}}"])[f"{name}^{{commit}}"]
        if found is None:
            raise UnknownRevision(f"{SETTINGS_FROM} names no commit: {name!r}", hint="git fetch, or unset it")
        return Trusted.at(root, found)

    def caches(self, project: Path) -> Path:
        """Where dsv keeps what it can make again: beside DVC's own, unless the branch put something there."""
        folder = project / ".dvc" / "tmp"
        return self.folder / "dsv" if self._tracks(folder) else folder / "dsv"

    def objects(self, project: Path) -> Path:
        """DVC's cache folder for a project, by the trusted settings; private if the branch put something there."""
        found = self._cache(project)
        return self.folder / "objects" if self._tracks(found) else found

    def settings(self, project: Path) -> Mapping[str, bytes]:
        """The texts of a project's settings by name: the trusted revision's, and the user's own.

        Raises: RepositoryError: the project lies outside of the repository, or its settings are a link.
        """
        if project not in self.known:
            self.known[project] = self._settings(project)
        return self.known[project]

    def stand_in(self, project: Path) -> Path:
        """A folder of its own for the project that DVC opens in place of one of the work tree."""
        return self.folder / "projects" / hashlib.sha256(os.fsencode(project)).hexdigest()[:16]

    def _settings(self, project: Path) -> Mapping[str, bytes]:
        if not project.resolve().is_relative_to(self.root):
            raise RepositoryError("a DVC project of the work tree is a link that leaves it", where=str(project))
        found: dict[str, bytes] = {}
        path = (project / ".dvc" / _CONFIG).relative_to(self.root).as_posix()
        for line in git.lines(self.root, "ls-tree", "-z", "--full-tree", self.commit, "--", path):
            mode, _, blob = line.split("\t", 1)[0].split(" ")
            if mode not in ("100644", "100755"):
                raise RepositoryError(f"{path} at {self.commit[:12]} is not a file", where=self.commit)
            found[_CONFIG] = git.blobs(self.root, [blob])[blob]
        own = project / ".dvc" / _LOCAL
        if not self._tracks(own) and own.is_file():
            found[_LOCAL] = own.read_bytes()
        return found

    def _cache(self, project: Path) -> Path:
        folder = project / ".dvc"
        texts = self.settings(project)
        for name in (_LOCAL, _CONFIG):
            found = option_of(texts.get(name, b"").decode("utf-8", "replace"), "cache", "dir")
            if found is not None:
                return Path(os.path.abspath(folder / os.path.expanduser(found)))
        users = setting_of_user("cache", "dir")
        if users is not None:
            return Path(os.path.abspath(users[1] / os.path.expanduser(users[0])))
        return folder / "cache"

    def _tracks(self, place: Path) -> bool:
        """Say whether the branch that is checked out has something at or under a place, or a link on the way there."""
        if place not in self.tracked:
            # The outermost: a link of the branch may lead back to the top.
            top = next((item for item in (*reversed(place.parents), place) if item.resolve() == self.root), None)
            self.tracked[place] = top is not None and self._lists(top, place)
        return self.tracked[place]

    def _lists(self, top: Path, place: Path) -> bool:
        links = [item for item in place.parents if top in item.parents and item.is_symlink()]
        # Without regard to case: on some disks `.DVC/TMP` is the same folder.
        words = [f":(top,literal,icase){item.relative_to(top).as_posix()}" for item in (place, *links)]
        return bool(git.lines(self.root, "ls-files", "-z", "--", *words))
