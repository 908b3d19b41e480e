"""Hashes of files, remembered by what the file system says of the file."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
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
    """Remembers hashes in one file of a cache folder; without a folder to write to, it forgets."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "hashes.json"
        self._known: dict[str, Any] = _load(self._path)

    def md5(self, path: Path) -> str:
        """MD5 of a file, hashed only if size, times or inode differ from what is remembered."""
        return self._recall("md5", path)

    def blob(self, path: Path, algorithm: str) -> str:
        """Like `md5`, for Git's id of the bytes."""
        return self._recall(algorithm, path)

    def _recall(self, algorithm: str, path: Path) -> str:
        name = f"{algorithm} {os.path.abspath(path)}"
        started, stamp = time.time_ns(), _stamp(path)
        known = self._known.get(name)
        if isinstance(known, list) and len(known) == 2 and known[0] == stamp and isinstance(known[1], str):
            return known[1]
        found = file_md5(path) if algorithm == "md5" else blob_id(path, algorithm)
        _, modified, changed, _ = stamp
        if _stamp(path) == stamp and max(modified, changed) < started - RACY_NS:
            self._remember(name, [stamp, found])
        return found

    def _remember(self, name: str, entry: list[Any]) -> None:
        self._known = {**_load(self._path), name: entry}
        for oldest in list(self._known)[: max(0, len(self._known) - LIMIT)]:
            del self._known[oldest]
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self._path.parent, prefix="hashes.", suffix=".tmp")
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(self._known, stream)
            os.replace(temporary, self._path)


def _stamp(path: Path) -> Stamp:
    found = os.stat(path)
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def _load(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
