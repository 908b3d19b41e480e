"""A chain in DVC's hands: what reruns, the run cache, experiments, clones, and versions that stay here."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from dsv.cli.main import main

User = Any
PRUNE = "m0004_prune"
LEAST = f"migrations.signs.{PRUNE}.least"
STAGES = ("m0001_rename_class_bike", "m0002_add_class_tram", "m0003_add_field_note", PRUNE)
PROFILE = "data/signs.csv.profile.yaml"


def reran(output: str) -> list[str]:
    """The stages that `dvc repro` says it ran."""
    begins = "Running stage '"
    return [line.removeprefix(begins).rstrip("':") for line in output.splitlines() if line.startswith(begins)]


@pytest.mark.slow
def test_a_chain_lives_in_dvc(
    signs: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def dsv(*words: str, code: int = 0, folder: Path = signs.folder) -> str:
        monkeypatch.chdir(folder)
        capfd.readouterr()
        found = main(words)
        out, err = capfd.readouterr()
        assert found == code, f"{words} ended with {found}\n{out}\n{err}"
        return out

    def finding(rule: str, folder: Path = signs.folder) -> Any:
        (chain,) = json.loads(dsv("migrate", "status", "--json", folder=folder))["datasets"]
        (found,) = [item for item in chain["findings"] if item["rule"] == rule]
        return found

    def rows() -> int:
        return len(signs.read("data/signs.csv").splitlines()) - 1

    dsv("migrate", "new", "rename_class", "from=bike", "to=bicycle", "--title", "Bikes; $(boom) are 'bicycles'")
    dsv("migrate", "new", "add_class", "key=tram")
    dsv("migrate", "new", "add_field", "name=note", "type=string")
    dsv("migrate", "new", "drop_rows", "where=score < ${least}", "--param", "least=0.55", "--id", "prune")
    dsv("migrate", "up")
    dsv("commit", "-m", "Four migrations")
    signs.git("tag", "v1")
    assert rows() == 4

    # The pipeline tells the story: a stable command, the title, the effect.
    pipeline = signs.read("dvc.yaml")
    assert "desc: Bikes; $(boom) are 'bicycles'" in pipeline and "cmd: dsv migrate run signs m0001_" in pipeline
    assert "meta:\n      dsv:\n        effect: breaking\n        schema: rename\n" in pipeline
    assert "        effect: additive\n        class_head: grow\n" in pipeline
    changed = json.loads(signs.dvc("metrics", "diff", "v1~1", "--json"))[PROFILE]
    assert changed["labels.class.bicycle"] == {"old": None, "new": 2} and changed["rows"]["new"] == 4

    # Another value of the fourth reruns it and what follows; the old value comes from the run cache.
    lock = signs.read("dvc.lock")
    values = signs.read("params.yaml")
    signs.write("params.yaml", values.replace("0.55", "0.65"))
    assert reran(signs.dvc("repro")) == [f"signs-{PRUNE}", "signs"] and rows() == 3
    signs.write("params.yaml", values)
    again = signs.dvc("repro")
    assert reran(again) == [] and again.count("is cached - skipping run") == 2
    assert signs.read("dvc.lock") == lock and signs.clean()

    # Experiments sweep the parameter, here and in a folder of their own; an applied one is explained, and kept.
    signs.dvc("exp", "run", "-q", "-n", "here", "-S", f"{LEAST}=0.75")
    assert rows() == 2
    newer = finding("results-newer")
    assert PRUNE in newer["message"] and f"{PRUNE}.least is 0.75 (HEAD: 0.55)" in newer["message"]
    signs.git("checkout", "-q", "HEAD", "--", ".")
    signs.dvc("checkout", "-q", "--force")
    assert signs.clean()
    signs.dvc("exp", "run", "-q", "--temp", "-n", "apart", "-S", f"{LEAST}=0.85")
    assert signs.clean() and rows() == 4
    counted = signs.dvc("metrics", "diff", "HEAD", "apart", "--json")
    assert json.loads(counted)[PROFILE]["rows"] == {"old": 4, "new": 1, "diff": -3}
    signs.dvc("exp", "apply", "apart")
    applied = finding("results-newer")
    assert "as the experiment apart left them (dvc exp apply)" in applied["message"] and rows() == 1
    assert applied["next"][0] == "dsv migrate up" and "git checkout HEAD -- params.yaml" in applied["next"][2]
    dsv("migrate", "check", "--ci")
    dsv("migrate", "up")
    dsv("commit", "-m", "Keep the experiment")
    assert signs.clean() and "results-newer" not in dsv("migrate", "status")

    # A fresh clone: checked without data, clean after a pull.
    store = tmp_path / "store"
    signs.dvc("remote", "add", "-q", "--default", "store", str(store))
    signs.git("commit", "-qam", "A remote")
    signs.dvc("push", "-q")
    clone = type(signs)(tmp_path / "clone")
    signs.git("clone", "-q", f"file://{signs.folder}", str(clone.folder))
    dsv("migrate", "check", "--ci", folder=clone.folder)
    assert finding("versions-elsewhere", clone.folder)["next"][0] == "dvc pull"
    clone.dvc("pull", "-q")
    assert clone.clean()

    # Versions that stay here: the remote has none, and DVC does without them.
    signs.write(
        "dvc.yaml", pipeline.replace("        split: split\n", "        split: split\n        versions: local\n")
    )
    dsv("migrate", "up")
    dsv("commit", "-m", "Versions stay here")
    shutil.rmtree(store)
    signs.dvc("push", "-q")
    assert not list(store.rglob("*.dir"))
    bare = type(signs)(tmp_path / "bare")
    signs.git("clone", "-q", f"file://{signs.folder}", str(bare.folder))
    assert bare.run("dvc", "pull", "-q", code=None).code == 1
    bare.dvc("pull", "-q", "--allow-missing")
    assert bare.read("data/signs.csv") == signs.read("data/signs.csv")
    assert reran(bare.dvc("repro", "--allow-missing")) == [] and bare.git("status", "--porcelain") == ""
    assert not list((bare.folder / "data").rglob("*.parquet"))
    dsv("migrate", "check", "--ci", folder=bare.folder)
    assert finding("versions-elsewhere", bare.folder)["next"] == ["where they are needed: dvc repro"]
    assert [item for item in STAGES if item not in finding("versions-elsewhere", bare.folder)["message"]] == []
