"""Edits at the terminal become migrations: asked for, proved, published, committed."""

from __future__ import annotations

from typing import Any

User = Any


def test_edits_of_a_dataset_without_a_chain(signs: User) -> None:
    """The chain starts from what was committed; the edited file stays as it is, and is what `up` publishes."""
    committed = signs.read("data/signs.csv")
    edited = committed.replace("bike", "bicycle").replace("d.jpg,bus,test,0.60", "d.jpg,bus,val,0.60")
    signs.write("data/signs.csv", edited)
    ran = signs.dsv("migrate", "new", "--from-workspace")
    assert ran.out == "migrations/signs/m0001_edits.yaml\n"
    assert "rename class bike -> bicycle" in ran.err
    assert "will publish exactly the bytes of data/signs.csv" in ran.err
    assert signs.read("data/signs.csv") == edited
    assert signs.read("data/signs.base.csv") == committed
    assert signs.read("migrations/signs/m0001_edits.split.csv") == "image,old_split,split\nd.jpg,test,val\n"
    signs.dsv("migrate", "up")
    assert signs.read("data/signs.csv") == edited
    assert "up to date" in signs.dvc("status")
    signs.dsv("commit", "-m", "Capture the edits")
    assert signs.clean()
    (diff,) = signs.dsv("diff", "--json", "HEAD~", "HEAD").json["datasets"]
    assert diff["unexplained"]["cells"] == {} and diff["explained"][0]["cells"] == {"class": 2, "split": 1}


def test_an_edit_of_published_rows_is_asked_about_and_captured(signs: User) -> None:
    signs.dsv("migrate", "new", "rename_class", "from=bus", "to=coach")
    signs.dsv("migrate", "up")
    signs.dsv("commit", "-m", "coach")
    published = signs.read("data/signs.csv")
    # One blank more is no other content, and not what the chain publishes either.
    edited = published.replace("a.jpg,bike,train,0.90", 'a.jpg,"car",train,0.90').replace("c.jpg,bike", "c.jpg,car")
    signs.write("data/signs.csv", edited)
    for words in (["migrate", "up"], ["commit", "-m", "x"]):
        assert "dsv migrate new --from-workspace" in signs.dsv(*words, code=3).err
    ran = signs.dsv("migrate", "new", "--from-workspace", code=2)
    assert "--merge-class bike=car" in ran.err and "--relabel class" in ran.err
    assert not (signs.folder / "migrations/signs/m0002_edits.yaml").exists()
    ran = signs.dsv("migrate", "new", "--from-workspace", "--relabel", "class")
    assert "what differs: the quoting of cells" in ran.err
    assert signs.read("data/signs.csv") == edited
    assert "captured already" in signs.dsv("migrate", "new", "--from-workspace", code=3).err
    for words in (["status"], ["migrate", "status"]):
        told = signs.dsv(*words).out
        assert "holds the rows that the pending migrations will publish" in told
        assert "edited by hand" not in told and "dsv commit" not in told
    ran = signs.dsv("migrate", "up")
    assert signs.read("data/signs.csv") == published.replace("bike", "car")
    kept = ran.out.splitlines()[-1].rpartition(" ")[2]
    assert signs.read(kept) == edited
    signs.dsv("commit", "-m", "cars")
    assert signs.clean()
    ran = signs.dsv("migrate", "revert", "m0002")
    assert "relabel 2 rows" in ran.err and ran.out == "migrations/signs/m0003_revert_edits.yaml\n"
    signs.dsv("migrate", "up")
    assert signs.read("data/signs.csv") == published
    ran = signs.dsv("migrate", "revert", "m0002", code=3)
    assert "nothing of it is left to undo" in ran.err


def test_what_changed_between_two_commits_of_a_file_in_git(repo: User) -> None:
    """A history of edited files becomes a chain, one migration after the other."""
    versions = [
        "id,class\na,bike\nb,bike\nc,car\n",
        "id,class\na,bicycle\nb,bicycle\nc,car\n",
        "id,class,lang\na,bicycle,en\nb,bicycle,en\nc,car,en\n",
    ]
    for number, text in enumerate(versions):
        repo.write("data/signs.csv", text)
        if number == 0:
            repo.git("add", "data")
            repo.dsv("init", "data/signs.csv", "-k", "id", "-l", "class")
        repo.dsv("commit", "-m", f"v{number}")
        repo.git("tag", f"v{number}")
    repo.dsv("migrate", "new", "--from-diff", "v0", "v1")
    assert repo.read("data/signs.csv") == versions[2]
    ran = repo.dsv("migrate", "new", "--from-diff", "v0", "v2", code=3)
    assert "does not hold the rows with which the chain ends, at m0001_v0_to_v1" in ran.err
    repo.dsv("migrate", "new", "--from-diff", "v1", "v2")
    repo.dsv("migrate", "up", "m0001", code=3)
    repo.dsv("migrate", "up")
    assert repo.read("data/signs.csv") == versions[2]
    assert repo.read("data/signs.base.csv") == versions[0]
    repo.dsv("commit", "-m", "A chain")
    assert repo.clean()
    repo.dsv("migrate", "down", "m0001")
    assert repo.read("data/signs.csv") == versions[1]
