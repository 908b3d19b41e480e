"""DVC as a child process, where it acts on the work tree."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from itertools import takewhile
from pathlib import Path
from typing import Any, Self

from dsv.errors import RepositoryError
from dsv.files import FULL
from dsv.model.progress import PROGRESS_LINES, SILENT, Progress
from dsv.model.revision import SETTINGS_FROM
from dsv.store import git
from dsv.store.cache import autostages
from dsv.store.commit import restoring_index
from dsv.store.lock import inherited
from dsv.store.relay import Heard
from dsv.store.repository import Repository

TAIL = 20
_STAGE_LINE = re.compile(r"(Running stage|Stage) '(?:[^']*:)?([^':]+)'")
_ERROR, _HINT = "error: ", "hint: "  # as dsv's own stages write them
_FAILED_LINE = re.compile(r"ERROR: failed to reproduce '([^']+)'")


def init(repo: Repository) -> tuple[str, ...]:
    """Set up DVC at the top of the repository; gives the files to commit, which stay unstaged.

    Raises: RepositoryError: DVC refused.
    """
    with restoring_index(repo, always=True):
        _run(repo, repo.root, "init")
    return tuple(path for path in (".dvc/.gitignore", ".dvc/config", ".dvcignore") if (repo.root / path).exists())


def plot_template(repo: Repository, name: str) -> Path:
    """Where `dvc plots` looks for a template of that name. Raises: NotARepository: DVC is not set up."""
    return repo.require_dvc() / ".dvc" / "plots" / f"{name}.json"


def add(repo: Repository, paths: Sequence[str]) -> tuple[str, ...]:
    """Put files into DVC's cache and write their pointers.

    Gives the repository paths of the `.dvc` and `.gitignore` files that changed; nothing is staged.

    Raises: RepositoryError: DVC refused, for one because Git tracks the file.
    """
    candidates = _metadata(repo, paths)
    before = _contents(repo, candidates)
    with _unstaged(repo):
        _run(repo, repo.require_dvc(), "add", "--", *_absolute(repo, paths))
    after = _contents(repo, candidates)
    return tuple(path for path in candidates if before[path] != after[path])


def repro(
    repo: Repository, targets: Sequence[str], progress: Progress = SILENT, shown: Mapping[str, str] | None = None
) -> None:
    """Run stages (by name) and what they depend on; `dsv` is found beside this interpreter.

    DVC's output is kept back, and told if a stage fails. Git's index stays as it is. `shown` are the
    stages that progress counts, with the words for each; without it the targets are.

    Raises: RepositoryError: a stage failed: what dsv said in it, else the end of what it wrote.
    """
    _refuse(repo, "repro")
    project = repo.require_dvc()
    shown = {name: name for name in targets} if shown is None else shown
    tail: deque[str] = deque(maxlen=TAIL)
    _mend(project)
    with _unstaged(repo), _Watched(progress, shown) as watched:
        process = subprocess.Popen(
            _command("repro", "--", *targets),
            cwd=project,
            env={**_environment(), **({} if progress is SILENT else {PROGRESS_LINES: "1"})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            pass_fds=inherited(),
        )
        with process:
            for line in process.stdout or ():
                if not watched.see(line):
                    tail.append(line.rstrip())
    if process.returncode:
        raise _failure([line for line in tail if line])


class _Watched:
    """Progress of `dvc repro`, read from what it says: stages that are done of how many, and the one that runs."""

    def __init__(self, progress: Progress, shown: Mapping[str, str]) -> None:
        self._progress = progress
        self._shown = shown
        self._all, self._one = ExitStack(), ExitStack()
        self._heard = Heard(progress)

    def __enter__(self) -> Self:
        self._task = self._all.enter_context(self._progress.task("running stages", len(self._shown) or None))
        self._running = False
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self._running and kind is None:
            self._done()
        self._heard.close()
        self._one.close()
        self._all.close()

    def see(self, line: str) -> bool:
        """A line of DVC's output: a stage that begins ends the one before. True if it tells of progress alone."""
        if self._heard.hear(line):
            return True
        found = _STAGE_LINE.match(line)
        if found is not None and found[2] in self._shown:
            self._stage(found[1], found[2])
        return False

    def _stage(self, what: str, name: str) -> None:
        if self._running:
            self._done()
        if what == "Running stage":
            self._one.enter_context(self._progress.task(self._shown[name]))
            self._running = True
        else:
            self._task.advance()

    def _done(self) -> None:
        self._heard.close()
        self._one.close()
        self._running = False
        self._task.advance()


def _failure(said: Sequence[str]) -> RepositoryError:
    """What DVC wrote last as an error: what the stage says, if it speaks as dsv does, else all of it."""
    failed = _FAILED_LINE.search("\n".join(said))
    name = f"the stage {failed[1]!r}" if failed else "dvc repro"
    starts = [place for place, line in enumerate(said) if line.startswith(_ERROR)]
    if failed is None or not starts:
        full = next((os.strerror(number) for number in FULL for line in said if os.strerror(number) in line), None)
        message = f"{name} failed" if full is None else f"{name} failed: {full[:1].lower()}{full[1:]}"
        return RepositoryError(message, where="\n".join(said), hint="make room, and run it again" if full else None)
    message, *more = said[starts[-1] :]
    where = [line.removeprefix("  ") for line in takewhile(lambda line: line.startswith("  "), more)]
    hint = next((line.removeprefix(_HINT) for line in more if line.startswith(_HINT)), None)
    return RepositoryError(message.removeprefix(_ERROR), where="\n".join([*where, f"in {name}"]), hint=hint)


