"""`dsv install` and `uninstall`: datasets in Git's own diffs, and dsv in Git's hooks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dsv.errors import RepositoryError
from dsv.files import write_bytes
from dsv.model.installation import Installation
from dsv.store import installed
from dsv.store.repository import Repository
from dsv.store.revisions import workspace
from dsv.store.trees import Tree

ATTRIBUTES = ".gitattributes"
_SPECIAL = re.compile(r"([\\*?\[\]!#\" ])")


def install(start: Path, *, hooks: bool = True, private: bool = False, dry_run: bool = False) -> Installation:
    """Have Git show datasets by dsv in this repository, and call dsv in its hooks, after those that are there.

    Attributes go into `.gitattributes`, which is committed for everybody, or with `private` into Git's own
    folder. `dry_run` changes nothing and tells what would be changed.

    Raises: NotARepository. RepositoryError: a file cannot be written.
    """
    repository = Repository.discover(start)
    changed = []
    with _told():
        attributes = _attributes(repository, private)
        content = attributes.read_bytes() if attributes.is_file() else None
        wanted = installed.with_block(content, list(_lines(repository)))
        if wanted != content:
            changed.append(_shown(repository, attributes))
            if not dry_run:
                write_bytes(attributes, wanted)
        changed += installed.stale_settings(repository) if dry_run else installed.set_settings(repository)
        if hooks:
            changed += _set_hooks(repository, dry_run=dry_run)
    return Installation(changed=tuple(changed), notes=tuple(_notes(repository, hooks)))


def uninstall(start: Path, *, dry_run: bool = False) -> Installation:
    """Take away what `install` has put there, and nothing else. Raises: as `install`."""
    repository = Repository.discover(start)
    changed = []
    with _told():
        for attributes in {_attributes(repository, private) for private in (False, True)}:
            content = attributes.read_bytes() if attributes.is_file() else b""
            left = installed.without_block(content)
            if left != content:
                changed.append(_shown(repository, attributes))
                if not dry_run:
                    write_bytes(attributes, left) if left else attributes.unlink()
        if dry_run:
            present = installed.stale_settings(repository)
            changed += [] if len(present) == len(installed.settings()) else ["diff.dsv in Git's local settings"]
        else:
            changed += installed.unset_settings(repository)
        folder = installed.hooks_folder(repository)
        for name in installed.HOOKS:
            there = installed.is_ours(folder / name)
            if there if dry_run else installed.unset_hook(folder, name):
                changed.append(f"the hook {name}")
    return Installation(changed=tuple(changed), notes=())


def _attributes(repository: Repository, private: bool) -> Path:
    if not private:
        return repository.root / ATTRIBUTES
    from dsv.store import git

    answer = git.read(repository.root, "rev-parse", "--git-path", "info/attributes")
    return repository.root / answer.decode("utf-8", "surrogateescape").rstrip("\n")


def _shown(repository: Repository, path: Path) -> str:
    return path.relative_to(repository.root).as_posix() if path.is_relative_to(repository.root) else str(path)


def _lines(repository: Repository) -> Iterator[str]:
    """The attributes: pointers, lock files, and the declared tables that Git itself keeps."""
    yield "*.dvc diff=dsv"
    yield "dvc.lock diff=dsv"
    tree = Tree(repository, workspace())
    for dataset in tree.declared():
        located = tree.find(dataset.path)
        if located is not None and located.kind == "git" and not located.is_folder:
            yield f"/{_SPECIAL.sub(_escaped, dataset.path)} diff=dsv"


def _escaped(found: re.Match[str]) -> str:
    # A blank would end the pattern, and cannot be escaped in any other way.
    return "?" if found[1] in ' "' else f"\\{found[1]}"


def _set_hooks(repository: Repository, *, dry_run: bool) -> Iterator[str]:
    folder = installed.hooks_folder(repository)
    if installed.is_in_work_tree(repository, folder):
        return
    for name in installed.HOOKS:
        path = folder / name
        text = installed.hook_text(name).encode()
        if dry_run:
            stale = not path.is_file() or path.read_bytes() != text
        else:
            folder.mkdir(parents=True, exist_ok=True)
            stale = installed.set_hook(folder, name)
        if stale:
            yield f"the hook {name}"


def _notes(repository: Repository, hooks: bool) -> Iterator[str]:
    folder = installed.hooks_folder(repository)
    if hooks and installed.is_in_work_tree(repository, folder):
        shown = folder.relative_to(repository.root).as_posix()
        yield f"hooks are files of the work tree ({shown}), so none was changed; add to them: dsv git hook pre-commit"


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RepositoryError(
            f"the repository cannot be written to: {error.strerror}", where=str(error.filename or "")
        ) from None
