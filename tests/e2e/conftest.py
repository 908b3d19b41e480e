"""A user at a terminal: real Git, real DVC, the installed command."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

DSV = str(Path(sys.executable).parent / "dsv")


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class User:
    """Runs commands in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *words: str, code: int | None = 0) -> Ran:
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, encoding="utf-8", check=False)
        ran = Ran(done.returncode, done.stdout, done.stderr)
        if code is not None:
            assert ran.code == code, f"{words} ended with {ran.code}, not {code}\n{ran.out}\n{ran.err}"
        return ran

    def dsv(self, *words: str, code: int | None = 0) -> Ran:
        return self.run(DSV, *words, code=code)

    def git(self, *words: str, code: int | None = 0) -> str:
        return self.run("git", *words, code=code).out.strip()

    def dvc(self, *words: str, code: int | None = 0) -> str:
        return self.run("dvc", *words, code=code).out.strip()

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))
        return path

    def read(self, name: str) -> str:
        return (self.folder / name).read_bytes().decode("utf-8")

    def clean(self) -> bool:
        """Git and DVC both see nothing to do."""
        return self.git("status", "--porcelain") == "" and "up to date" in self.dvc("status")


@pytest.fixture
def user(tmp_path: Path) -> User:
    folder = tmp_path / "work"
    folder.mkdir()
    return User(folder)


@pytest.fixture
def repo(user: User) -> User:
    """A Git repository without DVC."""
    user.git("init", "-q")
    user.git("commit", "-q", "--allow-empty", "-m", "begin")
    return user


SIGNS = """image,class,split,score
a.jpg,bike,train,0.90
b.jpg,car,train,0.80
c.jpg,bike,val,0.70
d.jpg,bus,test,0.60
e.jpg,car,test,0.50
"""


Once = Callable[[User, str, Callable[[], object]], User]


@pytest.fixture
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Prepares a user's repository under a name: made once, and copied for each test after the first."""

    def put(user: User, name: str, make: Callable[[], object]) -> User:
        made = tmp_path_factory.getbasetemp() / f"once-{name}"
        if made.exists():
            shutil.rmtree(user.folder)
            shutil.copytree(made, user.folder, symlinks=True)
        else:
            make()
            new = made.with_name(f"{made.name}.new")
            shutil.copytree(user.folder, new, symlinks=True)
            new.rename(made)
        return user

    return put


@pytest.fixture
def signs(repo: User, once: Once) -> User:
    """A declared and committed dataset that DVC tracks."""

    def make() -> None:
        repo.write("data/signs.csv", SIGNS)
        repo.dsv("init", "data/signs.csv", "-k", "image", "-l", "class", "--split", "split")
        repo.dsv("commit", "-m", "Add signs")

    return once(repo, "signs", make)


@pytest.fixture
def applied(signs: User, once: Once) -> User:
    """A chain of one migration over `signs`, applied and not committed."""

    def make() -> None:
        signs.dsv("migrate", "new", "rename_class", "from=bike", "to=bicycle")
        signs.dsv("migrate", "up")

    return once(signs, "applied", make)


@pytest.fixture
def bicycle(applied: User, once: Once) -> User:
    """That chain, committed."""
    return once(applied, "bicycle", lambda: applied.dsv("commit", "-m", "bicycle"))


MakeUser = Callable[[Path], User]
