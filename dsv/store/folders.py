"""Folders that are one table: their files, and a content id that is equal for equal content.

An md5 of a folder is what DVC makes of it: that of a JSON list of its files' md5s and paths, with
`.dir` behind it. So a work folder that was not touched since `dvc add` is told by stat alone.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping

from dsv.files import walk
from dsv.store import objects
from dsv.store.ignored import Ignored
from dsv.store.located import Kind, Located
from dsv.store.trees import Tree

NEVER = (".dvc", ".git", ".hg", ".versions")
"""Folders that are never part of a dataset, wherever they are in it."""


def members(tree: Tree, folder: Located) -> tuple[Located, ...]:
    """The files of a folder, sorted by path; names that begin with a dot are passed over.

    Raises: DataMissing, IntegrityError: DVC's listing of it cannot be had. DsvError: a link in it
        leaves the repository.
    """
    if folder.kind == "git":
        found = [
            item for held in tree.holdings(folder) for item in (members(tree, held) if held.is_folder else (held,))
        ]
    elif folder.file is not None:
        found = [item for item in _work_files(tree, folder) if not _is_hidden(folder, item)]
    else:
        made = (_recorded(folder, path, md5) for path, md5 in _listing(tree, folder).items())
        found = [item for item in made if not _is_hidden(folder, item)]
    return tuple(sorted(found, key=lambda item: item.path))


def content_id(tree: Tree, folder: Located) -> str | None:
    """Equal for equal content (`md5:….dir` or `files:…`), found without opening what is recorded.

    None where a file has no recorded hash and is not here.
    """
    if folder.kind == "git":
        return _joint_id(tree, folder)
    if folder.file is not None:
        return f"md5:{md5(tree, folder)}"
    kind = "md5-dos2unix" if folder.legacy else "md5"
    if folder.within is not None:
        return f"{kind}:{listing_md5(_listing(tree, folder))}"
    return None if folder.md5 is None else f"{kind}:{folder.md5}"


def md5(tree: Tree, folder: Located) -> str:
    """The md5 that DVC gives to a folder of this content, `.dir` included.

    Raises: DataMissing, IntegrityError: a file's bytes cannot be had, and no md5 of them is known.
    """
    if folder.kind == "git":
        files: Iterable[Located] = members(tree, folder)
    elif folder.file is not None:
        files = _work_files(tree, folder)
    elif folder.within is None and folder.md5 is not None:
        return folder.md5
    else:
        return listing_md5(_listing(tree, folder))
    files = list(files)
    found = objects.md5s(tree.repo, folder, files)
    return listing_md5({_relative(folder, item): found[item.path] for item in files})


def listing_md5(listing: Mapping[str, str]) -> str:
    """The md5 that DVC gives to a folder of files with these md5s, by path below it."""
    entries = [{"md5": listing[path], "relpath": path} for path in sorted(listing)]
    return hashlib.md5(json.dumps(entries, sort_keys=True).encode(), usedforsecurity=False).hexdigest() + ".dir"


def _joint_id(tree: Tree, folder: Located) -> str | None:
    digest = hashlib.sha256()
    for held in tree.holdings(folder):
        known = content_id(tree, held) if held.is_folder else objects.content_id(tree.repo, held)
        if known is None:
            return None
        digest.update(os.fsencode(f"{_relative(folder, held)}\0{known}\0"))
    return f"files:{digest.hexdigest()}"


def _work_files(tree: Tree, folder: Located) -> list[Located]:
    """All files of a work folder that DVC would take, those with names that begin with a dot too."""
    if folder.file is None:
        return []
    ignored = Ignored(tree.repo, folder.path)
    found = []
    for path in walk(folder.file, hidden=True, without=NEVER):
        name = f"{folder.path}/{path}"
        file = None if ignored(name) else tree.work_file(name)
        if file is not None:
            kind: Kind = "untracked" if folder.kind == "untracked" else "dvc-folder"
            found.append(Located(path=name, revision=folder.revision, kind=kind, pointer=folder.pointer, file=file))
    return found


def _listing(tree: Tree, folder: Located) -> Mapping[str, str]:
    """MD5s by path below the folder, as DVC recorded them."""
    if folder.within is None:
        return objects.members(tree.repo, folder)
    prefix = folder.path.removeprefix(folder.within.path + "/") + "/"
    whole = objects.members(tree.repo, folder.within)
    return {path.removeprefix(prefix): found for path, found in whole.items() if path.startswith(prefix)}


def _recorded(folder: Located, path: str, found: str) -> Located:
    return Located(
        path=f"{folder.path}/{path}",
        revision=folder.revision,
        kind="dvc-folder",
        md5=found,
        pointer=folder.pointer,
        stage=folder.stage,
        legacy=folder.legacy,
    )


def _relative(folder: Located, item: Located) -> str:
    return item.path[len(folder.path) + 1 :]


def _is_hidden(folder: Located, item: Located) -> bool:
    return any(part.startswith(".") for part in _relative(folder, item).split("/"))
