"""What Git has under way: whose side is whose, the three versions of a conflict, and what others have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dsv.errors import RepositoryError
from dsv.store import merging
from dsv.store.merging import Stages

Workbench = Any


def attempt(bench: Workbench, *words: str) -> None:
    with pytest.raises(AssertionError):
        bench.git(*words)


@pytest.fixture
def forked(bench: Workbench) -> tuple[Workbench, str, str]:
    """Two branches that changed the same line, and a file that only one has; `mine` is checked out."""
    bench.commit("base", {"a.yaml": "a: 1\n"})
    bench.git("branch", "-M", "main")
    bench.git("checkout", "-q", "-b", "mine")
    mine = bench.commit("mine", {"a.yaml": "a: 2\n", "new.csv": "x"})
    bench.git("checkout", "-q", "main")
    theirs = bench.commit("theirs", {"a.yaml": "a: 3\n", "new.csv": "y"})
    bench.git("checkout", "-q", "mine")
    return bench, mine, theirs


def test_nothing_is_under_way(forked: tuple[Workbench, str, str]) -> None:
    bench, _, _ = forked
    assert merging.under_way(bench.repo) is None and merging.unmerged(bench.repo) == {}


@pytest.mark.parametrize(
    ("words", "what", "go_on"),
    [
        (("merge", "main"), "merge", "git commit"),
        (("rebase", "main"), "rebase", "git rebase --continue"),
        (("cherry-pick", "main"), "cherry-pick", "git cherry-pick --continue"),
    ],
)
def test_sides_and_versions_of_a_conflict(
    forked: tuple[Workbench, str, str], words: tuple[str, ...], what: str, go_on: str
) -> None:
    bench, mine, theirs = forked
    attempt(bench, *words)
    found = merging.under_way(bench.repo)
    assert found is not None and (found.what, found.go_on) == (what, go_on)
    # A rebase takes my commit to theirs; a merge and a cherry-pick bring theirs to me.
    sides = (theirs, mine) if what == "rebase" else (mine, theirs)
    assert (found.head.commit, found.other.commit) == sides
    ours, other = (b"3", b"2") if what == "rebase" else (b"2", b"3")
    new = (b"y", b"x") if what == "rebase" else (b"x", b"y")
    assert merging.unmerged(bench.repo) == {
        "a.yaml": Stages(base=b"a: 1\n", ours=b"a: " + ours + b"\n", theirs=b"a: " + other + b"\n"),
        "new.csv": Stages(base=None, ours=new[0], theirs=new[1]),
    }

    (bench.root / "a.yaml").write_text("a: 4\n")
    (bench.root / "new.csv").unlink()
    merging.stage(bench.repo, ["a.yaml", "new.csv", "never.there"])
    assert merging.unmerged(bench.repo) == {}
    assert bench.git("show", ":a.yaml") == "a: 4" and bench.git("ls-files", "new.csv") == ""


def test_a_left_over_head_of_a_rebase_is_none(forked: tuple[Workbench, str, str]) -> None:
    bench, mine, _ = forked
    (bench.repo.git_folder / "REBASE_HEAD").write_text(mine + "\n")
    assert merging.under_way(bench.repo) is None


def test_a_merge_of_three_is_refused(forked: tuple[Workbench, str, str]) -> None:
    bench, mine, theirs = forked
    (bench.repo.git_folder / "MERGE_HEAD").write_text(f"{mine}\n{theirs}\n")
    with pytest.raises(RepositoryError, match="more than two"):
        merging.under_way(bench.repo)


def test_texts_merge_as_in_git(bench: Workbench) -> None:
    base = "a\nb\nc\nd\ne\n"
    mine, theirs = base.replace("a", "A"), base.replace("e", "E")
    assert merging.merge_text(bench.repo, base, mine, theirs) == "A\nb\nc\nd\nE\n"
    assert merging.merge_text(bench.repo, base, mine, base.replace("a", "x")) is None


def test_what_others_have_is_published(bench: Workbench, tmp_path: Path) -> None:
    bench.commit("base", {"m/one.yaml": "1"})
    bench.git("branch", "-M", "trunk")
    bench.git("tag", "v1")
    upstream = type(bench)(tmp_path / "upstream")
    bench.git("clone", "--quiet", "--bare", str(bench.root), str(upstream.root))
    bench.git("remote", "add", "origin", str(upstream.root))
    bench.commit("pushed to the default branch", {"m/two.yaml": "2"})
    bench.git("push", "--quiet", "origin", "trunk")
    bench.git("checkout", "-q", "-b", "feature")
    bench.commit("pushed, but not to the default branch", {"m/three.yaml": "3"})
    bench.git("push", "--quiet", "origin", "feature")
    bench.git("fetch", "--quiet", "origin")
    bench.git("remote", "set-head", "origin", "trunk")
    files = {"m/one.yaml": b"1", "m/two.yaml": b"2", "m/three.yaml": b"3", "m/four.yaml": b"4"}
    assert merging.published(bench.repo, files) == {
        "m/one.yaml": "refs/tags/v1",
        "m/two.yaml": "refs/remotes/origin/trunk",
    }
    # The same path with other bytes is another file.
    assert merging.published(bench.repo, {"m/one.yaml": b"other"}) == {}
