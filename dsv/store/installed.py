"""Git's settings, attributes and hooks of one repository, as `dsv install` adds to them and `uninstall` takes away."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from dsv.errors import RepositoryError
from dsv.files import write_bytes
from dsv.store import git
from dsv.store.repository import Repository

BEGIN = "# dsv: begin, written by dsv install"
END = "# dsv: end"
MARK = "# Written by dsv install; dsv uninstall takes it away."
BEFORE = ".before-dsv"
HOOKS = ("pre-commit", "post-merge")
_BLOCK = re.compile(rb"\n?" + re.escape(BEGIN.encode()) + rb"\n.*?" + re.escape(END.encode()) + rb"\n", re.DOTALL)


def program() -> str:
    """The dsv that runs, as a word for a shell: it is found whatever environment is active."""
    beside = Path(sys.executable).parent / "dsv"
    return shlex.quote(str(beside) if beside.exists() else shutil.which("dsv") or "dsv")


def settings() -> dict[str, str]:
    """The settings of the driver `dsv`. Where dsv is gone, files are shown as they are: a driver must not fail."""
    dsv = program()
    return {
        "diff.dsv.textconv": f'f() {{ {dsv} git textconv "$1" 2>/dev/null || cat "$1"; }}; f',
        "diff.dsv.command": f'f() {{ {dsv} git diff "$@" || diff -u "$2" "$5" || true; }}; f',
    }


def set_settings(repo: Repository) -> list[str]:
    """Bring the local settings up to date; what changed, in words."""
    changed = []
    for name, value in settings().items():
        if _setting(repo, name) != value:
            _git(repo, "config", "--local", "--replace-all", name, value)
            changed.append(f"{name} in Git's local settings")
    return changed


def unset_settings(repo: Repository) -> list[str]:
    """Take the driver's settings away."""
    if not any(_setting(repo, name) is not None for name in settings()):
        return []
    _git(repo, "config", "--local", "--remove-section", "diff.dsv")
    return ["diff.dsv in Git's local settings"]


def stale_settings(repo: Repository) -> list[str]:
    """The settings that `set_settings` would change."""
    return [f"{name} in Git's local settings" for name, value in settings().items() if _setting(repo, name) != value]


def _setting(repo: Repository, name: str) -> str | None:
    try:
        return git.read(repo.root, "config", "--local", "--null", "--get", name).decode("utf-8", "replace").rstrip("\0")
    except git.GitFailed:
        return None


def with_block(content: bytes | None, lines: Sequence[str]) -> bytes:
    """The content of an attributes file with dsv's block, its other bytes as they are."""
    block = "\n".join([BEGIN, *lines, END, ""]).encode()
    content = content or b""
    if BEGIN.encode() in content:
        return _BLOCK.sub(lambda found: (b"\n" if found[0].startswith(b"\n") else b"") + block, content, count=1)
    return content + (b"\n" if content else b"") + block


def without_block(content: bytes) -> bytes:
    """The content of an attributes file without dsv's block."""
    return _BLOCK.sub(b"", content, count=1)


def hooks_folder(repo: Repository) -> Path:
    """Where Git looks for hooks, which may be set."""
    answer = git.read(repo.root, "rev-parse", "--git-path", "hooks").decode("utf-8", "surrogateescape").rstrip("\n")
    return Path(os.path.abspath(repo.root / os.path.expanduser(answer)))


def is_in_work_tree(repo: Repository, folder: Path) -> bool:
    """Say whether hooks are files of the work tree, as husky has them: those belong to the team."""
    return folder.is_relative_to(repo.root) and not folder.is_relative_to(repo.root / ".git")


def hook_text(name: str) -> str:
    """The hook: what was there before, then dsv."""
    dsv = program()
    return f"""#!/bin/sh
{MARK}
before="$(dirname "$0")/{name}{BEFORE}"
if [ -x "$before" ]; then
    "$before" "$@" || exit $?
fi
if command -v {dsv} > /dev/null 2>&1; then
    exec {dsv} git hook {name} "$@"
fi
"""


def is_ours(path: Path) -> bool:
    """Say whether a hook was written by dsv."""
    return path.is_file() and MARK.encode() in path.read_bytes()


def set_hook(folder: Path, name: str) -> bool:
    """Put dsv's hook there, the present one before it; whether anything changed."""
    path, text = folder / name, hook_text(name).encode()
    if path.is_file() and path.read_bytes() == text:
        return False
    if path.exists() and not is_ours(path):
        os.replace(path, folder / f"{name}{BEFORE}")
    write_bytes(path, text)
    path.chmod(0o755)
    return True


def unset_hook(folder: Path, name: str) -> bool:
    """Take dsv's hook away and put back what was there; a hook that another program has put there since stays."""
    path, before = folder / name, folder / f"{name}{BEFORE}"
    if is_ours(path):
        if before.exists():
            os.replace(before, path)
        else:
            path.unlink()
        return True
    if before.exists() and not path.exists():
        os.replace(before, path)
        return True
    return False


def _git(repo: Repository, *words: str) -> None:
    try:
        git.write(repo.root, *words)
    except git.GitFailed as error:
        raise RepositoryError("Git's settings cannot be written", where=error.said) from None
