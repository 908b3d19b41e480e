"""`dsv at`: a work tree of another revision with its datasets in place, for one command."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from dsv.errors import DataMissing, IntegrityError, UsageError
from dsv.model.dataset import Dataset
from dsv.model.progress import SILENT, Progress
from dsv.model.revision import Revision
from dsv.store import dvc, folders, git, objects
from dsv.store.located import Located
from dsv.store.repository import Repository
from dsv.store.revisions import resolve
from dsv.store.trees import Tree
from dsv.store.worktrees import linked, projects

NOT_FOUND, NOT_RUN = 127, 126
_FORWARDED = ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")


def at(start: Path, word: str, command: Sequence[str], progress: Progress = SILENT) -> int:
    """Run a command at a revision, in the folder that corresponds to `start`; gives its exit code.

    The work tree is a throw-away one that holds the recorded datasets, and all else that DVC keeps as far
    as it is in the cache. It inherits stdin, stdout and stderr. In the environment `DSV_REV` is the commit.

    Raises: UsageError: no command. UnknownRevision. DataMissing, IntegrityError: a dataset cannot be put there.
    """
    if not command:
        raise UsageError("which command is to be run there?", hint="dsv at REV -- COMMAND")
    repository = Repository.discover(start)
    revision = commit_of(repository, word)
    with linked(repository, revision) as there:
        put(repository, there, revision, progress)
        folder = there.root / repository.relative(start)
        return _run(command, folder if folder.is_dir() else there.root, revision)


def commit_of(repository: Repository, word: str) -> Revision:
    """The commit that a word names. Raises: UsageError: a range. UnknownRevision."""
    if ".." in word:
        raise UsageError(f"{word!r} is a range; one revision is meant")
    return resolve(repository, word)


def datasets_of(tree: Tree) -> list[tuple[Dataset, Located]]:
    """The declared datasets of a revision and where they are. Raises: DataMissing: nothing is recorded of one."""
    found = []
    for dataset in tree.declared():
        located = tree.find(dataset.path)
        if located is None:
            raise DataMissing(
                f"{dataset.name} is declared at {tree.revision.name}, and nothing is recorded of its data",
                where=dataset.path,
                hint="the revision was committed before its stage ran",
            )
        found.append((dataset, located))
    return found


def put(
    repository: Repository, there: Repository, revision: Revision, progress: Progress = SILENT
) -> list[tuple[Dataset, Located]]:
    """Put the recorded data of a revision into its work tree: the datasets, each byte held against its hash.

    What else DVC keeps is put there as far as it is in the cache.

    Raises: DataMissing: a dataset is neither in the cache nor on a remote. IntegrityError: its bytes there
    do not match its hash.
    """
    tree = Tree(repository, revision)
    found = datasets_of(tree)
    with progress.task("fetching datasets"):
        for _, located in found:
            _ready(repository, tree, located)
    with progress.task("checking out"):
        for project in projects(there.root):
            dvc.checkout_all(there, there.root / project)
    for dataset, _ in found:
        if not (there.root / dataset.path).exists():
            raise DataMissing(
                f"{dataset.name} cannot be checked out at {revision.name}",
                where=dataset.path,
                hint="is DVC's folder (.dvc/config) committed there?",
            )
    return found


def _ready(repository: Repository, tree: Tree, located: Located) -> None:
    """Have a dataset's recorded bytes on this machine, and know that they are those."""
    if located.kind == "git":
        return
    files = list(folders.members(tree, located)) if located.is_folder else [located]
    objects.fetch(repository, files)
    for item in files:
        objects.materialise(repository, item)


def check(there: Repository, found: Sequence[tuple[Dataset, Located]]) -> None:
    """Hold the datasets of a work tree against what the revision recorded. Raises: IntegrityError, DataMissing."""
    tree = Tree(there, Revision(name="the work tree"))
    for dataset, located in found:
        placed = tree.find(dataset.path)
        if placed is None or placed.file is None:
            raise DataMissing(f"{dataset.path} was not checked out", where=str(there.root / dataset.path))
        if located.kind == "git" and not located.is_folder:
            same = placed.blob == located.blob
        else:
            got = folders.md5(tree, placed) if placed.is_folder else objects.workspace_md5(there, placed.file)
            same = located.md5 is None or located.legacy or got == located.md5
        if not same:
            raise IntegrityError(
                f"the checked out bytes of {dataset.path} do not match what {located.revision} recorded",
                where=str(placed.file),
            )


def _run(command: Sequence[str], folder: Path, revision: Revision) -> int:
    environment = {**os.environ, "DSV_REV": str(revision.commit)}
    for name in set(os.environ) - set(git.environment()):
        environment.pop(name, None)
    try:
        process = subprocess.Popen(list(command), cwd=folder, env=environment)
    except FileNotFoundError:
        raise CommandNotRun(f"there is no command {command[0]!r}", NOT_FOUND) from None
    except OSError as error:
        raise CommandNotRun(f"{command[0]!r} cannot be run: {error.strerror}", NOT_RUN) from None
    with _forwarding(process):
        code = process.wait()
    return code if code >= 0 else 128 - code


@contextmanager
def _forwarding(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Hand signals on to a command: it decides what they mean. Ctrl-C reaches it by itself."""
    before = {}
    try:
        before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.SIG_IGN)
        for name in _FORWARDED:
            if (number := getattr(signal, name, None)) is not None:
                before[number] = signal.signal(number, lambda got, frame: _send(process, got))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _send(process: subprocess.Popen[bytes], number: int) -> None:
    with suppress(OSError):
        process.send_signal(number)


class CommandNotRun(UsageError):
    """The command could not be started; `exit_code` is the shell's."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.exit_code = code
