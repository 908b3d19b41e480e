from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from dsv.errors import RepositoryError
from dsv.store.commit import changed_paths, commit_paths
from dsv.store.history import history
from dsv.store.revisions import resolve


@pytest.fixture
def busy(bench):
    """A repository where the user is in the middle of something else."""
    bench.commit("one", {"data/a.csv": "1", "old.csv": "o", "other.py": "1", "same": "s", ".gitignore": "ignored\n"})
    bench.write({"other.py": "staged", "staged.py": "new", "loose.py": "new"})
    bench.git("add", "other.py", "staged.py")
    bench.write({"other.py": "edited after staging"})
    bench.write({"data/a.csv": "2", "data/new é.csv": "n", "ignored": "i"})
    (bench.root / "old.csv").unlink()
    return bench


PATHS = ["data/a.csv", "data/new é.csv", "old.csv", "same", "ignored", "nothing"]


def hook(bench, script: str, name: str = "pre-commit") -> None:
    path = bench.root / ".git" / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_what_differs_from_head(busy) -> None:
    assert changed_paths(busy.repo, PATHS) == ("data/a.csv", "data/new é.csv", "old.csv")
    assert changed_paths(busy.repo, ["data"]) == ("data/a.csv", "data/new é.csv")
    assert changed_paths(busy.repo, ["same"]) == changed_paths(busy.repo, []) == ()


def test_exactly_these_paths_are_committed(busy) -> None:
    before = busy.git("diff", "--cached", "--raw", "--", "other.py", "staged.py")
    commit = commit_paths(busy.repo, PATHS, "subject\n\nbody\n# kept\nRows-Added: 1")
    assert commit == busy.git("rev-parse", "HEAD")
    assert busy.git("show", "--format=%B", "--name-status", "-z", commit).split("\0") == [
        "subject\n\nbody\n# kept\nRows-Added: 1\n",
        *("\nM", "data/a.csv", "A", "data/new é.csv", "D", "old.csv", ""),
    ]
    assert busy.git("diff", "--cached", "--raw", "--", "other.py", "staged.py") == before
    assert busy.git("status", "--porcelain").splitlines() == ["MM other.py", "A  staged.py", "?? loose.py"]


def test_nothing_to_commit(busy) -> None:
    head = busy.git("rev-parse", "HEAD")
    assert commit_paths(busy.repo, ["same", "nothing"], "x") is None
    assert busy.git("rev-parse", "HEAD") == head


def test_the_first_commit(bench) -> None:
    bench.write({"a.csv": "1", "b.csv": "2"})
    assert changed_paths(bench.repo, ["a.csv"]) == ("a.csv",)
    commit = commit_paths(bench.repo, ["a.csv"], "first")
    assert bench.git("ls-tree", "--name-only", commit) == "a.csv"


def test_names_that_look_like_patterns_or_options(bench) -> None:
    bench.commit("one", {"a1.csv": "1"})
    bench.write({"a1.csv": "2", "a[1].csv": "n", "*": "star", "-x": "dash", ":(glob)b": "magic"})
    names = ("*", "-x", ":(glob)b", "a[1].csv")
    assert changed_paths(bench.repo, names) == names
    commit_paths(bench.repo, names, "odd")
    assert bench.git("status", "--porcelain") == "M a1.csv"


def test_a_rejecting_hook_leaves_the_index_byte_for_byte(busy) -> None:
    hook(busy, "echo 'not today' >&2; exit 1")
    index = busy.root / ".git" / "index"
    before, head = index.read_bytes(), busy.git("rev-parse", "HEAD")
    with pytest.raises(RepositoryError, match="Git refused the commit") as caught:
        commit_paths(busy.repo, PATHS, "x")
    assert caught.value.where == "not today"
    assert index.read_bytes() == before
    assert busy.git("rev-parse", "HEAD") == head
    assert (busy.root / "data/new é.csv").read_text() == "n"


def test_hooks_run_in_a_usual_environment(busy) -> None:
    hook(busy, 'printf "%s|%s" "$GIT_OPTIONAL_LOCKS" "$GIT_LITERAL_PATHSPECS" > seen')
    commit_paths(busy.repo, ["data/a.csv"], "x")
    assert (busy.root / "seen").read_text() == "|"


def test_an_unknown_identity_is_told_in_gits_words(busy, monkeypatch) -> None:
    for name in ("AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL"):
        monkeypatch.delenv(f"GIT_{name}")
    busy.git("config", "user.useConfigOnly", "true")
    with pytest.raises(RepositoryError) as caught:
        commit_paths(busy.repo, ["data/a.csv"], "x")
    assert "Please tell me who you are" in caught.value.where
    assert caught.value.hint.startswith("git config user.name")