def status(repo: Repository, targets: Sequence[str] = ()) -> Mapping[str, Any]:
    """What DVC says of stages and `.dvc` files that are not up to date, by name; empty if all are.

    Raises: RepositoryError: DVC refused.
    """
    answer = _run(repo, repo.require_dvc(), "status", "--json", "--", *targets)
    found: dict[str, Any] = json.loads(answer)
    return found


def checkout(repo: Repository, targets: Sequence[str], *, force: bool = False) -> None:
    """Put outputs (paths of files or of `.dvc` files, or stage names) from the cache into the work tree.

    Without `force`, a work file that is not in the cache is never overwritten.

    Raises: RepositoryError: DVC refused, or an object is missing from the cache.
    """
    options = ["--force"] if force else []
    _run(repo, repo.require_dvc(), "checkout", *options, "--", *targets)


def checkout_all(repo: Repository, project: Path) -> None:
    """Put all outputs of a project that are in the cache into its work tree. Raises: RepositoryError: DVC refused."""
    _run(repo, project, "checkout", "--allow-missing", "--force")


def rerun(repo: Repository, project: Path, addresses: Sequence[str], folder: Path) -> None:
    """Run stages of a project in their order, whatever is cached of their results.

    `folder` takes what DVC remembers of files meanwhile. Raises: RepositoryError: a stage failed.
    """
    site = {"DVC_SITE_CACHE_DIR": str(folder)}
    _run(repo, project, "repro", "--force", "--single-item", "--no-run-cache", "--", *addresses, more=site)


def _mend(project: Path) -> None:
    """Take away what a DVC that was killed while it wrote left of its own lock: every later DVC would refuse it.

    Nobody else is writing it meanwhile, for DVC's guard of that file is held. A whole one stays.
    """
    import zc.lockfile

    path = project / ".dvc" / "tmp" / "rwlock"
    with suppress(OSError, zc.lockfile.LockError):
        text = path.read_text(encoding="utf-8", errors="replace")
        if _is_json(text):
            return
        guard = zc.lockfile.LockFile(f"{path}.lock")
        try:
            if not _is_json(path.read_text(encoding="utf-8", errors="replace")):
                path.unlink()
        finally:
            guard.close()


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _run(repo: Repository, folder: Path, *arguments: str, more: Mapping[str, str] | None = None) -> str:
    _refuse(repo, arguments[0])
    _mend(folder)
    done = subprocess.run(
        _command(*arguments),
        cwd=folder,
        env={**_environment(), **(more or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        pass_fds=inherited(),
    )
    if done.returncode:
        if arguments[0] == "repro":
            raise _failure([line for line in (done.stdout + done.stderr).splitlines() if line][-TAIL:])
        said = (done.stderr or done.stdout).strip()
        raise RepositoryError(f"dvc {arguments[0]} failed", where=said[-2000:] or None)
    return done.stdout


def _refuse(repo: Repository, command: str) -> None:
    """Require that DVC may act in the work tree, whose settings and stages are programs."""
    if repo.trusted is not None:
        raise RepositoryError(
            f"dvc {command} runs what the work tree says, and its settings are not trusted",
            where=f"{SETTINGS_FROM} names {repo.trusted.commit[:12]}",
            hint=f"unset {SETTINGS_FROM} where you trust the branch",
        )


def _command(*arguments: str) -> list[str]:
    # -P: a module of the repository must not pass for one of DVC's
    return [sys.executable, "-P", "-m", "dvc", *arguments]


def _environment() -> dict[str, str]:
    own = str(Path(sys.executable).parent)
    path = os.pathsep.join(filter(None, [own, os.environ.get("PATH")]))
    # DVC_DAEMON: DVC takes itself for its own daemon and starts none, which would hold dsv's lock
    own_settings = {"DVC_NO_ANALYTICS": "1", "DVC_STUDIO_OFFLINE": "1", "DVC_DAEMON": "1"}
    return {**git.environment(), "PATH": path, **own_settings}


@contextmanager
def _unstaged(repo: Repository) -> Iterator[None]:
    with restoring_index(repo, always=True) if autostages(repo.require_dvc()) else nullcontext():
        yield


def _absolute(repo: Repository, paths: Sequence[str]) -> list[str]:
    return [str(repo.root / path) for path in paths]


def _metadata(repo: Repository, paths: Sequence[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for path in paths:
        place = Path(path)
        found[f"{path}.dvc"] = None
        found[(place.parent / ".gitignore").as_posix()] = None
        for folder in place.parents[:-1]:
            found[f"{folder.as_posix()}.dvc"] = None
    return tuple(found)


def _contents(repo: Repository, paths: Iterable[str]) -> dict[str, bytes | None]:
    files = {path: repo.root / path for path in paths}
    return {path: file.read_bytes() if file.is_file() else None for path, file in files.items()}
