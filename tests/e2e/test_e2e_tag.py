"""`dsv tag` writes the tags that DVC and GTO read; every revision that Git, DVC or a tag names can be compared."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import dsv.renderers
from dsv.api.diff import compare
from dsv.api.options import DiffOptions

User = Any
SCHEMA = json.loads((Path(dsv.renderers.__file__).parent / "schemas" / "dsv.tag.1.json").read_text(encoding="utf-8"))


def edit(user: User, old: str, new: str) -> None:
    user.write("data/signs.csv", user.read("data/signs.csv").replace(old, new))
    user.dsv("commit", "-m", f"{old} is {new}")


@pytest.fixture
def tagged(signs: User, tmp_path_factory: pytest.TempPathFactory) -> User:
    """Three revisions: v1.0 with five rows, v1.2 with one cell changed, HEAD with two; made once, and copied."""
    made = tmp_path_factory.getbasetemp() / "tagged"
    if not made.exists():
        signs.dsv("tag", "signs", "v1.0")
        edit(signs, "bus", "tram")
        signs.dsv("tag", "signs", "v1.2", "-m", "#7: trams")
        edit(signs, "0.50", "0.55")
        shutil.copytree(signs.folder, made, symlinks=True)
    shutil.rmtree(signs.folder)
    shutil.copytree(made, signs.folder, symlinks=True)
    return signs


def changed(user: User, *words: str) -> int:
    """Rows that `dsv diff` of the words counts as changed."""
    with compare(user.folder, words, None, DiffOptions(counts=True)) as comparison:
        return sum(item.rows.changed or 0 for item in comparison.result.datasets)


def test_dvc_and_gto_read_the_tag(tagged: User) -> None:
    from gto.tag import parse_name

    parsed = parse_name("signs@v1.2.0")
    assert (parsed["name"], parsed["version"], parsed["action"].value) == ("signs", "v1.2.0", "register")
    assert tagged.git("cat-file", "-t", "signs@v1.2.0") == "tag"
    assert tagged.git("tag", "-l", "--format=%(contents:subject)", "signs@v1.2.0") == "#7: trams"
    tagged.dvc("artifacts", "get", ".", "signs", "--rev", "v1.0.0", "-o", "got.csv")
    assert "bus" in tagged.read("got.csv") and "tram" not in tagged.read("got.csv")


def test_a_dataset_of_a_folder_has_the_folder_in_its_tag(signs: User) -> None:
    text = signs.read("dvc.yaml").replace("data/signs.csv", "signs.csv")
    (signs.folder / "dvc.yaml").unlink()
    signs.write("data/dvc.yaml", text)
    signs.git("add", "-A")
    signs.git("commit", "-q", "-m", "move")
    assert "data=signs@v2.0.0-rc.1 is " in signs.dsv("tag", "signs", "v2.0.0-rc.1").out
    signs.dvc("artifacts", "get", ".", "data:signs", "--rev", "v2.0.0-rc.1", "-o", "got.csv")
    assert "bus" in signs.read("got.csv")
    edit(signs, "bus", "tram")
    for name in ("signs@v2.0.0-rc.1", "data:signs@v2.0.0-rc.1", "data=signs@v2.0.0-rc.1", "signs@latest"):
        assert changed(signs, name, "HEAD") == 1


def test_every_name_of_a_revision_can_be_compared(tagged: User) -> None:
    tagged.git("branch", "side", "HEAD~2")
    tagged.git("tag", "plain", "HEAD~1")
    branch = tagged.git("symbolic-ref", "--short", "HEAD")
    tagged.git("update-ref", "refs/exps/ab/cdef/brave-exp", "HEAD~2")
    log = tagged.folder / ".git/logs/refs/heads" / branch
    for place in (log, tagged.folder / ".git/logs/HEAD"):
        lines = place.read_text().splitlines()
        old = [_aged(line, days=21 - 10 * min(number, 1)) for number, line in enumerate(lines[:-2])]
        place.write_text("\n".join([*old, *lines[-2:]]) + "\n")
    two = ("signs@v1.0", "signs@v1", "signs@v1.0.0", "side", "HEAD~2", "brave-exp", "signs@v1.2~1", "signs@v1.2^")
    dated = (f"{branch}@{{1.week.ago}}", "@{1.week.ago}", "@{1 week ago}", f"{branch}@{{1 week ago}}", "HEAD@{2}")
    for name in (*two, *dated):
        assert changed(tagged, f"{name}..HEAD") == 2, name
    assert changed(tagged, "signs@v1.0") == changed(tagged, "@{1 week ago}", "HEAD") == 2
    for name in ("signs@v1.2", "signs@latest", "plain", "@{1}", "HEAD^"):
        assert changed(tagged, name) == 1, name
    assert changed(tagged, "signs@v1.0..signs@v1.2") == changed(tagged, "signs@v1.0...signs@v1.2") == 1
    assert changed(tagged, "@{1 week ago}..signs@v1.2") == 1
    assert "tram" in tagged.dsv("log", "signs@v1.0..signs@v1.2").out
    assert "did you mean 'signs@v1.2.0'?" in tagged.dsv("diff", "signs@v1.1", code=3).err
    assert tagged.dsv("diff", "@{1 week ago}", "signs@v1.2", "--stat").out.startswith("@{1 week ago}")
    assert "(the reflog only goes back to " in tagged.dsv("diff", "@{1.year.ago}", "--stat").out


def _aged(line: str, days: int) -> str:
    """A line of a reflog, with its time so many days earlier."""
    head, tab, said = line.partition("\t")
    who, moment, zone = head.rsplit(" ", 2)
    return f"{who} {int(moment) - days * 86400} {zone}{tab}{said}"


def test_versions_are_listed_and_taken_away(tagged: User) -> None:
    tagged.dsv("tag", "signs", "v1.10.0-rc.1")
    tagged.git("tag", "model@v3.0.0", "-m", "of no dataset")
    found = tagged.dsv("tag", "--json").json
    jsonschema.validate(found, SCHEMA)
    assert {item["version"] for item in found["versions"]} == {"v1.10.0-rc.1", "v1.2.0", "v1.0.0"}
    commits = {item["version"]: item["commit"] for item in found["versions"]}
    assert commits["v1.0.0"] == tagged.git("rev-parse", "HEAD~2")
    assert tagged.dsv("tag", "signs").out.count("signs@v1") == 3
    assert "signs@v1.2.0 is deleted" in tagged.dsv("tag", "-d", "signs", "v1.2").out
    assert tagged.git("tag", "-l", "signs@v1.2.0") == ""
    assert "signs" in tagged.dsv("tag", "-d", "signs", "v1.2", code=3).err
    tagged.git("tag", "signs@v1.0.0!", "-m", "GTO takes it back")
    tagged.git("tag", "signs@v3.0.0#2", "-m", "as GTO counts", "HEAD~1")
    assert {item["version"] for item in tagged.dsv("tag", "--json").json["versions"]} == {"v1.10.0-rc.1", "v3.0.0"}
    assert "signs@v3.0.0#2 is of" in tagged.dsv("tag", "signs", "v3", code=3).err
    assert changed(tagged, "signs@v3", "HEAD") == 1


def test_what_is_not_there_is_not_tagged(tagged: User) -> None:
    before = tagged.git("tag", "-l")
    assert "did you mean 'signs'?" in tagged.dsv("tag", "sings", "v2", code=3).err
    for bad in ("v1.2.3.4", "v01.0", "latest", "v"):
        tagged.dsv("tag", "signs", bad, code=2)
    assert "did you mean 'v1.2.0'?" in tagged.dsv("tag", "signs", "1.2", code=2).err
    taken = tagged.dsv("tag", "signs", "v1.2.0", code=3).err
    assert "already" in taken and "dsv tag -d signs v1.2.0" in taken
    first = tagged.git("rev-list", "--max-parents=0", "HEAD")
    assert "not declared at" in tagged.dsv("tag", "signs", "v2", first, code=3).err
    tagged.dsv("tag", "signs", "v2", "nowhere", code=3)
    tagged.git("rm", "-q", "--cached", "data/signs.csv.dvc")
    tagged.git("commit", "-q", "-m", "no data")
    assert "neither Git nor DVC" in tagged.dsv("tag", "signs", "v2", code=3).err
    assert tagged.git("tag", "-l") == before


def test_uncommitted_changes_are_told(tagged: User) -> None:
    assert "warning" not in tagged.dsv("tag", "signs", "v2").err
    tagged.write("data/signs.csv", tagged.read("data/signs.csv").replace("car", "van"))
    assert (
        "warning: the version has no uncommitted changes of signs: data/signs.csv"
        in tagged.dsv("tag", "signs", "v2.1").err
    )
    assert "warning" not in tagged.dsv("tag", "signs", "v1.1", "HEAD~1").err
    tagged.write("dvc.yaml", tagged.read("dvc.yaml").replace("type: dataset", "type: dataset\n    desc: signs"))
    assert "of signs: data/signs.csv, dvc.yaml" in tagged.dsv("tag", "signs", "v2.2").err
