"""Bad data on the way in: init, commit, status and migrate say what and where, and write nothing."""

from __future__ import annotations

import csv
import gzip
import shutil
from pathlib import Path
from typing import Any

import pytest

User = Any
CASES = Path(__file__).parent.parent / "cases"
BROKEN = {
    "ragged.csv": (b"id,class\n1,a\n2,b,c\n3\n", ":3"),
    "nul.csv": (b"id,class\n1,a\0\n", ":2"),
    "encoding.csv": (b"id,class\n1,caf\xe9\n", ":2"),
    "duplicate.csv": (b"id,id\n1,a\n", "id"),
    "empty.csv": (b"", "empty"),
    "markers.csv": (b"id,class\n<<<<<<< ours\n1,a\n=======\n1,b\n>>>>>>> theirs\n", ":2"),
    "cut.csv.gz": (gzip.compress(b"id,class\n" + b"1,a\n" * 500)[:-10], "cut.csv.gz"),
    "cut.jsonl": (b'{"id": 1, "class": "a"}\n{"id": 2, "cla', ":2"),
    "cut.parquet": (b"PAR1 this is not one", "cut.parquet"),
}
GOOD = "id,class\n1,a\n2,b\n"


def state(user: User) -> tuple[str, dict[str, bytes]]:
    found = {
        path.relative_to(user.folder).as_posix(): path.read_bytes()
        for path in user.folder.rglob("*")
        if path.is_file()
        and not path.relative_to(user.folder).as_posix().startswith((".git/", ".dvc/tmp/", ".dvc/cache/"))
    }
    return user.git("status", "--porcelain", "--ignored"), found


def refused(user: User, named: str, *words: str, code: int = 3) -> str:
    """The command ends with one error that names something, and everything is as it was."""
    before = state(user)
    ran = user.dsv(*words, code=code)
    assert ran.err.count("error: ") == 1 and named in ran.err, ran.err
    assert "Traceback" not in ran.err and "internal error" not in ran.err
    assert state(user) == before
    return str(ran.err)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_table_is_not_declared(repo: User, name: str) -> None:
    content, named = BROKEN[name]
    (repo.folder / name).write_bytes(content)
    refused(repo, named, "init", name)


@pytest.mark.parametrize("name", ["ragged.csv", "markers.csv", "empty.csv"])
def test_a_table_that_broke_is_not_committed(signs: User, name: str) -> None:
    content, named = BROKEN[name]
    (signs.folder / "data/signs.csv").unlink()
    (signs.folder / "data/signs.csv").write_bytes(content)
    assert "data/signs.csv" in refused(signs, named, "commit", "-m", "broken")
    assert named in signs.dsv("status", code=3).out
    refused(signs, "not committed", "migrate", "new", "add_class", "key=tram")


def test_the_malformed_file_of_a_real_history(user: User) -> None:
    """`v0-malformed.csv` has a fourth cell on three lines; they are told, and left out only when asked."""
    case = CASES / "sp500-table"
    lines = [number for number, line in enumerate(ragged(case / "v0-malformed.csv"), 1) if line != 3]
    old, new = str(case / "v0-malformed.csv"), str(case / "vA.csv")
    err = user.dsv("diff", old, new, code=3).err
    assert f":{lines[0]}" in err and str(len(lines)) in err and "--skip-malformed" in err
    result = user.dsv("diff", old, new, "-k", "Symbol", "--skip-malformed", "--json").json
    (finding,) = [item for item in result["findings"] if item["rule"] == "malformed-lines"]
    assert finding["count"] == len(lines) == 3
    assert result["datasets"][0]["rows"]["old"] == len(ragged(case / "v0-malformed.csv")) - 1 - len(lines)


def ragged(path: Path) -> list[int]:
    with path.open(newline="", encoding="utf-8") as stream:
        return [len(row) for row in csv.reader(stream)]


def test_a_byte_order_mark_is_no_part_of_a_name(repo: User) -> None:
    repo.write("t.csv", "\ufeff" + GOOD)
    repo.dsv("init", "t.csv", "-k", "id", "-l", "class")
    repo.dsv("commit", "-m", "with a mark")
    repo.dsv("migrate", "new", "rename_class", "from=a", "to=c")
    repo.dsv("migrate", "up")
    assert repo.read("t.csv") == "\ufeff" + GOOD.replace("1,a", "1,c")


def test_a_header_alone_is_a_dataset(repo: User) -> None:
    repo.write("t.csv", "id,class\n")
    repo.dsv("init", "t.csv", "-k", "id", "-l", "class")
    repo.dsv("commit", "-m", "empty")
    assert "rows: 0\n" in repo.read("t.csv.profile.yaml")


def test_a_key_that_is_not_unique_is_neither_declared_nor_adopted(repo: User) -> None:
    repo.write("t.csv", "id,class\n1,a\n1,b\n")
    assert "1 rows repeat" in refused(repo, "not unique", "init", "t.csv", "-k", "id")
    repo.write("t.csv", GOOD)
    repo.dsv("init", "t.csv", "-k", "id", "-l", "class")
    repo.write("t.csv", "id,class\n1,a\n1,b\n")
    repo.dsv("commit", "-m", "a key that repeats")
    assert "t.csv" in refused(repo, "not unique", "migrate", "new", "rename_class", "from=a", "to=c")


