"""Real repositories, small ones: Git alone, and Git with DVC."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from dsv.store import dvc
from dsv.store.repository import Repository

Files = Mapping[str, str | bytes]


class Workbench:
    """A repository to write into."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def repo(self) -> Repository:
        return Repository.discover(self.root)

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(self.root), *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, files: Files) -> None:
        for path, content in files.items():
            file = self.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, message: str = "change", files: Files | None = None) -> str:
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def dvc(self, *arguments: str) -> str:
        return dvc._run(self.repo, self.root, *arguments)


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    """Git alone, before the first commit."""
    made = Workbench(tmp_path / "repo")
    made.root.mkdir()
    made.git("init", "--quiet")
    return made


@pytest.fixture
def dvc_bench(bench: Workbench) -> Workbench:
    """Git and DVC, as `dvc init` leaves them, committed."""
    folders = bench.root / ".dvc" / "tmp"
    folders.mkdir(parents=True)
    bench.commit("init", {".dvc/config": "", ".dvc/.gitignore": "/config.local\n/tmp\n/cache\n", ".dvcignore": ""})
    return bench


@pytest.fixture
def tracked(dvc_bench: Workbench) -> Callable[[str, str | bytes], str]:
    """Puts a file under DVC with DVC itself, and commits its pointer."""

    def track(path: str, content: str | bytes) -> str:
        dvc_bench.write({path: content})
        dvc.add(dvc_bench.repo, [path])
        return dvc_bench.commit(f"track {path}")

    return track
