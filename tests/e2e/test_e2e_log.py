"""`dsv log` counts what commits changed, whoever made them; expected numbers come from pandas."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dsv.api.log import log

User = Any
CASE = Path(__file__).parent.parent / "cases" / "sp500-table"
VERSIONS = ("vA", "vB", "vC", "vE")


def expected(old: str, new: str) -> tuple[int, int, int]:
    """Rows added, removed, changed by Symbol; text as it stands."""
    before, after = (
        pd.read_csv(CASE / f"{name}.csv", dtype=str, keep_default_na=False).set_index("Symbol") for name in (old, new)
    )
    common = before.index.intersection(after.index)
    differ = (before.loc[common] != after.loc[common]).any(axis=1)
    return len(after.index.difference(before.index)), len(before.index.difference(after.index)), int(differ.sum())


@pytest.fixture
def history(repo: User) -> User:
    for name in VERSIONS:
        shutil.copy(CASE / f"{name}.csv", repo.folder / "sp.csv")
        repo.git("add", "sp.csv")
        repo.git("commit", "-q", "-m", name)
    repo.dsv("init", "sp.csv", "-k", "Symbol")
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "declared")
    return repo


def told(user: User) -> dict[str, tuple[int, int, int] | None]:
    return {
        entry.subject: None if entry.delta is None else (entry.delta.added, entry.delta.removed, entry.delta.changed)
        for entry in log(user.folder, (), None)
    }


def test_commits_made_without_dsv_are_counted(history: User) -> None:
    found = told(history)
    assert found["vA"] == (500, 0, 0)
    for old, new in zip(VERSIONS, VERSIONS[1:], strict=False):
        assert found[new] == expected(old, new)
    cache = history.folder / ".dvc/tmp/dsv/counts.json"
    assert cache.exists()
    assert told(history) == found  # now from the cache
    cache.write_text('{"broken": [')
    assert told(history) == found
    assert [entry.rows for entry in log(history.folder, ("HEAD~3..HEAD",), None)] == [502, 496]


def test_what_a_commit_says_of_itself_is_held_against_the_profiles(history: User) -> None:
    """A trailer that came along with a cherry-pick or an amended commit is not believed."""
    history.dsv("commit", "-m", "profile")
    shutil.copy(CASE / "vC.csv", history.folder / "sp.csv")
    history.dsv("commit", "-m", "back")
    truth = expected("vE", "vC")
    assert told(history)["back"] == truth
    history.git("commit", "-q", "--amend", "-m", "back\n\nDsv-Rows: sp +7 -0 ~0")
    assert told(history)["back"] == truth
    assert "+7" not in history.dsv("log").out


def test_a_stale_profile_says_nothing_about_rows(history: User) -> None:
    history.dsv("commit", "-m", "profile")
    history.write("sp.csv", "Symbol,Name,Sector\nA,b,c\n")
    history.git("commit", "-q", "-a", "-m", "by hand")
    (newest, *_) = log(history.folder, (), None)
    assert newest.subject == "by hand" and newest.rows == 1


def test_data_that_is_elsewhere_is_not_fetched_and_not_guessed(signs: User, tmp_path: Path) -> None:
    signs.write("data/signs.csv", signs.read("data/signs.csv") + "z.jpg,bus,test,\n")
    signs.dvc("add", "-q", "data/signs.csv")
    signs.git("commit", "-q", "-a", "-m", "by DVC alone")
    signs.dvc("remote", "add", "-q", "--default", "store", str(tmp_path / "store"))
    signs.dvc("push", "-q")
    signs.git("commit", "-q", "-a", "-m", "a remote")
    assert told(signs) == {"by DVC alone": (1, 0, 0), "Add signs": (5, 0, 0)}
    shutil.rmtree(signs.folder / ".dvc/cache")
    shutil.rmtree(signs.folder / ".dvc/tmp/dsv")
    assert told(signs) == {"by DVC alone": None, "Add signs": (5, 0, 0)}
    assert "rows not known here" in signs.dsv("log").out
    assert not any(path.is_file() for path in (signs.folder / ".dvc/cache").rglob("*"))
