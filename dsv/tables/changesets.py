"""Changesets on disk: the rows that differ, as Parquet, and what was counted of them; the least used go first.

Row indexes (rowindex.py) are kept among them, so that one cap holds for both.

An entry is a folder: `document.json`, and the files that it names with their checksums. It is made
aside and renamed, so that it is whole or not there. It can always be made again, so whatever is
wrong with it, or with the folder, costs time only.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOCUMENT = "document.json"
CAP_BYTES = 2 * 2**30
"""What all entries may take together."""
CAP_SHARE = 0.1
"""The share of the free disk that they may take at the most."""


@dataclass(frozen=True, slots=True)
class Changesets:
    """The changesets in a folder, by name (hexadecimal digits)."""

    folder: Path

    def find(self, name: str, unchecked: str | None = None) -> tuple[dict[str, Any], Path] | None:
        """An entry's content and the folder with its files; None if there is none, or it is damaged.

        Of the file `unchecked` only the size is looked at: who reads it sees for himself that it is whole.
        """
        entry = self.folder / name
        if not entry.is_dir():
            return None
        try:
            document = json.loads((entry / DOCUMENT).read_bytes())
            content, files = document["content"], document["files"]
            whole = document["checksum"] == _text_checksum(content) and _are_whole(entry, files, unchecked)
        except (OSError, ValueError, KeyError, TypeError):
            whole = False
        if not whole:
            self.discard(name)
            return None
        with contextlib.suppress(OSError):
            os.utime(entry / DOCUMENT)
        return content, entry

    def add(self, name: str, fill: Callable[[Path], Mapping[str, Any]]) -> None:
        """Keep an entry: `fill` writes its files into a folder and gives its content.

        Nothing is kept where the folder cannot be written to.
        """
        made: str | None = None
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            made = tempfile.mkdtemp(dir=self.folder, prefix=".new-")
            content = json.loads(json.dumps(fill(Path(made))))
            document = {"content": content, "checksum": _text_checksum(content), "files": _checksums(Path(made))}
            (Path(made) / DOCUMENT).write_text(json.dumps(document), encoding="utf-8")
            os.rename(made, self.folder / name)
            self._make_room()
        except OSError:
            return
        finally:
            if made is not None:
                shutil.rmtree(made, ignore_errors=True)

    def discard(self, name: str) -> None:
        """Forget an entry."""
        shutil.rmtree(self.folder / name, ignore_errors=True)

    def cap_bytes(self) -> int:
        """What all entries may take together; 0 where the folder is none."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            return min(CAP_BYTES, int(CAP_SHARE * shutil.disk_usage(self.folder).free))
        except OSError:
            return 0

    def _make_room(self) -> None:
        entries = sorted(self._entries(), key=lambda entry: entry[0], reverse=True)
        left = self.cap_bytes()
        for _, size_bytes, path in entries:
            left -= size_bytes
            if left < 0:
                shutil.rmtree(path, ignore_errors=True)

    def _entries(self) -> Iterator[tuple[int, int, Path]]:
        """When each entry was last used (ns), and its size."""
        for path in self.folder.iterdir():
            with contextlib.suppress(OSError):
                used = (path / DOCUMENT).stat().st_mtime_ns
                yield used, sum(file.stat().st_size for file in path.iterdir()), path


def _checksums(folder: Path) -> dict[str, list[int]]:
    """Size and CRC of an entry's files: against damage, not against malice."""
    return {path.name: _checksum(path) for path in sorted(folder.iterdir()) if path.name != DOCUMENT}


def _are_whole(folder: Path, files: Mapping[str, Any], unchecked: str | None) -> bool:
    if unchecked is None:
        return bool(files == _checksums(folder))
    size = files[unchecked][0]
    others = {name: known for name, known in files.items() if name != unchecked}
    found = {name: _checksum(folder / name) for name in others}
    return (folder / unchecked).stat().st_size == size and found == others


def _checksum(path: Path) -> list[int]:
    size, crc = 0, 0
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            size, crc = size + len(block), zlib.crc32(block, crc)
    return [size, crc]


def _text_checksum(content: Any) -> int:
    return zlib.crc32(json.dumps(content, sort_keys=True).encode())
