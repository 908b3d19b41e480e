from __future__ import annotations

import pytest

from dsv.errors import RepositoryError, UnknownRevision, UsageError
from dsv.model.revision import Revision
from dsv.store.revisions import EMPTY, branch, merge_base, resolve, sides
from dsv.store.trees import Tree


@pytest.fixture
def forked(bench):
    """main: one - two; topic: one - three; HEAD is main."""
    ids = {"one": bench.commit("one", {"a": "1"})}
    bench.git("checkout", "-q", "-b", "topic")
    ids["three"] = bench.commit("three", {"b": "1"})
    bench.git("checkout", "-q", "main")
    ids["two"] = bench.commit("two: fix", {"a": "2"})
    bench.git("tag", "-a", "v1.0", "-m", "annotated", ids["one"])
    bench.git("tag", "signs@v2.1.0")
    return bench, ids


def test_names_of_all_kinds(forked) -> None:
    bench, ids = forked
    for name, commit in {
        "main": "two",
        "topic": "three",
        "v1.0": "one",
        "signs@v2.1.0": "two",
        "HEAD~1": "one",
        "@": "two",
        "HEAD^{/one}": "one",
        ":/one": "one",
        ids["three"][:9]: "three",
    }.items():
        assert resolve(bench.repo, name) == Revision(name=name, commit=ids[commit])


def test_experiments_are_found_by_their_name(forked) -> None:
    bench, ids = forked
    bench.git("update-ref", "refs/exps/ab/cdef/wooly-cat", ids["three"])
    assert resolve(bench.repo, "wooly-cat").commit == ids["three"]
    with pytest.raises(UnknownRevision) as caught:
        resolve(bench.repo, "wooly-cta")
    assert caught.value.hint == "did you mean 'wooly-cat'?"
    bench.git("update-ref", "refs/exps/12/3456/wooly-cat", ids["one"])
    with pytest.raises(UnknownRevision, match="2 experiments"):
        resolve(bench.repo, "wooly-cat")


def test_an_unknown_name_gets_the_nearest(forked) -> None:
    bench, _ = forked
    with pytest.raises(UnknownRevision, match="unknown revision 'topci'") as caught:
        resolve(bench.repo, "topci")
    assert caught.value.hint == "did you mean 'topic'?"
    for name in ("HEAD:a", "a..b", "^main", "main^@", "@{u}", "HEAD~9", ":/nothing"):
        with pytest.raises(UnknownRevision):
            resolve(bench.repo, name)


@pytest.mark.parametrize(
    "name", ["--output=F", "-x", "--upload-pack=touch F", "", "main\n--all", "a\0b", "--all", "-", "--"]
)
def test_what_looks_like_an_option_is_refused(forked, name: str) -> None:
    bench, _ = forked
    with pytest.raises(UsageError, match="cannot be a revision"):
        resolve(bench.repo, name)
    with pytest.raises(UsageError):
        sides(bench.repo, ["main", name])
    assert not (bench.root / "F").exists()


def test_sides_as_git_reads_them(forked) -> None:
    bench, ids = forked
    repo, work = bench.repo, Revision(name="workspace")
    head = Revision(name="HEAD", commit=ids["two"])
    assert sides(repo, ()) == (head, work)
    assert sides(repo, ("topic",))[0].commit == ids["three"] and sides(repo, ("topic",))[1] == work
    for names, old, new in (
        (("v1.0", "topic"), "one", "three"),
        (("v1.0..topic",), "one", "three"),
        (("topic..",), "three", "two"),
        (("..topic",), "two", "three"),
        (("main...topic",), "one", "three"),
        (("...topic",), "one", "three"),
        (("topic...",), "one", "two"),
    ):
        found = sides(repo, names)
        assert (found[0].commit, found[1].commit) == (ids[old], ids[new]), names
    for names in (("a", "b", "c"), ("main..topic", "main"), ("main", "main...topic")):
        with pytest.raises(UsageError):
            sides(repo, names)


def test_no_common_ancestor(forked) -> None:
    bench, _ = forked
    bench.git("checkout", "-q", "--orphan", "island")
    bench.commit("island", {"c": "1"})
    with pytest.raises(RepositoryError, match="no common ancestor"):
        sides(bench.repo, ("main...island",))
    assert merge_base(bench.repo, resolve(bench.repo, "main"), resolve(bench.repo, "topic")).name == (
        "merge base of main and topic"
    )


def test_before_the_first_commit(bench) -> None:
    bench.write({"a": "1"})
    old, new = sides(bench.repo, ())
    assert old.name == EMPTY and new.commit is None
    assert Tree(bench.repo, old).paths() == ()
    assert Tree(bench.repo, new).paths() == ("a",)
    with pytest.raises(UnknownRevision, match="no commit yet"):
        resolve(bench.repo, "HEAD")


def test_the_name_of_head(bench) -> None:
    assert branch(bench.repo) == "main"
    bench.commit("one")
    bench.git("checkout", "-q", "-b", "feature/x")
    assert branch(bench.repo) == "feature/x"
    bench.git("checkout", "-q", "--detach")
    assert branch(bench.repo) is None
