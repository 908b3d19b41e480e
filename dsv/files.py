"""Files written whole or not at all, and paths that stay inside a folder."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from dsv.errors import DsvError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Numbers of the errors that say that a disk, a quota, or what one file may hold, is used up."""


@contextmanager
def atomic_writer(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that takes `path`'s place when the block ends well, and is gone when it does not.

    The bytes are on disk before the name changes; an existing file keeps its permissions.
    """
    import tempfile

    path.parent.mkdir(parents=True, exist_ok=True)
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file whole or not at all."""
    with atomic_writer(path) as stream:
        stream.write(text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    with atomic_writer(path) as stream:
        stream.write(content)


def link_or_copy(source: Path, target: Path) -> None:
    """Let `target`, which is not there yet, be the file at `source` too: a hard link, or a copy where none can be.

    A symbolic link is taken as it is.
    """
    try:
        os.link(source, target, follow_symlinks=False)
    except (OSError, NotImplementedError):  # another file system, or one without links
        import shutil

        shutil.copy2(source, target, follow_symlinks=False)


def walk(root: Path, *, hidden: bool = False, without: Sequence[str] = ()) -> Iterator[str]:
    """Paths of the files below a folder, relative to it, with forward slashes, sorted.

    Names that begin with a dot are passed over unless `hidden`, as are folders with a name in
    `without` and links to folders.
    """
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if (hidden or not name.startswith(".")) and name not in without]
        below = os.path.relpath(folder, root).replace(os.sep, "/")
        kept = (name for name in names if hidden or not name.startswith("."))
        found += [name if below == "." else f"{below}/{name}" for name in kept]
    yield from sorted(found)


def inside(root: Path, relative: str) -> Path:
    """The path below `root` that `relative` names.

    Raises: DsvError if it is absolute or leaves `root`, by `..` or through a symbolic link.
    """
    candidate = root / relative
    if Path(relative).is_absolute() or "\0" in relative:
        raise DsvError(f"not a path inside the repository: {relative!r}", where=str(root))
    resolved, top = candidate.resolve(), root.resolve()
    if resolved != top and top not in resolved.parents:
        raise DsvError(f"the path leaves the repository: {relative!r}", where=str(root))
    return candidate


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
