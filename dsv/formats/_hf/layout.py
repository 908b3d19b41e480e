"""What `datasets` writes beside the data when it saves to disk: the splits, their files, the features."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from dsv.errors import FormatError
from dsv.formats._parts.files import PartFile
from dsv.formats._shared.folder import members, read_text, where
from dsv.model.snapshot import Member, Snapshot

STATE = "state.json"
INFO = "dataset_info.json"
DICT = "dataset_dict.json"
_SAVE = "save the dataset again: save_to_disk"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSplit:
    """A saved dataset; `name` is its split's in a dictionary of datasets, else None. `features` are by field."""

    name: str | None
    files: tuple[PartFile, ...]
    features: Mapping[str, Any]


def read_layout(snapshot: Snapshot) -> tuple[SavedSplit, ...]:
    """The splits of a saved dataset. Raises: FormatError: a file is missing, or does not say what it should."""
    files = {item.path: item for item in members(snapshot)}
    if DICT not in files:
        return (_split(snapshot, files, None),)
    names = _json(snapshot, files, DICT).get("splits")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names) or not names:
        raise _wrong(snapshot, DICT, "names no splits")
    found = tuple(_split(snapshot, files, name) for name in names)
    if any("split" in split.features for split in found):
        return tuple(replace(split, files=tuple(replace(part, fields={}) for part in split.files)) for split in found)
    return found


def _split(snapshot: Snapshot, files: Mapping[str, Member], name: str | None) -> SavedSplit:
    folder = name or ""
    state, info = (_json(snapshot, files, posixpath.join(folder, file)) for file in (STATE, INFO))
    state_path = posixpath.join(folder, STATE)
    if state.get("_indices_data_files"):
        raise FormatError(
            "the rows are chosen by an indices mapping, which dsv does not read",
            where=where(snapshot, state_path),
            hint="save the dataset after flatten_indices()",
        )
    listed = state.get("_data_files")
    if not isinstance(listed, list):
        raise _wrong(snapshot, state_path, "lists no data files")
    found = []
    for entry in listed:
        file = entry.get("filename") if isinstance(entry, Mapping) else None
        if not isinstance(file, str):
            raise _wrong(snapshot, state_path, "has a data file without a name")
        found.append(_part(snapshot, files, posixpath.join(folder, file), name, state_path))
    features = info.get("features") or {}
    if not isinstance(features, Mapping):
        raise _wrong(snapshot, posixpath.join(folder, INFO), "has features that are no mapping")
    return SavedSplit(name=name, files=tuple(found), features=features)


def _part(snapshot: Snapshot, files: Mapping[str, Member], path: str, split: str | None, state: str) -> PartFile:
    # The name is looked up among the folder's files, so it cannot lead out of it.
    if path not in files:
        raise FormatError(
            f"the data file {path!r} is not there", where=where(snapshot, state), hint="fetch or save the dataset again"
        )
    fields: dict[str, str | None] = {} if split is None else {"split": split}
    return PartFile(member=files[path], format="arrow", gzip=False, fields=fields, shown=where(snapshot, path))


def _json(snapshot: Snapshot, files: Mapping[str, Member], path: str) -> Mapping[str, Any]:
    if path not in files:
        raise FormatError(f"there is no {path}", where=snapshot.shown_path, hint=_SAVE)
    try:
        found = json.loads(read_text(snapshot, files[path]))
    except json.JSONDecodeError as error:
        raise FormatError(
            f"the file is no JSON: {error.msg}", where=where(snapshot, path, error.lineno), hint=_SAVE
        ) from None
    except RecursionError:
        raise _wrong(snapshot, path, "is nested too deep") from None
    if not isinstance(found, Mapping):
        raise _wrong(snapshot, path, "is no JSON object")
    return found


def _wrong(snapshot: Snapshot, path: str, what: str) -> FormatError:
    return FormatError(f"the file {what}", where=where(snapshot, path), hint=_SAVE)
