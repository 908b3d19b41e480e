"""What a killed process leaves among the temporary files is taken away by the next one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsv import scratch

pytestmark = pytest.mark.skipif(not hasattr(os, "getuid"), reason="nothing is swept on Windows")
HOLDS = (
    "import sys; from dsv.tables.duckdb import Engine\n"
    "with Engine() as engine: engine.value('SELECT 1'); print(flush=True); sys.stdin.read()"
)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    scratch._sweep.cache_clear()
    yield tmp_path
    scratch._sweep.cache_clear()


def holding() -> subprocess.Popen[str]:
    """A process with an engine that is open."""
    process = subprocess.Popen([sys.executable, "-c", HOLDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "\n"
    return process


def age(folder: Path, seconds: int = 3600) -> None:
    then = time.time() - seconds
    os.utime(folder / ".dsv-lock", (then, then))


def folders(temporary: Path) -> set[Path]:
    return set(temporary.glob("dsv-*"))


def test_what_a_killed_process_left_is_swept_and_what_is_in_use_is_not(temporary: Path) -> None:
    with holding() as killed:
        (left,) = folders(temporary)
        killed.send_signal(signal.SIGKILL)
    with holding() as alive:
        (used,) = folders(temporary) - {left}
        foreign, young = temporary / "dsv-notes", temporary / "dsv-young"
        for folder in (foreign, young):
            (folder / "deep").mkdir(parents=True)
        (young / ".dsv-lock").touch()
        linked = temporary / "dsv-linked"
        linked.symlink_to(foreign)
        for folder in (left, used):
            age(folder)
        with scratch.scratch("test") as own:
            assert folders(temporary) == {used, foreign, young, linked, own.parent}
            assert own.is_dir() and not list(own.iterdir())
        assert (foreign / "deep").is_dir()
        alive.communicate()
    assert folders(temporary) == {foreign, young, linked}


def test_a_lock_that_is_a_link_is_not_followed(temporary: Path) -> None:
    elsewhere = temporary / "elsewhere"
    elsewhere.write_text("mine")
    trap = temporary / "dsv-trap"
    trap.mkdir()
    (trap / ".dsv-lock").symlink_to(elsewhere)
    os.utime(trap / ".dsv-lock", (0, 0), follow_symlinks=False)
    with scratch.scratch("test"):
        assert trap.is_dir() and elsewhere.read_text() == "mine"


def test_a_folder_goes_when_its_block_fails(temporary: Path) -> None:
    with pytest.raises(ZeroDivisionError), scratch.scratch("test") as own:
        (own / "file").write_text("x")
        raise ZeroDivisionError
    assert not folders(temporary)
