"""Folders for what a process needs while it lives. What a killed one left, the next takes away."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

PREFIX = "dsv-"
_LOCK = ".dsv-lock"
_YOUNG_S = 60
"""A folder may be so old before its owner has locked it."""


class Scratch:
    """A folder of this process alone, among the system's temporary files: `path`, gone with `close`.

    Raises: OSError: there is no room for it.
    """

    def __init__(self, what: str) -> None:
        _sweep()
        self._top = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{what}-"))
        self._lock = _locked(self._top / _LOCK, os.O_CREAT)
        self.path = self._top / what
        self.path.mkdir()

    def close(self) -> None:
        """Take the folder away, with all that is in it."""
        shutil.rmtree(self._top, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


@contextmanager
def scratch(what: str) -> Iterator[Path]:
    """A folder for the block. Raises: OSError: there is no room for it."""
    made = Scratch(what)
    try:
        yield made.path
    finally:
        made.close()


def lasting(what: str) -> Path:
    """A folder until this process ends. Raises: OSError: there is no room for it."""
    import atexit

    made = Scratch(what)
    atexit.register(made.close)
    return made.path


@cache
def _sweep() -> None:
    """Take away the folders that killed processes of this user left: nobody holds their locks any more."""
    if not hasattr(os, "getuid"):
        return
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            lock = folder / _LOCK
            told = lock.lstat()
            if told.st_uid != os.getuid() or time.time() - told.st_mtime < _YOUNG_S:
                continue
            held = _locked(lock, 0)
            if held is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(held)


def _locked(path: Path, flags: int) -> int | None:
    """Lock a file, which the operating system frees when this process ends; None if another one holds it."""
    try:
        import fcntl
    except ModuleNotFoundError:  # Windows: what is left there stays
        return None
    held = os.open(path, os.O_RDWR | os.O_NOFOLLOW | flags, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        return None
    return held
