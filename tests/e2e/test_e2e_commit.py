"""`dsv commit`: under the hooks of others, and `--amend`: the last commit, made again."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.conftest import SIGNS, User


def _message(repo: User) -> str:
    return repo.git("log", "-1", "--format=%B")


def test_an_amended_commit_counts_rows_from_its_parent(signs: User) -> None:
    parent = signs.git("rev-parse", "HEAD")
    signs.write("data/signs.csv", SIGNS.replace("a.jpg,bike", "a.jpg,car"))
    signs.dsv("commit", "-m", "Relabel\n\nReviewed-by: Ana")
    author = signs.git("log", "-1", "--format=%an %ad")
    signs.write("data/signs.csv", SIGNS.replace("a.jpg,bike", "a.jpg,car").replace("c.jpg,bike", "c.jpg,car"))
    signs.write("notes.txt", "mine\n")
    signs.git("add", "notes.txt")

    said = signs.dsv("commit", "--amend", "--no-edit").out

    assert "amended" in said
    assert "signs  +0 -0 ~2" in said
    assert _message(signs) == "Relabel\n\nReviewed-by: Ana\nDsv-Rows: signs +0 -0 ~2"
    assert signs.git("rev-parse", "HEAD^") == parent
    assert signs.git("log", "-1", "--format=%an %ad") == author
    assert signs.git("diff", "--cached", "--name-only") == "notes.txt", "what else was staged stays staged"
    assert "notes.txt" not in signs.git("show", "--name-only", "--format=")
    assert "up to date" in signs.dvc("status")


def test_a_new_message_alone_amends_too_and_what_other_datasets_told_stays(signs: User) -> None:
    signs.write("data/birds.csv", "id,kind\n1,owl\n2,tit\n")
    signs.dsv("init", "data/birds.csv", "-k", "id", "-l", "kind")
    signs.write("data/signs.csv", SIGNS.replace("a.jpg,bike", "a.jpg,car"))
    signs.dsv("commit", "-m", "Both")
    tree = signs.git("rev-parse", "HEAD^{tree}")

    signs.dsv("commit", "--amend", "-m", "Birds, and a label", "birds")

    assert signs.git("rev-parse", "HEAD^{tree}") == tree
    subject, _, trailer = _message(signs).splitlines()
    assert subject == "Birds, and a label"
    assert sorted(trailer.removeprefix("Dsv-Rows: ").split("; ")) == ["birds +2 -0 ~0", "signs +0 -0 ~1"]
    assert "nothing to commit" in signs.dsv("commit", "--amend", "--no-edit").out


def test_the_first_commit_can_be_amended_and_a_dry_run_changes_nothing(signs: User) -> None:
    signs.git("checkout", "-q", "--orphan", "first")
    signs.git("commit", "-q", "-m", "First")
    before = signs.git("rev-parse", "HEAD")
    signs.write("data/signs.csv", SIGNS + "f.jpg,bus,train,0.4\n")

    foretold = signs.dsv("commit", "--amend", "--dry-run").out
    assert signs.git("rev-parse", "HEAD") == before
    assert "signs  +6 -0 ~0" in foretold

    signs.dsv("commit", "--amend", "--no-edit")
    assert _message(signs) == "First\n\nDsv-Rows: signs +6 -0 ~0"
    assert signs.git("rev-list", "--count", "HEAD") == "1"


def test_a_rejecting_hook_leaves_everything_as_it_was(signs: User) -> None:
    hook = signs.write(".git/hooks/pre-commit", "#!/bin/sh\necho no >&2\nexit 1\n")
    Path(hook).chmod(0o755)
    signs.write("data/signs.csv", SIGNS.replace("a.jpg,bike", "a.jpg,car"))
    before = signs.git("rev-parse", "HEAD"), signs.git("status", "--porcelain"), signs.read("data/signs.csv.dvc")

    refused = signs.dsv("commit", "--amend", "--no-edit", code=3)

    assert "Git refused the commit" in refused.err
    assert before == (
        signs.git("rev-parse", "HEAD"),
        signs.git("status", "--porcelain"),
        signs.read("data/signs.csv.dvc"),
    )
    assert signs.read("data/signs.csv").startswith("image,class,split,score\na.jpg,car")


def test_a_shared_commit_is_told_and_bad_usage_is_refused(signs: User, tmp_path: Path) -> None:
    signs.git("init", "-q", "--bare", str(tmp_path / "remote"))
    signs.git("remote", "add", "origin", str(tmp_path / "remote"))
    signs.git("push", "-q", "-u", "origin", "HEAD")
    signs.write("data/signs.csv", SIGNS.replace("a.jpg,bike", "a.jpg,car"))

    assert "HEAD is shared already" in signs.dsv("commit", "--amend", "--no-edit").err
    signs.dsv("commit", "--no-edit", code=2)
    signs.dsv("commit", "--amend", code=2)


def test_hooks_and_autostage_of_dvc_take_no_more_into_the_commit(signs: User) -> None:
    signs.dvc("install")
    signs.dvc("config", "core.autostage", "true")
    signs.git("commit", "-qam", "Autostage")
    signs.write("notes.txt", "mine\n")
    signs.git("add", "notes.txt")
    signs.write("data/signs.csv", SIGNS.replace("a.jpg,bike", "a.jpg,car"))

    signs.dsv("commit", "-m", "Relabel")

    files = signs.git("show", "--name-only", "--format=").splitlines()
    assert files == ["data/signs.csv.dvc", "data/signs.csv.profile.yaml"]
    assert signs.git("status", "--porcelain") == "A  notes.txt"
    assert "up to date" in signs.dvc("status")


def test_a_commit_is_made_in_a_linked_worktree_on_a_detached_head(signs: User, tmp_path: Path) -> None:
    signs.git("worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    linked = User(tmp_path / "linked")
    linked.dvc("cache", "dir", "--local", str(signs.folder / ".dvc/cache"))
    linked.dvc("checkout")
    linked.write("data/signs.csv", SIGNS.replace("a.jpg,bike", "a.jpg,car"))

    linked.dsv("commit", "-m", "Relabel")

    assert "signs  +0 -0 ~1" in linked.dsv("commit", "--amend", "-m", "Relabel a.jpg").out
    assert linked.git("status", "--porcelain") == ""
    assert signs.clean(), "the first work tree is as it was"


def test_a_commit_is_made_in_a_submodule(signs: User, tmp_path: Path) -> None:
    outer = User(tmp_path / "outer")
    outer.folder.mkdir()
    outer.git("init", "-q")
    outer.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(signs.folder), "data")
    inner = User(outer.folder / "data")
    inner.dvc("cache", "dir", "--local", str(signs.folder / ".dvc/cache"))
    inner.dvc("checkout")
    inner.write("data/signs.csv", SIGNS.replace("a.jpg,bike", "a.jpg,car"))

    assert "~1" in inner.dsv("status").out
    inner.dsv("commit", "-m", "Relabel")

    assert "+0 -0 ~1" in inner.dsv("log", "-n", "1").out
    assert inner.git("status", "--porcelain") == ""
