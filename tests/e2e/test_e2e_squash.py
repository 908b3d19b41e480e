"""`dsv migrate squash` at the terminal: the same bytes, and older revisions explained, mapped and reproduced."""

from __future__ import annotations

from typing import Any

import pytest

User = Any


def add(user: User, message: str, *migrations: tuple[str, ...]) -> None:
    for words in migrations:
        user.dsv("migrate", "new", *words)
    user.dsv("migrate", "up")
    user.dsv("commit", "-m", message)


@pytest.mark.slow
def test_a_squash_changes_nothing_but_where_the_chain_starts(signs: User) -> None:
    user = signs
    user.git("branch", "-M", "main")
    add(user, "Rename", ("rename_class", "from=bike", "to=bicycle", "--id", "rename"))
    user.git("tag", "v1")
    user.write("fix.csv", "image,old,new\nb.jpg,car,bus\n")
    add(
        user,
        "More",
        ("relabel", "file=fix.csv", "--id", "fix"),
        ("drop_rows", "where=score < ${least}", "--param", "least=0.55", "--id", "prune"),
        ("merge_classes", "from=[bus, car]", "into=vehicle", "--id", "merge"),
    )
    (user.folder / "fix.csv").unlink()
    user.git("checkout", "-q", "-b", "mine")
    add(user, "Mine", ("add_class", "key=tram", "--id", "tram"))
    user.git("checkout", "-q", "main")
    user.dvc("checkout", "-q")
    published = user.read("data/signs.csv")
    explained = user.dsv("diff", "v1", "HEAD", "--json").json["datasets"][0]["explained"]
    mapped = user.dsv("labels", "map", "v1", "HEAD", "--json").json["datasets"]

    told = user.dsv("migrate", "squash", "--to", "m0003").out
    assert "3 migrations are part of the base" in told and "same bytes" in told
    assert user.read("data/signs.csv") == published
    # What m0003 had come to: bikes renamed, b.jpg relabelled, e.jpg (0.50) taken out; not merged yet.
    assert user.read("data/signs.base.csv") == (
        "image,class,split,score\na.jpg,bicycle,train,0.90\nb.jpg,bus,train,0.80\n"
        "c.jpg,bicycle,val,0.70\nd.jpg,bus,test,0.60\n"
    )
    user.dsv("commit", "-m", "Squash")
    assert user.clean()
    assert user.dsv("migrate", "check").code == 0
    status = user.dsv("migrate", "status").out
    assert "m0004_merge" in status and "m0003_prune" not in status
    assert not (user.folder / "params.yaml").exists()

    assert user.dsv("diff", "v1", "HEAD", "--json").json["datasets"][0]["explained"] == explained
    assert {item["migration"] for item in explained} == {"m0003_prune", "m0004_merge"}
    assert user.dsv("labels", "map", "v1", "HEAD", "--json").json["datasets"] == mapped
    assert user.dsv("diff", "HEAD~1", "HEAD", "--json").json["datasets"][0]["status"] == "unchanged"

    # A branch that began before the squash goes on after it, whatever base its documents know.
    user.git("checkout", "-q", "mine")
    user.dvc("checkout", "-q")
    user.git("merge", "main", code=1)
    assert "not the file that its pointer names" in user.dsv("migrate", "rebase", code=3).err
    user.dvc("checkout", "-q", "data/signs.base.csv.dvc")
    assert "m0005_tram  keeps its id" in user.dsv("migrate", "rebase").out
    user.git("commit", "-q", "--no-edit")
    assert user.clean() and user.read("data/signs.csv") == published
    assert user.read("migrations/signs/m0005_tram.yaml").count("after: m0004_merge") == 1

    # Older revisions are in Git and DVC as they were, and run again to the same bytes.
    user.git("checkout", "-q", "v1")
    user.dvc("checkout", "-q")
    assert user.clean()
    before = user.read("data/signs.csv")
    user.dvc("repro", "--force", "--no-run-cache")
    assert user.read("data/signs.csv") == before and user.git("status", "--porcelain") == ""


@pytest.mark.slow
def test_a_squash_that_would_publish_other_bytes_is_refused(signs: User) -> None:
    user = signs
    user.write("z.csv", "image,class,split,score\nz.jpg,bus,train,0.10\n")
    user.write("f.csv", "image,class,split,score\nf.jpg,bus,train,0.20\n")
    add(user, "Rows", ("add_rows", "file=z.csv", "--id", "z"), ("add_rows", "file=f.csv", "--id", "f"))
    assert [line[:5] for line in user.read("data/signs.csv").splitlines()[-2:]] == ["f.jpg", "z.jpg"]
    before = {path: user.read(path) for path in ("data/signs.csv", "data/signs.base.csv", "dvc.yaml", "dvc.lock")}
    status = user.git("status", "--porcelain")
    failed = user.dsv("migrate", "squash", "--to", "m0001", code=3)
    assert "would get other bytes" in failed.err and "dsv migrate squash --to m0002_f" in failed.err
    assert {path: user.read(path) for path in before} == before
    assert user.git("status", "--porcelain") == status and "up to date" in user.dvc("status")
    user.dsv("migrate", "squash")
    assert user.read("data/signs.csv") == before["data/signs.csv"] == user.read("data/signs.base.csv")
    assert "m0003_next" in user.dsv("migrate", "new", "add_class", "key=tram", "--id", "next").out
