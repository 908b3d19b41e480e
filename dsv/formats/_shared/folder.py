"""Files of a folder that is one table: named for people, told apart by their names, read as text."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from dsv.errors import FormatError
from dsv.formats._shared.bytes import BOM
from dsv.model.snapshot import Member, Snapshot

IMAGE_SUFFIXES = (
    ".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".avif", ".heic", ".jp2", ".dng", ".mpo", ".pfm",
)  # fmt: skip
SPLITS = ("train", "training", "val", "valid", "validation", "dev", "test", "testing", "trainval")
"""Names of folders that are splits, lower case."""


def members(snapshot: Snapshot) -> tuple[Member, ...]:
    """The folder's files. Raises: FormatError: the snapshot is a file."""
    if snapshot.members is None:
        raise FormatError(f"a {snapshot.format} dataset is a folder, and this is a file", where=snapshot.shown_path)
    return snapshot.members


def where(snapshot: Snapshot, path: str, line: int | None = None) -> str:
    """A file of the folder, and a line of it, as messages show it."""
    place = posixpath.join(snapshot.shown_path, path)
    return place if line is None else f"{place}:{line}"


def is_image(path: str) -> bool:
    """Say whether a file's name is that of a picture."""
    return path.lower().endswith(IMAGE_SUFFIXES)


def stem(path: str) -> str:
    """The path without the suffix of its last part."""
    return posixpath.splitext(path)[0]


def split_of(folders: Sequence[str]) -> tuple[str | None, tuple[str, ...]]:
    """The first of the folders that is called like a split, and the others; None if there is none."""
    for place, name in enumerate(folders):
        if name.lower() in SPLITS:
            return name, (*folders[:place], *folders[place + 1 :])
    return None, tuple(folders)


def read_text(snapshot: Snapshot, member: Member) -> str:
    """A small text file's content, without a byte order mark. Raises: FormatError: it is not UTF-8."""
    content = member.open().read_bytes().removeprefix(BOM)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FormatError(
            "the text is not UTF-8", where=where(snapshot, member.path, line), hint="convert the file to UTF-8"
        ) from None
