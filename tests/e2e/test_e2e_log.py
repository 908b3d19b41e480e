"""`dsv log` counts what commits changed, whoever made them; expected numbers come from pandas."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dsv.api.log import log

User = Any
Once = Any
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
def history(repo: User, once: Once) -> User:

    def make() -> None:
        for name in VERSIONS:
            shutil.copy(CASE / f"{name}.csv", repo.folder / "sp.csv")
            repo.git("add", "sp.csv")
            repo.git("commit", "-q", "-m", name)
        repo.dsv("init", "sp.csv", "-k", "Symbol")
        repo.git("add", "-A")
        repo.git("commit", "-q", "-m", "declared")

    return once(repo, "log-history", make)


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


def test_a_dataset_is_followed_through_its_renames(repo: User) -> None:
    """A dataset is its name: each commit is counted at the path that it had then."""
    places = ("data/one.csv", "data/two.csv", "three.csv.gz")
    (repo.folder / "data").mkdir()
    for place, version in zip(places, VERSIONS, strict=False):
        target = repo.folder / place
        content = (CASE / f"{version}.csv").read_bytes()
        if version == VERSIONS[0]:
            target.write_bytes(content)
            repo.dsv("init", place, "-k", "Symbol", "--name", "companies")
        else:
            old = places[places.index(place) - 1]
            for path in (old, f"{old}.dvc"):
                (repo.folder / path).unlink()
            target.write_bytes(gzip.compress(content) if place.endswith(".gz") else content)
            repo.write("dvc.yaml", repo.read("dvc.yaml").replace(old, place))
        repo.dsv("commit", "-m", version)
        # Nothing of the former path is left behind, in the work tree or in Git.
        assert repo.clean()
        assert repo.git("ls-files", "*.dvc", "*.profile.yaml").split() == [f"{place}.dvc", f"{place}.profile.yaml"]
    assert told(repo) == {
        "vA": (500, 0, 0),
        "vB": expected("vA", "vB"),
        "vC": expected("vB", "vC"),
    }
    newest = repo.git("log", "-1", "--format=%B")
    repo.git("commit", "-q", "--amend", "-m", newest.split("\n")[0])  # without what the commit tells of itself
    assert told(repo)["vC"] == expected("vB", "vC")


def test_a_dataset_that_git_tracks_moves_in_one_commit(repo: User) -> None:
    repo.write("a.csv", "id,class\n1,x\n2,y\n")
    repo.git("add", "a.csv")
    repo.git("commit", "-q", "-m", "table")
    repo.dsv("init", "a.csv", "-k", "id", "--name", "t")
    repo.dsv("commit", "-m", "declared")
    repo.git("mv", "a.csv", "b.csv")
    repo.write("dvc.yaml", repo.read("dvc.yaml").replace("a.csv", "b.csv"))
    repo.write("b.csv", "id,class\n1,x\n2,z\n")
    repo.dsv("commit", "-m", "moved")
    assert repo.git("status", "--porcelain") == ""
    assert told(repo) == {"table": (2, 0, 0), "declared": (0, 0, 0), "moved": (0, 0, 1)}


def test_a_copy_that_stays_is_not_taken_for_a_move(repo: User) -> None:
    repo.write("a.csv", "id\n1\n")
    repo.dsv("init", "a.csv", "-k", "id", "--name", "t")
    repo.dsv("commit", "-m", "declared")
    repo.write("b.csv", "id\n1\n2\n")
    repo.write("dvc.yaml", repo.read("dvc.yaml").replace("a.csv", "b.csv"))
    repo.dsv("commit", "-m", "another file")
    assert repo.git("ls-files", "*.dvc").split() == ["a.csv.dvc", "b.csv.dvc"]
    assert (repo.folder / "a.csv.profile.yaml").exists()


def test_what_is_remembered_of_commits_is_what_would_be_found(signs: User) -> None:
    signs.write("data/signs.csv", signs.read("data/signs.csv").replace("a.jpg,bike", "a.jpg,car"))
    signs.dsv("commit", "-m", "A label")
    signs.dsv("migrate", "new", "add_field", "name=lang", "type=string", "default=en")
    signs.dsv("migrate", "up")
    signs.dsv("commit", "-m", "A field")
    plain, stat = signs.dsv("log").out, signs.dsv("log", "--stat").out
    memory = signs.folder / ".dvc/tmp/dsv/log.json"
    remembered = memory.read_text()
    assert (signs.dsv("log").out, signs.dsv("log", "--stat").out) == (plain, stat)
    for damage in (
        "",
        "[]",
        '{"stamp": 1}',
        remembered.replace('"entries": {', '"entries": {"x": 3, '),
        remembered[:90],
    ):
        memory.write_text(damage)
        assert (signs.dsv("log").out, signs.dsv("log", "--stat").out) == (plain, stat)
    # Another declaration is another question.
    signs.write("dvc.yaml", signs.read("dvc.yaml").replace("- image", "- class"))
    assert signs.dsv("log", code=None).out is not None
    memory.unlink()
    memory.mkdir()
    signs.git("checkout", "-q", "dvc.yaml")
    assert signs.dsv("log").out == plain
