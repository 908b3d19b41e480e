"""What commits did to the outputs in pointers that hold those of several datasets: `dvc.lock`, `.dvc` of folders."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from dsv.errors import DocumentError
from dsv.store import git
from dsv.store.history import Commit
from dsv.store.pointers import Output, is_pointer, lock_outputs, pointer_outputs
from dsv.store.repository import Repository
from dsv.store.revisions import all_parents

AHEAD = 200
"""Commits whose pointers are read at once."""
LOCK, PIPELINE = "dvc.lock", "dvc.yaml"
_HEAD = b"schema: '2.0'\nstages:\n"
_STAGE = re.compile(rb"^(?=  [^ \n])", re.MULTILINE)

_Version = tuple[bytes | None, bytes | None]
"""The text of a pointer, and of the `dvc.yaml` beside it."""
_Outputs = Mapping[str, Output]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputChanges:
    """The paths of outputs that a commit records otherwise than a parent; `turned`: those that one of them lacks.

    Not `known`: a pointer is damaged, so that it may be any.
    """

    changed: tuple[str, ...] = ()
    turned: tuple[str, ...] = ()
    known: bool = True

    def concern(self, path: str) -> bool:
        """What is kept at a repository path may be another than at a parent."""
        return not self.known or any(_may_be(output, path) for output in self.changed)

    def move(self, path: str) -> bool:
        """What is kept at a repository path may be kept by another pointer than at a parent."""
        return not self.known or any(_may_be(output, path) for output in self.turned)


NOTHING = OutputChanges()


def output_changes(repo: Repository, commits: Iterable[Commit], pointers: set[str]) -> dict[str, OutputChanges]:
    """By the ids of commits, what those that touched one of the `pointers` (or a `dvc.yaml` beside one) did to outputs.

    A few Git processes for all commits, the text of each file parsed once.
    """
    touched = {commit.id: found for commit in commits if (found := _touched(commit, pointers))}
    parents = all_parents(repo, list(touched))
    asked = list(touched)
    changes: dict[str, OutputChanges] = {}
    for start in range(0, len(asked), AHEAD):
        part = asked[start : start + AHEAD]
        files = {
            f"{commit}:{file}": None
            for child in part
            for commit in (child, *parents[child])
            for pointer in touched[child]
            for file in (pointer, _pipeline(pointer))
            if file is not None
        }
        texts = _texts(repo, list(files))
        for child in part:
            changes[child] = _changes(texts, child, parents[child], touched[child])
    return changes


def _touched(commit: Commit, pointers: set[str]) -> list[str]:
    """The pointers that a commit touched, and the locks whose pipeline it touched."""
    locks = (posixpath.join(posixpath.dirname(path), LOCK) for path in commit.paths if _is_pipeline(path))
    return [path for path in dict.fromkeys((*commit.paths, *locks)) if path in pointers and is_pointer(path)]


def _is_pipeline(path: str) -> bool:
    return posixpath.basename(path) == PIPELINE


def _pipeline(pointer: str) -> str | None:
    if posixpath.basename(pointer) != LOCK:
        return None
    return posixpath.join(posixpath.dirname(pointer), PIPELINE)


def _texts(repo: Repository, names: Sequence[str]) -> Mapping[str, bytes]:
    ids = git.object_ids(repo.root, [name for name in names if "\n" not in name])
    blobs = git.blobs(repo.root, [blob for blob in ids.values() if blob is not None])
    return {name: blobs[blob] for name, blob in ids.items() if blob is not None}


def _changes(texts: Mapping[str, bytes], child: str, parents: Sequence[str], pointers: Sequence[str]) -> OutputChanges:
    changed: dict[str, None] = {}
    turned: dict[str, None] = {}
    try:
        for pointer in pointers:
            for parent in parents or ("",):
                old, new = _both(_versions(texts, parent, pointer), _versions(texts, child, pointer), pointer)
                for path in (path for path in {**old, **new} if old.get(path) != new.get(path)):
                    changed[path] = None
                    if path not in old or path not in new:
                        turned[path] = None
    except DocumentError:
        return OutputChanges(known=False)
    return OutputChanges(changed=tuple(changed), turned=tuple(turned))


def _versions(texts: Mapping[str, bytes], commit: str, pointer: str) -> _Version:
    pipeline = _pipeline(pointer)
    return texts.get(f"{commit}:{pointer}"), None if pipeline is None else texts.get(f"{commit}:{pipeline}")


def _both(old: _Version, new: _Version, pointer: str) -> tuple[_Outputs, _Outputs]:
    """The outputs of two versions of a pointer; those that both have may be left out."""
    (before, old_pipeline), (after, new_pipeline) = old, new
    if before is not None and after is not None and old_pipeline == new_pipeline:
        # A lock as DVC writes it has a block a stage, and most commits change few: the others need not be parsed.
        with suppress(DocumentError):
            less, more = _differing(before, after)
            return _parsed(less, pointer, new_pipeline), _parsed(more, pointer, new_pipeline)
    return _parsed(before, pointer, old_pipeline), _parsed(after, pointer, new_pipeline)


def _differing(old: bytes, new: bytes) -> tuple[bytes, bytes]:
    """Two versions of a lock without the stages whose text both have; whole if DVC did not write them."""
    before, after = _STAGE.split(old), _STAGE.split(new)
    if not before[0] == after[0] == _HEAD:
        return old, new
    common = set(before[1:]) & set(after[1:])
    return _without(before, common), _without(after, common)


def _without(parts: Sequence[bytes], common: Set[bytes]) -> bytes:
    kept = [block for block in parts[1:] if block not in common]
    return b"".join([parts[0], *kept]) if kept else b""


@lru_cache(maxsize=8)
def _parsed(text: bytes | None, pointer: str, pipeline: bytes | None) -> _Outputs:
    if text is None:
        return {}
    is_lock = posixpath.basename(pointer) == LOCK
    found = lock_outputs(text, pointer, pipeline) if is_lock else pointer_outputs(text, pointer)
    return {item.path: item for item in found}


def _may_be(output: str, path: str) -> bool:
    """An output is what is at a path, a folder that holds it, or a part of it; of a template, the name alone tells."""
    if "${" in output:
        return posixpath.basename(output) == posixpath.basename(path)
    return output == path or path.startswith(output + "/") or output.startswith(path + "/")
