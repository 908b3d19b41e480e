from __future__ import annotations

import pytest

from dsv.documents import pipeline
from dsv.documents.yaml import load
from dsv.errors import DocumentError

TEXT = """\
# mine
stages:
  prepare:
    cmd: python prepare.py
    deps: [raw.csv]
    outs:
    - data/base.csv:
        cache: false
  signs-m0001_a:   # dsv's
    cmd: dsv migrate run signs m0001_a
    deps: [data/base.csv]
    outs: [data/.versions/signs/m0001_a]
  signs:
    cmd: dsv migrate publish signs m0001_a
    deps:
    - data/.versions/signs/m0001_a
    outs: [data/signs.csv]
    metrics:
    - data/signs.csv.profile.yaml: {cache: false}
  train:
    wdir: models
    cmd: python train.py
    deps: [../data/signs.csv]
    outs: [model]
  folder:
    cmd: du data
    deps: [data]
    outs: [sizes]
  report:
    cmd: python report.py
    params:
    - data/signs.csv.profile.yaml: [rows]
    outs: [report.md]
  each:
    foreach: [a, b]
    do:
      cmd: echo ${item}
      deps:
      - models/model/${item}.bin
      outs:
      - out/${item}
  templated:
    cmd: x
    deps: ["${data.path}"]
  other:
    cmd: y
    deps: [data/signs.csv2]
"""


def test_stages() -> None:
    found = pipeline.stages(TEXT)
    assert list(found)[:3] == ["prepare", "signs-m0001_a", "signs"]
    assert pipeline.is_own_stage(found["signs-m0001_a"]) and not pipeline.is_own_stage(found["train"])
    assert pipeline.is_publish_stage(found["signs"]) and not pipeline.is_publish_stage(found["signs-m0001_a"])
    assert pipeline.stages("") == {}
    assert pipeline.outputs(found["signs"], "sub") == (
        "sub/data/signs.csv",
        "sub/data/signs.csv.profile.yaml",
    )
    assert pipeline.dependencies(found["train"]) == ("data/signs.csv",)


@pytest.mark.parametrize(
    ("text", "line"),
    [("stages: [1]", 1), ("stages:\n  a: 1", 2), ("stages:\n  a: {cmd: x}\n  a: {cmd: y}", 3), ("a: [", 1)],
)
def test_what_is_no_pipeline_names_the_line(text: str, line: int) -> None:
    with pytest.raises(DocumentError) as caught:
        pipeline.stages(text)
    assert caught.value.where == f"dvc.yaml:{line}"


def test_stages_are_replaced_in_place_and_new_ones_follow_in_order() -> None:
    new = {
        "signs": {"cmd": "dsv migrate publish signs m0002_b"},
        "signs-m0002_b": {"cmd": "dsv migrate run signs m0002_b"},
        "signs-m0003_c": {"cmd": "dsv migrate run signs m0003_c"},
    }
    edited = pipeline.set_stages(TEXT, new, remove=["signs-m0001_a", "nothing"])
    before = [name for name in pipeline.stages(TEXT) if name != "signs-m0001_a"]
    assert list(pipeline.stages(edited)) == [*before, "signs-m0002_b", "signs-m0003_c"]
    assert all(pipeline.stages(edited)[name] == stage for name, stage in new.items())
    kept = [line for line in TEXT.splitlines() if line in edited.splitlines()]
    assert kept[:8] == TEXT.splitlines()[:8]
    assert edited.startswith("# mine\nstages:\n  prepare:\n    cmd: python prepare.py\n    deps: [raw.csv]\n")


def test_taking_out_what_was_put_in_gives_the_bytes_back() -> None:
    for start in (TEXT, "# empty\n", ""):
        edited = pipeline.set_stages(start, {"a-m0001_x": {"cmd": "x", "outs": ["o"]}, "a": {"cmd": "y"}})
        assert pipeline.set_stages(edited, {}, remove=["a-m0001_x", "a"]) == start


def test_locked_stages_are_taken_out() -> None:
    text = "schema: '2.0'\nstages:\n  a:\n    cmd: x\n    outs:\n    - path: o\n      md5: 0\n  b:\n    cmd: y\n"
    assert pipeline.remove_locked(text, ["a", "c"]) == "schema: '2.0'\nstages:\n  b:\n    cmd: y\n"
    assert pipeline.remove_locked(text, ["a", "b"]) == "schema: '2.0'\n"


def test_downstream_follows_files_folders_and_templates() -> None:
    assert pipeline.downstream(TEXT, ["data/base.csv"]) == ("train", "folder", "report", "each")
    assert pipeline.downstream(TEXT, ["data/signs.csv"]) == ("train", "folder", "each")
    assert pipeline.downstream(TEXT, ["raw.csv"])[0] == "prepare"
    assert pipeline.downstream(TEXT, ["models/model"]) == ("each",)
    assert pipeline.downstream(TEXT, ["nowhere"]) == ()
    assert pipeline.downstream(TEXT, ["sub/data/signs.csv"], "sub/dvc.yaml") == ("train", "folder", "each")


PARAMS = "# tuned\ntrain: {lr: 1e-3}\nmigrations:\n  signs:\n    m0002_b:\n      threshold: 0.5   # low\n"


def test_parameters_are_set_read_and_removed() -> None:
    edited = pipeline.set_parameters(PARAMS, "signs", "m0002_b", {"threshold": 0.7, "word": "no"})
    assert edited == PARAMS.replace("0.5   # low", "0.7   # low") + "      word: 'no'\n"
    assert pipeline.parameters(edited, "signs", "m0002_b") == {"threshold": 0.7, "word": "no"}
    more = pipeline.set_parameters(edited, "signs", "m0003_c", {"x": 1})
    assert load(more, "f")["migrations"]["signs"]["m0003_c"] == {"x": 1}
    assert pipeline.remove_parameters(more, "signs", "m0003_c") == edited
    assert pipeline.remove_parameters(edited, "signs", "m0002_b") == "# tuned\ntrain: {lr: 1e-3}\n"
    assert pipeline.parameters("", "signs", "m0002_b") == {}


def test_parameters_that_are_no_mapping_are_refused() -> None:
    with pytest.raises(DocumentError, match=r"'migrations.signs' must be keys and values") as caught:
        pipeline.set_parameters("migrations:\n  signs: 3\n", "signs", "m0001_a", {"x": 1})
    assert caught.value.where == "params.yaml:2"
