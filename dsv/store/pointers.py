"""What `.dvc` files and `dvc.lock` record about outputs: values, read from text alone."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from dsv.documents.yaml import load_mapping
from dsv.errors import DocumentError

_MD5 = re.compile(r"[0-9a-f]{32}(\.dir)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One output that DVC records.

    `path` is a repository path. `md5` ends in `.dir` for a folder; None where the entry has
    none, and `problem` then says why. `legacy` marks an entry that DVC 2 wrote (`md5-dos2unix`).
    `stage` is None in a `.dvc` file.
    """

    path: str
    pointer: str
    md5: str | None
    size: int | None = None
    legacy: bool = False
    stage: str | None = None
    problem: str | None = None

    @property
    def is_folder(self) -> bool:
        """The output is a folder, its files listed in an object of their own."""
        return self.md5 is not None and self.md5.endswith(".dir")

    @property
    def is_unplaced(self) -> bool:
        """The path is not known: a `${…}` stands in it."""
        return "${" in self.path

    def holds(self, path: str) -> bool:
        """Say whether the output is the file at a repository path, or a folder that may hold it."""
        below = path.startswith(self.path + "/")
        return path == self.path or (below and (self.is_folder or self.problem is not None))


def is_pointer(path: str) -> bool:
    """Say whether a repository path is that of a `.dvc` file or of a `dvc.lock`."""
    name = posixpath.basename(path)
    return name == "dvc.lock" or (name.endswith(".dvc") and name != ".dvc")


def pointer_outputs(text: bytes, pointer: str) -> tuple[Output, ...]:
    """The outputs of a `.dvc` file. Raises: DocumentError with `path:line`."""
    document, lines = load_mapping(text, pointer)
    return tuple(_outputs(document, lines, (), pointer, None, document.get("wdir")))


def lock_outputs(text: bytes, pointer: str, pipeline: bytes | None) -> tuple[Output, ...]:
    """The outputs in a `dvc.lock`; `pipeline` is the `dvc.yaml` beside it, which has the `wdir`s.

    Raises: DocumentError with `path:line`.
    """
    document, lines = load_mapping(text, pointer)
    # the first lock files had the stages at the top
    place: tuple[str, ...] = ("stages",) if "schema" in document else ()
    stages = document.get("stages") or {} if place else document
    folders = _work_folders(pipeline, posixpath.join(posixpath.dirname(pointer), "dvc.yaml"))
    found: list[Output] = []
    for name, stage in _mapping(stages, pointer).items():
        wdir = folders.get(name.split("@")[0])
        found += _outputs(_mapping(stage, pointer), lines, (*place, name), pointer, name, wdir)
    return tuple(found)


@lru_cache(maxsize=8)
def _work_folders(pipeline: bytes | None, where: str) -> Mapping[str, Any]:
    if pipeline is None:
        return {}
    stages = load_mapping(pipeline, where)[0].get("stages")
    found: dict[str, Any] = {}
    for name, stage in (stages if isinstance(stages, Mapping) else {}).items():
        body = stage.get("do", stage) if isinstance(stage, Mapping) else None
        if isinstance(body, Mapping):
            found[name] = body.get("wdir")
    return found


def _outputs(
    holder: Mapping[str, Any],
    lines: Mapping[tuple[Any, ...], int],
    place: tuple[Any, ...],
    pointer: str,
    stage: str | None,
    wdir: Any,
) -> Iterator[Output]:
    entries = holder.get("outs") or []
    for position, entry in enumerate(entries if isinstance(entries, list) else [None]):
        where = f"{pointer}:{lines.get((*place, 'outs', position), 1)}"
        path = entry.get("path") if isinstance(entry, Mapping) else None
        if not isinstance(path, str):
            raise DocumentError("an output has no path", where=where)
        if "://" in path:
            continue
        yield _output(entry, path, wdir, pointer, stage, where)


def _output(entry: Mapping[str, Any], path: str, wdir: Any, pointer: str, stage: str | None, where: str) -> Output:
    folder = wdir if isinstance(wdir, str) else "."
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(pointer), folder, path))
    md5, size = entry.get("md5"), entry.get("size")
    if md5 is not None and (not isinstance(md5, str) or not _MD5.fullmatch(md5)):
        raise DocumentError(f"{md5!r} is not an md5", where=where)
    problem = _problem(entry, folder)
    return Output(
        path=joined,
        pointer=pointer,
        md5=None if problem else md5,
        size=size if type(size) is int else None,
        legacy=entry.get("hash") != "md5",
        stage=stage,
        problem=problem,
    )


def _problem(entry: Mapping[str, Any], folder: str) -> str | None:
    if "${" in folder:
        return f"the stage's wdir is a template ({folder})"
    if "cloud" in entry or "files" in entry or "version_id" in entry:
        return "a cloud-versioned remote keeps it, under no md5"
    if entry.get("md5") is None:
        return "DVC has recorded no md5 of it (an import not downloaded, or a stage not run)"
    return None


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise DocumentError("stages must be keys and values", where=where)
    return value
