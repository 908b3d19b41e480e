"""Which files of a Pascal VOC folder are annotations, pictures and lists of images."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from dsv.formats._shared.folder import is_image, members, read_text, split_of, stem, where
from dsv.formats._shared.notes import Notes
from dsv.model.snapshot import Member, Snapshot

OWN_FOLDERS = ("annotations", "jpegimages", "images", "xmls")
"""Folders that say what a file is and not which image it is of, lower case."""
IN_ORDER = ("train", "val", "test")
SETS = "ImageSets/Main/"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture and its annotation, either of which may be missing.

    `name` is its path without suffix, split and folders such as `Annotations`.
    """

    name: str
    split: str | None
    image: Member | None
    annotation: Member | None


class Layout:
    """The pictures of a folder; their splits from `ImageSets/Main`, else from the names of folders."""

    def __init__(self, snapshot: Snapshot, notes: Notes) -> None:
        self._snapshot = snapshot
        self._notes = notes
        self._images: dict[tuple[str | None, str], Member] = {}
        self._annotations: dict[tuple[str | None, str], Member] = {}
        self._sets: dict[str, list[str]] = {}
        for member in members(snapshot):
            self._sort(member)

    @property
    def has_images(self) -> bool:
        """Some pictures are in the folder; annotations are often kept without them."""
        return bool(self._images)

    def pictures(self) -> Iterator[Picture]:
        """All pictures and annotations, in the order of their names."""
        unknown = set(self._sets)
        for split, name in sorted({*self._images, *self._annotations}, key=lambda place: (place[1], place[0] or "")):
            unknown.discard(name)
            listed = self._listed(name)
            place = split, name
            yield Picture(name, listed or split, self._images.get(place), self._annotations.get(place))
        for name in sorted(unknown):
            shown = f"{self._snapshot.shown_path} ({name})"
            self._notes.add("split-missing", "images of ImageSets that are not in the folder", shown)

    def _sort(self, member: Member) -> None:
        path = member.path
        if path.endswith(".xml"):
            self._annotations[_place(path)] = member
        elif is_image(path):
            first = self._images.setdefault(_place(path), member)
            if first is not member:
                shown = where(self._snapshot, path)
                self._notes.add("images-of-one-name", "pictures that have the name of another", shown)
        elif f"/{path}".rpartition(f"/{SETS}")[1] and path.endswith(".txt"):
            self._read_set(member)
        else:
            self._other(path)

    def _read_set(self, member: Member) -> None:
        before = member.path.rpartition(SETS)[0]
        lines = [line.split() for line in read_text(self._snapshot, member).splitlines()]
        if any(len(cells) > 1 for cells in lines):
            # cat_train.txt says of each image whether it has a cat, which the annotations say too.
            self._other(member.path)
            return
        name = posixpath.basename(stem(member.path))
        for cells in lines:
            if cells:
                self._sets.setdefault(before + cells[0], []).append(name)

    def _listed(self, name: str) -> str | None:
        """The split that lists an image; `trainval` is train and val together."""
        found = self._sets.get(name, [])
        parts = [split for split in found if split != "trainval" or len(found) == 1]
        if len(parts) > 1:
            shown = f"{self._snapshot.shown_path} ({name}: {', '.join(sorted(parts))})"
            self._notes.add("several-splits", "pictures that are in several splits", shown)
        first = (split for split in (*IN_ORDER, *sorted(parts)) if split in parts)
        return next(first, None)

    def _other(self, path: str) -> None:
        shown = where(self._snapshot, path)
        self._notes.add("other-files", "files that are no part of a VOC dataset", shown, "info")


def _place(path: str) -> tuple[str | None, str]:
    *folders, last = stem(path).split("/")
    split, rest = split_of([name for name in folders if name.lower() not in OWN_FOLDERS])
    return split, "/".join((*rest, last))
