"""How many Git processes it takes: each costs milliseconds, on every run."""

from __future__ import annotations

import subprocess

import pytest

from dsv.store.revisions import parents, resolve_all, sides
from dsv.store.trees import Tree


@pytest.fixture
def commands(monkeypatch) -> list[str]:
    """The Git commands that are run, by their first word."""
    seen: list[str] = []
    run = subprocess.run

    def counted(command, *arguments, **options):
        seen.append(next(word for word in command[command.index("-C") + 2 :] if not word.startswith("-")))
        return run(command, *arguments, **options)

    monkeypatch.setattr(subprocess, "run", counted)
    return seen


def test_two_revisions_are_resolved_by_one_process(bench, commands) -> None:
    first, second = bench.commit("one", {"a": "1"}), bench.commit("two", {"a": "2"})
    repo = bench.repo
    commands.clear()
    old, new = sides(repo, ("HEAD~1", "main"))
    assert (old.commit, new.commit) == (first, second)
    assert commands == ["cat-file"]


def test_an_expression_that_git_gives_up_on_takes_no_other_with_it(bench) -> None:
    first = bench.commit("one", {"a": "1"})
    found = {name: item.commit for name, item in resolve_all(bench.repo, ["HEAD", ":/one"]).items()}
    assert found == {"HEAD": first, ":/one": first}
    with pytest.raises(Exception, match="unknown revision 'main@{upstream}'"):
        resolve_all(bench.repo, ["HEAD", "main@{upstream}"])


def test_parents_of_many_commits_by_one_process(bench, commands) -> None:
    ids = [bench.commit(str(number), {"a": str(number)}) for number in range(4)]
    repo = bench.repo
    commands.clear()
    found = parents(repo, ids)
    assert [found[item].commit for item in ids[1:]] == ids[:-1]
    assert Tree(repo, found[ids[0]]).paths() == ()
    assert commands.count("cat-file") == 1


def test_documents_of_both_sides_are_read_once(bench, commands) -> None:
    names = ("dvc.yaml", "a.csv.dvc", "a.csv.profile.yaml", "data/dvc.lock")
    old = bench.commit("one", {name: f"old {name}" for name in names})
    new = bench.commit("two", {"a.csv.dvc": "new", "x.csv": "x"})
    repo = bench.repo
    trees = [Tree(repo, item) for item in resolve_all(repo, [old, new]).values()]
    commands.clear()
    contents = [{name: tree.read(name) for name in names} for tree in trees]
    expected = {name: f"old {name}".encode() for name in names}
    assert contents == [expected, {**expected, "a.csv.dvc": b"new"}]
    # The second side differs in one document: that one is read, and the others are known.
    assert commands == ["cat-file", "cat-file"]
    assert trees[1].read("x.csv") == b"x"


def test_a_missing_document_is_no_error_before_it_is_asked_for(bench) -> None:
    commit = bench.commit("one", {"dvc.yaml": "a: 1\n", "b.csv.dvc": "outs: []\n"})
    blob = bench.git("rev-parse", "HEAD:b.csv.dvc")
    (bench.root / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    tree = Tree(bench.repo, resolve_all(bench.repo, [commit])[commit])
    assert tree.read("dvc.yaml") == b"a: 1\n"
    with pytest.raises(Exception, match="missing"):
        tree.read("b.csv.dvc")


def test_the_work_tree_is_listed_by_one_process(bench, commands) -> None:
    bench.commit("one", {"a": "1", "gone": "1", ".gitignore": "ignored\n"})
    bench.write({"new file": "n", "ignored": "i"})
    (bench.root / "gone").unlink()
    _, work = sides(bench.repo, ())
    tree = Tree(bench.repo, work)
    commands.clear()
    assert tree.paths() == (".gitignore", "a", "new file")
    assert tree.find("a").kind == "git" and tree.find("new file").kind == "untracked" and tree.find("gone") is None
    assert commands[0] == "ls-files" and commands.count("ls-files") == 1
