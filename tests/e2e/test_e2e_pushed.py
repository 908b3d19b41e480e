"""`dsv status` tells what is committed and not where others get it; DVC's own status agrees."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema

import dsv.renderers
from tests.e2e.conftest import SIGNS, User


def test_commits_and_data_that_are_only_here(signs: User, tmp_path: Path) -> None:
    signs.git("init", "-q", "--bare", str(tmp_path / "upstream.git"))
    signs.git("remote", "add", "origin", str(tmp_path / "upstream.git"))
    assert "not pushed" not in signs.dsv("status").out, "nowhere to push to"
    signs.git("push", "-q", "-u", "origin", "HEAD")
    signs.dvc("remote", "add", "-q", "-d", "store", "../store")
    out = signs.dsv("status").out
    assert "^ not pushed: 1 of 1 objects of its data, to the remote store" in out and "next: dvc push" in out
    signs.dvc("push", "-q")
    assert "not pushed" not in signs.dsv("status").out

    signs.write("data/signs.csv", SIGNS.replace("a.jpg,bike", "a.jpg,car"))
    signs.dsv("commit", "-m", "A label")
    out = signs.dsv("status").out
    assert "clean" in out and "^ not pushed: 1 commit that changed it" in out and "next: git push" in out
    signs.git("push", "-q")
    signs.dvc("push", "-q")
    assert "not pushed" not in signs.dsv("status").out
    # What DVC would say if it looked: a remote that lost an object.
    shutil.rmtree(tmp_path / "store" / "files")
    assert "1 of 1 objects" in signs.dsv("status").out
    assert "1 of 1 objects" in signs.dsv("status", "--remote").out


def test_versions_of_a_chain_count(bicycle: User) -> None:
    bicycle.dvc("remote", "add", "-q", "-d", "store", "../store")
    out = bicycle.dsv("status").out
    # The base, the published file, and the version: its listing and its files.
    files = [path for path in (bicycle.folder / "data/.versions").rglob("*") if path.is_file()]
    assert f"{3 + len(files)} of {3 + len(files)} objects" in out
    bicycle.dvc("push", "-q")
    assert "not pushed" not in bicycle.dsv("status").out


def test_another_remote_is_asked_only_if_wanted(signs: User, tmp_path: Path) -> None:
    signs.dvc("remote", "add", "-q", "-d", "far", "http://127.0.0.1:9/nowhere")
    assert "not pushed" not in signs.dsv("status").out
    ran = signs.dsv("status", "--remote", code=3)
    assert "the DVC remote cannot be read" in ran.out and "Traceback" not in ran.err


def test_without_a_remote_there_is_none_to_ask(signs: User) -> None:
    assert "not pushed" not in signs.dsv("status").out
    out = signs.dsv("status", "--remote", code=3).out
    assert "no default remote is set, so the data may be on this machine alone" in out
    assert "dvc remote add --default NAME URL" in out


def test_scripts_read_the_same(signs: User) -> None:
    schema = json.loads((Path(dsv.renderers.__file__).parent / "schemas" / "dsv.status.1.json").read_text())

    def told(code: int = 0) -> dict[str, Any]:
        found = signs.dsv("status", "--json", code=code).json
        jsonschema.validate(found, schema)
        assert found["commit"] == signs.git("rev-parse", "HEAD") and found["branch"] == signs.git("branch", "--show")
        (dataset,) = found["datasets"]
        return {**dataset, "complete": found["complete"]}

    assert told()["clean"] is True and told()["rows"] == 5
    signs.write("data/signs.csv", signs.read("data/signs.csv").replace("a.jpg,bike", "a.jpg,bus"))
    found = told()
    assert found["clean"] is False and found["delta"] == {"added": 0, "removed": 0, "changed": 1}
    assert found["next_steps"] == ["dsv commit -m MESSAGE signs"]
    assert "dsv commit -m MESSAGE signs" in signs.dsv("status", "--md").out
    signs.write("data/signs.csv.dvc", "<<<<<<<")
    found = told(code=3)
    assert (
        found["complete"] is False and found["readable"] is False and "signs.csv.dvc" in found["findings"][0]["message"]
    )


def test_nothing_is_fetched_to_count_rows(signs: User) -> None:
    signs.dvc("remote", "add", "-q", "-d", "store", "../store")
    signs.dvc("push", "-q")
    shutil.rmtree(signs.folder / ".dvc/cache")
    signs.write("data/signs.csv", signs.read("data/signs.csv").replace("a.jpg,bike", "a.jpg,bus"))
    assert "the file's bytes were edited" in signs.dsv("status").out or "rows were edited" in signs.dsv("status").out
    assert not (signs.folder / ".dvc/cache/files").exists()
