"""A chain's life at the terminal: adopt, plan, up, down, remove, fresh clone; and what it refuses."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

User = Any


def classes(user: User) -> dict[str, str]:
    return {row["image"]: row["class"] for row in csv.DictReader(io.StringIO(user.read("data/signs.csv")))}


def new(user: User, *words: str) -> str:
    return user.dsv("migrate", "new", *words).out


def test_a_rename_goes_from_file_to_published_rows_and_back(signs: User) -> None:
    before = signs.read("data/signs.csv")
    new(signs, "rename_class", "from=bike", "to=bicycle")
    assert signs.read("data/signs.csv") == before
    assert (signs.folder / "data/signs.base.csv").read_text() == before
    plan = signs.dsv("migrate", "plan").out
    assert "rename class bike -> bicycle" in plan
    signs.dsv("migrate", "up")
    assert classes(signs)["a.jpg"] == "bicycle" and classes(signs)["b.jpg"] == "car"
    changed = [
        (old, now)
        for old, now in zip(before.splitlines(), signs.read("data/signs.csv").splitlines(), strict=True)
        if old != now
    ]
    assert changed == [
        ("a.jpg,bike,train,0.90", "a.jpg,bicycle,train,0.90"),
        ("c.jpg,bike,val,0.70", "c.jpg,bicycle,val,0.70"),
    ]
    assert "up to date" in signs.dvc("status")
    signs.dsv("commit", "-m", "Rename bike")
    assert signs.clean()
    signs.dsv("migrate", "down", "m0000_base")
    assert signs.read("data/signs.csv") == before
    assert "m0001" in signs.dsv("migrate", "status").out


def test_dvc_repro_by_hand_gives_the_same_bytes(applied: User) -> None:
    first = applied.read("data/signs.csv")
    lock = applied.read("dvc.lock")
    applied.dvc("repro", "--force", "--no-run-cache")
    assert applied.read("data/signs.csv") == first
    assert applied.read("dvc.lock") == lock


def test_comments_in_dvc_yaml_survive(signs: User) -> None:
    text = signs.read("dvc.yaml")
    signs.write("dvc.yaml", "# our pipeline\n" + text + "\n# the end\n")
    new(signs, "rename_class", "from=bike", "to=bicycle")
    signs.dsv("migrate", "up")
    after = signs.read("dvc.yaml")
    assert after.startswith("# our pipeline\n") and "# the end" in after
    assert "cmd: dsv migrate run signs m0001_rename" in after
    assert "signs-m0001_rename" in after


def test_a_fresh_clone_reproduces_what_git_tracks(repo: User, tmp_path: Path) -> None:
    repo.write("data/signs.csv", "image,class\na,bike\nb,car\n")
    repo.git("add", "data/signs.csv")
    repo.git("commit", "-q", "-m", "data in git")
    repo.dsv("init", "data/signs.csv", "-k", "image", "-l", "class")
    repo.dsv("commit", "-m", "Declare signs")
    new(repo, "rename_class", "from=bike", "to=bicycle")
    repo.dsv("migrate", "up")
    repo.dsv("commit", "-m", "Rename")
    assert repo.clean()
    clone = type(repo)(tmp_path / "clone")
    repo.git("clone", "-q", f"file://{repo.folder}", str(clone.folder))
    clone.dvc("repro")
    assert clone.git("status", "--porcelain") == ""
    assert clone.read("data/signs.csv") == "image,class\na,bicycle\nb,car\n"


def test_remove_takes_the_adoption_back(signs: User) -> None:
    tree = signs.git("status", "--porcelain")
    new(signs, "rename_class", "from=bike", "to=bicycle")
    signs.dsv("migrate", "remove", "m0001")
    assert signs.git("status", "--porcelain") == tree
    assert "up to date" in signs.dvc("status")
    assert not (signs.folder / "migrations").exists()


def test_a_hand_edited_published_file_is_never_overwritten(applied: User) -> None:
    edited = applied.read("data/signs.csv").replace("bus", "coach")
    applied.write("data/signs.csv", edited)
    new(applied, "rename_class", "from=car", "to=auto")
    for words in (["migrate", "up"], ["migrate", "down", "m0000_base"], ["commit", "-m", "x"]):
        ran = applied.dsv(*words, code=3)
        assert "edited" in ran.err
    assert applied.read("data/signs.csv") == edited


def test_adoption_refuses_local_edits_and_absent_data(signs: User) -> None:
    signs.write("data/signs.csv", signs.read("data/signs.csv").replace("bus", "coach"))
    ran = signs.dsv("migrate", "new", "rename_class", "from=bike", "to=bicycle", code=3)
    assert "dsv commit" in ran.err
    assert not (signs.folder / "migrations").exists()
    (signs.folder / "data/signs.csv").unlink()
    ran = signs.dsv("migrate", "new", "rename_class", "from=bike", "to=bicycle", code=3)
    assert "dvc checkout" in ran.err
    assert not (signs.folder / "migrations").exists()


def test_an_unknown_class_is_named_with_its_neighbour(signs: User) -> None:
    ran = signs.dsv("migrate", "new", "rename_class", "from=bikes", "to=bicycle", code=3)
    assert "bikes" in ran.err and "bike" in ran.err.split("hint")[1]
    assert not (signs.folder / "migrations").exists()


def test_relabel_lists_the_rows_that_do_not_match(signs: User) -> None:
    new(signs, "rename_class", "from=bike", "to=bicycle")
    signs.write("migrations/signs/m0002_fix.csv", "image,old,new\na.jpg,bus,car\n")
    signs.write(
        "migrations/signs/m0002_fix.yaml",
        "dsv: 1\nid: m0002_fix\nafter: m0001_rename\ntitle: Fix\noperations:\n- op: relabel\n  file: m0002_fix.csv\n",
    )
    identifier = next(p.stem for p in (signs.folder / "migrations/signs").glob("m0001*.yaml"))
    text = signs.read("migrations/signs/m0002_fix.yaml").replace("m0001_rename", identifier)
    signs.write("migrations/signs/m0002_fix.yaml", text)
    before = signs.git("status", "--porcelain")
    ran = signs.dsv("migrate", "up", code=3)
    assert "a.jpg" in ran.err and "bus" in ran.err
    assert signs.git("status", "--porcelain") == before


AWKWARD = ("no", "NA", "null", "1e3", "010", "a.b")


def test_awkward_class_names_survive_a_chain(repo: User) -> None:
    rows = "".join(f"{number},{name}\n" for number, name in enumerate(2 * AWKWARD))
    repo.write("t.csv", f"id,class\n{rows}99,car\n")
    repo.dsv("init", "t.csv", "-k", "id", "-l", "class")
    repo.dsv("commit", "-m", "a")
    repo.dsv("migrate", "new", "rename_class", "from=car", "to=yes")
    repo.dsv("migrate", "up")
    assert repo.read("t.csv") == f"id,class\n{rows}99,yes\n"
    repo.dsv("commit", "-m", "b")
    result = repo.dsv("diff", "HEAD~1", "HEAD", "--json").json["datasets"][0]
    label = result["labels"]["class"]
    assert label["transitions"] == [{"from": "car", "to": "yes", "rows": 1, "encoding_only": 0}]
    assert {item["class"] for item in label["classes"] if item["new"] == 2} == set(AWKWARD)
    assert repo.clean()
    assert repo.run("dvc", "metrics", "show").code == 0


def test_a_stale_published_file_is_not_committed(bicycle: User) -> None:
    base = bicycle.folder / "data/signs.base.csv"
    text = base.read_text()
    base.unlink()
    base.write_text(text + "f.jpg,bike,train,0.40\n")
    assert "changed since the last run: data/signs.base.csv" in bicycle.dsv("status").out
    before = bicycle.git("rev-parse", "HEAD")
    assert "migrate up" in bicycle.dsv("commit", "-m", "stale", code=3).err
    assert bicycle.git("rev-parse", "HEAD") == before
    bicycle.dsv("migrate", "up")
    assert bicycle.read("data/signs.csv").endswith("f.jpg,bicycle,train,0.40\n")
    bicycle.dsv("commit", "-m", "One more row")
    assert bicycle.clean()


def test_a_clone_without_data_is_not_told_that_something_changed(bicycle: User, tmp_path: Path) -> None:
    clone = type(bicycle)(tmp_path / "clone")
    bicycle.git("clone", "-q", f"file://{bicycle.folder}", str(clone.folder))
    out = clone.dsv("status").out
    assert "not checked out" in out and "changed since" not in out


def test_remove_leaves_what_the_user_wrote(signs: User) -> None:
    new(signs, "rename_class", "from=bike", "to=bicycle")
    side = signs.write("migrations/signs/reviewed.csv", "image,old,new\nb.jpg,car,bus\n")
    new(signs, "relabel", "file=reviewed.csv")
    assert "left migrations/signs/reviewed.csv" in signs.dsv("migrate", "remove", "m0002").out
    base = signs.folder / "data/signs.base.csv"
    text = base.read_text()
    base.unlink()
    base.write_text(text + "f.jpg,bike,train,0.40\n")
    assert "edit" in signs.dsv("migrate", "remove", "m0001", code=3).err
    assert base.read_text().endswith("0.40\n")
    base.write_text(text)
    signs.dsv("migrate", "remove", "m0001")
    assert side.exists() and not base.exists()
    assert "up to date" in signs.dvc("status")


def test_log_of_tables_that_nobody_declared(repo: User) -> None:
    repo.write("t.csv", "id,v\n1,a\n")
    repo.git("add", "t.csv")
    repo.git("commit", "-q", "-m", "A table")
    assert "A table" in repo.dsv("log").out
    assert "A table" in repo.dsv("log", "--", "t.csv").out


def test_a_document_that_is_to_be_finished_can_be_taken_back(signs: User) -> None:
    started = signs.dsv("migrate", "new", "merge_classes")
    assert "to be finished: it needs from and into" in started.err
    refused = signs.dsv("migrate", "plan", code=3)
    assert "m0001_merge_classes.yaml:" in refused.err and "the key 'from' is missing" in refused.err
    signs.dsv("migrate", "remove", "m0001_merge_classes")
    assert signs.clean()
