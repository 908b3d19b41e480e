"""Folders of pictures: classes and splits from folders, content from hashes, metadata joined."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsv.errors import FormatError
from dsv.formats.base import scan
from dsv.formats.imagefolder import split_folders
from tests.formats.conftest import Folders, values

SMALL: dict[str, str | bytes] = {
    "train/cat/1.jpg": "a cat",
    "train/dog/1.jpg": "a dog",
    "test/cat/far/2.PNG": "another cat",
}


def test_rows_are_files_with_their_class_and_split(folders: Folders) -> None:
    found = folders.scan(SMALL)
    assert values(found.table) == [
        {"file": path, "class": kind, "split": split, "md5": hashlib.md5(str(SMALL[path]).encode()).hexdigest()}
        for path, kind, split in [
            ("test/cat/far/2.PNG", "cat", "test"),
            ("train/cat/1.jpg", "cat", "train"),
            ("train/dog/1.jpg", "dog", "train"),
        ]
    ]
    assert (found.labels, found.split, found.findings) == (("class",), "split", ())


def test_no_picture_is_opened(folders: Folders) -> None:
    found = folders.snapshot("set", SMALL)

    def refuse() -> Path:
        raise AssertionError("a picture was opened")

    closed = tuple(replace(item, open=refuse) for item in found.members or ())
    assert scan(folders.engine, replace(found, members=closed)).table.count() == 3


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["train/1.jpg", "val/2.jpg"], {"train", "val"}),
        (["test/1.jpg", "control/1.jpg"], set()),
        (["train/cat/1.jpg", "extra/1.jpg"], {"train"}),
        (["Train/cat/1.jpg", "valid/cat/1.jpg", "1.jpg"], {"Train", "valid"}),
        (["cat/1.jpg", "cat/train/2.jpg"], set()),
    ],
)
def test_a_split_is_told_from_a_class_of_that_name(paths: list[str], expected: set[str]) -> None:
    assert split_folders(paths) == expected


@given(st.permutations(["train/cat/1.jpg", "extra/1.jpg", "test/1.jpg", "1.jpg"]))
def test_the_order_of_files_says_nothing(paths: list[str]) -> None:
    assert split_folders(paths) == {"train"}


def test_metadata_are_fields(folders: Folders) -> None:
    files = {
        **SMALL,
        "train/metadata.csv": "file_name,age,note\n./cat/1.jpg,3,x\ndog\\1.jpg,,y\n",
        "test/metadata.jsonl": json.dumps({"file_name": "cat/far/2.PNG", "age": 4.5, "box": {"w": [1]}}) + "\n",
    }
    found = folders.scan(files)
    assert found.findings == ()
    assert [(row["file"], row["age"], row["note"], row["box"]) for row in values(found.table)] == [
        ("test/cat/far/2.PNG", 4.5, None, {"w": [1]}),
        ("train/cat/1.jpg", 3, "x", None),
        ("train/dog/1.jpg", None, "y", None),
    ]


def test_a_field_of_several_types_is_text_as_it_is_spelled(folders: Folders) -> None:
    files = {
        **SMALL,
        "train/metadata.csv": "file_name,code\ncat/1.jpg,1.50\ndog/1.jpg,2\n",
        "test/metadata.csv": "file_name,code\ncat/far/2.PNG,x7\n",
    }
    assert [row["code"] for row in values(folders.scan(files).table)] == ["x7", "1.50", "2"]


def test_the_class_may_be_in_the_metadata(folders: Folders) -> None:
    files = {"1.jpg": "x", "2.jpg": "y", "metadata.csv": "file_name,class,label\n1.jpg,cat,a\n2.jpg,dog,b\n"}
    found = folders.scan(files)
    assert [row["class"] for row in values(found.table)] == ["cat", "dog"]
    assert found.labels == ("class", "label")


def test_without_classes_there_is_no_label(folders: Folders) -> None:
    assert folders.scan({"1.jpg": "x"}).labels == ()


@pytest.mark.parametrize(
    ("changed", "where", "message"),
    [
        ({"metadata.csv": "name,age\nx,1\n"}, "metadata.csv", "no field 'file_name'"),
        ({"metadata.csv": "file_name,Class\ntrain/cat/1.jpg,x\n"}, "metadata.csv", "field 'class'"),
        ({"metadata.csv": "file_name,a\ntrain/cat/1.jpg,1\ntrain/cat/1.jpg,2\n"}, "metadata.csv", "twice"),
        ({"metadata.csv": "file_name,a\nx,1,2\n"}, "metadata.csv:2", ""),
        ({"test/metadata.jsonl": "{}\n[1]\n"}, "test/metadata.jsonl:2", ""),
    ],
)
def test_broken_metadata_are_named(folders: Folders, changed: dict[str, str], where: str, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        folders.scan({**SMALL, **changed})
    assert caught.value.where == f"set/{where}" and message in caught.value.message


@pytest.mark.parametrize(
    ("changed", "rules"),
    [
        ({"train/notes.txt": "x"}, {"other-files": "set/train/notes.txt"}),
        (
            {"metadata.csv": "file_name,a\ntrain/cat/1.jpg,1\ntrain/cat/9.jpg,2\n"},
            {"metadata-without-image": "(train/cat/9.jpg)", "image-without-metadata": "test/cat/far/2.PNG"},
        ),
    ],
)
def test_faults_are_findings(folders: Folders, changed: dict[str, str], rules: dict[str, str]) -> None:
    found = {item.rule: item.message for item in folders.scan({**SMALL, **changed}).findings}
    assert found.keys() == rules.keys()
    assert all(first in found[rule] for rule, first in rules.items())


def test_an_empty_folder_is_no_table(folders: Folders) -> None:
    with pytest.raises(FormatError, match="no pictures"):
        folders.scan({"a.txt": "x"}, given="imagefolder")
