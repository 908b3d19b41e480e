"""No room on the disk: one message, the old state, and repeating the command once there is room goes on."""

from __future__ import annotations

import random
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dsv.tables.duckdb import Engine

User = Any
Once = Any
DSV = str(Path(sys.executable).parent / "dsv")
ROWS = 20_000


@pytest.fixture
def signs(repo: User, once: Once) -> User:
    """Rows of random text: a version takes about 0.6 MB, the published file 0.9 MB."""

    def make() -> None:
        chance = random.Random(7)
        lines = (f"{n:05d},{chance.choice(['bike', 'bus'])},{chance.getrandbits(128):032x}\n" for n in range(ROWS))
        repo.write("data/signs.csv", "image,class,text\n" + "".join(lines))
        repo.dsv("init", "data/signs.csv", "-k", "image", "-l", "class")
        repo.dsv("commit", "-m", "Add signs")
        repo.dsv("migrate", "new", "rename_class", "from=bike", "to=bicycle")

    return once(repo, "large-signs", make)


def limited(size_bytes: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, resource.RLIM_INFINITY))


def test_stages_without_room(signs: User) -> None:
    names = ("data/signs.csv", "data/signs.csv.profile.yaml", "dvc.yaml", "dvc.lock", "migrations/signs/chain.lock")
    before = [signs.read(name) for name in names]
    known = len(list(signs.folder.glob(".dvc/cache/runs/*/*/*")))
    # The smaller limit stops the stage of the migration; with the larger one it is done, and publishing is stopped.
    for size_bytes, stage in ((400_000, "signs-m0001_rename_class_bike"), (800_000, "signs")):
        done = subprocess.run(
            [DSV, "migrate", "up"], cwd=signs.folder, capture_output=True, text=True, preexec_fn=limited(size_bytes)
        )
        assert done.returncode == 3 and done.stdout == ""
        first, *more = done.stderr.splitlines()
        assert first == "error: file too large" and more[-1] == "hint: make room, and run it again"
        assert f"  in the stage {stage!r}" in more
        assert [signs.read(name) for name in names] == before
        assert not list((signs.folder / "data/.versions/signs").glob(".*"))
        # What is done stays, and DVC knows it: it is not run again.
        assert bool(list(signs.folder.glob("data/.versions/signs/*/rows/*"))) == (stage == "signs")
        assert len(list(signs.folder.glob(".dvc/cache/runs/*/*/*"))) == known + (stage == "signs")
    signs.dsv("migrate", "up")
    assert signs.read("data/signs.csv") == before[0].replace(",bike,", ",bicycle,")


def test_what_the_engine_cannot_write_is_no_bug(tmp_path: Path) -> None:
    words = f"""
from dsv.tables.duckdb import Engine
with Engine() as engine:
    try:
        engine.execute("COPY (SELECT i FROM range(99999) r(i)) TO '{tmp_path}/t.csv' (FORMAT csv)")
    except OSError as error:
        print(error.strerror, error.filename)
"""
    done = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, text=True, check=True, preexec_fn=limited(100_000)
    )
    assert done.stdout.startswith(f"File too large {tmp_path}/")


def test_rows_that_the_disk_has_no_room_for() -> None:
    with Engine(memory=64_000_000) as engine, pytest.raises(OSError, match="No space left on device"):
        engine.execute("SET max_temp_directory_size = '1MB'")
        engine.execute("CREATE TABLE t AS SELECT i, md5(CAST(i AS VARCHAR)) AS m FROM range(3000000) r(i) ORDER BY m")
