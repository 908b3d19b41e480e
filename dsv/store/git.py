"""Git by its plumbing commands: a list of arguments, a clean environment, bytes out."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

from dsv.errors import NotARepository, RepositoryError

_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# What a hook, an alias or the user's shell may have left behind, and would send git elsewhere.
_LEFTOVERS = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_EXTERNAL_DIFF",
    "GIT_DIFF_OPTS",
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
)


EMPTY_TREES = {
    40: "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    64: "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}
"""The id of the tree without files, by the number of digits of the repository's ids."""


class GitFailed(RepositoryError):
    """A git command ended with an error; `said` is what it wrote to stderr."""

    def __init__(self, command: str, said: str, code: int) -> None:
        first = said.splitlines()[0] if said else f"exit code {code}"
        super().__init__(f"git {command} failed: {first.removeprefix('fatal: ')}")
        self.said = said
        self.code = code


def environment() -> dict[str, str]:
    """The environment for any child process: nothing redirects git, nothing waits for a terminal."""
    kept = {name: value for name, value in os.environ.items() if name not in _LEFTOVERS}
    return {**kept, "GIT_TERMINAL_PROMPT": "0", "GIT_PAGER": "cat"}


def read(root: Path, *arguments: str, stdin: bytes | None = None) -> bytes:
    """The output of a git command that changes nothing, not even the index.

    Raises: GitFailed: git ended with an error. NotARepository: git is not installed.
    """
    reading = {**environment(), "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    return _run(root, arguments, stdin, reading)


def lines(root: Path, *arguments: str, stdin: bytes | None = None) -> list[str]:
    """The NUL-terminated records of a reading command (given its `-z`), decoded as file names are."""
    return [os.fsdecode(item) for item in read(root, *arguments, stdin=stdin).split(b"\0") if item]


def write(root: Path, *arguments: str, stdin: bytes | None = None) -> bytes:
    """The output of a git command that changes the repository.

    Raises: GitFailed: git (or a hook) ended with an error.
    """
    return _run(root, arguments, stdin, environment())


def warning(root: Path, *arguments: str) -> str:
    """What a reading command that succeeds says on the side, in English; empty if nothing, or if it fails."""
    command = ["git", "--no-pager", "-C", str(root), *arguments]
    reading = {**environment(), "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=reading, check=False)
    return "" if done.returncode else _text(done.stderr)


def copy_blob(root: Path, blob: str, stream: IO[bytes]) -> None:
    """Write a blob's bytes to a file, however large it is.

    Raises: GitFailed: there is no such blob.
    """
    arguments = ["git", "-C", str(root), "cat-file", "blob", blob]
    stream.flush()
    done = subprocess.run(arguments, stdout=stream, stderr=subprocess.PIPE, env=environment(), check=False)
    if done.returncode:
        raise GitFailed("cat-file", _text(done.stderr), done.returncode)


def blobs(root: Path, ids: Sequence[str]) -> dict[str, bytes]:
    """The bytes of blobs by id, through one process. Raises: GitFailed: one of them is not there."""
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return {}
    answer = read(root, "cat-file", "--batch", stdin="".join(f"{item}\n" for item in wanted).encode())
    found: dict[str, bytes] = {}
    place = 0
    for item in wanted:
        end = answer.index(b"\n", place)
        header = answer[place:end].split(b" ")
        if header[-1] == b"missing":
            raise GitFailed("cat-file", f"the object {item} is missing from the Git repository", 0)
        size = int(header[-1])
        found[item] = answer[end + 1 : end + 1 + size]
        place = end + size + 2
    return found


def object_ids(root: Path, names: Sequence[str]) -> dict[str, str | None]:
    """Ids of the objects that expressions without line breaks stand for, through one process; None: no such object."""
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return {}
    question = "".join(f"{name}\n" for name in wanted).encode("utf-8", "surrogateescape")
    try:
        answer = read(root, "cat-file", "--batch-check=%(objectname)", stdin=question)
    except GitFailed:
        # Some expressions end the process, such as the upstream of a branch that has none.
        return {name: _object_id(root, name) for name in wanted}
    found = answer.decode("utf-8", "replace").split("\n")[:-1]
    return {name: said if _ID.fullmatch(said) else None for name, said in zip(wanted, found, strict=True)}


def _object_id(root: Path, name: str) -> str | None:
    try:
        answer = read(root, "rev-parse", "--verify", "--quiet", "--end-of-options", name)
    except GitFailed:
        return None
    found = answer.decode().strip()
    return found if _ID.fullmatch(found) else None


def each_blob(root: Path, ids: Iterable[str]) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The bytes of blobs in pieces, through one process, however many and large they are.

    The pieces of one blob are read before the next blob is asked for.

    Raises: GitFailed: one of them is not there.
    """
    import tempfile

    with tempfile.TemporaryFile() as wanted, tempfile.TemporaryFile() as said:
        wanted.write("".join(f"{item}\n" for item in ids).encode())
        wanted.seek(0)
        command = ["git", "--no-pager", "-C", str(root), "cat-file", "--batch"]
        with subprocess.Popen(command, stdin=wanted, stdout=subprocess.PIPE, stderr=said, env=environment()) as process:
            stream = process.stdout
            while stream is not None and (header := stream.readline().split()):
                if header[-1] == b"missing":
                    raise GitFailed("cat-file", f"the object {header[0].decode()} is missing from the repository", 0)
                yield header[0].decode(), _pieces(stream, int(header[-1]))
                stream.read(1)


def _pieces(stream: IO[bytes], size: int) -> Iterator[bytes]:
    while size and (piece := stream.read(min(size, 1 << 20))):
        size -= len(piece)
        yield piece


def literal(path: str) -> str:
    """A pathspec that means this path and nothing else."""
    return f":(top,literal){path}"


def _run(root: Path, arguments: Sequence[str], stdin: bytes | None, environ: dict[str, str]) -> bytes:
    command = ["git", "--no-pager", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, input=stdin or b"", capture_output=True, env=environ, check=False)
    except FileNotFoundError:
        raise NotARepository("Git is not installed", hint="install Git 2.30 or newer") from None
    if done.returncode:
        raise GitFailed(arguments[0], _text(done.stderr) or _text(done.stdout), done.returncode)
    return done.stdout


def _text(output: bytes) -> str:
    return output.decode("utf-8", "replace").strip()
