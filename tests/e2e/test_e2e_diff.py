"""`dsv diff` at the terminal: every form of range, every source, plain files."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

User = Any
Once = Any


def one(ran: Any) -> Any:
    datasets = ran.json["datasets"]
    assert len(datasets) == 1
    return datasets[0]


@pytest.fixture
def history(signs: User, once: Once) -> User:
    """Three revisions, a branch, and an edit in the workspace."""

    def make() -> None:
        signs.git("tag", "v1")
        signs.git("switch", "-q", "-c", "side")
        text = signs.read("data/signs.csv")
        signs.write("data/signs.csv", text.replace("bus", "coach"))
        signs.dsv("commit", "-m", "Rename bus")
        signs.git("tag", "v2-side")
        signs.git("switch", "-q", "main")
        signs.dvc("checkout", "-q")
        signs.write("data/signs.csv", text + "f.jpg,car,train,0.40\n")
        signs.dsv("commit", "-m", "Add a car")
        signs.git("tag", "v2")
        signs.write("data/signs.csv", text.replace("e.jpg,car", "e.jpg,bike") + "f.jpg,car,train,0.40\n")

    return once(signs, "diff-history", make)


@pytest.mark.parametrize(
    ("words", "added", "removed", "changed"),
    [
        ([], 0, 0, 1),
        (["HEAD"], 0, 0, 1),
        (["v1"], 1, 0, 1),
        (["v1", "v2"], 1, 0, 0),
        (["v1..v2"], 1, 0, 0),
        (["v1.."], 1, 0, 0),
        (["v2", "v1"], 0, 1, 0),
        (["v2-side..v2"], 1, 0, 1),
        (["v2-side...v2"], 1, 0, 0),
        (["v2-side...main"], 1, 0, 0),
        (["-R", "v1", "v2"], 0, 1, 0),
    ],
)
def test_ranges_mean_what_git_means(history: User, words: list[str], added: int, removed: int, changed: int) -> None:
    rows = one(history.dsv("diff", "--json", *words))["rows"]
    assert (rows["added"], rows["removed"], rows["changed"]) == (added, removed, changed)


def test_the_work_tree_is_not_touched_and_dvc_is_not_imported(history: User) -> None:
    before = history.git("status", "--porcelain"), history.read("data/signs.csv")
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "dsv", "diff", "v1", "v2", "--json"],
        cwd=history.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert not imported & {"dvc", "dvc_data", "pandas", "numpy", "pyarrow", "deepdiff", "ruamel"}
    assert (history.git("status", "--porcelain"), history.read("data/signs.csv")) == before


def test_a_dataset_a_path_and_a_row_can_be_named(history: User) -> None:
    by_name = one(history.dsv("diff", "--json", "v1", "v2", "--", "signs"))
    by_path = one(history.dsv("diff", "--json", "v1", "v2", "--", "data/signs.csv"))
    assert by_name == by_path
    row = one(history.dsv("diff", "--json", "--", "signs:e.jpg"))
    assert row["rows"]["old"] == row["rows"]["new"] == 1
    (sample,) = row["samples"]["changed"]
    assert (sample["key"], sample["cells"]) == ({"image": "e.jpg"}, {"class": {"old": "car", "new": "bike"}})
    assert one(history.dsv("diff", "--json", "--", "signs:a.jpg"))["status"] == "unchanged"


def test_exit_code_says_whether_something_differs(history: User) -> None:
    history.dsv("diff", "--exit-code", "v1", "v2", code=1)
    history.dsv("diff", "--exit-code", "v2", "v2", code=0)


def test_git_tracked_data_and_stage_outputs_are_read_at_any_revision(repo: User) -> None:
    repo.dvc("init", "-q")
    repo.write("raw.csv", "id,class\n1,a\n2,b\n")
    repo.write(
        "dvc.yaml",
        "stages:\n  make:\n    cmd: cp raw.csv made.csv\n    deps: [raw.csv]\n    outs: [made.csv]\n",
    )
    repo.dvc("repro", "-q")
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "one")
    repo.write("raw.csv", "id,class\n1,a\n2,c\n3,c\n")
    repo.dvc("repro", "-q")
    repo.git("commit", "-q", "-a", "-m", "two")
    (repo.folder / "made.csv").unlink()
    result = repo.dsv("diff", "--json", "HEAD~1", "HEAD", "-k", "id").json
    assert [item["path"] for item in result["datasets"]] == ["made.csv", "raw.csv"]
    for item in result["datasets"]:
        assert (item["rows"]["added"], item["rows"]["changed"]) == (1, 1)


def test_two_plain_files_outside_any_repository(user: User) -> None:
    user.write("a.csv", "id,class\n1,x\n2,y\n")
    user.write("b.jsonl", '{"id": 1, "class": "x"}\n{"id": 2, "class": "z"}\n')
    found = one(user.dsv("diff", "a.csv", "b.jsonl", "--json"))
    assert found["rows"]["changed"] == 1 and found["schema_changes"] == []
    assert found["key"] == ["id"] and found["key_source"] == "inferred"
    assert not (user.folder / ".dvc").exists()


def test_gzip_is_only_formatting(user: User) -> None:
    user.write("a.csv", "id,class\n1,x\n2,y\n")
    (user.folder / "b.csv.gz").write_bytes(gzip.compress(b"id,class\n1,x\n2,y\n"))
    assert one(user.dsv("diff", "a.csv", "b.csv.gz", "--json"))["status"] == "unchanged"


def test_outputs_go_to_files_and_are_pure(history: User, tmp_path: Path) -> None:
    history.dsv("diff", "v1", "v2", "--md", "-o", str(tmp_path / "report.md"))
    assert "signs" in (tmp_path / "report.md").read_text()
    lines = history.dsv("diff", "v1", "v2", "--jsonl").out.splitlines()
    assert any('"f.jpg"' in line for line in lines)
    text = history.dsv("diff", "v1", "v2").out
    assert "+1" in text and "\x1b" not in text


def test_a_new_and_a_vanished_dataset(signs: User) -> None:
    item = one(signs.dsv("diff", "HEAD~1", "HEAD", "--json"))
    assert item["status"] == "added" and item["rows"]["added"] == 5
    item = one(signs.dsv("diff", "HEAD", "HEAD~1", "--json"))
    assert item["status"] == "removed" and item["rows"]["removed"] == 5


def test_data_that_is_not_there_is_an_error_not_no_change(history: User, tmp_path: Path) -> None:
    clone = type(history)(tmp_path / "clone")
    history.git("clone", "-q", f"file://{history.folder}", str(clone.folder))
    ran = clone.dsv("diff", "v1", "v2", code=3)
    assert "incomplete" in ran.out and "neither in the cache nor on a remote" in ran.out
    assert "no changes" not in ran.out


def test_a_corrupt_cache_object_is_exit_5(history: User) -> None:
    for path in (history.folder / ".dvc/cache/files/md5").rglob("*"):
        if path.is_file():
            path.chmod(0o644)
            path.write_bytes(path.read_bytes().replace(b"bike", b"bikf"))
    history.dsv("diff", "v1", "v2", code=5)
