"""Where the Git repository and its DVC project are, and where dsv may keep caches."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

from dsv.errors import NotARepository
from dsv.store import git
from dsv.store.cache import cache_folder
from dsv.store.trusted import Trusted


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A Git work tree.

    `root` is its top level, `git_folder` where Git keeps the index of this work tree. `dvc_root` is
    the folder that holds `.dvc/`, None without DVC. `documents` are the small files that were read
    from commits, by the ids of their blobs, which name the same bytes for ever. Under a `trusted` revision
    DVC's settings are read from there, and no DVC is started in the work tree. `fetches`: what DVC keeps and
    is not on this machine is fetched from its remote when it is asked for.
    """

    root: Path
    git_folder: Path
    dvc_root: Path | None
    trusted: Trusted | None = None
    fetches: bool = True
    documents: dict[str, bytes] = field(default_factory=dict, compare=False, repr=False)

    @staticmethod
    def discover(start: Path) -> Repository:
        """The repository that a folder or file is in.

        `dvc_root` is the nearest folder upwards that holds `.dvc/`.

        Raises: NotARepository: no Git work tree there.
        """
        folder = start.resolve()
        while not folder.is_dir():
            folder = folder.parent
        try:
            answer = git.read(folder, "rev-parse", "--show-toplevel", "--absolute-git-dir")
        except git.GitFailed as error:
            reason = None if "not a git repository" in error.said else error.said
            raise NotARepository("not inside a Git repository", where=reason or str(folder), hint="git init") from None
        top, git_folder = (Path(os.fsdecode(line)) for line in answer.rstrip(b"\n").split(b"\n"))
        root = top.resolve()
        dvc_root = _dvc_root(folder, root)
        return Repository(root=root, git_folder=git_folder, dvc_root=dvc_root, trusted=Trusted.named(root))

    def trusting(self, commit: str) -> Repository:
        """This repository with DVC's settings from a commit (its full id), not from the work tree."""
        return replace(self, trusted=Trusted.at(self.root, commit))

    def local(self) -> Repository:
        """This repository, from whose remotes nothing is fetched: what is not here is missing."""
        return replace(self, fetches=False)

    def require_dvc(self) -> Path:
        """The folder that holds `.dvc/`. Raises: NotARepository: DVC is not set up."""
        if self.dvc_root is None:
            raise NotARepository("DVC is not set up in this repository", where=str(self.root), hint="dsv init")
        return self.dvc_root

    def cache_folder(self) -> Path:
        """Where dsv keeps what it can make again; not created here, and never a new `.dvc/`."""
        if self.dvc_root is None:
            return user_cache_folder()
        if self.trusted is not None:
            return self.trusted.caches(self.dvc_root)
        return self.dvc_root / ".dvc" / "tmp" / "dsv"

    def objects_folder(self, project: Path) -> Path:
        """The cache folder of the DVC project whose `.dvc/` is in `project`."""
        return cache_folder(project) if self.trusted is None else self.trusted.objects(project)

    def relative(self, path: Path | str) -> str:
        """The repository path (relative to `root`, forward slashes) of a path on this machine.

        A relative path starts at the current folder. Links are followed in the folders above the
        file, never at the file itself.

        Raises: NotARepository: the path is outside.
        """
        given = Path(os.path.abspath(path))
        place = given.parent.resolve() / given.name if given.name else given
        if place != self.root and self.root not in place.parents:
            raise NotARepository(f"{str(path)!r} is outside the repository", where=str(self.root))
        return place.relative_to(self.root).as_posix()


def user_cache_folder() -> Path:
    """The user's own cache folder for dsv."""
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base) / "dsv"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "dsv" / "cache"
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "dsv"


def _dvc_root(folder: Path, root: Path) -> Path | None:
    while True:
        if (folder / ".dvc").is_dir():
            return folder
        if folder == root or folder == folder.parent:
            return None
        folder = folder.parent
