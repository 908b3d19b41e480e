"""Files in conflict, taken apart: chains from theirs, everything else merged as Git merges text."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dsv.documents import pipeline, yaml
from dsv.documents.resolve import (
    Versions,
    merged_parameters,
    resolved_lines,
    resolved_lock,
    resolved_parameters,
    resolved_pipeline,
)
from dsv.errors import ConflictError

Merge = Callable[[str, str, str], str | None]


@pytest.fixture
def merge(tmp_path: Path) -> Merge:
    def merged(base: str, ours: str, theirs: str) -> str | None:
        files = [tmp_path / name for name in ("ours", "base", "theirs")]
        for file, text in zip(files, (ours, base, theirs), strict=True):
            file.write_text(text)
        done = subprocess.run(["git", "merge-file", "-p", "-q", *map(str, files)], capture_output=True, check=False)
        return done.stdout.decode() if done.returncode == 0 else None

    return merged


def stage(name: str, *, user: str = "") -> str:
    return (
        f"  signs-{name}:\n    cmd: dsv migrate run signs {name}\n    outs:\n    - data/.versions/signs/{name}\n{user}"
    )


HEAD = "# ours\nstages:\n  signs:\n    cmd: dsv migrate publish signs {}\n    outs:\n    - data/signs.csv\n"
TRAIN = "  train:\n    cmd: python train.py{}\n    outs:\n    - model\n"
BASE = HEAD.format("m0001_one") + stage("m0001_one") + TRAIN.format("")
MINE = HEAD.format("m0002_mine") + stage("m0001_one") + TRAIN.format("") + stage("m0002_mine")
THEIRS = HEAD.format("m0002_theirs") + stage("m0001_one") + TRAIN.format(" --fast") + stage("m0002_theirs")


def test_the_chain_of_theirs_and_the_stages_of_both(merge: Merge) -> None:
    mine = MINE.replace("# ours", "# our pipeline") + "  evaluate:\n    cmd: python evaluate.py\n"
    text = resolved_pipeline(Versions(base=BASE, mine=mine, theirs=THEIRS, where="dvc.yaml"), ["signs"], merge)
    found = pipeline.stages(text)
    assert set(found) == {"signs", "signs-m0001_one", "train", "signs-m0002_theirs", "evaluate"}
    assert found["signs"]["cmd"] == "dsv migrate publish signs m0002_theirs"
    assert found["train"]["cmd"] == "python train.py --fast"
    assert text.startswith("# our pipeline\n")


def test_several_chains_in_one_file(merge: Merge) -> None:
    def both(text: str) -> str:
        return text + text.removeprefix("# ours\nstages:\n").replace("signs", "plates").replace(" train:", " fit:")

    versions = Versions(base=both(BASE), mine=both(MINE), theirs=both(THEIRS), where="dvc.yaml")
    found = pipeline.stages(resolved_pipeline(versions, ["signs", "plates"], merge))
    assert found == pipeline.stages(both(THEIRS))
    with pytest.raises(ConflictError):
        resolved_pipeline(versions, ["signs"], merge)


def test_a_stage_of_the_user_that_both_changed_is_refused(merge: Merge) -> None:
    mine = MINE.replace("train.py", "train.py --slow")
    with pytest.raises(ConflictError, match="more of dvc.yaml than the stages of signs") as raised:
        resolved_pipeline(Versions(base=BASE, mine=mine, theirs=THEIRS, where="dvc.yaml"), ["signs"], merge)
    assert "git add dvc.yaml" in str(raised.value.hint)


def test_parameters_of_theirs_and_what_else_both_set(merge: Merge) -> None:
    base = "seed: 1\nmigrations:\n  signs:\n    m0001_one:\n      least: 1\n  plates:\n    m0001_p:\n      a: 1\n"
    mine = base.replace("seed: 1", "seed: 2").replace("least: 1", "least: 1\n    m0002_mine:\n      most: 5")
    theirs = base.replace("least: 1", "least: 3\n    m0002_theirs:\n      top: 9") + "epochs: 3\n"
    versions = Versions(base=base, mine=mine, theirs=theirs, where="params.yaml")
    assert yaml.load(resolved_parameters(versions, ["signs"], merge), "params.yaml") == {
        "seed": 2,
        "migrations": {
            "signs": {"m0001_one": {"least": 3}, "m0002_theirs": {"top": 9}},
            "plates": {"m0001_p": {"a": 1}},
        },
        "epochs": 3,
    }
    alone = Versions(
        base="", mine="migrations:\n  signs:\n    m0002_mine:\n      a: 1\n", theirs="seed: 1\n", where="p"
    )
    assert resolved_parameters(alone, ["signs"], merge) == "seed: 1\n"


def test_one_migration_tuned_on_both_sides() -> None:
    assert merged_parameters({"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 1, "b": 3}, "p") == {"a": 2, "b": 3}
    assert merged_parameters({}, {"a": 2}, {"a": 2}, "p") == {"a": 2}
    with pytest.raises(ConflictError, match="both sides changed a: 2 and 3"):
        merged_parameters({"a": 1}, {"a": 2}, {"a": 3}, "p")


def lock(**stages: str) -> str:
    return yaml.dump(
        {"schema": "2.0", "stages": {name.replace("_", "-", 1): {"cmd": cmd} for name, cmd in stages.items()}}
    )


def test_what_both_ran_otherwise_is_left_out_to_run_again() -> None:
    base = lock(signs="1", signs_m0001_one="1", train="1", plot="1", lint="1")
    mine = lock(signs="2", signs_m0001_one="1", signs_m0002_mine="2", train="2", plot="2", lint="1")
    theirs = lock(signs="3", signs_m0001_one="1", signs_m0002_theirs="3", train="3", plot="1", lint="3")
    text, again = resolved_lock(Versions(base=base, mine=mine, theirs=theirs, where="dvc.lock"), ["signs"])
    found = {name: stage["cmd"] for name, stage in yaml.load(text, "dvc.lock")["stages"].items()}
    assert again == ("train",)
    assert found == {"signs": "3", "signs-m0001_one": "1", "signs-m0002_theirs": "3", "plot": "2", "lint": "3"}


def test_ignored_lines_of_both() -> None:
    versions = Versions(base="/a\n", mine="/a\n/mine\n", theirs="/a\n/theirs\n", where=".gitignore")
    assert resolved_lines(versions) == "/a\n/mine\n/theirs\n"
