"""`dsv blame` and the life of a row where histories are not straight: merges, moves, lost data, shallow clones."""

from __future__ import annotations

import hashlib
import shutil
import textwrap
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.e2e.conftest import SIGNS, User


def commit(user: User, message: str, *edits: tuple[str, str], path: str = "data/signs.csv") -> str:
    text = user.read(path)
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    user.write(path, text)
    user.dsv("commit", "-m", message)
    return user.git("rev-parse", "HEAD")


def origins(user: User, *words: str, code: int = 0) -> dict[str, str | None]:
    """The subject of the commit of each cell of the only row."""
    (row,) = user.dsv("blame", *words, "--json", code=code).json["rows"]
    return {
        field: None if cell["origin"] is None else cell["origin"]["subject"] for field, cell in row["cells"].items()
    }


def test_a_merge_is_blamed_only_for_what_no_parent_has(signs: User) -> None:
    signs.git("checkout", "-q", "-b", "theirs")
    commit(signs, "theirs", ("a.jpg,bike,train,0.90", "a.jpg,bike,train,0.95"))
    signs.git("checkout", "-q", "-")
    signs.dvc("checkout", "-q")
    commit(signs, "ours", ("a.jpg,bike", "a.jpg,bus"))
    signs.git("merge", "-q", "theirs", code=1)
    signs.git("checkout", "-q", "--ours", ".")
    signs.dvc("checkout", "-q", "--force")
    signs.write("data/signs.csv", SIGNS.replace("a.jpg,bike,train,0.90", "a.jpg,bus,test,0.95"))
    signs.dvc("add", "-q", "data/signs.csv")
    signs.git("add", "-A")
    signs.git("commit", "-q", "-m", "merged")
    assert origins(signs, "signs:a.jpg") == {
        "image": "Add signs",
        "class": "ours",
        "split": "merged",
        "score": "theirs",
    }
    life = signs.dsv("log", "--json", "--", "signs:a.jpg").json["entries"]
    assert {entry["subject"] for entry in life} == {"merged", "ours", "theirs", "Add signs"}
    (newest,) = signs.dsv("log", "-n", "1", "--json").json["entries"]
    assert newest["subject"] == "merged" and newest["delta"]["changed"] == 1
    listed = signs.dsv("log", "--json").json["entries"]
    assert [entry["subject"] for entry in listed].count("merged") == 1 and len(listed) == 4


def test_a_merge_that_has_each_dataset_of_one_parent_changed_none(user: User) -> None:
    user.git("init", "-q")
    for name in ("one.csv", "two.csv"):
        user.write(name, "id,a\n1,x\n")
    user.git("add", "-A")
    user.git("commit", "-qm", "both")
    user.git("checkout", "-qb", "theirs")
    user.write("two.csv", "id,a\n1,y\n")
    user.git("commit", "-qam", "two")
    user.git("checkout", "-q", "-")
    user.write("one.csv", "id,a\n1,z\n")
    user.git("commit", "-qam", "one")
    user.git("merge", "-qm", "merged", "theirs")
    told = user.dsv("log", "--json").json["entries"]
    assert sorted(entry["subject"] for entry in told) == ["both", "both", "one", "two"]
    assert user.dsv("log", "-n", "1", "--json").json["entries"][0]["subject"] in ("one", "two")


@pytest.mark.parametrize("kept", ["wdir", "lock elsewhere"])
def test_a_pointer_elsewhere_is_noticed(user: User, kept: str) -> None:
    """It lies in no folder above the dataset; Git commands alone are enough, since nothing of DVC's has to run."""
    path, cache = "data/t.csv", user.folder / ".dvc/cache/files/md5"
    user.git("init", "-q")
    user.write(".dvc/config", "")
    pointer = "raw/t.dvc" if kept == "wdir" else "pipe/dvc.lock"
    if kept != "wdir":
        user.write("pipe/dvc.yaml", f"stages:\n  make:\n    cmd: make\n    outs:\n    - ../{path}\n")

    def version(text: str, message: str, pointer: str) -> None:
        md5 = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        user.write(str((cache / md5[:2] / md5[2:]).relative_to(user.folder)), text)
        shown = {"raw/t.dvc": "t.csv", "pipe/dvc.lock": f"../{path}"}.get(pointer, "t.csv")
        outs = f"outs:\n- {{md5: {md5}, size: {len(text)}, hash: md5, path: {shown}}}\n"
        if pointer.endswith("dvc.lock"):
            outs = "schema: '2.0'\nstages:\n  make:\n    cmd: make\n" + textwrap.indent(outs, "    ")
        user.write(pointer, outs + ("wdir: ../data\n" if pointer == "raw/t.dvc" else ""))
        user.git("add", "-A", "--", ":!.dvc", ":!data/t.csv")
        user.git("commit", "-qm", message)

    version("id,a,b\n1,x,x\n", "first", pointer)
    version("id,a,b\n1,y,x\n", "second", pointer)
    version("id,a,b\n1,y,z\n", "third", pointer)
    user.git("rm", "-rq", pointer.split("/")[0])
    version("id,a,b\n1,y,z\n", "a pointer of its own", f"{path}.dvc")
    assert origins(user, "HEAD", "-k", "id", f"{path}:1") == {"id": "first", "a": "second", "b": "third"}
    life = user.dsv("log", "-k", "id", "--json", "--", f"{path}:1").json["entries"]
    assert [entry["subject"] for entry in life] == ["third", "second", "first"]


