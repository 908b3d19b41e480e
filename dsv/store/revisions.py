"""Revisions as Git names them, resolved once to full commit ids."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from dsv.errors import RepositoryError, UnknownRevision, UsageError, did_you_mean
from dsv.model.revision import WORKSPACE, Revision
from dsv.store import git, tags
from dsv.store.repository import Repository

EMPTY = "empty"
_DATED = re.compile(r"@\{(?!(?:-?\d+|u|upstream|push)\})[^}]+\}", re.IGNORECASE)
_TOO_SHORT = re.compile(r"log for '.*' only goes back to (.+)")


def resolve(repo: Repository, name: str) -> Revision:
    """The commit that a branch, tag, id, expression (`HEAD~2`), DVC experiment or version (`signs@v1.2`) stands for.

    Raises: UsageError: the name looks like an option or cannot be one. UnknownRevision: Git knows
    no such commit; the hint has the nearest branch or tag.
    """
    return resolve_all(repo, [name])[name]


def resolve_all(repo: Repository, names: Sequence[str]) -> dict[str, Revision]:
    """Like `resolve`, for several names through one Git process. Raises: as `resolve`, for the first that fails."""
    for name in names:
        if name.startswith("-") or not name.isprintable() or not name:
            raise UsageError(f"{name!r} cannot be a revision", hint="put paths after '--'")
    commits = _commits(repo, names)
    return {name: _revision(repo, name, commits[name]) for name in names}


def _revision(repo: Repository, name: str, commit: str | None) -> Revision:
    commit = commit or _version(repo, name) or _experiment(repo, name)
    if commit is not None:
        return Revision(name=_told(repo, name), commit=commit)
    if _commit(repo, "HEAD") is None:
        raise UnknownRevision("the repository has no commit yet", where=name, hint="git commit")
    near = did_you_mean(name, names(repo)) or "git log --oneline"
    if shallow(repo) and not near.startswith("did you mean"):
        raise UnknownRevision(
            f"unknown revision {name!r}", where="this clone is shallow", hint="git fetch --unshallow --tags"
        )
    raise UnknownRevision(f"unknown revision {name!r}", hint=near)


def _told(repo: Repository, name: str) -> str:
    """The name; of a date before all that Git remembers, for which it gives the oldest, with a word on that."""
    if not _DATED.search(name) or name.startswith(":/"):
        return name
    found = _TOO_SHORT.search(git.warning(repo.root, "rev-parse", "--verify", "--end-of-options", name))
    return name if found is None else f"{name} (the reflog only goes back to {found[1]})"


def workspace() -> Revision:
    """The work tree as it is now."""
    return Revision(name=WORKSPACE)


def sides(repo: Repository, revisions: Sequence[str]) -> tuple[Revision, Revision]:
    """What is compared with what, exactly as `git diff` reads its arguments.

    Nothing: HEAD and the workspace. `A`: A and the workspace. `A B` and `A..B`: A and B.
    `A...B`: their merge base and B. An end left out of a range is HEAD. Before the first commit the
    old side is `EMPTY`, whose `commit` is the id of Git's empty tree.

    Raises: UsageError: more than two, or a range beside another. UnknownRevision. RepositoryError:
    no merge base.
    """
    if len(revisions) > 2:
        raise UsageError(f"{len(revisions)} revisions were given, two can be compared")
    if not revisions:
        return _head(repo), workspace()
    if len(revisions) == 2:
        if any(".." in name for name in revisions):
            raise UsageError("a range A..B stands alone", where=" ".join(revisions))
        return _both(repo, *revisions)
    (name,) = revisions
    if ".." not in name:
        return resolve(repo, name), workspace()
    separator = "..." if "..." in name else ".."
    first, _, second = name.partition(separator)
    old_side, new_side = _both(repo, first or "HEAD", second or "HEAD")
    return (merge_base(repo, old_side, new_side) if separator == "..." else old_side), new_side


def span(repo: Repository, revisions: Sequence[str]) -> tuple[Revision, Revision | None]:
    """What a log covers: all that a revision (HEAD) reaches, or of a range `A..B` what B reaches and A does not.

    Raises: UnknownRevision: there is no such revision, or there are several.
    """
    if len(revisions) > 1:
        raise UnknownRevision("a log takes one revision or one range", hint="dsv log A..B -- DATASET")
    word = revisions[0] if revisions else "HEAD"
    if ".." not in word:
        return resolve(repo, word), None
    old, _, new = word.partition("..")
    return resolve(repo, new.lstrip(".") or "HEAD"), resolve(repo, old or "HEAD")


def merge_base(repo: Repository, one: Revision, other: Revision) -> Revision:
    """The best common ancestor of two commits.

    Raises: RepositoryError: they share no history.
    """
    try:
        answer = git.read(repo.root, "merge-base", str(one.commit), str(other.commit))
    except git.GitFailed as error:
        if error.code != 1:
            raise
        hint = "git fetch --unshallow" if shallow(repo) else None
        raise RepositoryError(f"{one.name} and {other.name} have no common ancestor", hint=hint) from None
    commit = answer.decode().split()[0]
    return Revision(name=f"merge base of {one.name} and {other.name}", commit=commit)


def default_base(repo: Repository) -> Revision:
    """What a branch is reviewed against: the remote's default branch, else main or master.

    Raises: UnknownRevision: there is none of them.
    """
    names = ("origin/HEAD", "origin/main", "origin/master", "main", "master")
    for name, commit in _commits(repo, names).items():
        if commit is not None:
            return Revision(name=name, commit=commit)
    raise UnknownRevision("there is no branch to review against", where=", ".join(names), hint="dsv review BASE...HEAD")


def parents(repo: Repository, commits: Sequence[str]) -> dict[str, Revision]:
    """The first parents of commits, through one Git process; `EMPTY`, Git's empty tree, of one that has none."""
    found = git.object_ids(repo.root, [f"{commit}^1" for commit in commits])
    first = {commit: found[f"{commit}^1"] for commit in commits}
    return {
        commit: Revision(name=EMPTY, commit=git.EMPTY_TREES[len(commit)])
        if id is None
        else Revision(name=id, commit=id)
        for commit, id in first.items()
    }