@pytest.mark.parametrize(
    ("command", "word"),
    [("merge", "a merge"), ("cherry-pick", "a cherry-pick"), ("rebase", "a rebase"), ("revert", "a revert")],
)
def test_refused_while_git_is_in_the_middle(bench, command: str, word: str) -> None:
    bench.commit("one", {"a.csv": "1\n"})
    bench.git("checkout", "-q", "-b", "other")
    bench.commit("two", {"a.csv": "2\n"})
    bench.git("checkout", "-q", "main")
    bench.commit("three", {"a.csv": "3\n"})
    target = "HEAD~1" if command == "revert" else "other"
    done = subprocess.run(["git", "-C", bench.root, command, target], check=False, capture_output=True)
    assert done.returncode != 0
    bench.write({"b.csv": "x"})
    with pytest.raises(RepositoryError, match=f"{word}.* is under way") as caught:
        commit_paths(bench.repo, ["b.csv"], "x")
    assert f"git {command} --continue" in caught.value.hint


def test_a_linked_work_tree_commits_to_its_own_branch(busy, tmp_path: Path) -> None:
    from dsv.store.repository import Repository

    busy.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"), "HEAD")
    (tmp_path / "linked" / "same").write_text("changed")
    commit = commit_paths(Repository.discover(tmp_path / "linked"), ["same"], "side")
    assert busy.git("rev-parse", "side") == commit != busy.git("rev-parse", "HEAD")


def test_history_with_trailers_and_paths(bench) -> None:
    env_date = {"GIT_AUTHOR_DATE": "2024-02-29T10:00:00+0530"}
    bench.write({"a.csv": "1", "b.csv": "1", "d/é\n.csv": "1"})
    bench.git("add", ".")
    message = "first: é\n\nbody\n\nRows-Added: 3\nMigration: m0001_x\n  and more\n"
    subprocess.run(["git", "-C", bench.root, "commit", "-qm", message], check=True, env={**os.environ, **env_date})
    bench.commit("only b", {"b.csv": "2"})
    third = bench.commit("a again", {"a.csv": "2", "x": "x"})
    bench.git("config", "log.showSignature", "true")
    bench.git("config", "log.follow", "true")
    head = resolve(bench.repo, "HEAD")
    last, first = history(bench.repo, ["a.csv", "d"], head)
    assert (last.id, last.subject, last.paths, last.trailers) == (third, "a again", ("a.csv",), {})
    assert (first.author, first.date, first.subject) == ("Test", "2024-02-29T10:00:00+05:30", "first: é")
    assert first.trailers == {"Rows-Added": "3", "Migration": "m0001_x and more"}
    assert first.paths == ("a.csv", "d/é\n.csv")
    assert [item.subject for item in history(bench.repo, ["b.csv"], head)] == ["only b", "first: é"]
    assert [item.subject for item in history(bench.repo, ["b.csv"], head, resolve(bench.repo, "HEAD~2"))] == ["only b"]
    assert history(bench.repo, ["nothing"], head) == history(bench.repo, [], head) == ()


def test_history_of_merges(bench) -> None:
    bench.commit("one", {"a.csv": "1\n2\n3\n4\n5\n"})
    bench.git("checkout", "-q", "-b", "other")
    bench.commit("two", {"a.csv": "x\n2\n3\n4\n5\n"})
    bench.git("checkout", "-q", "main")
    bench.commit("three", {"a.csv": "1\n2\n3\n4\ny\n"})
    bench.git("merge", "-q", "-m", "merged", "other")
    found = history(bench.repo, ["a.csv"], resolve(bench.repo, "HEAD"))
    assert {item.subject for item in found} == {"merged", "two", "three", "one"}
    assert {item.paths for item in found} == {("a.csv",)}
    bench.git("checkout", "-q", "-b", "clean", "main~1")
    bench.commit("four", {"b.csv": "1\n"})
    bench.git("merge", "-q", "-m", "no conflict", "main")
    both = history(bench.repo, ["a.csv", "b.csv"], resolve(bench.repo, "HEAD"))
    paths = {item.subject: item.paths for item in both}
    # Each of its files is as one of the parents has it.
    assert paths["no conflict"] == () and paths["merged"] == ("a.csv",) and paths["four"] == ("b.csv",)
    assert {item.subject for item in both} == {"no conflict", "merged", "two", "three", "one", "four"}
