"""DVC's settings as a trusted revision has them, so that a branch under review chooses no remote and no command.

What a branch commits into `.dvc/` is its author's: addresses that objects are fetched from, commands that
DVC runs to reach them, folders that it unpickles from. Under a trusted revision nothing of that is read
from the work tree: `.dvc/config` is that revision's, `.dvc/config.local` counts only while Git does not
track it, and caches that Git tracks are left alone for private ones.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dsv.errors import RepositoryError, UnknownRevision
from dsv.store import git
from dsv.store.cache import option_of, setting_of_user

VARIABLE = "DSV_SETTINGS_FROM"
_CONFIG, _LOCAL = "config", "config.local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """The commit whose settings count, and a private folder for what must not lie in the work tree."""

    root: Path
    commit: str
    folder: Path
    known: dict[Path, Mapping[str, bytes]] = field(default_factory=dict, compare=False, repr=False)

    @staticmethod
    def at(root: Path, commit: str) -> Trusted:
        """Trust a commit, by its full id."""
        folder = tempfile.mkdtemp(prefix="dsv-trusted-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return Trusted(root=root, commit=commit, folder=Path(folder))

    @staticmethod
    def named(root: Path) -> Trusted | None:
        """The revision that the environment names. Raises: UnknownRevision: there is no such commit."""
        name = os.environ.get(VARIABLE)
        if not name:
            return None
        found = None if "\n" in name else git.object_ids(root, [f"{name}^{{commit}}"])[f"{name}^{{commit}}"]
        if found is None:
            raise UnknownRevision(f"{VARIABLE} names no commit: {name!r}", hint="git fetch, or unset it")
        return Trusted.at(root, found)

    def caches(self, project: Path) -> Path:
        """Where dsv keeps what it can make again: beside DVC's own, unless the branch put something there."""
        return self.folder / "dsv" if self._tracks(project, "tmp") else project / ".dvc" / "tmp" / "dsv"

    def objects(self, project: Path) -> Path:
        """DVC's cache folder for a project of the work tree, by the trusted settings."""
        folder = project / ".dvc"
        texts = self.settings(project)
        for name in (_LOCAL, _CONFIG):
            found = option_of(texts.get(name, b"").decode("utf-8", "replace"), "cache", "dir")
            if found is not None:
                return Path(os.path.abspath(folder / os.path.expanduser(found)))
        users = setting_of_user("cache", "dir")
        if users is not None:
            return Path(os.path.abspath(users[1] / os.path.expanduser(users[0])))
        return self.folder / "objects" if self._tracks(project, "cache") else folder / "cache"

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
        if not self._tracks(project, _LOCAL) and own.is_file():
            found[_LOCAL] = own.read_bytes()
        return found

    def _tracks(self, project: Path, name: str) -> bool:
        """Say whether the branch that is checked out has something of its own at or under `.dvc/NAME`."""
        folder = (project / ".dvc").relative_to(self.root).as_posix()
        # Without regard to case: on some disks `.DVC/TMP` is the same folder.
        listed = git.lines(self.root, "ls-files", "-z", "--", f":(top,literal,icase){folder}")
        place = f"{folder}/{name}".lower()
        return any(place == path.lower() or path.lower().startswith(f"{place}/") for path in listed) or any(
            folder.lower() == path.lower() or folder.lower().startswith(f"{path.lower()}/") for path in listed
        )
