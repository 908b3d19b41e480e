"""Which files of a YOLO folder are pictures and labels, and which split and name a picture has."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from dsv.formats._annotations.yolo_config import Config
from dsv.formats._shared.folder import is_image, members, read_text, split_of, stem, where
from dsv.formats._shared.notes import Notes
from dsv.model.snapshot import Member, Snapshot


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture and its labels, either of which may be missing.

    `name` is its path without suffix, split and the folder `images`: it stays when the picture
    moves to another split.
    """

    name: str
    split: str | None
    image: Member | None
    labels: Member | None


class Layout:
    """The pictures of a folder, by the rule of YOLO's trainers.

    The labels of `a/images/b/1.jpg` are in `a/labels/b/1.txt`; without a folder `images` they are
    beside the picture. The path of the labels, without suffix, stands for both here.
    """

    def __init__(self, snapshot: Snapshot, config: Config, notes: Notes) -> None:
        self._snapshot, self._config, self._notes = snapshot, config, notes
        self._images: dict[str, Member] = {}
        self._labels: dict[str, Member] = {}
        self._sort_files()
        self._places = sorted({*self._images, *self._labels})
        self._folders: list[tuple[str, str]] = []
        self._listed: dict[str, list[str]] = {}
        self._read_splits()

    @property
    def has_images(self) -> bool:
        """Some pictures are in the folder; labels are often kept without them."""
        return bool(self._images)

    @property
    def label_files(self) -> list[str]:
        """Paths of the files of labels."""
        return [member.path for member in self._labels.values()]

    def pictures(self) -> Iterator[Picture]:
        """All pictures and labels, in the order of their paths."""
        for place in self._places:
            split, name = self._split(place)
            yield Picture(name, split, self._images.get(place), self._labels.get(place))

    def _sort_files(self) -> None:
        texts = []
        for member in members(self._snapshot):
            if is_image(member.path):
                first = self._images.setdefault(label_place(stem(member.path)), member)
                if first is not member:
                    shown = where(self._snapshot, member.path)
                    self._notes.add("labels-shared", "pictures that share the labels of another", shown)
            elif member.path != self._config.path:
                texts.append(member)
        for member in texts:
            place = stem(member.path)
            known = member.path.endswith(".txt") and posixpath.basename(place) != "classes"
            if known and ("labels" in place.split("/")[:-1] or place in self._images):
                self._labels[place] = member
            elif not self._is_list(member.path):
                shown = where(self._snapshot, member.path)
                self._notes.add("other-files", "files that are no part of a YOLO dataset", shown, "info")

    def _is_list(self, path: str) -> bool:
        listed = (item for paths in self._config.splits.values() for item in paths)
        return any(end == path for item in listed for end in _endings(item))

    def _read_splits(self) -> None:
        folders = {folder for place in self._places for folder in _above(place)} | {""}
        texts = {item.path: item for item in members(self._snapshot) if item.path.endswith(".txt")}
        for split, paths in self._config.splits.items():
            for path in paths:
                folder = next((place for end in _endings(path) if (place := _as_labels(end)) in folders), None)
                listed = next((texts[end] for end in _endings(path) if end in texts), None)
                if listed is not None:
                    self._read_list(split, listed)
                elif folder is not None:
                    self._folders.append((folder, split))
                else:
                    self._missing(f"{where(self._snapshot, self._config.path)} ({split}: {path})")

    def _read_list(self, split: str, member: Member) -> None:
        known = set(self._places)
        for line, path in enumerate(read_text(self._snapshot, member).splitlines(), start=1):
            ends = _endings(stem(path.strip()))
            found = next((place for end in ends if (place := label_place(end)) in known), None)
            if found is not None:
                self._listed.setdefault(found, []).append(split)
            elif path.strip():
                self._missing(where(self._snapshot, member.path, line))

    def _missing(self, shown: str) -> None:
        self._notes.add("split-missing", "paths of splits that are not in the folder", shown)

    def _split(self, place: str) -> tuple[str | None, str]:
        """The split of a picture, and its name without it."""
        inside = [(folder, split) for folder, split in self._folders if _is_inside(place, folder)]
        splits = tuple(dict.fromkeys([*(split for _, split in inside), *self._listed.get(place, ())]))
        if len(splits) > 1:
            shown = f"{where(self._snapshot, place)} ({', '.join(splits)})"
            self._notes.add("several-splits", "pictures that are in several splits", shown)
        own, rest = split_of(_without(place, "labels")[:-1])
        name = "/".join((*rest, posixpath.basename(place)))
        if not inside:
            return (splits[0] if splits else own), name
        folder, split = max(inside, key=lambda pair: len(pair[0]))
        below = place.removeprefix(f"{folder}/") if folder else name
        return split, "/".join(_without(below, "labels"))


def label_place(place: str) -> str:
    """Where the labels of a picture are: its last folder `images` is called `labels` there."""
    parts = place.split("/")
    for number in range(len(parts) - 2, -1, -1):
        if parts[number] == "images":
            parts[number] = "labels"
            break
    return "/".join(parts)


def _as_labels(folder: str) -> str:
    return label_place(f"{folder}/x").removesuffix("/x") if folder else ""


def _above(place: str) -> Iterator[str]:
    parts = place.split("/")[:-1]
    for length in range(1, len(parts) + 1):
        yield "/".join(parts[:length])


def _endings(path: str) -> Iterator[str]:
    """The path and, as the folder may have been moved, its ends: `../a/b` gives `a/b` and `b`."""
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    for first in range(max(1, len(parts))):
        yield "/".join(parts[first:])


def _is_inside(place: str, folder: str) -> bool:
    return not folder or place.startswith(f"{folder}/")


def _without(place: str, folder: str) -> tuple[str, ...]:
    """The parts of a path without the last folder of that name."""
    parts = place.split("/")
    found = [number for number, part in enumerate(parts[:-1]) if part == folder]
    return tuple(part for number, part in enumerate(parts) if number != (found[-1] if found else -1))
