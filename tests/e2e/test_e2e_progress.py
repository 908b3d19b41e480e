"""Progress at a terminal, a pseudo one: the parts of long work on stderr, and nothing where nobody looks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import User

pty = pytest.importorskip("pty")

SLOW = """
import sys, time
from dsv.cli import main, progress
progress.DELAY_S = 0.01
end = progress.Bars._end
def slowly(bars, bar):
    time.sleep(0.25)
    end(bars, bar)
progress.Bars._end = slowly
sys.exit(main.main(sys.argv[1:]))
"""
"""Every piece of work takes long enough to be seen."""


def at_terminal(folder: Path, *words: str) -> tuple[str, str]:
    """What a command writes to stdout, and to stderr, which is a terminal."""
    outer, inner = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(
        [sys.executable, "-c", SLOW, *words], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=inner
    ) as process:
        os.close(inner)
        seen = b""
        try:
            while piece := os.read(outer, 4096):
                seen += piece
        except OSError:
            pass  # Linux: the other end was closed
        finally:
            os.close(outer)
        out = process.stdout.read() if process.stdout else b""
    assert process.returncode == 0, seen
    return out.decode(), seen.decode()


@pytest.fixture
def edited(signs: User) -> User:
    signs.write("data/signs.csv", signs.read("data/signs.csv").replace("a.jpg,bike", "a.jpg,bicycle"))
    return signs


def test_a_long_diff_says_what_it_is_doing(edited: User) -> None:
    out, err = at_terminal(edited.folder, "diff")
    assert "bicycle" in out
    for part in ("finding what differs", "reading old", "reading new", "pairing rows", "comparing cells", "tables"):
        assert part in err, part
        assert part not in out
    # The bars are gone in the end, and the cursor is back.
    assert err.rstrip().endswith("\x1b[2K") or "\x1b[?25h" in err


def test_known_totals_are_counted(edited: User) -> None:
    # A commit that does not tell its counts, so that rows are compared.
    edited.dvc("add", "-q", "data/signs.csv")
    edited.git("commit", "-q", "-a", "-m", "second")
    _, err = at_terminal(edited.folder, "log")
    assert "counting rows of commits" in err and "/2" in err


@pytest.mark.slow
def test_up_shows_the_stage_that_runs_of_how_many(signs: User) -> None:
    signs.dsv("migrate", "new", "rename_class", "from=bike", "to=bicycle")
    out, err = at_terminal(signs.folder, "migrate", "up")
    assert "as planned" in out
    for part in (
        "planning signs",
        "running stages",
        "0/2",
        "m0001_rename_class_bike  5 rows",
        "publishing data/signs.csv",
        # What the stages themselves say, two processes below.
        "dealing rows to parts",
        "writing parts",
        "hashing rows",
        "counting and hashing rows",
    ):
        assert part in err, part
    assert "dsv-progress" not in err


def test_quiet_shows_nothing(edited: User) -> None:
    out, err = at_terminal(edited.folder, "-q", "diff")
    assert "bicycle" in out and err == ""


def test_no_terminal_no_progress(edited: User) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SLOW, "diff"], cwd=edited.folder, capture_output=True, text=True, check=True
    )
    assert "bicycle" in ran.stdout and ran.stderr == ""
