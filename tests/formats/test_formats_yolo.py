"""YOLO folders: shapes, classes by name, splits however they are written, and what is wrong with them."""

from __future__ import annotations

import tempfile
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsv.errors import FormatError
from dsv.formats.base import Publication, publish
from dsv.tables.duckdb import Engine
from tests.formats.conftest import Folders, values

CONFIG = "train: images/train\nval: images/val\nnames: [bike, car]\n"
SMALL: dict[str, str | bytes] = {
    "data.yaml": CONFIG,
    "images/train/1.jpg": "one",
    "images/train/2.png": "two",
    "images/val/3.jpg": "three",
    "labels/train/1.txt": "0 0.5 0.5 0.2 0.2\n1 0.25 0.75 0.5 0.5\n",
    "labels/val/3.txt": "1 0.1 0.2 0.3 0.2 0.3 0.6\n",
}


def test_rows_are_shapes_and_classes_go_by_name(folders: Folders) -> None:
    found = folders.scan(SMALL)
    assert [(row["image"], row["split"], row["class"], row["bbox"], row["polygon"]) for row in values(found.table)] == [
        ("1", "train", "bike", [0.4, 0.4, 0.2, 0.2], None),
        ("1", "train", "car", [0.0, 0.5, 0.5, 0.5], None),
        ("3", "val", "car", pytest.approx([0.1, 0.2, 0.2, 0.4]), [0.1, 0.2, 0.3, 0.2, 0.3, 0.6]),
    ]
    assert (found.labels, found.split, found.findings) == (("class",), "split", ())


def test_images_without_shapes_are_background(folders: Folders) -> None:
    images = {row["image"]: row for row in values(folders.scan(SMALL).parts["images"].table)}
    assert {name: (row["labels"], row["shapes"]) for name, row in images.items()} == {
        "1": (True, 2),
        "2": (False, 0),
        "3": (True, 1),
    }
    assert images["2"]["file"] == "images/train/2.png"


def test_another_picture_under_the_same_name_is_seen(folders: Folders) -> None:
    found = folders.diff(SMALL, {**SMALL, "images/train/2.png": "other bytes"})
    assert found.status == "modified"
    assert found.rows.changed == found.rows.added == found.rows.removed == 0
    assert found.tables["images"].changed_cells == {"md5": 1}


@pytest.mark.parametrize(
    "names", ["names: {1: car, 0: bike}", "names:\n  - bike\n  - car\n", "nc: 2\nnames:\n  0: bike\n  1: car\n"]
)
def test_names_are_a_list_or_a_mapping(folders: Folders, names: str) -> None:
    found = folders.scan({**SMALL, "data.yaml": f"train: images/train\nval: images/val\n{names}\n"})
    assert [row["class"] for row in values(found.table)] == ["bike", "car", "car"]
    assert found.findings == ()
    assert values(found.parts["classes"].table) == [{"name": "bike", "index": 0}, {"name": "car", "index": 1}]


def test_classes_may_stand_in_a_text_file(folders: Folders) -> None:
    files = {path: text for path, text in SMALL.items() if path != "data.yaml"}
    found = folders.scan({**files, "classes.txt": "bike\ncar\n"})
    assert [(row["split"], row["class"]) for row in values(found.table)][::2] == [("train", "bike"), ("val", "car")]


@pytest.mark.parametrize(
    ("config", "image", "labels", "expected"),
    [
        ("train: ../train/images", "train/images/a/1.jpg", "train/labels/a/1.txt", ("train", "a/1")),
        ("path: /data/signs\ntest: images/x", "images/x/1.jpg", "labels/x/1.txt", ("test", "1")),
        ("path: signs\nval: signs/images", "images/1.jpg", "labels/1.txt", ("val", "1")),
        ("train: [images/a, images/b]", "images/b/1.jpg", "labels/b/1.txt", ("train", "1")),
        ("val: ./val.txt", "images/any/1.jpg", "labels/any/1.txt", ("val", "any/1")),
        ("train: data", "data/1.jpg", "data/1.txt", ("train", "1")),
        ("download: no", "valid/images/1.jpg", "valid/labels/1.txt", ("valid", "1")),
        ("train: .", "images/1.jpg", "labels/1.txt", ("train", "1")),
    ],
)
def test_splits_as_exporters_write_them(
    folders: Folders, config: str, image: str, labels: str, expected: tuple[str | None, str]
) -> None:
    files = {
        "data.yaml": f"{config}\nnames: [bike]\n",
        image: "picture",
        labels: "0 0.5 0.5 1 1\n",
        "val.txt": "/elsewhere/images/any/1.jpg\n",
    }
    (row,) = values(folders.scan(files, given="yolo").table)
    assert (row["split"], row["image"]) == expected


