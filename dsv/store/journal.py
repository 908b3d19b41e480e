"""What a writing command finds, kept until it is done: a failure puts it back, and after a kill the next command does.

`.git/dsv-journal/` holds `begin.json` (the command, HEAD) and an entry for every block of changes: the bytes of
small files, and hard links to large ones, which a stage replaces and never writes into.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from dsv.errors import RepositoryError
from dsv.files import inside, link_or_copy, write_bytes
from dsv.store import git
from dsv.store.commit import restoring_index
from dsv.store.lock import Busy, exclusive
from dsv.store.repository import Repository

FOLDER = "dsv-journal"
UNDONE = "dsv-undone"
_BEGIN = "begin.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """What one block finds, by repository path.

    `small`: bytes in base64, None where there is no file. `replaced` and `moved`: the name of the
    link in the journal, None where there is no file. `new_folders` did not exist, deepest first.
    """

    small: Mapping[str, str | None]
    replaced: Mapping[str, str | None]
    moved: Mapping[str, str | None]
    new_folders: tuple[str, ...]


class Journal:
    """The journal of one writing command. Made by `transaction`."""

    def __init__(self, repo: Repository) -> None:
        self.repo = repo
        self.folder = repo.git_folder / FOLDER

    @contextmanager
    def restoring(
        self, small: Sequence[str], *, replaced: Sequence[str] = (), moved: Sequence[str] = ()
    ) -> Iterator[None]:
        """Put back files, and Git's index, if the block raises; if the process is killed, the next command does.

        `small` files are put back byte for byte. So are `replaced` ones, which may be large, as
        long as the block replaces them whole. `moved` ones are put back only where they are gone.

        Raises: DsvError: a path leaves the repository.
        """
        entry = self._record(small, replaced, moved)
        try:
            with restoring_index(self.repo):
                yield
        except BaseException:
            _undo(self.repo, self.folder, entry, keep=None)
            raise

    def _record(self, small: Sequence[str], replaced: Sequence[str], moved: Sequence[str]) -> _Entry:
        place = f"{sum(1 for _ in self.folder.glob('*-entry.json')) + 1:04d}"
        root = self.repo.root
        entry = _Entry(
            small={path: _encoded(inside(root, path)) for path in small},
            replaced={path: self._link(path, f"{place}-replaced-{n}") for n, path in enumerate(replaced)},
            moved={path: self._link(path, f"{place}-moved-{n}") for n, path in enumerate(moved)},
            new_folders=_missing_folders(self.repo, [*small, *replaced, *moved]),
        )
        write_bytes(self.folder / f"{place}-entry.json", json.dumps(asdict(entry)).encode("ascii"))
        return entry

    def _link(self, path: str, name: str) -> str | None:
        source = self.repo.root / path
        if not os.path.lexists(source):
            return None
        link_or_copy(source, self.folder / name)
        return name


@contextmanager
def transaction(repo: Repository, command: str) -> Iterator[Journal]:
    """Hold the write lock, and a journal, for one command; what a killed command left is put back first.

    Raises: Busy: another dsv is writing.
    """
    with exclusive(repo, command):
        _repair(repo)
        journal = Journal(repo)
        _begin(repo, command)
        try:
            yield journal
        finally:
            _discard(journal.folder)


def repair(repo: Repository) -> None:
    """Put back what a command that was killed had begun; nothing while another dsv is writing.

    Where HEAD has moved since, nothing is put back. What stood there is kept under `dsv-undone` of
    Git's folder, and a warning is logged.
    """
    if not (repo.git_folder / FOLDER).is_dir():
        return
    with suppress(Busy), exclusive(repo, "repair"):
        _repair(repo)


def _begin(repo: Repository, command: str) -> None:
    work = Path(tempfile.mkdtemp(prefix=".dsv-journal-", dir=repo.git_folder))
    write_bytes(work / _BEGIN, json.dumps({"command": command, "head": _head(repo)}).encode("ascii"))
    os.replace(work, repo.git_folder / FOLDER)


def _discard(folder: Path) -> None:
    """Take a journal away: at once in name, so that no half of one is ever read."""
    gone = Path(tempfile.mkdtemp(prefix=".dsv-journal-", dir=folder.parent))
    with suppress(FileNotFoundError):
        os.replace(folder, gone)
    shutil.rmtree(gone, ignore_errors=True)


def _repair(repo: Repository) -> None:
    for left in repo.git_folder.glob(".dsv-journal-*"):
        shutil.rmtree(left, ignore_errors=True)
    folder = repo.git_folder / FOLDER
    if not folder.is_dir():
        return
    try:
        begin = json.loads((folder / _BEGIN).read_bytes())
        entries = [_Entry(**json.loads(path.read_bytes())) for path in sorted(folder.glob("*-entry.json"))]
        command, head = str(begin["command"]), begin["head"]
    except (OSError, ValueError, TypeError, KeyError):
        raise RepositoryError(
            "the journal of a dsv that was killed cannot be read",
            where=str(folder),
            hint=f"look at what changed (git status), then: rm -r {folder}",
        ) from None
    found, keep = _joined(entries), folder / UNDONE
    if head == _head(repo):
        changed = _undo(repo, folder, found, keep)
        told = f"put back: {', '.join(sorted(changed))}" if changed else "nothing had changed"
    else:
        changed = _save(folder, found, keep)
        told = "HEAD has moved since, so nothing is put back"
    for path in (*found.small, *found.replaced, *found.moved):
        _sweep(repo.root / path)
    if keep.is_dir():
        shutil.rmtree(repo.git_folder / UNDONE, ignore_errors=True)
        os.replace(keep, repo.git_folder / UNDONE)
        told += f"; {repo.git_folder / UNDONE} keeps what was there"
    _discard(folder)
    if changed:
        logging.getLogger("dsv").warning("an earlier dsv (%s) was killed; %s", command, told)


def _joined(entries: Sequence[_Entry]) -> _Entry:
    """What the first block found that touched each file."""
    earlier = list(reversed(entries))
    return _Entry(
        small={path: text for entry in earlier for path, text in entry.small.items()},
        replaced={path: name for entry in earlier for path, name in entry.replaced.items()},
        moved={path: name for entry in earlier for path, name in entry.moved.items()},
        new_folders=tuple(dict.fromkeys(path for entry in earlier for path in entry.new_folders)),
    )


def _undo(repo: Repository, folder: Path, entry: _Entry, keep: Path | None) -> list[str]:
    """Put back what an entry holds; gives the paths that differed, whose content goes to `keep`."""
    changed = [path for path, text in entry.small.items() if _undo_small(repo.root, path, text, keep)]
    large = [*entry.replaced.items(), *((path, name) for path, name in entry.moved.items() if _is_gone(repo, path))]
    links = {path: None if name is None else folder / name for path, name in large}
    changed += [path for path, link in links.items() if _undo_large(repo.root, path, link, keep)]
    for path in entry.new_folders:
        with suppress(OSError):
            (repo.root / path).rmdir()
    return changed


def _undo_small(root: Path, path: str, text: str | None, keep: Path | None) -> bool:
    file, before = root / path, None if text is None else base64.b64decode(text)
    if (file.read_bytes() if file.is_file() else None) == before:
        return False
    _keep(file, keep, path)
    if before is None:
        file.unlink(missing_ok=True)
    else:
        write_bytes(file, before)
    return True


def _undo_large(root: Path, path: str, link: Path | None, keep: Path | None) -> bool:
    file = root / path
    if _stands(file, link):
        return False
    _keep(file, keep, path)
    if link is None:
        file.unlink(missing_ok=True)
    else:
        _put(link, file)
    return True


def _is_gone(repo: Repository, path: str) -> bool:
    return not os.path.lexists(repo.root / path)


def _save(folder: Path, entry: _Entry, keep: Path) -> list[str]:
    """Keep what an entry holds, and put nothing back."""
    for path, text in entry.small.items():
        if text is not None:
            write_bytes(keep / path, base64.b64decode(text))
    for path, name in (*entry.replaced.items(), *entry.moved.items()):
        if name is not None:
            _put(folder / name, keep / path)
    return [*entry.small, *entry.replaced, *entry.moved]


def _stands(file: Path, link: Path | None) -> bool:
    """Say whether a large file is the very one that was there."""
    if link is None or not os.path.lexists(file):
        return link is None and not os.path.lexists(file)
    return os.path.samestat(os.lstat(file), os.lstat(link))


def _keep(file: Path, keep: Path | None, path: str) -> None:
    # after a repair that was killed itself, what was kept first is the user's
    if keep is not None and os.path.lexists(file) and not os.path.lexists(keep / path):
        _put(file, keep / path)


def _put(source: Path, target: Path) -> None:
    """Let `target` be the file at `source` too, whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".dsv-", dir=target.parent))
    try:
        link_or_copy(source, work / "file")
        os.replace(work / "file", target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _sweep(file: Path) -> None:
    """Remove the file beside it that was to take its place, and that a kill left there."""
    unfinished = re.compile(re.escape(f".{file.name[:40]}.") + r"[a-z0-9_]{8}\.tmp")
    for beside in file.parent.glob(".*.tmp"):
        if unfinished.fullmatch(beside.name):
            beside.unlink(missing_ok=True)


def _encoded(file: Path) -> str | None:
    return base64.b64encode(file.read_bytes()).decode("ascii") if file.is_file() else None


def _missing_folders(repo: Repository, paths: Sequence[str]) -> tuple[str, ...]:
    """The folders of these paths that do not exist, deepest first."""
    above = {folder for path in paths for folder in Path(path).parents if not (repo.root / folder).exists()}
    return tuple(folder.as_posix() for folder in sorted(above, key=lambda item: len(item.parts), reverse=True))


def _head(repo: Repository) -> str | None:
    try:
        return git.read(repo.root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").decode().strip()
    except git.GitFailed:
        return None
