from __future__ import annotations

import subprocess
import sys

import pytest

from dsv.errors import RepositoryError
from dsv.store.lock import Busy, exclusive

HOLD = """
import sys, time
from pathlib import Path
from dsv.store.lock import exclusive
from dsv.store.repository import Repository
with exclusive(Repository.discover(Path(sys.argv[1])), "dsv commit -m '{}'"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_one_writer_at_a_time(bench) -> None:
    repo = bench.repo
    child = subprocess.Popen([sys.executable, "-c", HOLD, str(bench.root)], stdout=subprocess.PIPE, text=True)
    with child:
        assert child.stdout is not None and child.stdout.readline() == "held\n"
        told = rf"process {child.pid} on .+, 'dsv commit -m '{{}}'', for \d+ s"
        with pytest.raises(Busy, match=told), exclusive(repo, "dsv commit"):
            pass
        child.kill()
    with exclusive(repo, "dsv commit"), pytest.raises(Busy), exclusive(repo, "dsv migrate up"):
        pass
    with exclusive(repo, "dsv commit"):
        pass


def test_the_lock_is_freed_by_an_error(bench) -> None:
    with pytest.raises(KeyError), exclusive(bench.repo, "x"):
        raise KeyError
    with exclusive(bench.repo, "x"):
        pass
    assert bench.git("status", "--porcelain") == ""


def test_a_lock_that_cannot_be_written(bench) -> None:
    (bench.root / ".git" / "dsv.lock").mkdir()
    with pytest.raises(RepositoryError, match="cannot be written"), exclusive(bench.repo, "x"):
        pass
