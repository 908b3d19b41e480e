"""The two sides of a fork: whose migrations come first, and where the files of each side are read."""

from __future__ import annotations

import posixpath
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dsv.api.names import CHAIN_LOCK, MIGRATIONS
from dsv.errors import ConflictError, DocumentError, MigrationError, RepositoryError, UnknownRevision, UsageError
from dsv.files import inside, write_bytes
from dsv.migrations import base as bases
from dsv.migrations import document, lock
from dsv.model.dataset import Dataset
from dsv.model.migration import BASE_ID, Base, ChainLock, Migration
from dsv.model.revision import Revision
from dsv.store import merging, objects
from dsv.store.commit import changed_paths
from dsv.store.merging import Merge, Stages
from dsv.store.repository import Repository
from dsv.store.revisions import resolve
from dsv.store.revisions import workspace as workspace_revision
from dsv.store.trees import Tree

NOTHING = ChainLock(head=BASE_ID, entries=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The files of one side: those of `tree`, or, where the work tree has them resolved, of `resolved`.

    `conflicts` are the paths of which the work tree has no one version.
    """

    tree: Tree
    resolved: Tree | None = None
    conflicts: Mapping[str, Stages] = field(default_factory=dict)

    def of(self, path: str) -> Tree:
        """The tree to read a path from."""
        if self.resolved is None or path in self.conflicts or self.resolved.read(path) is None:
            return self.tree
        return self.resolved

    def read(self, path: str) -> bytes | None:
        """The bytes of a file, None if the side has none."""
        return self.of(path).read(path)

    def text(self, path: str) -> str:
        """The text of a file; empty if the side has none."""
        return (self.read(path) or b"").decode("utf-8", "surrogateescape")

    def copy(self, path: str, target: Path) -> bool:
        """Copy a file that Git or DVC keeps; False if there is none."""
        tree = self.of(path)
        # A work file is taken as it is: dvc.lock, which knows of others, may be in conflict.
        file = tree.work_file(path)
        if file is None:
            located = tree.find(path)
            if located is None:
                return False
            file = objects.materialise(tree.repo, located)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Theirs come first, mine are put after them. `onto` is what theirs is called.

    `branch` is a migration on theirs' branch where both are in the work tree. `swapped`: theirs is
    what Git calls ours.
    """

    onto: str
    theirs: Files
    mine: Files
    merge: Merge | None
    conflicts: Mapping[str, Stages]
    branch: str | None = None
    swapped: bool = False

    def versions(self, path: str) -> tuple[str, str, str] | None:
        """The texts of a path in conflict: the ancestor's, mine, theirs; None if it is not in conflict."""
        found = self.conflicts.get(path)
        if found is None:
            return None
        mine, theirs = (found.theirs, found.ours) if self.swapped else (found.ours, found.theirs)
        base, left, right = ((side or b"").decode("utf-8", "surrogateescape") for side in (found.base, mine, theirs))
        return base, left, right


def find(repository: Repository, onto: str | None) -> Sides:
    """Whose migrations come first.

    While Git has a merge under way, those of the branch that comes in; during a Git rebase or
    cherry-pick, those of the branch that is built upon. `onto` names a revision, or a migration of
    that side.

    Raises: UsageError: nothing says onto what. ConflictError: files are in conflict without a merge.
    """
    merge, conflicts = merging.under_way(repository), merging.unmerged(repository)
    work = Tree(repository, workspace_revision())
    if merge is not None:
        return _merging(repository, merge, conflicts, work, onto)
    if conflicts:
        raise ConflictError(
            f"{len(conflicts)} files are in conflict, and no merge is under way",
            where=", ".join(sorted(conflicts)[:5]),
            hint="resolve them, then: git add",
        )
    if onto is None:
        raise UsageError("no merge is under way, so say onto what", hint="dsv migrate rebase main")
    try:
        revision = resolve(repository, onto)
    except UnknownRevision:
        if not document.ID.match(onto) and not _is_short_id(onto):
            raise
        files = Files(tree=work)
        return Sides(onto=onto, theirs=files, mine=files, merge=None, conflicts={}, branch=onto)
    return Sides(
        onto=onto, theirs=Files(tree=Tree(repository, revision)), mine=Files(tree=work), merge=None, conflicts={}
    )


def _merging(
    repository: Repository, merge: Merge, conflicts: Mapping[str, Stages], work: Tree, onto: str | None
) -> Sides:
    # A merge brings theirs to mine; a rebase or a cherry-pick brings mine to theirs.
    first = merge.other if merge.what == "merge" else merge.head
    if onto is not None:
        first = _named(repository, merge, onto)
    swapped = first is merge.head
    mine = merge.other if swapped else merge.head
    return Sides(
        onto=onto or first.name,
        theirs=Files(tree=Tree(repository, first)),
        mine=Files(tree=Tree(repository, mine), resolved=work, conflicts=conflicts),
        merge=merge,
        conflicts=conflicts,
        swapped=swapped,
    )


def _named(repository: Repository, merge: Merge, onto: str) -> Revision:
    commits = {merge.head.commit: merge.head, merge.other.commit: merge.other}
    try:
        return commits[resolve(repository, onto).commit]
    except KeyError:
        raise UsageError(
            f"a {merge.what} of HEAD and {merge.other.name} is under way, and {onto!r} is neither",
            hint=f"dsv migrate rebase, or dsv migrate rebase {'HEAD' if merge.what == 'merge' else merge.other.name}",
        ) from None
    except UnknownRevision:
        if not document.ID.match(onto) and not _is_short_id(onto):
            raise
    sides = (merge.head, merge.other)
    having = [side for side in sides if _has_document(Tree(repository, side), onto)]
    if len(having) != 1:
        where = "neither side has" if not having else "both sides have"
        raise UsageError(f"{where} a migration {onto!r}", hint="name a side: HEAD or " + merge.other.name)
    return having[0]


def _has_document(tree: Tree, name: str) -> bool:
    return any(
        posixpath.basename(path).startswith(name) and path.endswith(document.SUFFIX) and f"{MIGRATIONS}/" in path
        for path in tree.paths()
    )


def _is_short_id(name: str) -> bool:
    return len(name) == 5 and name[0] == "m" and name[1:].isdigit()


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One side's chain of one dataset: its documents in `folder`, a place of their own on this machine.

    `kept` are the names of side files that DVC keeps.
    """

    base: Base
    lock: ChainLock
    migrations: tuple[Migration, ...]
    folder: Path
    kept: frozenset[str] = frozenset()


def read_branch(files: Files, declared: Dataset, folder: Path) -> Branch | None:
    """Copy the documents and side files of a dataset's chain, and read them; None: the side has no chain.

    The migrations are sorted by id; they may fork.

    Raises: DocumentError: one is wrong, or names a file that is not there.
    """
    project = posixpath.dirname(declared.declared_in)
    relative = f"{MIGRATIONS}/{declared.name}"
    prefix = posixpath.join(project, relative)
    content = files.read(f"{prefix}/{BASE_ID}.yaml")
    if content is None:
        return None
    base = bases.load(content, f"{relative}/{BASE_ID}.yaml")
    folder.mkdir(parents=True)
    found = [_read(files, prefix, relative, name, folder) for name in _ids(files.tree, prefix)]
    sides = {name for item in found for operation in item.operations for name in operation.side_files()}
    return Branch(
        base=base,
        lock=_lock(files, f"{prefix}/{CHAIN_LOCK}"),
        migrations=tuple(found),
        folder=folder,
        kept=frozenset(name for name in sides if files.read(f"{prefix}/{name}.dvc") is not None),
    )


def _ids(tree: Tree, prefix: str) -> list[str]:
    names = (path[len(prefix) + 1 :] for path in tree.paths() if path.startswith(prefix + "/"))
    found = (name.removesuffix(document.SUFFIX) for name in names if name.endswith(document.SUFFIX))
    return sorted(name for name in found if name != BASE_ID and document.ID.fullmatch(name))


def _read(files: Files, prefix: str, relative: str, name: str, folder: Path) -> Migration:
    content = files.read(f"{prefix}/{name}.yaml")
    if content is None:
        raise DocumentError(f"{name} is not there", where=f"{relative}/{name}.yaml")
    path = f"{relative}/{name}.yaml"
    alone = document.read(content, path, None)
    write_bytes(folder / f"{name}.yaml", content)
    for side in alone.side_files:
        own = side.removeprefix(f"{relative}/")
        if not files.copy(f"{prefix}/{own}", inside(folder, own)):
            raise DocumentError(f"the file {own!r}, which the migration names, is not there", where=path)
    return document.read(content, path, folder)


def _lock(files: Files, path: str) -> ChainLock:
    """What is applied on a side. A lock in the work tree that was resolved by hand is taken from its commit."""
    content = files.read(path)
    if content is None:
        return NOTHING
    try:
        return lock.load(content, path)
    except (DocumentError, ConflictError):
        committed = files.tree.read(path)
        if committed is None or committed == content:
            raise
        return lock.load(committed, path)


def check_same_base(theirs: Branch, mine: Branch, where: str) -> None:
    """Require that both sides start from one base, or theirs from what mine had come to.

    Raises: MigrationError.
    """
    if theirs.base == mine.base:
        return
    ahead = Counter(entry.document for entry in theirs.lock.squashed)
    ahead.subtract([*(entry.document for entry in mine.lock.squashed), *(item.digest for item in mine.migrations)])
    if theirs.base.squashed is None or any(count > 0 for count in ahead.values()):
        raise MigrationError(
            "the two sides start from different bases",
            where=where,
            hint="where mine are squashed and theirs are not, take the squash back, rebase, and squash again",
        )


def check_unpublished(repository: Repository, mine: Sequence[Migration], paths: Mapping[str, bytes]) -> None:
    """Refuse to renumber what others may have. `paths` are the repository paths and bytes of the documents.

    Raises: MigrationError: a tag, or the default branch of a remote, has one of them.
    """
    found = merging.published(repository, paths)
    if found:
        path, ref = next(iter(found.items()))
        name = posixpath.basename(path).removesuffix(document.SUFFIX)
        raise MigrationError(
            f"{name} is published: {ref.removeprefix('refs/').removeprefix('remotes/')} has it",
            where=path,
            hint="let it come first, and rebase the other side onto it: dsv migrate rebase " + (mine[0].id),
        )


def check_committed(repository: Repository, sides: Sides, documents: str, shared: Sequence[str]) -> None:
    """Refuse to write over what Git does not have yet.

    Without a merge, that is any tracked file of the chain's folder or of `shared` that differs from HEAD;
    during one, a file of the chain that both sides have alike, and the work tree otherwise.

    Raises: RepositoryError.
    """
    work = Tree(repository, workspace_revision())
    if sides.merge is None:
        head = Tree(repository, resolve(repository, "HEAD"))
        paths = [path for path in changed_paths(repository, [documents, *shared]) if head.read(path) is not None]
    else:
        own = [path for path in sides.theirs.tree.paths() if path.startswith(f"{documents}/")]
        trees = (sides.theirs.tree, sides.mine.tree, work)
        theirs, mine, now = (tree.read_many(path for path in own if path not in sides.conflicts) for tree in trees)
        paths = [path for path in theirs if theirs[path] == mine.get(path) != now.get(path, theirs[path])]
    if paths:
        raise RepositoryError(
            "there are changes that are not committed",
            where="\n".join(paths[:10]),
            hint=f"commit them, or put them back: git checkout HEAD -- {paths[0]}",
        )


def check_work(files: Sequence[str]) -> None:
    """Refuse while files that only people can put together are in conflict. Raises: RepositoryError."""
    if files:
        raise RepositoryError(
            "both sides changed the rows of the base",
            where=", ".join(files),
            hint="resolve that first (git checkout --ours or --theirs, dvc checkout, git add), then run it again",
        )
