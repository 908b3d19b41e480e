"""A dataset that is a folder: declared, committed, compared and logged like one that is a file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

User = Any
Once = Any
ONE = "id,class\n1,cat\n2,dog\n"
TWO = "id,class\n3,cow\n"


def rows(ran: Any) -> dict[str, int]:
    (dataset,) = ran.json["datasets"]
    return {name: dataset["rows"][name] for name in ("old", "new", "added", "removed", "changed")}


@pytest.fixture
def parts(repo: User, once: Once) -> User:
    """A declared and committed folder of two files that DVC tracks."""

    def make() -> None:
        repo.write("data/parts/a.csv", ONE)
        repo.write("data/parts/b.csv", TWO)
        repo.dsv("init", "data/parts", "-k", "id", "-l", "class")
        repo.dsv("commit", "-m", "Add parts")
        repo.git("tag", "v1")

    return once(repo, "parts", make)


def test_the_folder_goes_to_dvc_and_its_profile_to_git(parts: User) -> None:
    assert {"data/parts.dvc", "data/parts.profile.yaml", "dvc.yaml"} <= set(parts.git("ls-files").splitlines())
    assert "data/parts/a.csv" not in parts.git("ls-files") and parts.clean()
    profile = parts.read("data/parts.profile.yaml")
    recorded = parts.read("data/parts.dvc").split("md5: ")[1].split()[0]
    assert recorded.endswith(".dir") and f"md5: {recorded}" in profile and "rows: 3" in profile
    assert f"size_bytes: {len(ONE) + len(TWO)}" in profile
    status = parts.dsv("status").out
    assert "DVC" in status and "3 rows" in status.replace("rows: 3", "3 rows")


def test_an_edit_is_compared_and_committed(parts: User) -> None:
    assert rows(parts.dsv("diff", "--json")) == {"old": 3, "new": 3, "added": 0, "removed": 0, "changed": 0}
    parts.write("data/parts/b.csv", "id,class\n3,emu\n")
    parts.write("data/parts/c.csv", "id,class\n4,cat\n")
    expected = {"old": 3, "new": 4, "added": 1, "removed": 0, "changed": 1}
    assert rows(parts.dsv("diff", "--json")) == expected
    assert "dsv commit" in parts.dsv("status").out
    parts.dsv("commit", "-m", "More parts")
    assert parts.clean() and rows(parts.dsv("diff", "--json", "v1..")) == expected
    assert rows(parts.dsv("diff", "--json", "v1", "--", "data/parts")) == expected
    log = parts.dsv("log").out
    assert "More parts" in log and "+1" in log and "~1" in log


def test_equal_folders_are_not_opened(parts: User) -> None:
    shutil.rmtree(parts.folder / "data/parts")
    shutil.rmtree(parts.folder / ".dvc/cache")
    ran = parts.dsv("diff", "--json", "v1", "HEAD")
    (dataset,) = ran.json["datasets"]
    assert dataset["status"] == "unchanged" and dataset["rows"]["old"] == 3


def test_a_folder_that_is_not_checked_out_is_compared_by_its_record(parts: User) -> None:
    shutil.rmtree(parts.folder / "data/parts")
    ran = parts.dsv("diff", "--json")
    assert [item["rule"] for item in ran.json["findings"]] == ["not-checked-out"]
    assert "dvc checkout" in parts.dsv("status").out


def test_only_what_is_missing_comes_from_the_remote(parts: User, tmp_path: Path) -> None:
    parts.dvc("remote", "add", "-d", "store", str(tmp_path / "remote"))
    parts.dvc("push")
    parts.write("data/parts/b.csv", "id,class\n3,emu\n")
    parts.dsv("commit", "-m", "Edit", code=0)
    shutil.rmtree(parts.folder / ".dvc/cache")
    assert rows(parts.dsv("diff", "--json", "v1"))["changed"] == 1


def test_data_on_neither_side_is_an_error(parts: User) -> None:
    parts.write("data/parts/b.csv", "id,class\n3,emu\n")
    shutil.rmtree(parts.folder / ".dvc/cache")
    assert "neither in the cache nor on a remote" in parts.dsv("diff", "v1", code=3).err


def test_a_folder_in_git_stays_there(repo: User) -> None:
    repo.write("set/a.csv", ONE)
    repo.write("set/b.csv", TWO)
    repo.git("add", "set")
    repo.git("commit", "-q", "-m", "by hand")
    repo.dsv("init", "set", "-k", "id")
    repo.dsv("commit", "-m", "Declare")
    assert "set/a.csv" in repo.git("ls-files") and not (repo.folder / "set.dvc").exists()
    repo.write("set/b.csv", "id,class\n3,emu\n")
    repo.write("set/c.csv", "id,class\n9,ant\n")
    assert rows(repo.dsv("diff", "--json")) == {"old": 3, "new": 4, "added": 1, "removed": 0, "changed": 1}
    repo.dsv("commit", "-m", "Edit")
    assert repo.git("status", "--porcelain") == "" and rows(repo.dsv("diff", "--json", "HEAD~1.."))["changed"] == 1


def test_a_folder_that_git_and_dvc_share(repo: User) -> None:
    repo.dsv("init")
    repo.write("set/a.csv", ONE)
    repo.write("set/big/b.csv", TWO)
    repo.dvc("add", "set/big")
    repo.git("add", ".")
    repo.git("commit", "-q", "-m", "by hand")
    repo.dsv("init", "set", "-k", "id")
    repo.dsv("commit", "-m", "Declare")
    repo.write("set/big/b.csv", "id,class\n3,emu\n")
    assert rows(repo.dsv("diff", "--json"))["changed"] == 1
    repo.dsv("commit", "-m", "Edit")
    assert repo.clean() and rows(repo.dsv("diff", "--json", "HEAD~1.."))["changed"] == 1


def test_a_folder_inside_one_that_dvc_tracks(repo: User) -> None:
    repo.dsv("init")
    repo.write("data/parts/a.csv", ONE)
    repo.write("data/other.txt", "x")
    repo.dvc("add", "data")
    repo.dsv("init", "data/parts", "-k", "id", "--name", "parts")
    repo.git("add", ".")
    repo.git("commit", "-q", "-m", "by hand")
    repo.write("data/parts/b.csv", TWO)
    (repo.folder / "data/parts/a.csv").unlink()
    assert rows(repo.dsv("diff", "--json")) == {"old": 2, "new": 1, "added": 1, "removed": 2, "changed": 0}
    repo.dsv("commit", "-m", "Edit")
    assert repo.clean() and not (repo.folder / "data/parts.profile.yaml").exists()
    assert rows(repo.dsv("diff", "--json", "HEAD~1.."))["added"] == 1
    assert "Edit" in repo.dsv("log").out


def test_a_format_that_is_said_is_remembered(repo: User) -> None:
    repo.write("data/table.data", ONE)
    assert "no table" in repo.dsv("init", "data/table.data", code=3).err
    repo.dsv("init", "data/table.data", "-k", "id", "--format", "csv")
    assert "format: csv" in repo.read("dvc.yaml")
    repo.dsv("commit", "-m", "Add")
    repo.write("data/table.data", ONE + "7,ant\n")
    assert rows(repo.dsv("diff", "--json"))["added"] == 1
    assert "nope" in repo.dsv("init", "data/table.data", "--format", "nope", code=2).err


def test_a_chain_needs_one_file(parts: User) -> None:
    ran = parts.dsv("migrate", "new", "add_class", "key=ant", code=3)
    assert "is a folder, and a migration chain starts from one file" in ran.err and parts.clean()


def test_a_pull_request_cannot_reach_outside_through_a_link(parts: User, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("id,class\n8,secret\n")
    (parts.folder / "data/parts/s.csv").symlink_to(tmp_path / "secret.csv")
    ran = parts.dsv("diff", "--json", code=3)
    assert "leaves the repository" in ran.err and "secret\n" not in ran.out


def test_undeclared_tables_are_found_by_their_content(repo: User) -> None:
    """JSON files and folders of DVC's, among others that are no tables; one of the tables is broken."""

    def write(number: int) -> None:
        boxes = [{"id": n, "image_id": 1, "category_id": 1, "bbox": [n, 1, 5, 6]} for n in range(number)]
        coco = {
            "images": [{"id": 1, "file_name": "a.jpg"}],
            "categories": [{"id": 1, "name": "x"}],
            "annotations": boxes,
        }
        repo.write("boxes.json", json.dumps(coco))
        repo.write("package.json", json.dumps({"version": number}))
        repo.write("rows.json", json.dumps([{"id": 1, "v": number}]))
        repo.write(f"pictures/cat/{number}.jpg", f"picture {number}")
        repo.write("model/weights.bin", str(number))

    repo.dvc("init", "-q")
    write(2)
    repo.dvc("add", "-q", "pictures", "model")
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "tables")
    write(3)
    repo.write("rows.json", '[{"id": 1, "v": 3}, {"id"')
    found = repo.dsv("diff", "--json", code=3).json
    assert {item["dataset"]: item["rows"]["added"] for item in found["datasets"]} == {"boxes.json": 1, "pictures": 1}
    assert (found["complete"], [item["rule"] for item in found["findings"]]) == (False, ["not-compared"])
    assert "rows.json:1" in found["findings"][0]["message"]
    shutil.rmtree(repo.folder / ".dvc/cache")
    missing = repo.dsv("diff", "--json", code=3).json
    assert {item["dataset"] for item in missing["findings"]} == {"model", "pictures", "rows.json"}
    assert [item["dataset"] for item in missing["datasets"]] == ["boxes.json"]
