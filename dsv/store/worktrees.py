"""Throw-away work trees of a revision, linked to the repository: the user's files, index and settings stay."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dsv.errors import RepositoryError, UsageError
from dsv.model.revision import Revision
from dsv.store import git, remotes
from dsv.store.cache import cache_folder
from dsv.store.repository import Repository

PREFIX = "dsv-at-"
_LOCK = "lock"
_HOOKS_OFF = ("-c", f"core.hooksPath={os.devnull}")


@contextmanager
def linked(
    repo: Repository, revision: Revision, keep: Path | None = None, *, private: bool = False
) -> Iterator[Repository]:
    """A work tree with Git's files of a revision; what DVC keeps is not there yet.

    DVC has the caches and remotes there that it has in the repository; with `private` an empty cache and
    no remote, so that what stages make there never gets into the repository's cache. The tree is gone after
    the block; with `keep` it stays in that folder. Those that a killed dsv left are swept first.

    Raises: UsageError: `keep` is there already. RepositoryError: Git refuses.
    """
    sweep(repo)
    if keep is not None:
        if keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
            raise UsageError("the folder to keep it in is there already, and not empty", where=str(keep))
        try:
            _make(repo, revision, keep)
            _settle(repo, keep, None)
            yield Repository.discover(keep)
        except BaseException:
            _remove(repo, keep)
            raise
        return
    folder = Path(_temporary())
    top = folder / repo.root.name
    try:
        with _owned(folder):
            _make(repo, revision, top)
            _settle(repo, top, folder / "cache" if private else None)
            yield Repository.discover(top)
    finally:
        _remove(repo, top)
        shutil.rmtree(folder, ignore_errors=True)


def sweep(repo: Repository) -> None:
    """Take away the work trees that a killed dsv left of this repository; those in use stay."""
    with suppress(git.GitFailed):
        listed = git.read(repo.root, "worktree", "list", "--porcelain", "-z").split(b"\0")
        tops = [Path(os.fsdecode(line[9:])) for line in listed if line.startswith(b"worktree ")]
        clones = Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{repo.root.name}") if _is_cloned(repo) else ()
        for top in (*tops, *clones):
            if top.parent.name.startswith(PREFIX) and not _in_use(top.parent):
                _remove(repo, top)
                shutil.rmtree(top.parent, ignore_errors=True)


def _temporary() -> str:
    try:
        return tempfile.mkdtemp(prefix=PREFIX)
    except OSError as error:
        raise RepositoryError(
            f"there is no room for a work tree: {error.strerror}", where=str(error.filename), hint="set TMPDIR"
        ) from None


def _make(repo: Repository, revision: Revision, top: Path) -> None:
    commit = str(revision.commit)
    try:
        if _is_cloned(repo):
            git.write(repo.root, "clone", "--quiet", "--shared", "--no-checkout", str(repo.root), str(top))
            git.write(top, *_HOOKS_OFF, "checkout", "--quiet", "--detach", commit)
        else:
            git.write(repo.root, *_HOOKS_OFF, "worktree", "add", "--quiet", "--detach", str(top), commit)
    except git.GitFailed as error:
        raise RepositoryError(f"{revision.name} cannot be checked out", where=error.said) from None


def _is_cloned(repo: Repository) -> bool:
    """Say whether a clone without objects of its own has to stand in for a linked work tree.

    DVC takes one that is linked to a submodule for one outside of its repository, and a repository that is
    read-only takes no note of links.
    """
    if git.read(repo.root, "rev-parse", "--show-superproject-working-tree").strip():
        return True
    common = git.read(repo.root, "rev-parse", "--path-format=absolute", "--git-common-dir")
    return not os.access(os.fsdecode(common.rstrip(b"\n")), os.W_OK)


def _remove(repo: Repository, top: Path) -> None:
    """Take a work tree away; nothing if it is not there."""
    shutil.rmtree(top, ignore_errors=True)
    with suppress(git.GitFailed):
        git.write(repo.root, "worktree", "prune")


@contextmanager
def _owned(folder: Path) -> Iterator[None]:
    """Mark a folder as in use, by a lock that the operating system frees when this process ends."""
    import zc.lockfile

    lock = zc.lockfile.LockFile(str(folder / _LOCK))
    try:
        yield
    finally:
        lock.close()


def _in_use(folder: Path) -> bool:
    import zc.lockfile

    if not folder.is_dir():
        return False
    try:
        zc.lockfile.LockFile(str(folder / _LOCK)).close()
    except (zc.lockfile.LockError, OSError):
        return True
    return False


def _settle(repo: Repository, top: Path, private: Path | None) -> None:
    """Tell DVC in the new work tree where caches and remotes are, in the files that Git ignores."""
    for project in projects(top):
        own = repo.root / project
        if private is not None:
            remotes.configure(top / project, private, None)
        elif (own / ".dvc").is_dir():
            remotes.configure(top / project, cache_folder(own), own)


def projects(top: Path) -> list[Path]:
    """The folders of a work tree that hold a DVC project, relative to its top."""
    found = git.lines(top, "ls-files", "-z", "--", ":(glob)**/.dvc/config")
    return [Path(path).parent.parent for path in found]