def test_key_points(folders: Folders) -> None:
    config = CONFIG + "kpt_shape: [2, 3]\n"
    line = "0 0.5 0.5 0.2 0.2 0.4 0.4 2 0.6 0.6 0\n"
    found = folders.scan({**SMALL, "data.yaml": config, "labels/train/1.txt": line, "labels/val/3.txt": ""})
    (row,) = values(found.table)
    assert row["keypoints"] == [0.4, 0.4, 2, 0.6, 0.6, 0] and row["polygon"] is None
    assert found.findings == ()


BROKEN = {
    "0 0.5 0.5 0.2 0.2\n0 0.5 0.5 0.2\n": (2, "5 columns|has 4 columns"),
    "0 0.5 0.5 0.2 0.2 0.9\n": (1, "has 6 columns"),
    "\n7 0.5 0.5 0.2 0.2\n": (2, "no class 7"),
    "-1 0.5 0.5 0.2 0.2\n": (1, "no class -1"),
    "0.5 0.5 0.5 0.2 0.2\n": (1, "no class 0.5"),
    "0 0.5 0.5 nan 0.2\n": (1, "'nan' is no number"),
    "0 0.5 0.5 1_0 0.2\n": (1, "'1_0' is no number"),
    "bike 0.5 0.5 0.1 0.2\n": (1, "'bike' is no number"),
    "<<<<<<< ours\n": (1, "'<<<<<<<' is no number"),
    "0 0.5 0.5 0.1 0.2\n0,0.5\n": (2, "'0,0.5' is no number"),
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_line_is_named_and_left_out_only_when_told(folders: Folders, text: str) -> None:
    line, message = BROKEN[text]
    files = {**SMALL, "labels/train/1.txt": text}
    with pytest.raises(FormatError, match=message) as caught:
        folders.scan(files)
    assert caught.value.where == f"set/labels/train/1.txt:{line}"
    found = folders.scan(files, skip_malformed=True)
    assert (found.malformed, found.first_malformed) == (1, f"set/labels/train/1.txt:{line}")
    assert found.table.count() == 1 + len([row for row in text.splitlines() if row]) - 1


@pytest.mark.parametrize(
    ("config", "where", "message"),
    [
        ("train: images\n", ":1", "names is no list"),
        ("a: 1\nnames: {x: bike}\n", ":2", "'x' is no whole number"),
        ("names: [bike, [car]]\n", ":1", "class 1 is no text"),
        ("names: [bike, '']\n", ":1", "class 1 has no name"),
        ("names: [bike\n", ":", "YAML"),
        ("names: [bike]\nkpt_shape: 3\n", ":2", "kpt_shape"),
        ("names: [bike]\ntrain: {a: 1}\n", ":2", "train is no path"),
    ],
)
def test_a_broken_config_is_named(folders: Folders, config: str, where: str, message: str) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        folders.scan({**SMALL, "data.yaml": config}, given="yolo")
    assert str(caught.value.where).startswith("set/data.yaml" + where)


def test_without_names_there_are_no_classes(folders: Folders) -> None:
    files = {path: text for path, text in SMALL.items() if path != "data.yaml"}
    with pytest.raises(FormatError, match=r"no data\.yaml") as caught:
        folders.scan(files, given="yolo")
    assert caught.value.where == "set" and "names" in str(caught.value.hint)


def test_two_files_of_names_are_refused(folders: Folders) -> None:
    files = {**SMALL, "a.yaml": CONFIG, "b.yaml": CONFIG}
    del files["data.yaml"]
    with pytest.raises(FormatError, match=r"a\.yaml, b\.yaml"):
        folders.scan(files)


@pytest.mark.parametrize(
    ("changed", "rule", "first"),
    [
        ({"labels/train/1.txt": "0 0.5 0.5 0.2 1.5\n"}, "outside-image", "labels/train/1.txt:1"),
        ({"labels/train/1.txt": "0 0.5 0.5 0.2 0.2\n1 0 0 1 1\n0 0.5 0.5  0.2 0.2\n"}, "duplicate-lines", "1.txt:3"),
        ({"labels/train/8.txt": "0 0.5 0.5 0.2 0.2\n"}, "labels-without-image", "labels/train/8.txt"),
        ({"images/train/1.png": "x"}, "labels-shared", "images/train/1.png"),
        ({"data.yaml": CONFIG + "test: images/test\n"}, "split-missing", "test: images/test"),
        ({"data.yaml": CONFIG + "test: images/val\n"}, "several-splits", "labels/val/3 (val, test)"),
        ({"data.yaml": CONFIG + "nc: 3\n"}, "class-count", "data.yaml:4"),
        ({"data.yaml": CONFIG.replace("[bike, car]", "[bike, car, bike]")}, "class-named-twice", "'bike'"),
        ({"notes.json": "{}"}, "other-files", "notes.json"),
    ],
)
def test_faults_are_findings(folders: Folders, changed: dict[str, str], rule: str, first: str) -> None:
    (finding,) = folders.scan({**SMALL, **changed}).findings
    assert finding.rule == rule and finding.count == 1
    assert first in finding.message and "1, first set/" in finding.message


def test_all_duplicates_are_rows(folders: Folders) -> None:
    assert folders.scan({**SMALL, "labels/train/1.txt": "0 0.5 0.5 0.2 0.2\n" * 3}).table.count() == 4


def test_labels_alone_are_a_dataset(folders: Folders) -> None:
    files = {path: text for path, text in SMALL.items() if not path.startswith("images/")}
    found = folders.scan(files)
    assert found.findings == ()
    assert [row["split"] for row in values(found.table)] == ["train", "train", "val"]


def test_a_name_in_two_splits_is_two_pictures(folders: Folders) -> None:
    found = folders.scan({**SMALL, "images/val/1.jpg": "another"})
    assert found.parts["images"].key == ("split", "image")


LINES = st.tuples(st.integers(0, 2), *[st.sampled_from(["0.1", "0.25", "0.5", "1e-1"])] * 4)
SETS = st.dictionaries(st.sampled_from(["train/a", "train/b", "val/c"]), st.lists(LINES, max_size=4), min_size=1)


def spelled(labels: dict[str, list[tuple[int, str, str, str, str]]], names: list[str]) -> dict[str, str | bytes]:
    order = {name: index for index, name in enumerate(names)}
    known = ["bike", "car", "tram"]
    files: dict[str, str | bytes] = {
        "data.yaml": f"train: images/train\nval: images/val\nnames: [{', '.join(names)}]\n"
    }
    for place, lines in labels.items():
        rows = [" ".join([str(order[known[index]]), *rest]) for index, *rest in lines]
        files[f"labels/{place}.txt"] = "".join(f"{row}\n" for row in rows)
    return files


@settings(max_examples=15, deadline=None)
@given(labels=SETS, names=st.permutations(["bike", "car", "tram"]), data=st.data())
def test_class_indices_line_order_and_file_order_say_nothing(
    labels: dict[str, list[tuple[int, str, str, str, str]]], names: list[str], data: st.DataObject
) -> None:
    shuffled = {place: data.draw(st.permutations(lines)) for place, lines in labels.items()}
    with tempfile.TemporaryDirectory() as root, Engine() as engine:
        made = Folders(Path(root), engine)
        old, new = spelled(labels, ["bike", "car", "tram"]), spelled(shuffled, names)
        found = made.diff(old, new)
        assert (found.rows.added, found.rows.removed, found.rows.changed) == (0, 0, 0)
        assert old == new or found.rows.old == sum(map(len, labels.values()))
        tables = made.scan(old, "once").table, made.scan(new, "again", reverse=True).table
        kept = [Counter(str(row) for row in values(table)) for table in tables]
        assert kept[0] == kept[1]


@settings(max_examples=200, deadline=None)
@given(
    *[st.decimals(0, 1, places=places, allow_nan=False).map(str) for places in (6, 17)],
    st.sampled_from(["0.2", "1e-3", ".5", "1"]),
)
def test_a_corner_is_the_nearest_double_of_the_exact_one(short: str, long: str, size: str) -> None:
    from dsv.formats._annotations.yolo_labels import _corner

    for centre in (short, long):
        exact = Decimal(centre) - Decimal(size) / 2
        assert _corner(centre.encode(), size.encode()) == float(exact)


def test_dsv_says_that_it_cannot_write_it(folders: Folders, tmp_path: Path) -> None:
    base = folders.snapshot("set", SMALL)
    final = folders.scan(SMALL).table
    with pytest.raises(FormatError, match="cannot write yolo yet"), (tmp_path / "out").open("wb") as out:
        publish(Publication(base=base, final=final, key=()), out)
