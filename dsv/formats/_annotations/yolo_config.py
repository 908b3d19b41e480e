"""What a YOLO folder says of itself: its classes, its splits, how many key points a shape has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dsv.documents.yaml import Lines, load_mapping
from dsv.errors import DocumentError, FormatError
from dsv.formats._shared.folder import members, read_text, where
from dsv.formats._shared.notes import Notes
from dsv.model.snapshot import Member, Snapshot

SPLIT_KEYS = ("train", "val", "test")
CLASS_LISTS = ("classes.txt", "labels/classes.txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """`names` by index. `splits` are the folders and lists of images of each split, as they are written.

    `keypoints` are the number of key points of a shape and the numbers of each, 2 or 3. `path` is
    the file that says it.
    """

    path: str
    names: Mapping[int, str]
    splits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    keypoints: tuple[int, int] | None = None


def find_config(snapshot: Snapshot) -> Member | None:
    """The file that names the classes: `data.yaml`, else the YAML file with `names`, else `classes.txt`.

    Raises: FormatError: several YAML files have `names`, and none of them is called data.yaml.
    """
    files = {item.path: item for item in members(snapshot)}
    if "data.yaml" in files:
        return files["data.yaml"]
    tops = [item for path, item in files.items() if "/" not in path and path.endswith((".yaml", ".yml"))]
    named = [item for item in tops if re.search(r"^names\s*:", _lenient(item), re.MULTILINE)]
    if len(named) > 1:
        listed = ", ".join(item.path for item in named)
        raise FormatError(
            f"several files name classes: {listed}", where=snapshot.shown_path, hint="keep data.yaml alone"
        )
    return next(iter(named), None) or next((files[path] for path in CLASS_LISTS if path in files), None)


def read_config(snapshot: Snapshot, notes: Notes) -> Config:
    """Read the classes and the splits. Raises: FormatError: there are none, or they make no sense."""
    found = find_config(snapshot)
    if found is None:
        raise FormatError(
            "there is no data.yaml, so nothing names the classes",
            where=snapshot.shown_path,
            hint="write data.yaml with names: [first, second, …], or classes.txt with one name a line",
        )
    if found.path in CLASS_LISTS:
        names = read_text(snapshot, found).splitlines()
        return Config(path=found.path, names=_checked(dict(enumerate(names)), where(snapshot, found.path), notes))
    return _from_yaml(snapshot, found, notes)


def _from_yaml(snapshot: Snapshot, found: Member, notes: Notes) -> Config:
    shown = where(snapshot, found.path)
    try:
        value, lines = load_mapping(read_text(snapshot, found), shown)
    except DocumentError as error:
        raise FormatError(error.message, where=error.where, hint=error.hint) from None
    names = _checked(_names(value.get("names"), lines, shown), f"{shown}:{lines.get(('names',), 1)}", notes)
    if isinstance(value.get("nc"), int) and value["nc"] != len(names):
        notes.add("class-count", "counts of classes (nc) that the names do not add up to", f"{shown}:{lines['nc',]}")
    base = value.get("path")
    return Config(
        path=found.path,
        names=names,
        splits={key: _paths(key, value[key], base, f"{shown}:{lines[key,]}") for key in SPLIT_KEYS if value.get(key)},
        keypoints=_keypoints(value.get("kpt_shape"), f"{shown}:{lines.get(('kpt_shape',), 1)}"),
    )


def _names(value: Any, lines: Lines, shown: str) -> dict[int, str]:
    line = f"{shown}:{lines.get(('names',), 1)}"
    if isinstance(value, list):
        value = dict(enumerate(value))
    if not isinstance(value, dict) or not value:
        raise FormatError("names is no list and no mapping of classes", where=line, hint="names: [first, second, …]")
    for index, name in value.items():
        place = f"{shown}:{lines.get(('names', index), lines.get(('names',), 1))}"
        if not isinstance(index, int) or isinstance(index, bool) or index < 0:
            raise FormatError(f"the class index {index!r} is no whole number from 0", where=place)
        if isinstance(name, (dict, list)) or name is None:
            raise FormatError(f"the name of class {index} is no text", where=place)
    return {index: _text(name) for index, name in value.items()}


def _text(name: Any) -> str:
    return str(name).lower() if isinstance(name, bool) else str(name)


def _checked(names: dict[int, str], shown: str, notes: Notes) -> dict[int, str]:
    seen: set[str] = set()
    for index, name in names.items():
        if not name.strip():
            raise FormatError(f"class {index} has no name", where=shown)
        if name in seen:
            notes.add("class-named-twice", "classes that have the name of another", f"{shown} ({name!r})")
        seen.add(name)
    return names


def _paths(key: str, value: Any, base: Any, shown: str) -> tuple[str, ...]:
    paths = value if isinstance(value, list) else [value]
    if not all(isinstance(path, str) for path in paths):
        raise FormatError(f"{key} is no path and no list of paths", where=shown)
    return tuple(f"{base}/{path}" if isinstance(base, str) else path for path in paths)


def _keypoints(value: Any, shown: str) -> tuple[int, int] | None:
    match value:
        case None:
            return None
        case [int() as count, 2 | 3 as size] if count > 0:
            return count, size
    raise FormatError("kpt_shape is not [number of key points, 2 or 3]", where=shown)


def _lenient(member: Member) -> str:
    return member.open().read_bytes().decode("utf-8", "replace")