@pytest.mark.parametrize("was", ["folder", "stage"])
def test_a_dataset_is_followed_to_where_another_pointer_kept_it(repo: User, was: str) -> None:
    path = "data/t.csv"

    def version(text: str, message: str) -> None:
        repo.write(path if was == "folder" else "in.csv", text)
        repo.dvc(*(("add", "-q", "data") if was == "folder" else ("repro", "-q")))
        repo.git("add", "-A")
        repo.git("commit", "-qm", message)

    repo.dvc("init", "-q")
    (repo.folder / "data").mkdir()
    if was == "stage":
        repo.write("in.csv", "")
        repo.dvc("stage", "add", "-q", "-n", "make", "-d", "in.csv", "-o", path, f"cp in.csv {path}")
    version("id,a,b\n1,x,x\n", "first")
    version("id,a,b\n1,y,x\n", "second")
    version("id,a,b\n1,y,z\n", "third")
    if was == "folder":
        repo.git("rm", "-q", "--cached", "data.dvc")
        (repo.folder / "data.dvc").unlink()
        (repo.folder / ".gitignore").unlink()
    else:
        repo.dvc("remove", "-q", "make")
    repo.dvc("add", "-q", path)
    repo.git("add", "-A")
    repo.git("commit", "-qm", "a pointer of its own")
    assert origins(repo, "-k", "id", f"{path}:1") == {"id": "first", "a": "second", "b": "third"}
    life = repo.dsv("log", "-k", "id", "--json", "--", f"{path}:1").json["entries"]
    assert [entry["subject"] for entry in life] == ["third", "second", "first"]


def test_a_key_that_several_rows_had_ends_the_search(user: User) -> None:
    user.git("init", "-q")
    for message, text in (("twice", "1,old\n1,new\n2,b\n"), ("once", "1,new\n2,b\n"), ("more", "1,new\n2,b\n3,c\n")):
        user.write("t.csv", "id,a\n" + text)
        user.git("add", "t.csv")
        user.git("commit", "-qm", message)
    told = user.dsv("blame", "-k", "id", "t.csv:1", "--json", code=3).json
    origin = told["rows"][0]["cells"]["a"]["origin"]
    assert origin["subject"] == "once" and origin["boundary"] is True
    assert [finding["rule"] for finding in told["findings"]] == ["not-followed"]
    assert origins(user, "-k", "id", "t.csv:2") == {"id": "twice", "a": "twice"}
    user.git("checkout", "-q", "HEAD~2")
    user.write("t.csv", "id,a\n1,new\n")
    refused = user.dsv("blame", "-k", "id", "t.csv:1", code=None)
    assert refused.code and "several rows have the key" in refused.err


def test_what_is_not_committed_is_of_no_commit(signs: User) -> None:
    signs.write("data/signs.csv", SIGNS.replace("a.jpg,bike", "a.jpg,car") + "f.jpg,bus,test,\n")
    assert origins(signs, "signs:a.jpg") == {
        "image": "Add signs",
        "class": None,
        "split": "Add signs",
        "score": "Add signs",
    }
    assert set(origins(signs, "signs:f.jpg").values()) == {None}
    assert "not committed" in signs.dsv("blame", "signs:f.jpg").out
    assert set(origins(signs, "HEAD", "signs:a.jpg").values()) == {"Add signs"}
    signs.dsv("blame", "HEAD", "--", "signs:f.jpg", code=3)


