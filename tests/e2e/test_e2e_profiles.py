"""Diffs from profiles alone: a fresh clone, without any data and without a remote."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

User = Any
OLD = """image,class,split,score,note
a.jpg,bike,train,0.90,
b.jpg,car,train,0.80,x
c.jpg,bike,val,0.70,x
d.jpg,bus,test,0.60,x
e.jpg,,test,0.50,x
"""
NEW = """image,class,split,score,extra
a.jpg,bicycle,train,0.90,1
b.jpg,car,train,,2
c.jpg,bicycle,val,0.70,3
d.jpg,bus,train,0.60,4
f.jpg,van,test,0.5,5
g.jpg,van,val,0.5,6
"""


def classes(text: str) -> Counter[tuple[str, str]]:
    """Rows by (class, split)."""
    rows = [line.split(",") for line in text.splitlines()[1:]]
    return Counter((row[1], row[2]) for row in rows if row[1])


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first test leaves its repository for the others: making one takes seconds."""
    return tmp_path_factory.mktemp("template") / "repository"


@pytest.fixture
def source(user: User, template: Path) -> User:
    """Two committed revisions of a dataset, v1 and v2."""
    if not template.exists():
        user.git("init", "-q")
        user.git("commit", "-q", "--allow-empty", "-m", "begin")
        for tag, text in (("v1", OLD), ("v2", NEW)):
            user.write("data/signs.csv", text)
            if tag == "v1":
                user.dsv("init", "data/signs.csv", "-k", "image", "-l", "class", "--split", "split")
            user.dsv("commit", "-m", tag)
            user.git("tag", tag)
        shutil.copytree(user.folder, template)
    else:
        shutil.copytree(template, user.folder, dirs_exist_ok=True)
    return user


@pytest.fixture
def clone(source: User, tmp_path: Path) -> User:
    """A clone that has the history, and not one byte of data."""
    made = type(source)(tmp_path / "clone")
    source.git("clone", "-q", f"file://{source.folder}", str(made.folder))
    assert not (made.folder / "data/signs.csv").exists()
    assert not (made.folder / ".dvc/cache").exists()
    return made


def one(ran: Any) -> Any:
    (dataset,) = ran.json["datasets"]
    return dataset


def check_labels(dataset: Any) -> None:
    old, new = classes(OLD), classes(NEW)
    label = dataset["labels"]["class"]
    names = sorted({name for name, _ in (*old, *new)})
    assert [item["class"] for item in label["classes"]] == names
    for item in label["classes"]:
        for split, counts in item["by_split"].items():
            name = item["class"]
            assert (counts["old"], counts["new"]) == (old[name, split], new[name, split])
        assert item["old"] == sum(counts["old"] for counts in item["by_split"].values())
        assert item["new"] == sum(counts["new"] for counts in item["by_split"].values())
    assert label["unlabelled"] == {"old": 1, "new": 0}
    assert label["transitions"] is label["inferred"] is label["changed_sets"] is None
    assert 0 < label["js_distance"] < 1


@pytest.mark.parametrize("views", [["--labels"], ["--schema"], ["--stat"], ["--labels", "--schema", "--stat"]])
def test_what_profiles_hold_is_answered_in_full(clone: User, views: list[str]) -> None:
    ran = clone.dsv("diff", "v1", "v2", "--json", *views)
    assert ran.json["complete"] is True and ran.json["findings"] == []
    dataset = one(ran)
    assert (dataset["compared"], dataset["status"], dataset["key"]) == ("profiles", "modified", ["image"])
    check_labels(dataset)
    rows = dataset["rows"]
    assert (rows["old"], rows["new"]) == (5, 6)
    assert all(rows[name] is None for name in ("added", "removed", "changed", "unchanged", "rekeyed"))
    for name in ("changed_cells", "samples", "rekeyed", "duplicate_keys", "null_keys", "where"):
        assert dataset[name] is None
    assert dataset["splits"]["moved"] is None
    assert set(dataset["formatting"].values()) == {None}
    assert [(change["change"], change["field"]) for change in dataset["schema_changes"]] == [
        ("nullable_changed", "class"),
        ("nullable_changed", "score"),
        ("field_removed", "note"),
        ("field_added", "extra"),
    ]


