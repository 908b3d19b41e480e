"""A merge, rebase or cherry-pick that Git has under way: whose side is whose, and what is in conflict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from dsv.errors import RepositoryError
from dsv.model.revision import Revision
from dsv.scratch import scratch
from dsv.store import git
from dsv.store.repository import Repository

What = Literal["merge", "rebase", "cherry-pick"]
_HEADS: tuple[tuple[str, What], ...] = (
    ("MERGE_HEAD", "merge"),
    ("REBASE_HEAD", "rebase"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
)
_GO_ON = {"merge": "git commit", "rebase": "git rebase --continue", "cherry-pick": "git cherry-pick --continue"}
_FOLDERS = ("rebase-merge", "rebase-apply")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """A path in conflict: the bytes of the common ancestor, of HEAD's side and of the other side; None: no file."""

    base: bytes | None
    ours: bytes | None
    theirs: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """What Git has under way. `head` is what HEAD is, `other` what comes to it."""

    what: What
    head: Revision
    other: Revision

    @property
    def go_on(self) -> str:
        """The command that goes on."""
        return _GO_ON[self.what]


def under_way(repo: Repository) -> Merge | None:
    """The merge, rebase or cherry-pick that is under way, None if there is none.

    Raises: RepositoryError: a merge of more than two sides.
    """
    for name, what in _HEADS:
        path = repo.git_folder / name
        if not path.is_file() or (what == "rebase" and not _is_rebasing(repo)):
            continue
        commits = path.read_text(encoding="ascii").split()
        if len(commits) > 1:
            raise RepositoryError("a merge of more than two branches is under way", hint="merge them one by one")
        head = git.read(repo.root, "rev-parse", "HEAD").decode().strip()
        return Merge(what=what, head=Revision(name="HEAD", commit=head), other=Revision(name=name, commit=commits[0]))
    return None


def unmerged(repo: Repository) -> dict[str, Stages]:
    """The paths in conflict, with the three versions that Git's index keeps of each."""
    found: dict[str, dict[int, str]] = {}
    for line in git.lines(repo.root, "ls-files", "--unmerged", "-z"):
        about, path = line.split("\t", 1)
        _, blob, stage = about.split(" ")
        found.setdefault(path, {})[int(stage)] = blob
    content = git.blobs(repo.root, [blob for stages in found.values() for blob in stages.values()])
    return {
        path: Stages(**{name: content.get(stages.get(n, "")) for n, name in ((1, "base"), (2, "ours"), (3, "theirs"))})
        for path, stages in found.items()
    }


def merge_text(repo: Repository, base: str, ours: str, theirs: str) -> str | None:
    """Three versions of a text merged as Git does; None where both sides changed the same lines."""
    with scratch("merge") as work:
        files = []
        for name, text in (("ours", ours), ("base", base), ("theirs", theirs)):
            files.append(work / name)
            files[-1].write_bytes(text.encode("utf-8", "surrogateescape"))
        try:
            merged = git.read(repo.root, "merge-file", "-p", "-q", *map(str, files))
        except git.GitFailed as error:
            if 0 < error.code < 128:
                return None
            raise
    return merged.decode("utf-8", "surrogateescape")


def stage(repo: Repository, paths: Sequence[str]) -> None:
    """Put the work files at these paths, or that they are gone, into Git's index."""
    known = set(tracked(repo, paths))
    wanted = [path for path in paths if path in known or (repo.root / path).exists()]
    if wanted:
        git.write(repo.root, "add", "--all", "--", *map(git.literal, wanted))


def tracked(repo: Repository, paths: Sequence[str]) -> list[str]:
    """Those of the paths that Git's index has."""
    return git.lines(repo.root, "ls-files", "-z", "--", *map(git.literal, paths)) if paths else []


def published(repo: Repository, content: Mapping[str, bytes]) -> dict[str, str]:
    """Of files (by path), those that a tag or the default branch of a remote has with the same bytes: path -> ref."""
    refs = _shared_refs(repo)
    names = {f"{ref}:{path}": (ref, path) for path in content for ref in refs}
    ids = {name: blob for name, blob in git.object_ids(repo.root, list(names)).items() if blob is not None}
    blobs = git.blobs(repo.root, list(ids.values()))
    found: dict[str, str] = {}
    for name, blob in ids.items():
        ref, path = names[name]
        if blobs[blob] == content[path]:
            found.setdefault(path, ref)
    return found


def _shared_refs(repo: Repository) -> list[str]:
    """Tags, and of each remote the branch that it has as its HEAD, else main or master."""
    answer = git.read(repo.root, "for-each-ref", "--format=%(refname) %(symref)", "refs/tags", "refs/remotes")
    refs = dict(line.split(" ", 1) for line in answer.decode("utf-8", "replace").splitlines())
    heads = [target for target in refs.values() if target]
    usual = [ref for ref in refs if ref.startswith("refs/remotes/") and ref.rsplit("/", 1)[-1] in ("main", "master")]
    tags = [ref for ref in refs if ref.startswith("refs/tags/")]
    return list(dict.fromkeys([*tags, *heads, *usual]))


def _is_rebasing(repo: Repository) -> bool:
    return any((repo.git_folder / name).exists() for name in _FOLDERS)
