"""Bad input: one clear message, the right exit code, nothing half-written."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

User = Any
Once = Any
GOOD = "id,class\n1,a\n2,b\n"


def test_no_repository(user: User) -> None:
    for words in (["diff"], ["log"], ["status"], ["commit", "-m", "x"], ["init", "t.csv"]):
        assert "repository" in user.dsv(*words, code=3).err


def test_git_without_dvc(repo: User) -> None:
    repo.write("t.csv", GOOD)
    repo.git("add", "t.csv")
    repo.git("commit", "-q", "-m", "t")
    repo.write("t.csv", GOOD + "3,c\n")
    assert repo.dsv("diff", "--json", "-k", "id").json["datasets"][0]["rows"]["added"] == 1
    repo.dsv("log")
    for words in (["commit", "-m", "x"], ["migrate", "new", "add_class", "key=c"]):
        assert "dsv init" in repo.dsv(*words, code=3).err


@pytest.mark.parametrize("name", ["nope", "--upload-pack=stolen", "-x", "HEAD~99", "a b\nc"])
def test_unknown_revisions(signs: User, name: str) -> None:
    ran = signs.dsv("diff", name, code=None)
    assert ran.code in (2, 3) and ran.err.startswith("error:")
    assert not (signs.folder / "stolen").exists()


def test_unknown_names_have_a_neighbour(signs: User) -> None:
    assert "signs" in signs.dsv("diff", "--", "sings", code=3).err.split("hint")[1]
    assert "image" in signs.dsv("diff", "-k", "imgae", code=3).err.split("hint")[1]
    assert "class" in signs.dsv("diff", "-l", "clas", code=3).err.split("hint")[1]
    signs.git("tag", "release-1")
    assert "release-1" in signs.dsv("diff", "relase-1", code=3).err.split("hint")[1]


BROKEN = {
    "ragged": (b"id,class\n1,a\n2,b,c\n3\n", "line"),
    "nul": (b"id,class\n1,a\0\n", ":2"),
    "encoding": (b"id,class\n1,caf\xe9\n", ":2"),
    "duplicate header": (b"id,id\n1,a\n", "id"),
    "empty": (b"", "empty"),
    "merge markers": (b"id,class\n<<<<<<< ours\n1,a\n=======\n1,b\n>>>>>>> theirs\n", ":2"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_csv(user: User, kind: str) -> None:
    content, named = BROKEN[kind]
    user.write("good.csv", GOOD)
    (user.folder / "bad.csv").write_bytes(content)
    ran = user.dsv("diff", "good.csv", "bad.csv", code=3)
    assert "bad.csv" in ran.err and named in ran.err
    assert "no changes" not in ran.out


def test_malformed_lines_are_skipped_only_when_told(user: User) -> None:
    user.write("good.csv", GOOD)
    user.write("bad.csv", "id,class\n1,a\n2,b,c\n3,x\n")
    assert "--skip-malformed" in user.dsv("diff", "good.csv", "bad.csv", code=3).err
    result = user.dsv("diff", "good.csv", "bad.csv", "-k", "id", "--skip-malformed", "--json").json
    assert result["datasets"][0]["rows"]["new"] == 2
    assert [item["count"] for item in result["findings"] if item["level"] == "warning"] == [1]


@pytest.mark.parametrize("name", ["t.csv.gz", "t.parquet", "t.jsonl"])
def test_truncated_files(user: User, name: str) -> None:
    user.write("good.csv", GOOD)
    content = {
        "t.csv.gz": gzip.compress(GOOD.encode() * 50)[:-10],
        "t.parquet": b"PAR1 this is not one",
        "t.jsonl": b'{"id": 1, "class": "a"}\n{"id": 2, "cla',
    }[name]
    (user.folder / name).write_bytes(content)
    assert name in user.dsv("diff", "good.csv", name, code=3).err


def test_header_only_is_a_table_without_rows(user: User) -> None:
    user.write("good.csv", GOOD)
    user.write("none.csv", "id,class\n")
    rows = user.dsv("diff", "good.csv", "none.csv", "-k", "id", "--json").json["datasets"][0]["rows"]
    assert (rows["old"], rows["new"], rows["removed"]) == (2, 0, 2)


def test_a_key_that_is_not_unique_is_counted(user: User) -> None:
    user.write("a.csv", "id,class\n1,a\n1,b\n2,c\n")
    user.write("b.csv", "id,class\n1,a\n1,x\n2,c\n")
    found = user.dsv("diff", "a.csv", "b.csv", "-k", "id", "--json").json["datasets"][0]
    assert found["duplicate_keys"] == {"old": 2, "new": 2}
    assert (found["rows"]["added"], found["rows"]["removed"], found["rows"]["changed"]) == (1, 1, 0)


@pytest.mark.parametrize(
    "text",
    [
        "artifacts:\n  signs: [\n",
        "<<<<<<< ours\nartifacts: {}\n=======\n>>>>>>> theirs\n",
        "artifacts: {}\nartifacts: {}\n",
    ],
)
def test_a_broken_dvc_yaml(signs: User, text: str) -> None:
    signs.write("dvc.yaml", text)
    for words in (["diff"], ["status"], ["commit", "-m", "x"], ["migrate", "new", "add_class", "key=x"]):
        ran = signs.dsv(*words, code=3)
        assert "dvc.yaml" in ran.err
    assert signs.read("dvc.yaml") == text


MIGRATION = "dsv: 1\nid: m0002_more\nafter: {after}\ntitle: More\noperations:\n{operations}"


@pytest.mark.parametrize(
    ("operations", "named"),
    [
        ("- op: rename_clas\n  from: bike\n  to: x\n", "rename_class"),
        ("- op: rename_class\n  form: bike\n  to: x\n", "form"),
        ("- op: rename_class\n  from: [bike]\n  to: x\n", "from"),
        ("- op: rename_class\n  from: bikke\n  to: x\n", "bikke"),
        ("- op: rename_class\n  from: bike\n  from: bus\n  to: x\n", "from"),
    ],
)
def test_a_wrong_migration_document(signs: User, once: Once, operations: str, named: str) -> None:
    once(signs, "tram-pending", lambda: signs.dsv("migrate", "new", "add_class", "key=tram"))
    after = next(path.stem for path in (signs.folder / "migrations/signs").glob("m0001*"))
    signs.write("migrations/signs/m0002_more.yaml", MIGRATION.format(after=after, operations=operations))
    before = signs.git("status", "--porcelain"), signs.read("dvc.yaml")
    for words in (["migrate", "plan"], ["migrate", "up"]):
        assert named in signs.dsv(*words, code=3).err
    assert (signs.git("status", "--porcelain"), signs.read("dvc.yaml")) == before


def test_a_hand_edited_lock(applied: User) -> None:
    text = applied.read("migrations/signs/chain.lock")
    assert "head: m0001" in text
    applied.write("migrations/signs/chain.lock", text.replace("head: m0001", "head: m0009"))
    assert "chain.lock" in applied.dsv("migrate", "up", code=3).err


def test_what_is_asked_for_and_not_there_is_never_no_change(signs: User) -> None:
    signs.write("data/signs.csv", signs.read("data/signs.csv").replace("bus", "coach"))
    assert "'class'" in signs.dsv("diff", "--field", "clas", code=3).err
    assert "nope" in signs.dsv("diff", "--", "signs:nope", code=3).err
    one = signs.dsv("diff", "--field", "score", "--json").json["datasets"][0]
    assert one["rows"]["changed"] == 0
    one = signs.dsv("diff", "--field", "class", "--json").json["datasets"][0]
    assert one["rows"]["changed"] == 1


def test_a_declared_dataset_without_data_is_told(signs: User) -> None:
    signs.write(
        "dvc.yaml",
        signs.read("dvc.yaml") + "  lost:\n    path: lost.csv\n    type: dataset\n    meta: {dsv: {key: [id]}}\n",
    )
    ran = signs.dsv("diff", "--json", code=3)
    assert ran.json["complete"] is False
    assert [item["dataset"] for item in ran.json["findings"]] == ["lost"]
    assert [item["status"] for item in ran.json["datasets"]] == ["unchanged"]
    assert "lost" in signs.dsv("diff", "--", "lost", code=3).err