def all_parents(repo: Repository, commits: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """All parents of commits, through one Git process; those that a shallow clone lacks are left out."""
    if not commits:
        return {}
    question = "\n".join(commits).encode()
    answer = git.read(repo.root, "rev-list", "--no-walk=unsorted", "--parents", "--stdin", stdin=question)
    return {line.split()[0]: tuple(line.split()[1:]) for line in answer.decode().splitlines()}


def shallow(repo: Repository) -> frozenset[str]:
    """The commits whose parents a shallow clone lacks."""
    answer = git.read(repo.root, "rev-parse", "--git-path", "shallow").decode("utf-8", "surrogateescape")
    path = repo.root / answer.rstrip("\n")
    return frozenset(path.read_text("ascii").split()) if path.is_file() else frozenset()


def published(repo: Repository) -> list[Revision]:
    """Revisions of HEAD's past that others have: on its upstream, on the remote's main branch, under the newest tag."""
    head = _commit(repo, "HEAD")
    names = ["@{upstream}", "origin/HEAD"]
    with suppress(git.GitFailed):
        tag = git.read(repo.root, "describe", "--tags", "--abbrev=0", "HEAD").decode("utf-8", "replace").strip()
        names.append(f"refs/tags/{tag}")
    found = []
    for name, commit in _commits(repo, names).items():
        with suppress(RepositoryError):
            if head is not None and commit is not None:
                here, there = Revision(name="HEAD", commit=head), Revision(name=name, commit=commit)
                found.append(replace(merge_base(repo, here, there), name=name.removeprefix("refs/tags/")))
    return found


def applied_experiment(repo: Repository) -> Revision | None:
    """The experiment that `dvc exp apply` brought last, by its name; None if DVC remembers none."""
    commit = _commit(repo, "refs/exps/exec/EXEC_APPLY")
    if commit is None:
        return None
    names = [ref.rsplit("/", 1)[-1] for known, ref in _refs(repo, "refs/exps") if known == commit]
    named = [name for name in names if name != "EXEC_APPLY"]
    return Revision(name=named[0] if named else commit[:7], commit=commit)


def branch(repo: Repository) -> str | None:
    """The branch that HEAD is on, also before its first commit; None of a detached HEAD."""
    try:
        answer = git.read(repo.root, "symbolic-ref", "--quiet", "--short", "HEAD")
    except git.GitFailed:
        return None
    return answer.decode("utf-8", "replace").strip()


def _both(repo: Repository, old: str, new: str) -> tuple[Revision, Revision]:
    found = resolve_all(repo, (old, new))
    return found[old], found[new]


def _head(repo: Repository) -> Revision:
    commit = _commit(repo, "HEAD")
    if commit is not None:
        return Revision(name="HEAD", commit=commit)
    return _empty(repo)


def _empty(repo: Repository) -> Revision:
    tree = git.read(repo.root, "hash-object", "-t", "tree", "--stdin", stdin=b"").decode().strip()
    return Revision(name=EMPTY, commit=tree)


def _commit(repo: Repository, name: str) -> str | None:
    return _commits(repo, [name])[name]


def _commits(repo: Repository, names: Sequence[str]) -> dict[str, str | None]:
    """The commits that names stand for; None of what names none."""
    # All that follows `:/` is searched for in messages, so the type cannot be asked for in the same breath.
    searched = git.object_ids(repo.root, [name for name in names if name.startswith(":/")])
    meant = {name: searched.get(name, name) for name in names}
    asked = {name: f"{place}^{{commit}}" for name, place in meant.items() if place is not None}
    found = git.object_ids(repo.root, list(asked.values()))
    return {name: found[asked[name]] if name in asked else None for name in names}


def _experiment(repo: Repository, name: str) -> str | None:
    found = {commit for commit, ref in _refs(repo, "refs/exps") if ref.rsplit("/", 1)[-1] == name}
    if len(found) > 1:
        raise UnknownRevision(
            f"{len(found)} experiments have the name {name!r}", hint="name its commit: dvc exp list --all"
        )
    return next(iter(found), None)


def _version(repo: Repository, name: str) -> str | None:
    """The commit of a version of a dataset that is not written as its tag is; `~2` and the like may follow."""
    place = next((place for place, letter in enumerate(name) if letter in "~^"), len(name))
    found = tags.meant(repo, name[:place])
    if found is None or place == len(name):
        return None if found is None else found.commit
    return _commit(repo, found.commit + name[place:])


def names(repo: Repository) -> list[str]:
    """Names of branches, tags, branches of remotes and experiments."""
    prefixes = ("refs/heads/", "refs/tags/", "refs/remotes/")
    found = [ref.removeprefix(prefix) for prefix in prefixes for _, ref in _refs(repo, prefix)]
    return found + [ref.rsplit("/", 1)[-1] for _, ref in _refs(repo, "refs/exps")]


def _refs(repo: Repository, prefix: str) -> list[tuple[str, str]]:
    answer = git.read(repo.root, "for-each-ref", "--format=%(objectname) %(refname)", prefix)
    pairs = (line.split(" ", 1) for line in answer.decode("utf-8", "replace").splitlines())
    return [(commit, ref) for commit, ref in pairs]
