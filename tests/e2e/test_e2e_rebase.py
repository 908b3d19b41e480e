"""Two branches that both add migrations: real Git merges and rebases, put in order by `dsv migrate rebase`."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

User = Any
Once = Any


@pytest.fixture
def forked(signs: User, once: Once) -> User:
    """A chain of one migration on main, and the branch `mine` off it, checked out."""

    def make() -> None:
        signs.git("branch", "-M", "main")
        signs.dsv("migrate", "new", "rename_class", "from=bike", "to=bicycle", "--id", "rename")
        signs.dsv("migrate", "up")
        signs.dsv("commit", "-m", "Rename")
        signs.git("checkout", "-q", "-b", "mine")

    return once(signs, "forked", make)


def add(user: User, message: str, *migrations: tuple[str, ...], pin: bool = False) -> None:
    for words in migrations:
        user.dsv("migrate", "new", *words)
    if pin:
        user.dsv("migrate", "plan", "--pin")
    user.dsv("migrate", "up")
    user.dsv("commit", "-m", message)


def switch(user: User, branch: str) -> None:
    user.git("checkout", "-q", branch)
    user.dvc("checkout", "-q")


def published(user: User) -> dict[str, str]:
    return {row["image"]: row["class"] for row in csv.DictReader(io.StringIO(user.read("data/signs.csv")))}


def conflicts(user: User) -> set[str]:
    return set(user.git("diff", "--name-only", "--diff-filter=U").split())


@pytest.mark.slow
def test_a_merge_that_stopped_is_put_in_order(forked: User) -> None:
    user = forked
    user.write("fix.csv", "image,old,new\nb.jpg,car,bus\n")
    add(
        user,
        "Mine",
        ("add_class", "key=tram", "--id", "tram"),
        ("relabel", "file=fix.csv", "--id", "fix"),
        ("drop_rows", "where=score < ${least}", "--param", "least=0.55", "--id", "prune"),
        pin=True,
    )
    (user.folder / "fix.csv").unlink()
    switch(user, "main")
    add(
        user,
        "Theirs",
        ("add_class", "key=ferry", "--id", "ferry"),
        ("drop_rows", "where=score > ${most}", "--param", "most=0.85", "--id", "prune"),
    )
    switch(user, "mine")
    user.git("merge", "main", code=1)
    # Every file that both chains write is in conflict, and so is the line that says where each head is.
    assert {"dvc.yaml", "dvc.lock", "params.yaml", "migrations/signs/chain.lock"} <= conflicts(user)
    text = user.read("migrations/signs/chain.lock")
    assert "<<<<<<< HEAD\nhead: m0004_prune\n" in text and "=======\nhead: m0003_prune\n" in text

    before = user.git("status", "--porcelain"), user.read("dvc.yaml")
    told = user.dsv("migrate", "rebase", "--dry-run", "--pin").out
    assert "m0002_tram -> m0004_tram" in told and "the two commute" in told
    # Theirs take a row out, so that mine come to one less than was pinned.
    failed = user.dsv("migrate", "rebase", code=3)
    assert "rows: pinned 5, would be 4" in failed.err and "migrations/signs/m0002_tram.yaml" in failed.err
    assert (user.git("status", "--porcelain"), user.read("dvc.yaml")) == before

    told = user.dsv("migrate", "rebase", "--pin").out
    assert "class tram of class: id 4 -> 5, index 3 -> 4" in told
    assert "expect:\n  rows: 3\n" in user.read("migrations/signs/m0006_prune.yaml")
    assert conflicts(user) == set()
    user.git("commit", "-q", "--no-edit")
    assert user.clean()
    # Theirs take a.jpg (0.90) out; mine make b.jpg a bus and take e.jpg (0.50) out.
    assert published(user) == {"b.jpg": "bus", "c.jpg": "bicycle", "d.jpg": "bus"}
    ids = [line.split()[1] for line in user.dsv("migrate", "status").out.splitlines() if "applied" in line]
    assert ids == ["m0001_rename", "m0002_ferry", "m0003_prune", "m0004_tram", "m0005_fix", "m0006_prune"]
    params = user.read("params.yaml")
    assert "m0003_prune:\n      most: 0.85" in params and "m0006_prune:\n      least: 0.55" in params
    assert params.count("prune") == 2
    assert (user.folder / "migrations/signs/m0005_fix.csv").exists()
    assert not list((user.folder / "migrations/signs").glob("m0003_fix*"))

    # Both parents are explained: from mine by theirs, which come in between, from theirs by mine.
    for parent, migrations in (("HEAD^1", ["m0003_prune"]), ("HEAD^2", ["m0005_fix", "m0006_prune"])):
        (dataset,) = user.dsv("diff", parent, "HEAD", "--json").json["datasets"]
        assert [item["migration"] for item in dataset["explained"]] == migrations
        assert not any(dataset["unexplained"].values())
    (dataset,) = user.dsv("labels", "map", "HEAD^1", "HEAD", "--json").json["datasets"]
    assert dataset["labels"]["class"]["old_to_new"] == [0, 1, 2, 4]
    assert user.dsv("migrate", "rebase", "HEAD^2").out.count("keeps its id") == 3
    assert user.clean()


@pytest.mark.slow
def test_a_guard_that_fails_changes_nothing_and_can_be_mended(forked: User) -> None:
    user = forked
    user.write("fix.csv", "image,old,new\nb.jpg,car,bus\nd.jpg,bus,car\n")
    add(user, "Mine", ("relabel", "file=fix.csv", "--id", "fix"))
    switch(user, "main")
    user.write("fix.csv", "image,old,new\nd.jpg,bus,bicycle\n")
    add(user, "Theirs", ("relabel", "file=fix.csv", "--id", "fix"))
    (user.folder / "fix.csv").unlink()
    user.git("checkout", "-q", "mine")
    user.git("rebase", "main", code=1)
    # Both have documents and side files of the same names.
    assert {"migrations/signs/m0002_fix.csv", "migrations/signs/chain.lock"} <= conflicts(user)
    before = {path: user.read(path) for path in ("dvc.yaml", "dvc.lock", "migrations/signs/chain.lock")}
    status = user.git("status", "--porcelain")
    failed = user.dsv("migrate", "rebase", code=3)
    assert "mine do not apply after m0002_fix" in failed.err
    assert "migrations/signs/m0002_fix.yaml" in failed.err and "d.jpg" in failed.err
    assert {path: user.read(path) for path in before} == before
    assert user.git("status", "--porcelain") == status

    # Theirs keeps the name, and mine is mended where git add says that it is resolved.
    user.write("migrations/signs/m0002_fix.csv", "image,old,new\nb.jpg,car,bus\nd.jpg,bicycle,car\n")
    user.git("add", "migrations/signs/m0002_fix.csv")
    told = user.dsv("migrate", "rebase").out
    assert "m0002_fix -> m0003_fix" in told and "the order matters" in told
    assert user.read("migrations/signs/m0002_fix.csv") == "image,old,new\nd.jpg,bus,bicycle\n"
    user.run("git", "-c", "core.editor=true", "rebase", "--continue")
    assert user.clean() and user.git("log", "--format=%s", "-2").split() == ["Mine", "Theirs"]
    assert published(user) == {"a.jpg": "bicycle", "b.jpg": "bus", "c.jpg": "bicycle", "d.jpg": "car", "e.jpg": "car"}


@pytest.mark.slow
def test_two_heads_without_a_conflict_and_what_is_refused(forked: User) -> None:
    user = forked
    user.dsv("migrate", "new", "add_class", "key=tram", "--id", "tram")
    user.git("add", "migrations")
    user.git("commit", "-q", "-m", "Mine, pending")
    user.git("tag", "v1")
    user.git("checkout", "-q", "-b", "theirs", "main")
    user.dsv("migrate", "new", "add_class", "key=ferry", "--id", "ferry")
    user.git("add", "migrations")
    user.git("commit", "-q", "-m", "Theirs, pending")
    user.git("merge", "-q", "mine", "-m", "Both")
    failed = user.dsv("migrate", "up", code=4)
    assert "two heads: m0002_ferry and m0002_tram" in failed.err and "dsv migrate rebase m0002_ferry" in failed.err
    assert "say onto what" in user.dsv("migrate", "rebase", code=2).err
    # v1 has m0002_tram, so it stays as it is, and the other one goes after it.
    failed = user.dsv("migrate", "rebase", "m0002_ferry", code=3)
    assert "m0002_tram is published: tags/v1 has it" in failed.err

    document = user.read("migrations/signs/m0001_rename.yaml")
    user.write("migrations/signs/m0001_rename.yaml", document + "# a note\n")
    assert "not committed" in user.dsv("migrate", "rebase", "m0002_tram", code=3).err
    assert user.read("migrations/signs/m0001_rename.yaml") == document + "# a note\n"
    user.git("checkout", "migrations")

    edited = user.read("data/signs.csv").replace("bus", "coach")
    user.write("data/signs.csv", edited)
    assert "edited by hand" in user.dsv("migrate", "rebase", "m0002_tram", code=3).err
    assert user.read("data/signs.csv") == edited and user.git("status", "--porcelain") == ""
    user.dvc("checkout", "--force", "data/signs.csv")

    told = user.dsv("migrate", "rebase", "m0002_tram").out
    assert "m0002_ferry -> m0003_ferry" in told and "pending: m0002_tram, m0003_ferry" in told
    user.dsv("migrate", "up")
    assert user.dsv("migrate", "status").out.count("applied") == 3
