"""The files of a revision or of the workspace, through one interface."""

from __future__ import annotations

import posixpath
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path

from dsv.documents.declarations import datasets
from dsv.errors import DocumentError, DsvError, RepositoryError
from dsv.model.dataset import Dataset
from dsv.model.profile import PROFILE_SUFFIX
from dsv.model.revision import Revision
from dsv.store import objects
from dsv.store.located import Located
from dsv.store.pointers import Output, is_pointer, lock_outputs, pointer_outputs
from dsv.store.repository import Repository
from dsv.store.sources import CommitFiles, Source, WorkspaceFiles

__all__ = ["Located", "Tree", "content_at", "trees_at"]

KEPT = 8
"""Trees of commits that are kept."""
_MARK = ".dvc/config"


class Tree:
    """The files of one revision (`revision.commit`), or of the workspace where that is None."""

    def __init__(self, repo: Repository, revision: Revision) -> None:
        self.repo = repo
        self.revision = revision
        commit = revision.commit
        self._source: Source = WorkspaceFiles(repo) if commit is None else CommitFiles(repo, commit)
        self._parsed: dict[str, tuple[Output, ...]] = {}

    def paths(self) -> tuple[str, ...]:
        """Repository paths, sorted: Git's files; of the workspace also new ones that Git does not ignore."""
        return self._source.paths

    def read(self, path: str) -> bytes | None:
        """A file's bytes, None if there is none.

        Raises: DsvError: the path leaves the repository, or is a symbolic link at a revision.
        """
        return self._source.read_many([path]).get(path)

    def read_many(self, paths: Iterable[str]) -> dict[str, bytes]:
        """The bytes of those of the paths that are there, through one Git process."""
        return self._source.read_many(paths)

    def data_paths(self) -> tuple[str, ...]:
        """Repository paths of files, sorted: `paths()`, and the single files that DVC keeps.

        Raises: DocumentError: a `.dvc` file or `dvc.lock` is damaged.
        """
        kept = (item.path for item in self._outputs_of(self._pointers) if not item.is_folder)
        return tuple(sorted({*self.paths(), *kept}))

    def kept_folders(self) -> tuple[str, ...]:
        """Repository paths of the folders that DVC keeps, sorted.

        Raises: DocumentError: a `.dvc` file or `dvc.lock` is damaged.
        """
        kept = (item for item in self._outputs_of(self._pointers) if item.is_folder and not item.is_unplaced)
        return tuple(sorted({item.path for item in kept}))

    def find(self, path: str) -> Located | None:
        """How the file or folder at a repository path is held, None if there is none.

        What DVC keeps and is not checked out in the workspace is found, without `file`.

        Raises: RepositoryError: DVC keeps it in a way that cannot be read at a revision.
        DataMissing: it is in a folder that DVC keeps, whose listing cannot be had. DocumentError:
        a `.dvc` file or `dvc.lock` is damaged.
        """
        path = _normal(path)
        file = self._source.file(path)
        if self._source.tracks(path):
            return self._in_git(path, file)
        output = self.kept_by(path)
        if output is not None and not output.is_unplaced:
            return self._in_dvc(path, file, output)
        if file is not None:
            return self._located(path, file=file)
        return self._folder(path) if output is None else self._in_dvc(path, None, output)

    def kept_by(self, path: str) -> Output | None:
        """The output that DVC keeps a path as or in, None if there is none; the list of a folder is not looked at.

        One whose path is a template may be it, if it ends as the path does and no other holds it.

        Raises: DocumentError: a `.dvc` file or `dvc.lock` is damaged.
        """
        unplaced = None
        for output in self._outputs_for(path):
            if output.holds(path):
                return output
            if output.is_unplaced and posixpath.basename(output.path) == posixpath.basename(path):
                unplaced = output
        return unplaced

    def holdings(self, folder: Located) -> tuple[Located, ...]:
        """What a folder of kind "git" is made of: files, and whole folders that DVC keeps; sorted by path.

        Of the workspace also new files that Git does not ignore. What DVC and dsv need beside the
        data (pointers, `dvc.yaml`, profiles) and names that begin with a dot are no part of it.

        Raises: DocumentError: a `.dvc` file or `dvc.lock` is damaged.
        """
        prefix = folder.path + "/"
        outputs = self._outputs_of(self._pointers)
        kept = {item.path for item in outputs if item.path.startswith(prefix) and not item.is_unplaced}
        names = {*kept, *(path for path in self._below(folder.path) if not _is_beside_data(path))}
        found = (self.find(path) for path in sorted(names) if not _is_hidden(path.removeprefix(prefix)))
        return tuple(item for item in found if item is not None)

    def work_file(self, path: str) -> Path | None:
        """The work file at a repository path. Raises: DsvError: a link there leaves the repository."""
        return self._source.file(path)

    def declared(self) -> tuple[Dataset, ...]:
        """The datasets that the `dvc.yaml` files declare, by path of the file, then as declared.

        Files of other DVC projects inside this one are not read.

        Raises: DocumentError: a declaration is wrong, or two have the same name or path.
        """
        files = [path for path in self._project_paths if posixpath.basename(path) == "dvc.yaml"]
        texts = self.read_many(files)
        found = [item for path in files if path in texts for item in datasets(texts[path], path)]
        for kind in ("name", "path"):
            seen: dict[str, Dataset] = {}
            for item in found:
                first = seen.setdefault(getattr(item, kind), item)
                if first is not item:
                    raise DocumentError(
                        f"the datasets {first.name!r} and {item.name!r} have the same {kind}",
                        where=f"{first.declared_in} and {item.declared_in}",
                    )
        return tuple(found)

    def _in_git(self, path: str, file: Path | None) -> Located:
        recorded = next((item for item in self._outputs_of(self._locks) if item.path == path), None)
        made = self._located(path, file=file)
        made = replace(made, kind="git", blob=self._source.blob(path))
        return made if recorded is None else _recorded(made, recorded)

    def _folder(self, path: str) -> Located | None:
        if path == ".":
            return None
        folder = self._source.folder(path)
        kept = any(item.path.startswith(path + "/") for item in self._outputs_of(self._pointers))
        known = kept or any(self._source.tracks(item) for item in self._below(path))
        if folder is None and not known:
            return None
        made = self._located(path, file=folder)
        return replace(made, kind="git" if known else "untracked", is_folder=True)

    def _below(self, folder: str) -> Iterator[str]:
        """Repository paths below a folder."""
        paths, prefix = self.paths(), folder + "/"
        for place in range(bisect_left(paths, prefix), len(paths)):
            if not paths[place].startswith(prefix):
                return
            yield paths[place]

    def _in_dvc(self, path: str, file: Path | None, output: Output) -> Located | None:
        folder = self._source.folder(path) if file is None else None
        made = self._located(path, file=file or folder)
        made = replace(made, is_folder=folder is not None)
        if output.problem is not None and made.file is None:
            raise RepositoryError(
                f"the data of {path!r} at {made.revision} cannot be read: {output.problem}",
                where=output.pointer,
                hint="check the revision out with DVC and compare the files",
            )
        if output.path == path:
            is_folder = made.is_folder or (file is None and output.is_folder)
            made = replace(made, kind="dvc" if output.stage is None else "stage", is_folder=is_folder)
            return _recorded(made, output)
        made = replace(made, kind="dvc-folder", pointer=output.pointer, stage=output.stage, legacy=output.legacy)
        return made if made.file is not None else self._member(made, output)

    def _member(self, made: Located, output: Output) -> Located | None:
        whole = _recorded(replace(made, path=output.path, is_folder=True), output)
        relative = posixpath.relpath(made.path, output.path)
        listed = objects.members(self.repo, whole)
        if relative in listed:
            return replace(made, md5=listed[relative])
        if any(path.startswith(relative + "/") for path in listed):
            return replace(made, is_folder=True, within=whole)
        return None

    def _located(self, path: str, *, file: Path | None) -> Located:
        return Located(path=path, revision=self.revision.name, kind="untracked", file=file)

    def _outputs_for(self, path: str) -> Iterator[Output]:
        """Outputs, those first that a path is likely to be among: most files are never parsed."""
        beside = [f"{path}.dvc", *(f"{folder}.dvc" for folder in _folders(path))]
        known = set(self._pointers)
        yield from self._outputs_of([item for item in beside if item in known])
        yield from self._outputs_of(self._locks)
        yield from self._outputs_of(self._pointers)

    def _outputs_of(self, pointers: Iterable[str]) -> Iterator[Output]:
        pointers = list(pointers)
        missing = [item for item in pointers if item not in self._parsed]
        locks = [item for item in missing if posixpath.basename(item) == "dvc.lock"]
        texts = self.read_many([*missing, *map(_pipeline_beside, locks)])
        for item in missing:
            content = texts.get(item, b"")
            if item in locks:
                self._parsed[item] = lock_outputs(content, item, texts.get(_pipeline_beside(item)))
            else:
                self._parsed[item] = pointer_outputs(content, item)
        for item in pointers:
            yield from self._parsed[item]

    @cached_property
    def _pointers(self) -> tuple[str, ...]:
        return tuple(path for path in self.paths() if is_pointer(path))

    @property
    def _locks(self) -> list[str]:
        return [path for path in self._pointers if posixpath.basename(path) == "dvc.lock"]

    @property
    def _project_paths(self) -> list[str]:
        root = self.repo.dvc_root
        if root is None:
            return list(self.paths())
        own = self.repo.relative(root)
        marks = (path.removesuffix(_MARK) for path in self.paths() if f"/{path}".endswith(f"/{_MARK}"))
        prefix = "" if own == "." else own + "/"
        others = tuple(mark for mark in marks if mark != prefix and mark.startswith(prefix))
        return [path for path in self.paths() if path.startswith(prefix) and not path.startswith(others)]


