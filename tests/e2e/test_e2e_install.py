"""`dsv install`: datasets in Git's own diffs, by the system's Git; and nothing left of it after `uninstall`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import SIGNS, Once, User

EDITED = SIGNS.replace("a.jpg,bike", "a.jpg,car")


@pytest.fixture
def edited(signs: User, once: Once) -> User:

    def make() -> None:
        signs.write("data/signs.csv", EDITED)
        signs.dsv("commit", "-m", "A label")

    return once(signs, "install-edited", make)


def trace(user: User) -> dict[str, bytes]:
    """All that install may touch."""
    git = Path(user.git("rev-parse", "--path-format=absolute", "--git-common-dir"))
    files = [git / "config", *sorted((git / "hooks").glob("*")), *sorted((git / "info").glob("*"))]
    files += sorted(user.folder.glob(".gitattributes"))
    return {str(path): path.read_bytes() + oct(path.stat().st_mode).encode() for path in files if path.is_file()}


@pytest.mark.parametrize("present", [None, "*.png binary", "*.png binary\n", "# mine\n*.csv text\n\n"])
@pytest.mark.parametrize("private", [False, True])
def test_it_goes_as_it_came(signs: User, present: str | None, private: bool) -> None:
    if present is not None:
        signs.write(".git/info/attributes" if private else ".gitattributes", present)
    signs.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 0\n").chmod(0o755)
    before = trace(signs)
    option = ["--private"] if private else []
    planned = signs.dsv("install", *option, "--dry-run").out
    assert trace(signs) == before
    done = signs.dsv("install", *option).out
    assert done == planned.replace("would set", "set") and len(done.splitlines()) == 5
    after = trace(signs)
    assert after != before
    assert signs.dsv("install", *option).out == "all is installed already\n"
    assert trace(signs) == after
    assert "would take away the hook pre-commit" in signs.dsv("uninstall", "--dry-run").out
    assert trace(signs) == after
    signs.dsv("uninstall")
    assert trace(signs) == before
    assert signs.dsv("uninstall").out == "nothing is installed\n"


def test_log_and_show_tell_what_became_of_the_dataset(edited: User) -> None:
    edited.dsv("install")
    for words in (("show", "HEAD"), ("log", "-p", "-1"), ("diff", "--no-ext-diff", "HEAD~1", "HEAD")):
        text = edited.git(*words, "--", "data/signs.csv.dvc")
        assert "-  label class bike: 2 (train 1, val 1)" in text
        assert "+  label class car: 3 (test 1, train 2)" in text
        assert "   rows 5" in text
    assert edited.git("log", "-p", "-1") == edited.git("log", "-p", "-1")


def test_diff_shows_rows(edited: User) -> None:
    edited.dsv("install")
    for words in (("diff", "HEAD~1", "HEAD"), ("show", "--ext-diff"), ("diff", "--ext-diff", "HEAD~1")):
        text = edited.git(*words, "--", "data/signs.csv.dvc")
        assert "rows 5  +0 -0 ~1  4 unchanged" in text
        assert "~ image=a.jpg  class: bike -> car" in text
    edited.write("data/signs.csv", EDITED + "f.jpg,bus,test,\n")
    edited.dvc("add", "-q", "data/signs.csv")
    assert "+ image=f.jpg" in edited.git("diff", "--", "data/signs.csv.dvc")
    edited.git("rm", "-q", "-f", "--cached", "data/signs.csv.dvc")
    assert "- image=d.jpg  class=bus" in edited.git("diff", "--cached", "--", "data/signs.csv.dvc")


def test_a_clone_without_data_has_the_classes_too(edited: User, tmp_path: Path) -> None:
    edited.git("clone", "-q", str(edited.folder), str(tmp_path / "clone"))
    clone = User(tmp_path / "clone")
    clone.dsv("install", "--private")
    assert "+  label class car: 3 (test 1, train 2)" in clone.git("show", "HEAD", "--", "data/signs.csv.dvc")
    text = clone.git("diff", "HEAD~1", "HEAD", "--", "data/signs.csv.dvc")
    assert "which rows changed is not known" in text and "car    2 -> 3" in text
    assert clone.git("status", "--porcelain") == ""


def test_what_a_chain_publishes_is_told_in_the_lock(edited: User) -> None:
    edited.dsv("migrate", "new", "rename_class", "from=bike", "to=bicycle")
    edited.dsv("migrate", "up")
    edited.dsv("commit", "-m", "One")
    edited.dsv("migrate", "new", "rename_class", "from=bus", "to=coach")
    edited.dsv("migrate", "up")
    edited.dsv("commit", "-m", "Two")
    edited.dsv("install")
    text = edited.git("show", "HEAD", "--", "dvc.lock")
    assert "-  label class bus: 1 (test 1)" in text and "+  label class coach: 1 (test 1)" in text
    assert "class: bus -> coach" in edited.git("diff", "HEAD~1", "HEAD", "--", "dvc.lock")


def test_a_table_that_git_keeps_is_told_too(repo: User) -> None:
    repo.write("my signs.csv", SIGNS)
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "one")
    repo.dsv("init", "my signs.csv", "--name", "signs", "-k", "image", "-l", "class", code=None)
    repo.dsv("commit", "-m", "declared")
    repo.dsv("install")
    repo.write("my signs.csv", EDITED)
    assert "~ image=a.jpg  class: bike -> car" in repo.git("diff")
    repo.dsv("commit", "-m", "two")
    assert "+  label class car: 3" in repo.git("show", "--", "my signs.csv")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"outs:\n- md5: 0\n",
        b"outs: [",
        b"\x00\xff binary",
        b"outs:\n- md5: 6bde840f516b9e2548a9283a4052ffff\n  path: x.csv\n",
    ],
)
def test_a_driver_never_fails(signs: User, content: bytes) -> None:
    signs.dsv("install", "--no-hooks")
    (signs.folder / "other.dvc").write_bytes(content)
    signs.git("add", "-f", "other.dvc")
    signs.git("commit", "-q", "-m", "odd")
    (signs.folder / "other.dvc").write_bytes(content + b"more: 1\n")
    for words in ("diff", "diff --no-ext-diff", "show HEAD", "log -p", "diff --ext-diff HEAD~1"):
        command = ["git", *words.split(), "--", "other.dvc"]
        done = subprocess.run(command, cwd=signs.folder, capture_output=True, check=True)
        assert b"Traceback" not in done.stdout + done.stderr
    text = subprocess.run(["git", "diff", "--", "other.dvc"], cwd=signs.folder, capture_output=True, check=True).stdout
    assert b"more: 1" in text or b"Binary files" in text


def test_where_dsv_is_gone_git_shows_lines(edited: User) -> None:
    edited.dsv("install")
    config = edited.folder / ".git/config"
    config.write_text(config.read_text().replace("/dsv git", "/gone git"))
    assert "-- md5" in edited.git("show", "HEAD", "--", "data/signs.csv.dvc")
    assert "-- md5" in edited.git("diff", "HEAD~1", "HEAD", "--", "data/signs.csv.dvc")


def test_hooks_run_after_those_that_are_there(signs: User) -> None:
    hook = signs.write(".git/hooks/pre-commit", '#!/bin/sh\necho "$#" >> ran; [ ! -e refuse ]\n')
    hook.chmod(0o755)
    signs.dsv("install")
    signs.write("README", "x")
    signs.git("add", "README")
    signs.git("commit", "-q", "-m", "one")
    assert signs.read("ran") == "0\n"
    signs.write("refuse", "")
    signs.git("commit", "-q", "--allow-empty", "-m", "two", code=1)
    # Whatever another program puts there later is its own.
    shutil.copy(signs.folder / ".git/hooks/pre-commit.before-dsv", signs.folder / ".git/hooks/pre-commit")
    signs.dsv("uninstall")
    assert signs.read(".git/hooks/pre-commit").startswith('#!/bin/sh\necho "$#"')


def test_hooks_of_dvc_go_on(signs: User) -> None:
    signs.dvc("install")
    signs.dsv("install")
    signs.write("data/signs.csv", EDITED)
    signs.dsv("commit", "-m", "A label")
    signs.git("checkout", "-q", "HEAD~1")
    assert signs.read("data/signs.csv") == SIGNS, "DVC's post-checkout hook"


def test_a_commit_of_a_pointer_that_is_cut_off_is_refused(edited: User) -> None:
    edited.dsv("install")
    edited.write("data/signs.csv.dvc", "")
    edited.git("add", "data/signs.csv.dvc")
    ran = edited.run("git", "commit", "-q", "-m", "cut", code=1)
    assert "the file is empty" in ran.err and "git checkout HEAD -- data/signs.csv.dvc" in ran.err
    edited.git("checkout", "HEAD", "--", "data/signs.csv.dvc")
    edited.write(
        "data/signs.csv.profile.yaml", edited.read("data/signs.csv.profile.yaml").replace("rows: 5", "rows: 7")
    )
    edited.git("add", "-A")
    assert "do not add up" in edited.run("git", "commit", "-q", "-m", "forged", code=1).err
    edited.git("checkout", "HEAD~1", "--", "data/signs.csv.profile.yaml")
    assert "of other bytes than its pointer" in edited.run("git", "commit", "-q", "-m", "stale", code=1).err
    edited.git("commit", "-q", "--no-verify", "-m", "all the same")


def test_data_follows_a_merge(signs: User) -> None:
    signs.git("checkout", "-q", "-b", "theirs")
    signs.write("data/signs.csv", EDITED)
    signs.dsv("commit", "-m", "A label")
    signs.git("checkout", "-q", "-")
    signs.dvc("checkout", "-q")
    signs.dsv("install")
    signs.git("merge", "-q", "theirs")
    assert signs.read("data/signs.csv") == EDITED


def test_hooks_of_a_team_are_left_alone(signs: User) -> None:
    signs.write(".husky/pre-commit", "#!/bin/sh\n").chmod(0o755)
    signs.git("config", "core.hooksPath", ".husky")
    before = signs.read(".husky/pre-commit")
    ran = signs.dsv("install")
    assert ".husky" in ran.err and "dsv git hook pre-commit" in ran.err and "the hook" not in ran.out
    assert signs.read(".husky/pre-commit") == before


def test_linked_work_trees_and_folders_below(edited: User, tmp_path: Path) -> None:
    User(edited.folder / "data").dsv("install")
    edited.git("add", ".gitattributes")
    edited.git("commit", "-q", "-m", "attributes")
    edited.git("worktree", "add", "-q", str(tmp_path / "linked"))
    linked = User(tmp_path / "linked")
    assert "+  label class car: 3" in linked.git("show", "HEAD~1", "--", "data/signs.csv.dvc")
    assert linked.dsv("install").out == "all is installed already\n"
    below = User(edited.folder / "data")
    assert "class: bike -> car" in below.git("diff", "HEAD~2", "HEAD", "--", "signs.csv.dvc")


def test_a_submodule_has_its_own(edited: User, tmp_path: Path) -> None:
    outer = User(tmp_path / "outer")
    outer.folder.mkdir()
    outer.git("init", "-q")
    outer.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(edited.folder), "inner")
    inner = User(outer.folder / "inner")
    inner.dsv("install")
    assert "+  label class car: 3" in inner.git("show", "HEAD", "--", "data/signs.csv.dvc")
    inner.dsv("uninstall")
    assert inner.git("status", "--porcelain") == ""


def test_values_are_harmless_on_a_terminal(signs: User) -> None:
    signs.write("data/signs.csv", SIGNS.replace("a.jpg,bike", "a.jpg,\x1b[31mevil"))
    signs.dsv("commit", "-m", "evil")
    signs.dsv("install")
    for words in (("show", "HEAD", "--", "data/signs.csv.dvc"), ("diff", "HEAD~1", "--", "data/signs.csv.dvc")):
        assert "\x1b" not in signs.git(*words)


def test_git_dsv_is_dsv(signs: User) -> None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["git", "dsv", "log", "-n", "1"], cwd=signs.folder, env=environment, capture_output=True, text=True, check=True
    )
    assert "Add signs" in done.stdout


def test_a_place_that_cannot_be_written_is_told(signs: User) -> None:
    (signs.folder / ".gitattributes").mkdir()
    ran = signs.dsv("install", code=3)
    assert "cannot be written" in ran.err and "Traceback" not in ran.err
