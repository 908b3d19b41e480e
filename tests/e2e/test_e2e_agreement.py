"""What status and check say of one chain, as one thing after the other stops agreeing; and the way back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import dsv.renderers
from dsv.cli.main import main

User = Any
SCHEMAS = Path(dsv.renderers.__file__).parent / "schemas"
RENAME = "migrations/signs/m0001_rename_class_bike.yaml"
PRUNE = "migrations/signs/m0002_drop_rows.yaml"


class Desk:
    """A user at a desk: dsv runs in this process, to spare its start; DVC as it always does."""

    def __init__(self, user: User, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        self.user = user
        self._capfd = capfd
        monkeypatch.chdir(user.folder)

    def dsv(self, *words: str, code: int = 0) -> str:
        self._capfd.readouterr()
        found = main(words)
        out, err = self._capfd.readouterr()
        assert found == code, f"{words} ended with {found}, not {code}\n{out}\n{err}"
        return out + err

    def json(self, verb: str, *words: str, code: int = 0) -> Any:
        self._capfd.readouterr()
        found = main(["migrate", verb, "--json", *words])
        document = json.loads(self._capfd.readouterr().out)
        assert found == code, document
        schema = json.loads((SCHEMAS / f"dsv.migrate-{verb}.1.json").read_text())
        Draft202012Validator(schema).validate(document)
        return document

    def rules(self, verb: str, *words: str, code: int = 0) -> dict[str, Any]:
        document = self.json(verb, *words, code=code)
        return {item["rule"]: item for item in document["datasets"][0]["findings"]}


@pytest.fixture
def desk(signs: User, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Desk:
    """A committed chain: a rename, and rows that a parameter drops; both applied, the second pinned."""
    desk = Desk(signs, monkeypatch, capfd)
    desk.dsv("migrate", "new", "rename_class", "from=bike", "to=bicycle")
    desk.dsv("migrate", "new", "drop_rows", "where=score < ${least}", "--param", "least=0.55")
    desk.dsv("migrate", "plan", "--pin")
    desk.dsv("migrate", "up")
    desk.dsv("commit", "-m", "Bicycles; the unsure ones go")
    signs.git("tag", "v1")
    return desk


def test_a_chain_and_what_stops_agreeing(desk: Desk) -> None:
    user = desk.user
    pinned = user.read(PRUNE)
    assert "expect:\n  rows: 4\n" in pinned and "# What follows a # is for people" in pinned

    found = desk.json("check", "--ci")
    assert found["ok"] and found["datasets"][0]["findings"] == []
    assert "documents, chain.lock, dvc.yaml and dvc.lock agree" in desk.dsv("migrate", "check", "--ci")
    (state,) = desk.json("status")["datasets"]
    assert (state["head"], state["rows"], state["pending"]) == ("m0002_drop_rows", 4, [])
    assert [(item["migration"], item["rows"]) for item in state["migrations"]] == [
        ("m0001_rename_class_bike", 5),
        ("m0002_drop_rows", 4),
    ]

    # Who brought what, and what it did.
    commit = user.git("rev-parse", "HEAD")
    prune, rename = desk.json("log")["migrations"]
    assert (prune["migration"], rename["migration"]) == ("m0002_drop_rows", "m0001_rename_class_bike")
    assert prune["applied"]["counts"] == {"added": 0, "removed": 1, "changed": 0}
    assert rename["applied"]["counts"] == {"added": 0, "removed": 0, "changed": 2}
    assert rename["introduced"]["commit"] == commit and rename["introduced"]["author"] == "Test"
    assert [item["migration"] for item in desk.json("log", "-n", "1")["migrations"]] == ["m0002_drop_rows"]
    shown = desk.json("show", "m0002")
    assert shown["parameters"] == {"least": 0.55} and shown["text"] == pinned
    assert shown["applied"]["digest"] == shown["step"]["digest"] and shown["step"]["rows"]["quarantined"] == 1
    words = desk.dsv("migrate", "show", "m0001")
    assert "explains: 0 rows added, 0 removed, cells: 2 of class" in words and commit[:7] in words

    # Something is pending.
    desk.dsv("migrate", "new", "add_class", "key=tram")
    assert desk.json("check", code=1)["datasets"][0]["pending"] == ["m0003_add_class_tram"]
    assert desk.json("status")["datasets"][0]["pending"] == ["m0003_add_class_tram"]

    # Two heads; a predecessor that is not there.
    third = user.folder / "migrations/signs/m0003_add_class_tram.yaml"
    text = third.read_text()
    third.write_text(text.replace("after: m0002_drop_rows", "after: m0001_rename_class_bike"))
    line = 1 + text.splitlines().index("after: m0002_drop_rows")
    two = desk.rules("check", code=4)["chain-conflict"]
    assert two["message"] == "two heads: m0002_drop_rows and m0003_add_class_tram both follow m0001_rename_class_bike"
    assert f"m0003_add_class_tram.yaml:{line}" in two["where"] and "m0002_drop_rows.yaml:" in two["where"]
    assert "dsv migrate rebase" in two["next"][0]
    assert "two heads" in desk.dsv("migrate", "status", code=4)
    third.write_text(text.replace("after: m0002_drop_rows", "after: m0002_drop_row"))
    gap = desk.rules("check", code=4)["chain-conflict"]
    assert gap["where"].endswith(f"m0003_add_class_tram.yaml:{line}")
    assert "m0002_drop_row, which is not there" in gap["message"] and "m0002_drop_rows" in gap["next"][0]
    third.unlink()

    # A document that was applied is edited: refused with two ways out, one of which is taken.
    rename = user.read(RENAME)
    user.write(RENAME, rename.replace("bicycle", "velo"))
    edited = desk.rules("check", code=1)["edited-migration"]
    assert edited["where"] == RENAME and edited["next"][0] == f"git checkout -- {RENAME}"
    assert "m0000_base && dsv migrate up" in edited["next"][1]
    assert "edited after it was applied" in desk.dsv("migrate", "up", code=3)
    user.write(RENAME, rename)

    # A stage that is not as the chain writes it; a declaration that says something else.
    pipeline = user.read("dvc.yaml")
    user.write("dvc.yaml", pipeline.replace("migrate run signs m0002", "migrate run  signs m0002"))
    line = 1 + pipeline.splitlines().index("  signs-m0002_drop_rows:")
    stage = desk.rules("check", code=1)["stages-differ"]
    assert stage["where"] == f"dvc.yaml:{line}" and stage["message"].endswith("as the chain writes it: cmd")
    user.write("dvc.yaml", pipeline.replace("desc: ", "desc: really "))
    assert desk.rules("check")["stages-differ"]["level"] == "warning"
    assert "stages-differ" in desk.rules("check", "--ci", code=1)
    user.write("dvc.yaml", pipeline.replace("split: split", "split: score"))
    declared = desk.rules("status")["declaration-differs"]
    assert "declares split score, and the chain has split" in declared["message"]
    user.write("dvc.yaml", pipeline)

    # A parameter that was not run yet.
    values = user.read("params.yaml")
    user.write("params.yaml", values.replace("0.55", "0.65"))
    assert "migrations.signs.m0002_drop_rows" in desk.rules("check", code=1)["inputs-changed"]["message"]
    user.write("params.yaml", values)

    # A hand edit of the published file, and one of a version.
    rows = user.read("data/signs.csv")
    (user.folder / "data/signs.csv").unlink()
    user.write("data/signs.csv", rows.replace("bus", "coach"))
    hand = desk.rules("status")["hand-edited"]
    assert hand["where"] == "data/signs.csv" and "dvc checkout --force" in hand["next"][0]
    (user.folder / "data/signs.csv").unlink()
    user.write("data/signs.csv", rows)
    (user.folder / "data/.versions/signs/m0001_rename_class_bike/extra").write_text("x")
    version = desk.rules("check", code=1)["version-edited"]
    assert "m0001_rename_class_bike" in version["message"]
    (user.folder / "data/.versions/signs/m0001_rename_class_bike/extra").unlink()


@pytest.mark.slow
def test_a_chain_that_is_run_again_on_other_documents_and_other_rows(desk: Desk) -> None:
    user = desk.user
    rename = user.read(RENAME)
    user.write(RENAME, rename.replace("bicycle", "velo"))
    desk.dsv("migrate", "down", "m0000_base")
    desk.dsv("migrate", "up")
    assert "velo" in desk.user.read("data/signs.csv")
    # The lock agrees again, but others have the old meaning, under a tag.
    published = desk.rules("check", code=1)["published-migration"]
    assert published["where"] == RENAME and "(v1)" in published["message"]
    assert desk.rules("check", "--against", "v1", code=1).keys() == {"published-migration"}
    user.git("checkout", "-q", "--", ".")
    user.dvc("checkout", "-q", "--force")
    assert not desk.rules("check", "--ci")

    # New rows of the base that DVC ran: newer than the lock, and no mistake; the pin is outdated, and told.
    base = user.folder / "data/signs.base.csv"
    content = base.read_text()
    base.unlink()
    base.write_text(content + "f.jpg,bike,train,0.95\n")
    assert "data/signs.base.csv" in desk.rules("check", code=1)["inputs-changed"]["message"]
    user.dvc("repro", "-q")
    newer = desk.rules("check", "--ci")["results-newer"]
    assert newer["level"] == "info" and "dvc repro" in newer["message"] and newer["next"][0] == "dsv migrate up"
    desk.dsv("migrate", "down", "m0001")
    outdated = desk.rules("check", "--ci", code=1)["pin-outdated"]
    assert outdated["message"].startswith("m0001_rename_class_bike has 6 rows and was pinned to 5")
    # What it did to other rows is not known to be what it did to these.
    assert [item["applied"] and item["applied"]["counts"] for item in desk.json("log")["migrations"]] == [None, None]
    before = user.read("dvc.yaml"), user.read("dvc.lock"), user.read("data/signs.csv")
    broken = desk.dsv("migrate", "up", code=3)
    assert "would not come to what was pinned" in broken and "rows: pinned 4, would be 5" in broken
    assert (user.read("dvc.yaml"), user.read("dvc.lock"), user.read("data/signs.csv")) == before
    assert "rows: pinned 4, would be 5 (pin-differs)" in desk.dsv("migrate", "plan")
    desk.dsv("migrate", "plan", "--pin")
    assert "comes to what is pinned" in desk.dsv("migrate", "plan")