def test_a_migration_is_named_beside_its_commit(signs: User) -> None:
    signs.dsv("migrate", "new", "rename_class", "from=bike", "to=bicycle")
    signs.dsv("migrate", "new", "add_field", "name=lang", "type=string", "default=en")
    signs.dsv("migrate", "new", "rename_field", "from=score", "to=quality")
    signs.dsv("migrate", "up")
    signs.dsv("commit", "-m", "migrated")
    (row,) = signs.dsv("blame", "signs:a.jpg", "--json").json["rows"]
    found = {name: (cell["origin"]["subject"], cell["migration"]) for name, cell in row["cells"].items()}
    assert found == {
        "image": ("Add signs", None),
        "class": ("migrated", "m0001_rename_class_bike"),
        "split": ("Add signs", None),
        "quality": ("Add signs", None),
        "lang": ("migrated", "m0002_add_field_lang"),
    }
    (newest, first) = signs.dsv("log", "--json", "--", "signs:a.jpg").json["entries"]
    assert sorted(newest["row"]["cells"]) == ["class", "lang"]
    assert (newest["subject"], first["row"]["kind"]) == ("migrated", "added")


def test_a_dataset_is_followed_through_moves_and_formats(signs: User) -> None:
    commit(signs, "relabelled", ("a.jpg,bike", "a.jpg,car"))
    frame = pd.read_csv(signs.folder / "data/signs.csv")
    signs.git("rm", "-q", "--cached", "data/signs.csv.dvc")
    (signs.folder / "data/signs.csv.dvc").unlink()
    (signs.folder / "data/signs.csv").unlink()
    frame.to_parquet(signs.folder / "data/all.parquet")
    text = signs.read("dvc.yaml")
    assert "path: data/signs.csv" in text
    signs.write("dvc.yaml", text.replace("path: data/signs.csv", "path: data/all.parquet"))
    signs.dsv("commit", "-m", "moved")
    signs.git("add", "-A")
    signs.git("commit", "-q", "-m", "rest", code=None)
    assert origins(signs, "signs:a.jpg") == {
        "image": "Add signs",
        "class": "relabelled",
        "split": "Add signs",
        "score": "Add signs",
    }


def test_a_key_that_was_renamed_is_followed(signs: User) -> None:
    text = signs.read("dvc.yaml")
    commit(signs, "relabelled", ("a.jpg,bike", "a.jpg,car"))
    signs.write("dvc.yaml", text.replace("key: [image]", "key: [file]").replace("- image", "- file"))
    assert "file" in signs.read("dvc.yaml")
    commit(signs, "renamed", ("image,class", "file,class"))
    assert origins(signs, "signs:a.jpg") == {
        "file": "Add signs",
        "class": "relabelled",
        "split": "Add signs",
        "score": "Add signs",
    }


def test_lost_data_ends_the_search_and_is_told(signs: User) -> None:
    lost = cached(signs)
    commit(signs, "one", ("a.jpg,bike", "a.jpg,car"))
    commit(signs, "two", ("b.jpg,car", "b.jpg,bus"))
    lost.unlink()
    told = signs.dsv("blame", "signs:a.jpg", "--json", code=3).json
    assert not told["complete"]
    (row,) = told["rows"]
    assert {(cell["origin"]["subject"], cell["origin"]["boundary"]) for cell in row["cells"].values()} == {
        ("one", True)
    }
    ran = signs.dsv("blame", "signs:a.jpg", code=3)
    assert "^" in ran.out and "may be older" in ran.out
    life = signs.dsv("log", "--json", "--", "signs:b.jpg", code=3).json
    assert [entry["subject"] for entry in life["entries"]] == ["two"]
    assert not life["complete"] and len(life["findings"]) == 2


def cached(user: User) -> Path:
    """The file of the DVC cache that holds the dataset as it is."""
    md5 = next(line.split()[-1] for line in user.read("data/signs.csv.dvc").splitlines() if "md5:" in line)
    return user.folder / ".dvc/cache/files/md5" / md5[:2] / md5[2:]


def test_a_shallow_clone_says_where_it_ends(signs: User, tmp_path: Path) -> None:
    commit(signs, "one", ("a.jpg,bike", "a.jpg,car"))
    signs.git("clone", "-q", "--depth", "1", f"file://{signs.folder}", str(tmp_path / "clone"))
    clone = User(tmp_path / "clone")
    shutil.copytree(signs.folder / ".dvc/cache", clone.folder / ".dvc/cache")
    ran = clone.dsv("blame", "HEAD", "signs:a.jpg", code=3)
    assert "git fetch --unshallow" in ran.out and "^" in ran.out
    assert "git fetch --unshallow" in clone.dsv("log", "--", "signs:a.jpg").out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("signs",), 2, 'signs:KEY, or --where "FIELD = 1"'),
        (("signs:a.jpg", "--where", "true"), 2, "name one row"),
        (("signs:zz.jpg",), 3, "no row of signs has image zz.jpg"),
        (("signs:a.jpg,2",), 2, "the key has 1 fields"),
        (("sings:a.jpg",), 3, "did you mean 'signs'?"),
        (("signs:a.jpg", "--field", "clas"), 3, "did you mean 'class'?"),
        (("signs", "--where", "clas = 'bike'"), 3, "did you mean 'class'?"),
        (("signs", "--where", "(SELECT 1) = 1"), 2, ""),
        (("signs", "--where", "class = 'none'"), 3, "no row of signs"),
        (("HEAD~9", "signs:a.jpg"), 3, "unknown revision"),
        (("HEAD~1..HEAD", "signs:a.jpg"), 2, "is a range"),
        (("--", "signs:a.jpg", "signs:b.jpg"), 2, "name one row of one dataset"),
        (("--output=x", "--", "--evil:a"), 3, "no dataset and no table"),
    ],
)
def test_bad_words_are_told(signs: User, words: tuple[str, ...], code: int, said: str) -> None:
    ran = signs.dsv("blame", *words, code=code)
    assert said in ran.err and "Traceback" not in ran.err