def test_unknown_names_when_declaring(repo: User) -> None:
    repo.write("t.csv", GOOD)
    for words in (["-k", "idd"], ["-l", "clas"], ["--split", "clas"]):
        assert "hint" in refused(repo, "there is no field", "init", "t.csv", *words)
    refused(repo, "no file", "init", "nothing.csv")
    refused(repo, "", "init", "t.csv", "--name", "Bad Name")
    (repo.folder.parent / "t.csv").write_text(GOOD)
    refused(repo, "outside", "init", "../t.csv")


def test_a_hand_edited_lock_stops_every_command_that_relies_on_it(applied: User) -> None:
    text = applied.read("migrations/signs/chain.lock")
    applied.write("migrations/signs/chain.lock", text.replace("rows: 5", "rows: 6"))
    for words in (
        ["up"],
        ["down", "m0000_base"],
        ["plan"],
        ["remove", "m0001"],
        ["new", "add_class", "key=tram"],
    ):
        assert "hint" in refused(applied, "chain.lock", "migrate", *words)
    told = applied.dsv("migrate", "status", code=3).out
    assert "x error signs: chain.lock" in told and "git checkout" in told
    refused(applied, "chain.lock", "commit", "-m", "x")
    applied.write("migrations/signs/chain.lock", "<<<<<<< ours\n" + text + "=======\n>>>>>>> theirs\n")
    refused(applied, "two branches", "migrate", "up", code=4)


def test_a_hand_edited_published_file_stays_whatever_is_run(applied: User) -> None:
    edited = applied.read("data/signs.csv").replace("bus", "coach")
    (applied.folder / "data/signs.csv").unlink()
    applied.write("data/signs.csv", edited)
    for words in (
        ["migrate", "up"],
        ["migrate", "down", "m0000_base"],
        ["migrate", "remove", "m0001"],
        ["commit", "-m", "x"],
    ):
        assert "edited by hand" in refused(applied, "data/signs.csv", *words)
    assert "edited by hand" in applied.dsv("status").out + applied.dsv("migrate", "status").out
    assert applied.read("data/signs.csv") == edited


@pytest.mark.parametrize(
    ("row", "named"),
    [("f.jpg,bike,train,high\n", "score"), ("f.jpg,zeppelin,train,0.1\n", "zeppelin"), ("a.jpg,bike,train,1\n", "key")],
)
def test_a_base_row_that_does_not_fit_names_its_line(bicycle: User, row: str, named: str) -> None:
    base = bicycle.folder / "data/signs.base.csv"
    text = base.read_text()
    base.unlink()
    base.write_text(text + row)
    err = refused(bicycle, named, "migrate", "up")
    assert "data/signs.base.csv" in err and (":7" in err or named == "key")
    assert "add_class" in err or named != "zeppelin"


def test_relabel_lists_every_row_that_does_not_match(signs: User) -> None:
    signs.write("fix.csv", "image,old,new\na.jpg,bus,car\nb.jpg,bike,bus\nc.jpg,bike,car\n")
    signs.dsv("migrate", "new", "relabel", "file=fix.csv")
    err = refused(signs, "a.jpg", "migrate", "up")
    assert "b.jpg" in err and "c.jpg" not in err


def test_data_that_is_nowhere_is_neither_adopted_nor_committed(signs: User) -> None:
    (signs.folder / "data/signs.csv").unlink()
    shutil.rmtree(signs.folder / ".dvc/cache")
    shutil.rmtree(signs.folder / ".dvc/tmp", ignore_errors=True)
    assert "dvc checkout" in refused(signs, "data/signs.csv", "migrate", "new", "add_class", "key=x")
    before = state(signs)
    assert "nothing to commit" in signs.dsv("commit", "-m", "x").out
    assert state(signs) == before


def test_status_of_a_broken_table_does_not_hide_the_others(signs: User) -> None:
    signs.write("data/good.csv", GOOD)
    signs.dsv("init", "data/good.csv", "-k", "id")
    content, named = BROKEN["ragged.csv"]
    (signs.folder / "data/signs.csv").unlink()
    (signs.folder / "data/signs.csv").write_bytes(content)
    before = state(signs)
    ran = signs.dsv("status", code=3)
    broken, _, good = ran.out.partition("\ngood  ")
    assert f"data/signs.csv{named}" in broken and "hint: " in broken and "clean" not in broken
    assert "not tracked yet" in good and "dsv commit -m MESSAGE good" in good
    assert ran.err == "" and state(signs) == before


def test_a_declared_field_that_went_is_named_when_committing(repo: User) -> None:
    """As in sp500, where Sector became GICS Sector: what is declared must be there."""
    for name in ("vE.csv", "vF.csv"):
        shutil.copy(CASES / "sp500-table" / name, repo.folder / "sp.csv")
        if name == "vE.csv":
            repo.dsv("init", "sp.csv", "-k", "Symbol", "-l", "Sector")
            repo.dsv("commit", "-m", "vE")
    said = refused(repo, "no field 'Sector'", "commit", "-m", "vF")
    assert "its label" in said and "'GICS Sector'" in said and "dvc.yaml" in said
    repo.write("dvc.yaml", repo.read("dvc.yaml").replace("label: Sector", "label: GICS Sector"))
    repo.dsv("commit", "-m", "vF")
    assert repo.clean()
