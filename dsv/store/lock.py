"""One dsv that writes at a time."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dsv.errors import RepositoryError
from dsv.store.repository import Repository

_held: list[int] = []


class Busy(RepositoryError):
    """Another dsv command is writing."""


@contextmanager
def exclusive(repo: Repository, command: str) -> Iterator[None]:
    """Hold the repository's write lock for the block; `command` is what others are told.

    The operating system frees the lock when its process ends, however it ends, and with it the
    children that were given `inherited()`: what a killed dsv had DVC do is not interrupted.

    Raises: Busy: another process holds it; names its number, host, command and age.
    """
    import zc.lockfile

    path = repo.git_folder / "dsv.lock"
    holder = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "command": command, "since": time.time()})
    # lockfile fills in a template, so that braces of the text itself are doubled
    template = holder.replace("{", "{{").replace("}", "}}")
    try:
        lock = zc.lockfile.LockFile(str(path), content_template=template)
    except zc.lockfile.LockError:
        raise Busy(_told(path), where=str(path), hint="wait for it to end") from None
    except OSError as error:
        raise RepositoryError(f"the lock cannot be written: {error.strerror}", where=str(path)) from None
    _held.append(lock._fp.fileno())
    try:
        yield
    finally:
        _held.pop()
        lock.close()


def inherited() -> tuple[int, ...]:
    """The open files that a child process must be given to hold the lock as long as it runs."""
    return tuple(_held) if os.name == "posix" else ()


def _told(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
        holder, _ = json.JSONDecoder().raw_decode(text, text.index("{"))
        age = max(0, round(time.time() - float(holder["since"])))
        who = f"process {int(holder['pid'])} on {holder['host']}"
        return f"another dsv is writing: {who}, '{holder['command']}', for {age} s"
    except (OSError, ValueError, KeyError, TypeError):
        return "another dsv is writing"
