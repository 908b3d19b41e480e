"""Hashes of files, remembered by what the file system says of the file."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

LIMIT = 5_000
# A file that changes twice within one tick of its clock looks unchanged, so what was written just
# before it was hashed is not remembered (Git's rule for racy files). Two seconds is FAT's tick.
RACY_NS = 2_000_000_000

Stamp = list[int]


def file_md5(path: Path) -> str:
    """MD5 of a file's bytes, 32 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "md5").hexdigest()


def blob_id(path: Path, algorithm: str) -> str:
    """The id that Git gives to a file's bytes; `algorithm` is "sha1" or "sha256"."""
    with path.open("rb") as stream:
        digest = hashlib.new(algorithm, f"blob {os.fstat(stream.fileno()).st_size}\0".encode())
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


class HashCache:
    """Remembers hashes in one file of a cache folder; without a folder to write to, it forgets.

    `scope`, a folder, has a file of its own, in which the files of that folder alone are
    remembered, however many they are.
    """

    def __init__(self, folder: Path, scope: Path | None = None) -> None:
        name = "" if scope is None else "-" + hashlib.sha256(os.fsencode(os.path.abspath(scope))).hexdigest()[:32]
        self._path = folder / f"hashes{name}.json"
        self._scoped = scope is not None
        self._known: dict[str, Any] = load_json(self._path)

    def md5(self, path: Path) -> str:
        """MD5 of a file, hashed only if size, times or inode differ from what is remembered."""
        return self.md5s([path])[path]

    def md5s(self, paths: Iterable[Path]) -> dict[Path, str]:
        """Like `md5`, for many files, remembered together."""
        found = {path: self._recall("md5", path) for path in paths}
        if self._scoped:
            asked = {name for _, name, _ in found.values()}
            self._known = {name: entry for name, entry in self._known.items() if name in asked}
        self._remember({name: entry for _, name, entry in found.values() if entry is not None})
        return {path: known for path, (known, _, _) in found.items()}

    def blob(self, path: Path, algorithm: str) -> str:
        """Like `md5`, for Git's id of the bytes."""
        known, name, entry = self._recall(algorithm, path)
        self._remember({} if entry is None else {name: entry})
        return known

    def _recall(self, algorithm: str, path: Path) -> tuple[str, str, list[Any] | None]:
        """A hash, its name, and what is to be remembered of it (None: nothing new)."""
        name = f"{algorithm} {os.path.abspath(path)}"
        started, stamp = time.time_ns(), _stamp(path)
        known = self._known.get(name)
        if isinstance(known, list) and len(known) == 2 and known[0] == stamp and isinstance(known[1], str):
            return known[1], name, None
        found = file_md5(path) if algorithm == "md5" else blob_id(path, algorithm)
        _, modified, changed, _ = stamp
        certain = _stamp(path) == stamp and max(modified, changed) < started - RACY_NS
        return found, name, [stamp, found] if certain else None

    def _remember(self, entries: Mapping[str, list[Any]]) -> None:
        if not entries:
            return
        self._known = {**(self._known if self._scoped else load_json(self._path)), **entries}
        if not self._scoped:
            for oldest in list(self._known)[: max(0, len(self._known) - LIMIT)]:
                del self._known[oldest]
        save_json(self._path, self._known)


def stamp_id(path: Path) -> str | None:
    """A name for a file's bytes made of what the file system says of it; None if it has just been written."""
    size, modified, changed, inode = _stamp(path)
    if max(modified, changed) >= time.time_ns() - RACY_NS:
        return None
    return f"file:{os.path.abspath(path)}:{size}:{modified}:{changed}:{inode}"


def load_json(path: Path) -> dict[str, Any]:
    """The mapping in a cache file; an empty one if there is no sound file."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def save_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a cache file, or nothing where that cannot be done: it costs time only."""
    import tempfile

    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.stem[:20] + ".", suffix=".tmp")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(content, stream)
        os.replace(temporary, path)


def _stamp(path: Path) -> Stamp:
    found = os.stat(path)
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]
