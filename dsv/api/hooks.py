"""What dsv does in Git's hooks."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import Path

from dsv.api.names import CHAIN_LOCK, MIGRATIONS
from dsv.errors import DocumentError, DsvError, RepositoryError
from dsv.model.profile import PROFILE_SUFFIX
from dsv.store import dvc, git
from dsv.store.pointers import is_pointer, lock_outputs, pointer_outputs
from dsv.store.repository import Repository


def before_commit(start: Path) -> Iterator[DsvError]:
    """What is wrong with the staged files of datasets; nothing is opened but those small files.

    Pointers that are cut off or empty, as a full disk leaves them; `chain.lock`, profiles and pointers that
    are damaged or hold marks of a conflict; a profile that is not of the bytes that its pointer names.
    """
    repository = Repository.discover(start)
    listed = ("diff", "--cached", "--name-only", "-z", "--no-ext-diff", "--no-renames", "--diff-filter=ACMR")
    staged = git.lines(repository.root, *listed)
    for path in staged:
        if not (is_pointer(path) or path.endswith(PROFILE_SUFFIX) or _is_chain_lock(path)):
            continue
        content = _staged(repository, path)
        try:
            if content is not None:
                _check(repository, path, content)
        except DsvError as error:
            yield error


def _check(repository: Repository, path: str, content: bytes) -> None:
    if not content.strip():
        raise DocumentError("the file is empty: a write was cut off", where=path, hint=f"git checkout HEAD -- {path}")
    if path.endswith(PROFILE_SUFFIX):
        _check_profile(repository, path, content)
    elif _is_chain_lock(path):
        from dsv.migrations import lock

        lock.load(content, path)
    elif posixpath.basename(path) == "dvc.lock":
        lock_outputs(content, path, None)
    elif not pointer_outputs(content, path):
        raise DocumentError("the pointer names no data", where=path, hint=f"git checkout HEAD -- {path}")


def _check_profile(repository: Repository, path: str, content: bytes) -> None:
    from dsv.profiles import document as profiles

    profile = profiles.load(content, path)
    data = path.removesuffix(PROFILE_SUFFIX)
    pointer = _staged(repository, f"{data}.dvc")
    if pointer is None:
        return
    recorded = next((item for item in pointer_outputs(pointer, f"{data}.dvc") if item.path == data), None)
    stale = recorded is not None and recorded.md5 is not None and recorded.md5 != profile.md5
    if not profile.adds_up or (stale and recorded is not None and not recorded.legacy):
        what = "the profile is of other bytes than its pointer" if stale else "the numbers of the profile do not add up"
        raise RepositoryError(what, where=path, hint=f"dsv commit {data}")


def _is_chain_lock(path: str) -> bool:
    return posixpath.basename(path) == CHAIN_LOCK and f"/{MIGRATIONS}/" in f"/{path}"


def _staged(repository: Repository, path: str) -> bytes | None:
    try:
        return git.read(repository.root, "cat-file", "blob", f":0:{path}")
    except git.GitFailed:
        return None


def after_merge(start: Path) -> Iterator[str]:
    """Have DVC check out what a merge changed; what is not in its cache is told.

    A work file that differs from all that DVC knows is never overwritten.
    """
    repository = Repository.discover(start)
    if repository.dvc_root is None:
        return
    try:
        dvc.checkout(repository, [])
    except RepositoryError:
        yield "some data of the merge is not here: dvc pull"