def test_the_text_says_what_is_not_known(clone: User) -> None:
    ran = clone.dsv("diff", "v1", "v2", "--labels")
    assert "rows 5 -> 6  +? -? ~?" in ran.out
    assert "only the profiles were compared: which rows changed is not known" in ran.out
    assert "bicycle  0 -> 2" in ran.out
    assert "- field note" in clone.dsv("diff", "v1", "v2", "--schema").out


@pytest.mark.parametrize("words", [[], ["--rows"], ["--labels", "--rows"], ["-w"], ["-k", "image"]])
def test_everything_is_not_answered_by_profiles(clone: User, words: list[str]) -> None:
    """What is known is printed, and the exit code says that it is not all."""
    ran = clone.dsv("diff", "v1", "v2", *words, code=3)
    assert "incomplete" in ran.out and "no DVC remote is set up" in ran.out and "rows 5 -> 6" in ran.out
    ran = clone.dsv("diff", "v1", "v2", "--json", *words, code=3)
    assert ran.json["complete"] is False
    (finding,) = ran.json["findings"]
    assert (finding["rule"], finding["level"], finding["dataset"]) == ("not-compared", "error", "signs")
    check_labels(one(ran))


@pytest.mark.parametrize(
    "words",
    [
        ["--where", "old.class = 'bike'"],
        ["--field", "class"],
        ["--ignore", "note"],
        ["--tolerance", "1"],
        ["--rename", "note=extra"],
        ["--no-header"],
        ["--split", "class"],
        ["-l", "note"],
        ["--", "signs:a.jpg"],
    ],
)
def test_what_profiles_cannot_know_is_an_error(clone: User, words: list[str]) -> None:
    ran = clone.dsv("diff", "v1", "v2", "--labels", *words, code=3)
    assert ran.out == "" and "neither in the cache nor on a remote" in ran.err


def test_lines_of_json_are_rows(clone: User) -> None:
    ran = clone.dsv("diff", "v1", "v2", "--labels", "--jsonl", code=3)
    assert '"complete": false' in ran.out and '"listed": false' in ran.out


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  md5: {md5}", "  md5: 00000000000000000000000000000000"),
        ("rows: 6", "rows: 7"),
        ("    van: 2", "    van: 3"),
        ("      van: 1", "      van: 2"),
        ("  class_count: 4", "  class_count: 5"),
        ("  train: 3", "  train: 30"),
        ("name: extra, type: integer, nulls: 0", "name: extra, type: integer, nulls: 9"),
    ],
    ids=["md5", "rows", "class", "class of a split", "class_count", "split", "nulls"],
)
def test_a_profile_that_is_stale_or_edited_is_not_trusted(clone: User, old: str, new: str) -> None:
    text = clone.read("data/signs.csv.profile.yaml")
    md5 = clone.read("data/signs.csv.dvc").partition("md5: ")[2].partition("\n")[0]
    edited = text.replace(old.format(md5=md5), new)
    assert edited != text
    clone.write("data/signs.csv.profile.yaml", edited)
    clone.git("commit", "-q", "-a", "-m", "edited")
    for words in (["--labels"], ["--stat"], []):
        ran = clone.dsv("diff", "v1", "HEAD", *words, code=3)
        assert ran.out == "" and "neither in the cache nor on a remote" in ran.err
    clone.dsv("diff", "v1", "v2", "--labels")


def test_a_pointer_that_moved_on_leaves_its_profile_behind(clone: User) -> None:
    pointer = clone.read("data/signs.csv.dvc")
    md5 = pointer.partition("md5: ")[2].partition("\n")[0]
    clone.write("data/signs.csv.dvc", pointer.replace(md5, "1" * 32))
    clone.git("commit", "-q", "-a", "-m", "moved on without dsv")
    ran = clone.dsv("diff", "v1", "HEAD", "--labels", code=3)
    assert ran.out == "" and "1" * 32 in ran.err


