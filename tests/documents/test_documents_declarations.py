from __future__ import annotations

from dataclasses import replace

import pytest

from dsv.documents.declarations import datasets, declare, set_path
from dsv.errors import DocumentError
from dsv.model.dataset import Dataset, Media

TEXT = """\
# ours
artifacts:
  model:
    path: model.pkl
    type: model
  plain:
    path: x.csv
    type: dataset   # no dsv
  signs:
    path: data/signs.csv
    type: dataset
    desc: Street signs
    meta: {dsv: {key: [image, part], label: class, split: split, media: {field: image, root: data/images}}}
  words:
    path: ../words.csv   # beside
    type: dataset
    meta:
      dsv:
        key: id
        label: [a, b]
        pii: mail
        header: false
        unlabelled: none
        versions: local
stages:
  signs:
    cmd: dsv migrate publish signs m0001_x
"""
SIGNS = Dataset(
    name="signs",
    path="sub/data/signs.csv",
    declared_in="sub/dvc.yaml",
    description="Street signs",
    key=("image", "part"),
    labels=("class",),
    split="split",
    media=Media(field="image", root="sub/data/images"),
)
WORDS = Dataset(
    name="words",
    path="words.csv",
    declared_in="sub/dvc.yaml",
    key=("id",),
    labels=("a", "b"),
    pii=("mail",),
    header=False,
    unlabelled="none",
    versions="local",
)


def test_datasets_in_order_with_repository_paths() -> None:
    assert datasets(TEXT, "sub/dvc.yaml") == (SIGNS, WORDS)
    assert datasets("", "dvc.yaml") == datasets("stages: {}", "dvc.yaml") == ()


def test_an_empty_declaration_is_one() -> None:
    text = "artifacts:\n  a:\n    path: a.csv\n    type: dataset\n    meta:\n      dsv:\n"
    assert datasets(text, "dvc.yaml") == (Dataset(name="a", path="a.csv"),)


def declaration(meta: str, name: str = "a", path: str = "a.csv", more: str = "") -> str:
    head = f"artifacts:\n  {name}:\n    path: {path}\n    type: dataset\n"
    return f"{head}    meta:\n      dsv:\n        {meta}\n{more}"


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"),
    [
        (declaration("kye: id"), 7, "unknown key 'kye' in 'artifacts.a.meta.dsv'", "did you mean 'key'?"),
        (
            declaration("key: 3"),
            7,
            "'artifacts.a.meta.dsv.key' must be text or a list, not an integer (3)",
            None,
        ),
        (declaration("header: 'no'"), 7, "must be true or false, not text (no)", None),
        (declaration("media: {field: a}"), 7, "the key 'root' is missing", None),
        (declaration("media: {field: a, root: ../x}"), 7, "the path leaves the repository: '../x'", None),
        (declaration("versions: here"), 7, "must be local, not text", None),
        (declaration("key: id", name="Signs"), 2, "'Signs' cannot be a dataset's name", "use 1 to 40"),
        (declaration("key: id", name="a_b"), 2, "cannot be a dataset's name", None),
        (declaration("key: id", name="a" * 41), 2, "cannot be a dataset's name", None),
        (declaration("key: id", path="../../etc/passwd"), 3, "leaves the repository", None),
        (declaration("key: id", path="/etc/passwd"), 3, "leaves the repository", None),
        (declaration("key: id", path="3"), 3, "'artifacts.a.path' must be text", "put it in quotes"),
        (
            declaration("key: id", more="stages:\n  a: {cmd: train}\n"),
            2,
            "a stage has the dataset's name 'a'",
            None,
        ),
        (
            declaration("key: id", more="stages:\n  a: {cmd: dsv migrate run a m0001_x}\n"),
            2,
            "a stage has",
            None,
        ),
        ("artifacts:\n  a: {type: dataset, meta: {dsv: {key: id}}}", 2, "the key 'path' is missing", None),
        ("x: 1\nartifacts: [1]", 2, "'artifacts' must be keys and values", None),
    ],
)
def test_wrong_declarations_name_the_line(text: str, line: int, message: str, hint: str | None) -> None:
    with pytest.raises(DocumentError) as caught:
        datasets(text, "dvc.yaml")
    expected = message.replace("must be local", "must be one of local")
    assert expected in caught.value.message
    assert caught.value.where == f"dvc.yaml:{line}"
    assert hint is None or (caught.value.hint or "").startswith(hint)


def test_all_declarations_are_checked_at_once() -> None:
    text = declaration("kye: id", name="B") + "  c: {path: ../x, type: dataset, meta: {dsv: {split: 1}}}\n"
    with pytest.raises(DocumentError, match="4 problems in dvc.yaml"):
        datasets(text, "dvc.yaml")


@pytest.mark.parametrize("start", ["", "# mine\nstages:\n    train:\n        cmd: x   # run\n\n# end\n", TEXT])
@pytest.mark.parametrize("dataset", [SIGNS, WORDS])
def test_a_declared_dataset_is_read_back_and_nothing_else_moves(start: str, dataset: Dataset) -> None:
    dataset = replace(dataset, name=f"new-{dataset.name}")
    edited = declare(start, dataset)
    assert datasets(edited, "sub/dvc.yaml")[-1] == dataset
    lines = iter(edited.splitlines())
    assert all(line in lines for line in start.splitlines())


def test_a_name_is_declared_once() -> None:
    with pytest.raises(DocumentError, match="declared already") as caught:
        declare(TEXT, SIGNS)
    assert caught.value.where == "sub/dvc.yaml:9"
    with pytest.raises(DocumentError, match="a stage has"):
        declare("stages:\n  signs: {cmd: x}\n", SIGNS)


def test_the_path_alone_is_changed() -> None:
    edited = set_path(TEXT, "words", "sub/out/words.csv", "sub/dvc.yaml")
    assert edited == TEXT.replace("path: ../words.csv   # beside", "path: out/words.csv   # beside")
    with pytest.raises(DocumentError, match="no dataset 'plain'"):
        set_path(TEXT, "plain", "x", "sub/dvc.yaml")