def trees_at(repo: Repository) -> Callable[[str], Tree]:
    """Gives the tree of a commit by its id; those asked for last are kept, for the next is often a parent of one."""

    @lru_cache(maxsize=KEPT)
    def tree(commit: str) -> Tree:
        return Tree(repo, Revision(name=commit, commit=commit))

    return tree


def content_at(tree: Tree, path: str) -> tuple[str, ...] | None:
    """Names of the bytes that a commit has at a path, equal for equal bytes; none where it has nothing.

    None where that cannot be told: a pointer or a list of files is damaged or not on this machine.
    """
    try:
        located = tree.find(path)
        if located is None:
            return ()
        if located.within is not None:
            below = posixpath.relpath(located.path, located.within.path) + "/"
            listed = objects.members(tree.repo, located.within)
            return tuple(f"{name} {md5}" for name, md5 in sorted(listed.items()) if name.startswith(below))
        if located.is_folder and located.kind == "git":
            ids = [(item.path, objects.content_id(tree.repo, item)) for item in tree.holdings(located)]
            return None if any(found is None for _, found in ids) else tuple(f"{name} {found}" for name, found in ids)
        found = objects.content_id(tree.repo, located)
        return None if found is None else (found,)
    except DsvError:
        return None


def _recorded(made: Located, output: Output) -> Located:
    return replace(
        made,
        md5=output.md5,
        pointer=output.pointer,
        stage=output.stage,
        legacy=output.legacy,
        size=output.size,
    )


def _normal(path: str) -> str:
    normal = posixpath.normpath(path)
    if posixpath.isabs(path) or normal.split("/")[0] == ".." or "\0" in path:
        raise RepositoryError(f"not a path inside the repository: {path!r}")
    return normal


def _is_beside_data(path: str) -> bool:
    return is_pointer(path) or path.endswith(PROFILE_SUFFIX) or posixpath.basename(path) == "dvc.yaml"


def _is_hidden(relative: str) -> bool:
    return any(part.startswith(".") for part in relative.split("/"))


def _folders(path: str) -> Iterator[str]:
    while path := posixpath.dirname(path):
        yield path


def _pipeline_beside(lock: str) -> str:
    return posixpath.join(posixpath.dirname(lock), "dvc.yaml")