def test_rows_with_one_key_cannot_be_told_apart(signs: User) -> None:
    commit(signs, "twice", ("e.jpg,car", "d.jpg,car"))
    assert "several rows have the same key" in signs.dsv("blame", "signs:d.jpg", code=3).err


def test_a_key_that_came_later_ends_the_search(signs: User) -> None:
    head, *rows = SIGNS.splitlines()
    numbered = [f"id,{head}", *(f"{number},{row}" for number, row in enumerate(rows, 7))]
    signs.write("data/signs.csv", "\n".join(numbered) + "\n")
    signs.write("dvc.yaml", signs.read("dvc.yaml").replace("- image", "- id"))
    signs.dsv("commit", "-m", "ids")
    ran = signs.dsv("blame", "signs:7", code=3)
    assert "has no field 'id'" in ran.out and "^" in ran.out
    assert "has no field 'id'" in signs.dsv("log", "--", "signs:7", code=3).out


def test_a_row_without_a_key_is_not_followed(signs: User) -> None:
    commit(signs, "nameless", ("e.jpg,car", ",car"))
    assert "a row has no key" in signs.dsv("blame", "signs", "--where", "image is null", code=3).err


def test_a_table_that_is_not_declared_needs_a_key(repo: User) -> None:
    repo.write("t.csv", "id,part,x\n1,a,2\n1,b,3\n")
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "one")
    repo.write("t.csv", "id,part,x\n1,a,2\n1,b,4\n")
    repo.git("commit", "-q", "-a", "-m", "two")
    assert "-k FIELD" in repo.dsv("blame", "t.csv:1,b", code=2).err
    assert origins(repo, "t.csv:1,b", "-k", "id", "-k", "part") == {"id": "one", "part": "one", "x": "two"}
    assert "-k FIELD" in repo.dsv("log", "--", "t.csv:1,b", code=2).err
    life = repo.dsv("log", "-k", "id", "-k", "part", "--", "t.csv:1,b").out
    assert "~ id=1 part=b  x: 3 -> 4" in life and "+ id=1 part=b" in life


def test_values_are_harmless_on_a_terminal(signs: User) -> None:
    commit(signs, "evil \x1b[31m", ("a.jpg,bike", "a.jpg,\x1b[31mbike"))
    text: Any = signs.dsv("blame", "signs:a.jpg").out
    assert "\x1b" not in text


@pytest.mark.parametrize(
    "spellings",
    [
        (("1", "2"), ("1.0", "2.0")),
        (("1.50", "2.25"), ("1.5", "2.250")),
        (("2024-01-01", "2024-01-02"), ("2024-01-01", "2024-01-02")),
        (("12345678901234567890", "2"), ("12345678901234567890", "2")),
        (("0.1", "1e-7"), ("0.10", "0.0000001")),
    ],
)
def test_rows_are_followed_however_their_keys_are_spelled(user: User, spellings: tuple[tuple[str, ...], ...]) -> None:
    """A condition that picks both rows, and each row for itself, give the same commits."""
    user.git("init", "-q")
    for number, keys in enumerate(spellings):
        user.write("t.csv", "id,a,b\n" + "".join(f"{key},{number},same\n" for key in keys))
        user.git("add", "t.csv")
        user.git("commit", "-q", "-m", str(number))
    rows = user.dsv("blame", "-k", "id", "--where", "true", "--json", "t.csv").json["rows"]
    found = [
        {field: cell["origin"]["subject"] for field, cell in row["cells"].items() if field != "id"} for row in rows
    ]
    assert found == [{"a": "1", "b": "0"}] * 2
    for key in spellings[-1]:
        alone = origins(user, "-k", "id", f"t.csv:{key}")
        assert (alone["a"], alone["b"]) == ("1", "0")
