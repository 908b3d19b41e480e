"""Tables of the workspace as snapshots: what to read, and in which format."""

from __future__ import annotations

from pathlib import Path

from dsv.files import walk
from dsv.formats.base import recognised
from dsv.model.snapshot import Member, ReadOptions, Snapshot
from dsv.store import objects


def plain_snapshot(path: Path, shown: str, *, given: str | None = None, header: bool = True) -> Snapshot:
    """A file or folder of the workspace; `given` names its format where name and content do not tell.

    Raises: FormatError: no format takes it.
    """
    members = folder_members(path) if path.is_dir() else None
    options = ReadOptions(header=header)
    return recognised(Snapshot(path=path, format="", shown_path=shown, options=options, members=members), given)


def folder_members(folder: Path) -> tuple[Member, ...]:
    """The files of a folder on this machine."""
    return tuple(_member(folder / path, path) for path in walk(folder))


def _member(file: Path, path: str) -> Member:
    return Member(path=path, open=lambda: file, md5=lambda: objects.file_md5(file))
