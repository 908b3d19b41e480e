"""Repositories that are not the usual one: each verb works there, or says in one line what is lacking."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.e2e.conftest import SIGNS, Once, Ran, User

EDITED = SIGNS.replace("a.jpg,bike", "a.jpg,car")


@pytest.fixture
def edited(signs: User, once: Once) -> User:

    def make() -> None:
        signs.write("data/signs.csv", EDITED)
        signs.dsv("commit", "-m", "A label")

    return once(signs, "places-edited", make)


def reads(user: User, path: str = "data/signs.csv") -> None:
    """The verbs that read agree with each other on the last commit of `edited`."""
    assert "~ image=a.jpg  class: bike -> car" in user.dsv("diff", "HEAD~1", "HEAD", "--", "signs").out
    assert "A label" in user.dsv("show", "HEAD").out
    entries = user.dsv("log", "--json").json["entries"]
    assert [(item["subject"], item["delta"]["changed"]) for item in entries] == [("A label", 1), ("Add signs", 0)]
    assert "clean" in user.dsv("status").out
    (row,) = user.dsv("blame", "signs:a.jpg", "--field", "class", "--json").json["rows"]
    assert row["cells"]["class"]["origin"]["subject"] == "A label"
    assert user.dsv("reproduce", "HEAD~1", "--json").json["holds"]
    assert user.dsv("at", "HEAD~1", "cat", path).out == SIGNS


def test_a_linked_work_tree(edited: User, tmp_path: Path) -> None:
    edited.dvc("cache", "dir", "-q", "--local", str(edited.folder / ".dvc/cache"))
    edited.git("worktree", "add", "-q", "-b", "linked", str(tmp_path / "linked"))
    linked = User(tmp_path / "linked")
    shutil.copy(edited.folder / ".dvc/config.local", linked.folder / ".dvc/config.local")
    linked.dvc("checkout", "-q")
    reads(linked)
    linked.dsv("tag", "signs", "v1.0")
    assert "signs@v1.0.0" in edited.dsv("tag").out


def test_a_submodule(edited: User, tmp_path: Path) -> None:
    outer = User(tmp_path / "outer")
    outer.folder.mkdir()
    outer.git("init", "-q")
    outer.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(edited.folder), "inner")
    outer.git("commit", "-q", "-m", "a submodule")
    inner = User(outer.folder / "inner")
    shutil.copytree(edited.folder / ".dvc/cache", inner.folder / ".dvc/cache")
    inner.dvc("checkout", "-q")
    reads(inner)
    # The repository around it has no dataset of its own.
    assert outer.dsv("log").out == "no revision changed a dataset\n"


def test_a_shallow_clone_says_what_it_lacks(edited: User, tmp_path: Path) -> None:
    edited.git("clone", "-q", "--depth", "1", f"file://{edited.folder}", str(tmp_path / "clone"))
    clone = User(tmp_path / "clone")
    shutil.copytree(edited.folder / ".dvc/cache", clone.folder / ".dvc/cache")
    clone.dvc("checkout", "-q")
    assert "clean" in clone.dsv("status").out
    (entry,) = clone.dsv("log", "--json").json["entries"]
    assert entry["delta"] == {"added": 0, "removed": 0, "changed": 1}, "what the commit told of itself"
    assert "git fetch --deepen 1" in clone.dsv("show", "HEAD", code=3).err
    for words in (("diff", "HEAD~1"), ("reproduce", "HEAD~1"), ("at", "HEAD~1", "true"), ("log", "HEAD~1..HEAD")):
        ran = clone.dsv(*words, code=3)
        assert "this clone is shallow" in ran.err and "git fetch --unshallow" in ran.err
    clone.git("fetch", "-q", "--unshallow")
    reads(clone)


def test_a_shallow_clone_counts_nothing_by_guess(edited: User, tmp_path: Path) -> None:
    """A commit that does not tell its counts: what was before it is not in the clone."""
    edited.git("commit", "-q", "--amend", "-m", "A label")
    edited.git("clone", "-q", "--depth", "1", f"file://{edited.folder}", str(tmp_path / "clone"))
    clone = User(tmp_path / "clone")
    assert "rows not known here" in clone.dsv("log").out
    clone.git("fetch", "-q", "--unshallow")
    assert "+5 -0" not in clone.dsv("log", "-n", "1").out


def test_a_folder_of_many_projects(repo: User) -> None:
    for name, text in (("one", SIGNS), ("two", EDITED)):
        folder = repo.folder / "teams" / name
        folder.mkdir(parents=True)
        User(folder).dvc("init", "-q", "--subdir")
        repo.git("commit", "-q", "-m", "DVC")
        User(folder).write("signs.csv", text)
        User(folder).dsv("init", "signs.csv", "--name", name, "-k", "image", "-l", "class")
        User(folder).dsv("commit", "-m", f"Add {name}")
    one = User(repo.folder / "teams/one")
    one.write("signs.csv", EDITED)
    one.dsv("commit", "-m", "A label")
    assert "~ image=a.jpg  class: bike -> car" in one.dsv("diff", "HEAD~1", "HEAD", "--", "one").out
    entries = one.dsv("log", "--json", "--", "one").json["entries"]
    assert [item["subject"] for item in entries] == ["A label", "Add one"]
    assert one.dsv("at", "HEAD~1", "cat", "signs.csv").out == SIGNS
    (row,) = one.dsv("blame", "one:a.jpg", "--field", "class", "--json").json["rows"]
    assert row["cells"]["class"]["origin"]["subject"] == "A label"


def test_a_project_that_was_never_committed_is_told(repo: User) -> None:
    below = User(repo.folder / "below")
    below.folder.mkdir()
    below.dvc("init", "-q", "--subdir")
    below.write("signs.csv", SIGNS)
    below.dsv("init", "signs.csv", "-k", "image")
    below.dsv("commit", "-m", "Add signs")
    ran = below.dsv("at", "HEAD", "true", code=3)
    assert "cannot be checked out" in ran.err and ".dvc/config" in ran.err


def test_a_detached_head(edited: User) -> None:
    edited.git("checkout", "-q", "--detach")
    reads(edited)
    assert "a detached HEAD" in edited.dsv("status").out


def test_before_the_first_commit(user: User) -> None:
    user.git("init", "-q")
    user.write("signs.csv", SIGNS)
    user.dsv("init", "signs.csv", "-k", "image", "-l", "class")
    assert "no commit yet" in user.dsv("status").out
    assert "5 rows" in user.dsv("diff").out or "rows 0 -> 5" in user.dsv("diff").out
    for words in (("log",), ("show",), ("reproduce", "HEAD"), ("at", "HEAD", "true")):
        assert "no commit yet" in user.dsv(*words, code=3).err
    (row,) = user.dsv("blame", "signs:a.jpg", "--json").json["rows"]
    assert all(cell["origin"] is None for cell in row["cells"].values())
    user.dsv("commit", "-m", "First")
    assert user.dsv("log").out.count("First") == 1


def test_while_a_rebase_is_under_way(edited: User) -> None:
    edited.git("checkout", "-q", "-b", "other", "HEAD~1")
    edited.dvc("checkout", "-q")
    edited.write("data/signs.csv", SIGNS.replace("a.jpg,bike", "a.jpg,bus"))
    edited.dsv("commit", "-m", "Another label")
    edited.git("rebase", "-q", "-", code=1)
    ran = edited.dsv("commit", "-m", "no", code=3)
    assert "is under way" in ran.err and "git rebase --continue" in ran.err
    for words in (("diff", "HEAD~1", "HEAD", "--", "signs"), ("show", "HEAD"), ("at", "HEAD", "true")):
        edited.dsv(*words)
    status = edited.dsv("status", code=None)
    assert "Traceback" not in status.err and status.code in (0, 3, 4)
    edited.git("rebase", "--abort")
    assert "Another label" in edited.dsv("log", "-n", "1").out


def test_a_dataset_outside_of_the_repository(repo: User, tmp_path: Path) -> None:
    (tmp_path / "outside.csv").write_text(SIGNS)
    ran = repo.dsv("init", "../outside.csv", "-k", "image", code=3)
    assert "Traceback" not in ran.err and "outside" in ran.err
    repo.write("inside.csv", EDITED)
    assert "class: bike -> car" in repo.dsv("diff", "../outside.csv", "inside.csv", "-k", "image").out


def test_a_checkout_that_is_read_only(edited: User) -> None:
    """Verbs that read work, without a cache; those that write say in one message why they cannot."""
    for path in (edited.folder, *edited.folder.rglob("*")):
        path.chmod(path.stat().st_mode & 0o555)
    user = Powerless(edited.folder)
    try:
        assert user.dsv("log").out == edited.dsv("log").out
        reads(user)
        for words in (("commit", "-m", "x"), ("tag", "signs", "v1"), ("install",), ("migrate", "new", "dedupe")):
            ran = user.dsv(*words, code=3)
            assert "ermission" in ran.err and "Traceback" not in ran.err
    finally:
        for path in (edited.folder, *edited.folder.rglob("*")):
            path.chmod(path.stat().st_mode | 0o200)


class Powerless(User):
    """Root too has to keep to the permissions of files."""

    def run(self, *words: str, code: int | None = 0) -> Ran:
        if os.geteuid() == 0:
            if shutil.which("setpriv") is None:
                pytest.skip("root writes everywhere, and there is no setpriv")
            words = ("setpriv", "--inh-caps=-all", "--bounding-set=-all", *words)
        return super().run(*words, code=code)
