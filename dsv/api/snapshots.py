"""Tables as snapshots: what to read, and in which format; a table may be a folder."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from dsv.files import walk
from dsv.store import folders, objects
from dsv.store.hashes import HashCache
from dsv.store.repository import user_cache_folder
from dsv.store.trees import Located, Tree

if TYPE_CHECKING:
    from dsv.model.snapshot import Member, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The files of a table that is a folder; `fetch` is as in `Snapshot`."""

    members: tuple[Member, ...]
    fetch: Callable[[Collection[str]], None]


def plain_snapshot(path: Path, shown: str, *, given: str | None = None, header: bool = True) -> Snapshot:
    """A file or folder of this machine; `given` names its format where name and content do not tell.

    Raises: FormatError: no format takes it.
    """
    from dsv.formats.base import recognised
    from dsv.model.snapshot import ReadOptions, Snapshot

    members = plain_files(path).members if path.is_dir() else None
    options = ReadOptions(header=header)
    return recognised(Snapshot(path=path, format="", shown_path=shown, options=options, members=members), given)


def tree_snapshot(tree: Tree, located: Located, *, given: str | None = None, header: bool = True) -> Snapshot:
    """A file or folder of a tree, opened. Raises: FormatError: no format takes it. DataMissing, IntegrityError."""
    from dsv.formats.base import recognised
    from dsv.model.snapshot import ReadOptions, Snapshot

    files = tree_files(tree, located) if located.is_folder else None
    snapshot = Snapshot(
        path=Path() if files is not None else objects.materialise(tree.repo, located),
        format="",
        shown_path=located.path,
        options=ReadOptions(header=header),
    )
    return recognised(snapshot if files is None else of_files(snapshot, files), given)


def of_files(snapshot: Snapshot, files: Files) -> Snapshot:
    """The snapshot, read from the files of a folder."""
    return replace(snapshot, members=files.members, fetch=files.fetch)


def plain_files(folder: Path) -> Files:
    """The files of a folder on this machine."""
    from dsv.model.snapshot import Member

    paths = {path: folder / path for path in walk(folder, without=folders.NEVER)}
    known = cache(lambda: HashCache(user_cache_folder(), folder).md5s(paths.values()))

    def member(path: str, file: Path) -> Member:
        return Member(path=path, open=lambda: file, md5=lambda: known()[file])

    return Files(members=tuple(member(*item) for item in paths.items()), fetch=lambda wanted: None)


def plain_folder_id(folder: Path) -> str:
    """The content id of a folder on this machine."""
    listing = {member.path: member.md5() for member in plain_files(folder).members}
    return f"md5:{folders.listing_md5(listing)}"


def tree_files(tree: Tree, folder: Located) -> Files:
    """The files of a folder of a tree. Raises: DataMissing, IntegrityError, as `folders.members`."""
    from dsv.model.snapshot import Member

    found = {item.path[len(folder.path) + 1 :]: item for item in folders.members(tree, folder)}
    known = cache(lambda: objects.md5s(tree.repo, folder, list(found.values())))

    def member(path: str, item: Located) -> Member:
        return Member(path=path, open=partial(objects.materialise, tree.repo, item), md5=lambda: known()[item.path])

    def fetch(wanted: Collection[str]) -> None:
        objects.fetch(tree.repo, [found[path] for path in wanted])

    return Files(members=tuple(member(*item) for item in found.items()), fetch=fetch)


def content_md5(tree: Tree, located: Located) -> str | None:
    """The md5 of a file's or folder's content as it is (a folder's ends in `.dir`); None where nothing is known.

    Raises: DataMissing, IntegrityError: the content has to be read for it and cannot be.
    """
    if located.is_folder:
        return folders.md5(tree, located)
    if located.file is not None:
        return objects.workspace_md5(tree.repo, located.file)
    if located.md5 is not None:
        return located.md5
    return objects.file_md5(objects.materialise(tree.repo, located)) if located.kind == "git" else None


def size_bytes(snapshot: Snapshot) -> int:
    """The size of a snapshot's files together."""
    files = [snapshot.path] if snapshot.members is None else [member.open() for member in snapshot.members]
    return sum(file.stat().st_size for file in files)
