"""A command that is killed leaves the old or the new state; the next one sees to it, and repeating it gives the new.

The smoke tests kill dsv before chosen changes that it makes to files. `make test-faults` kills it before every one of
them, and at random instants, with and without the DVC that it had started.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dsv.api.migrate.up import up as api_up

User = Any
DSV = str(Path(sys.executable).parent / "dsv")
# Runs dsv and kills it before the n-th time that it changes a file's name or starts a process.
STEPS = """
import os, signal, subprocess, sys
left = int(sys.argv[1])
def counted(module, name):
    real = getattr(module, name)
    def step(*words, **named):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*words, **named)
    setattr(module, name, step)
for name in ("replace", "unlink", "link", "rmdir"):
    counted(os, name)
counted(subprocess, "Popen")
from dsv.cli.main import main
code = main(sys.argv[2:])
print("steps", -left)
sys.exit(code)
"""
EDITED = "image,class,split,score\na.jpg,bike,train,0.90\nb.jpg,bus,train,0.80\ng.jpg,bus,val,\n"


def new(user: User) -> None:
    """Nothing is done before."""


def up(user: User) -> None:
    user.dsv("migrate", "new", "rename_class", "from=bike", "to=bicycle")
    user.dsv("migrate", "up")
    user.dsv("commit", "-m", "bicycle")
    user.dsv("migrate", "new", "rename_class", "from=bus", "to=coach")


def down(user: User) -> None:
    up(user)
    user.dsv("migrate", "up")


def edited(user: User) -> None:
    user.write("data/signs.csv", EDITED)


def committed(user: User) -> None:
    """A commit, and one more edit that is to go into it."""
    edited(user)
    user.dsv("commit", "-m", "Edit")
    user.write("data/signs.csv", EDITED.replace("g.jpg,bus", "g.jpg,car"))


def removed(user: User) -> None:
    user.dsv("migrate", "new", "rename_class", "from=bike", "to=bicycle")
    user.dsv("migrate", "up")


def renamed(user: User) -> None:
    user.write("data/signs.csv", user.read("data/signs.csv").replace("bike", "bicycle"))


def captured(user: User) -> None:
    renamed(user)
    user.dsv("migrate", "new", "--from-workspace")


def squashed(user: User) -> None:
    up(user)
    user.dsv("migrate", "up")
    user.dsv("commit", "-m", "coach")


def merging(user: User) -> None:
    """A merge that stopped: both branches have added a migration."""
    user.git("branch", "-M", "main")
    user.dsv("migrate", "new", "rename_class", "from=bike", "to=bicycle", "--id", "first")
    user.dsv("migrate", "up")
    user.dsv("commit", "-m", "First")
    for branch, key in (("theirs", "ferry"), ("mine", "tram")):
        user.git("checkout", "-q", "-b", branch, "main")
        user.dvc("checkout", "-q")
        user.dsv("migrate", "new", "add_class", f"key={key}", "--id", key)
        user.dsv("migrate", "up")
        user.dsv("commit", "-m", branch)
    user.git("merge", "-q", "theirs", code=1)


COMMANDS: dict[str, tuple[Callable[[User], None], tuple[str, ...]]] = {
    "new": (new, ("migrate", "new", "rename_class", "from=bike", "to=bicycle")),
    "up": (up, ("migrate", "up")),
    "down": (down, ("migrate", "down", "m0000_base")),
    "remove": (removed, ("migrate", "remove", "m0001")),
    "capture": (renamed, ("migrate", "new", "--from-workspace")),
    "up-captured": (captured, ("migrate", "up")),
    "revert": (squashed, ("migrate", "revert", "m0001")),
    "squash": (squashed, ("migrate", "squash")),
    "rebase": (merging, ("migrate", "rebase")),
    "commit": (edited, ("commit", "-m", "Edit")),
    "amend": (committed, ("commit", "--amend", "-m", "Edit, mended")),
}


def files(user: User) -> dict[str, bytes]:
    """What a user sees: no stores of Git and DVC, no versions, which DVC makes again."""
    found = {}
    for path in sorted(user.folder.rglob("*")):
        name = path.relative_to(user.folder).as_posix()
        if path.is_file() and not name.startswith((".git/", ".dvc/cache/", ".dvc/tmp/", "data/.versions/")):
            found[name] = path.read_bytes()
    return found


class Fault:
    """One command, the states before and after it, and copies of the repository to kill it in."""

    def __init__(self, user: User, name: str) -> None:
        prepare, self.words = COMMANDS[name]
        prepare(user)
        self.user = user
        self.old = files(user)
        self.commits = int(user.git("rev-list", "--count", "HEAD"))
        reference = self.copy()
        started = time.monotonic()
        self.steps = int(self.run(reference, 0).stdout.rpartition("steps ")[2])
        self.duration = time.monotonic() - started
        self.new = files(reference)
        self.done = reference.git("rev-list", "--count", "HEAD"), reference.git("status", "--porcelain")
        self.status = reference.dvc("status")
        assert self.new != self.old or self.words[0] == "commit"
        # What was captured is still an edit to DVC, until it is applied.
        assert name == "capture" or "up to date" in self.status

    def copy(self) -> User:
        place = self.user.folder.with_name(f"copy-{random.getrandbits(40):x}")
        shutil.copytree(self.user.folder, place, symlinks=True)
        return type(self.user)(place)

    def run(self, copy: User, step: int) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", STEPS, str(step), *self.words]
        done = subprocess.run(command, cwd=copy.folder, capture_output=True, text=True, check=False)
        assert done.returncode in (0, -9), done.stderr
        return done

    def check(self, copy: User) -> None:
        """After the kill: old or new as soon as a command has looked; new when the command is repeated."""
        self.wait(copy)
        # In a merge that stopped, a command that only looks says that there are conflicts.
        copy.dsv("status", code=None if self.words == ("migrate", "rebase") else 0)
        now = files(copy)
        assert now["data/signs.csv"] in (self.old["data/signs.csv"], self.new["data/signs.csv"])
        if self.words[0] != "commit":
            assert now in (self.old, self.new), {key: now.get(key) for key in now if now[key] != self.old.get(key)}
        # Git's part comes last: the files may be new, and the index as before.
        if now != self.new or self.words[0] == "commit" or copy.git("status", "--porcelain") != self.done[1]:
            self.repeat(copy)
        assert files(copy) == self.new
        assert (copy.git("rev-list", "--count", "HEAD"), copy.git("status", "--porcelain")) == self.done
        assert copy.dvc("status") == self.status
        shutil.rmtree(copy.folder)

    def repeat(self, copy: User) -> None:
        ran = copy.dsv(*self.words, code=None)
        if "index.lock" in ran.err and "hint: " in ran.err:  # Git's own leftover: dsv says how
            (copy.folder / ".git/index.lock").unlink()
            ran = copy.dsv(*self.words, code=None)
        assert ran.code == 0, ran.err

    def wait(self, copy: User) -> None:
        """Until what the killed dsv had started has ended: a writer is told that it must wait."""
        for _ in range(600):
            ran = copy.dsv("migrate", "remove", "m9999", code=3)
            if "another dsv is writing" not in ran.err:
                return
            time.sleep(0.1)
        raise AssertionError("the lock was never freed")


# One instant early, in the middle and near the end of each, as shares of its steps.
@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("new", 0.5),
        ("up", 0.6),
        ("remove", 0.7),
        ("commit", 0.8),
        ("amend", 0.6),
        ("capture", 0.9),
        ("squash", 0.5),
    ],
)
def test_killed_before_a_change(signs: User, name: str, share: float) -> None:
    fault = Fault(signs, name)
    copy = fault.copy()
    assert fault.run(copy, max(1, round(fault.steps * share))).returncode == -9
    fault.check(copy)


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_killed_before_every_change(signs: User, name: str) -> None:
    fault = Fault(signs, name)
    # The first run made caches outside of the repository, too: others end a few steps earlier.
    for step in range(1, fault.steps + 1):
        copy = fault.copy()
        if fault.run(copy, step).returncode == 0:
            break
        fault.check(copy)
    assert step > fault.steps * 0.8


@pytest.mark.slow
@pytest.mark.parametrize("group", [True, False], ids=["all", "dsv"])
@pytest.mark.parametrize("name", COMMANDS)
def test_killed_at_random_instants(signs: User, name: str, group: bool) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    fault = Fault(signs, name)
    for _ in range(20):
        copy = fault.copy()
        process = subprocess.Popen(
            [DSV, *fault.words],
            cwd=copy.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(chance.uniform(0.05, fault.duration))
        if group:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()
        fault.check(copy)


class Ran:
    """Progress that notes what runs: a stage that DVC takes from its run cache has no task of its own."""

    def __init__(self) -> None:
        self.titles: list[str] = []

    @contextmanager
    def task(self, title: str, total: int | None = None) -> Iterator[Ran]:
        self.titles.append(title)
        yield self

    def advance(self, done: int = 1) -> None:
        """Nothing to note."""


@pytest.mark.slow
def test_stages_that_were_finished_before_a_kill_are_not_run_again(signs: User) -> None:
    signs.dsv("migrate", "new", "rename_class", "from=bike", "to=bicycle")
    signs.dsv("migrate", "new", "rename_class", "from=bus", "to=coach")
    signs.dsv("commit", "-m", "Two migrations")
    before = files(signs)
    lock = signs.folder / "dvc.lock"
    process = subprocess.Popen(
        [DSV, "migrate", "up"], cwd=signs.folder, start_new_session=True, stdout=subprocess.DEVNULL
    )
    while "signs-m0001" not in lock.read_text() and process.poll() is None:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert "signs-m0002" not in lock.read_text()
    signs.dsv("migrate", "status")
    assert files(signs) == before
    ran = Ran()
    api_up(signs.folder, None, progress=ran)
    assert [title for title in ran.titles if title.startswith(("m0", "publishing"))] == [
        "m0002_rename_class_bus  5 rows",
        "publishing data/signs.csv",
    ]
    assert signs.read("data/signs.csv").count("bicycle") == 2 and "coach" in signs.read("data/signs.csv")
    assert "up to date" in signs.dvc("status")
