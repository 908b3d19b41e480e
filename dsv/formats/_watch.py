"""Files that must not change while they are read: half of one state and half of another is no table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from dsv.errors import FormatError
from dsv.model.snapshot import Member, Snapshot


class Watch:
    """Remembers what the file system said of files when they were opened."""

    def __init__(self) -> None:
        self._seen: dict[Path, tuple[str, tuple[int, ...]]] = {}

    def over(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot, its file watched from now on; the files of a folder from when they are opened."""
        if snapshot.members is None:
            self._note(snapshot.path, snapshot.shown_path)
            return snapshot
        watched = (replace(item, open=self._opening(item, snapshot.shown_path)) for item in snapshot.members)
        return replace(snapshot, members=tuple(watched))

    def check(self) -> None:
        """Raise FormatError if a file is not as it was when it was opened."""
        for path, (shown, before) in self._seen.items():
            if _stamp(path) != before:
                raise FormatError(
                    "the file changed while it was read", where=shown, hint="try again when nothing writes to it"
                )

    def _opening(self, member: Member, folder: str) -> Callable[[], Path]:
        def opened() -> Path:
            path = member.open()
            self._note(path, f"{folder}/{member.path}")
            return path

        return opened

    def _note(self, path: Path, shown: str) -> None:
        if path not in self._seen:
            self._seen[path] = shown, _stamp(path)


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_size, found.st_mtime_ns, found.st_ino
