"""One Git commit of exactly the given paths, or nothing changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dsv.errors import RepositoryError
from dsv.files import write_bytes
from dsv.store import git
from dsv.store.repository import Repository

_IN_PROGRESS = (
    ("MERGE_HEAD", "a merge", "git merge --continue, or git merge --abort"),
    ("REVERT_HEAD", "a revert", "git revert --continue, or git revert --abort"),
    ("CHERRY_PICK_HEAD", "a cherry-pick", "git cherry-pick --continue, or git cherry-pick --abort"),
    ("rebase-merge", "a rebase", "git rebase --continue, or git rebase --abort"),
    ("rebase-apply", "a rebase or am", "git rebase --continue, or git am --continue"),
)


def changed_paths(repo: Repository, paths: Sequence[str]) -> tuple[str, ...]:
    """The files among (or below) the paths that differ from HEAD in the work tree, sorted.

    New and deleted ones count; new ones that Git ignores do not.
    """
    if not paths:
        return ()
    pathspecs = [git.literal(path) for path in paths]
    differ = ("diff", "--name-only", "-z", "--no-ext-diff", "--no-textconv", "--no-renames")
    tracked = git.lines(repo.root, *differ, _base(repo), "--", *pathspecs)
    return tuple(sorted({*tracked, *_new(repo, pathspecs)}))


def check_ready(repo: Repository) -> None:
    """Raise RepositoryError while a merge, rebase, revert or cherry-pick is under way."""
    for name, what, hint in _IN_PROGRESS:
        if (repo.git_folder / name).exists():
            raise RepositoryError(f"{what} is under way in this repository", hint=hint)


def head_message(repo: Repository) -> str:
    """The message of the commit that HEAD is."""
    return git.read(repo.root, "log", "-1", "--format=%B", "HEAD").decode("utf-8", "replace").rstrip("\n") + "\n"


def commit_paths(repo: Repository, paths: Sequence[str], message: str, *, amend: bool = False) -> str | None:
    """Commit the work files at these paths, and no others; gives the commit's id, None if none differs.

    New and deleted files are included. What is staged of other files stays staged. Hooks run. If
    Git or a hook refuses, the index is as it was. `amend` puts the commit in the place of HEAD,
    whose author and date stay; a new message alone is then enough.

    Raises: RepositoryError: Git or a hook refused (`where` has what it said), or a merge, rebase,
    revert or cherry-pick is under way.
    """
    check_ready(repo)
    changed = changed_paths(repo, paths)
    if not changed and not (amend and message.rstrip() != head_message(repo).rstrip()):
        return None
    pathspecs = [git.literal(path) for path in changed]
    new = _new(repo, pathspecs) if pathspecs else []
    with restoring_index(repo):
        try:
            if new:
                git.write(repo.root, "add", "--intent-to-add", "--", *(git.literal(path) for path in new))
            options = ["--quiet", "--cleanup=whitespace", "--file=-", "--only", *(["--amend"] if amend else [])]
            git.write(repo.root, "commit", *options, "--", *pathspecs, stdin=message.encode())
        except git.GitFailed as error:
            unknown = "tell me who you are" in error.said
            hint = "git config user.name NAME; git config user.email ADDRESS" if unknown else None
            raise RepositoryError("Git refused the commit", where=error.said, hint=hint) from None
    return git.read(repo.root, "rev-parse", "HEAD").decode().strip()


@contextmanager
def restoring_index(repo: Repository, *, always: bool = False) -> Iterator[None]:
    """Put back Git's index, byte for byte, if the block raises; `always`: also if it does not."""
    index = repo.git_folder / "index"
    before = index.read_bytes() if index.exists() else None
    try:
        yield
    except BaseException:
        _put_back(index, before)
        raise
    if always:
        _put_back(index, before)


def _put_back(file: Path, content: bytes | None) -> None:
    if content is None:
        file.unlink(missing_ok=True)
    elif not file.exists() or file.read_bytes() != content:
        write_bytes(file, content)


def _base(repo: Repository) -> str:
    try:
        answer = git.read(repo.root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    except git.GitFailed:
        answer = git.read(repo.root, "hash-object", "-t", "tree", "--stdin", stdin=b"")
    return answer.decode().strip()


def _new(repo: Repository, pathspecs: Sequence[str]) -> list[str]:
    return git.lines(repo.root, "ls-files", "-z", "--others", "--exclude-standard", "--", *pathspecs)