def test_the_same_rows_in_other_bytes_are_known_to_be_the_same(source: User, tmp_path: Path) -> None:
    lines = NEW.splitlines(keepends=True)
    source.write("data/signs.csv", "".join([lines[0], *reversed(lines[1:])]))
    source.dsv("commit", "-m", "three")
    source.git("tag", "v3")
    clone = type(source)(tmp_path / "clone")
    source.git("clone", "-q", f"file://{source.folder}", str(clone.folder))
    dataset = one(clone.dsv("diff", "v2", "v3", "--stat", "--json"))
    rows = dataset["rows"]
    assert (rows["added"], rows["removed"], rows["changed"], rows["unchanged"]) == (0, 0, 0, 6)
    assert dataset["status"] == "unchanged" and dataset["labels"]["class"]["transitions"] == []
    assert "compared by profiles only" in clone.dsv("diff", "v2", "v3", "--stat").out


def test_a_new_dataset_adds_all_its_rows(clone: User) -> None:
    dataset = one(clone.dsv("diff", "v1~1", "v1", "--stat", "--json"))
    assert (dataset["status"], dataset["rows"]["added"], dataset["rows"]["removed"]) == ("added", 5, 0)
    dataset = one(clone.dsv("diff", "-R", "v1~1", "v1", "--stat", "--json"))
    assert (dataset["status"], dataset["rows"]["added"], dataset["rows"]["removed"]) == ("removed", 0, 5)


def test_equal_bytes_need_no_data(clone: User) -> None:
    dataset = one(clone.dsv("diff", "v2", "HEAD", "--json"))
    assert (dataset["status"], dataset["rows"]["new"]) == ("unchanged", 6)


def test_data_that_is_here_is_read(source: User) -> None:
    dataset = one(source.dsv("diff", "v1", "v2", "--labels", "--json"))
    assert dataset["compared"] == "rows"
    moved = {(item["from"], item["to"]): item["rows"] for item in dataset["labels"]["class"]["transitions"]}
    assert moved["bike", "bicycle"] == 2


def test_profiles_can_be_asked_for(source: User) -> None:
    ran = source.dsv("diff", "v1", "v2", "--profiles", "--json")
    assert ran.json["complete"] is True
    assert one(ran)["compared"] == "profiles"
    check_labels(one(ran))
    assert "no rows" in source.dsv("diff", "v1", "v2", "--profiles", "--rows", code=2).err
    assert "no profile" in source.dsv("diff", "v1", "v2", "--profiles", "--field", "class", code=3).err


def test_a_label_that_looks_like_an_id_has_no_classes_to_compare(repo: User, tmp_path: Path) -> None:
    head = "id,class\n"
    repo.write("data/ids.csv", head + "".join(f"{row},c{row}\n" for row in range(10_001)))
    repo.dsv("init", "data/ids.csv", "-k", "id", "-l", "class")
    repo.dsv("commit", "-m", "one")
    repo.write("data/ids.csv", head + "".join(f"{row},c{row}\n" for row in range(10_002)))
    repo.dsv("commit", "-m", "two")
    clone = type(repo)(tmp_path / "clone")
    repo.git("clone", "-q", f"file://{repo.folder}", str(clone.folder))
    ran = clone.dsv("diff", "HEAD~1", "HEAD", "--labels", "--json", code=3)
    assert one(ran)["labels"] == {} and ran.json["complete"] is False
    assert "looks like an id" in ran.json["findings"][0]["message"]


def test_nothing_heavy_is_imported(clone: User) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "dsv", "diff", "--labels", "v1", "v2"],
        cwd=clone.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert "dsv" in imported
    assert not imported & {"duckdb", "_duckdb", "dvc", "pandas", "numpy", "pyarrow", "deepdiff", "rich", "ruamel"}
