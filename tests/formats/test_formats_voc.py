"""Pascal VOC folders: objects, splits from ImageSets or folders, nothing dropped in silence, hostile XML."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsv.errors import FormatError
from dsv.tables.duckdb import Engine
from tests.formats.conftest import Folders, values

PARTS = "<part><name>head</name><bndbox><xmin>1</xmin></bndbox></part>"


def thing(name: str = "cat", box: tuple[object, ...] | None = (10, 20, 40, 60), more: str = "") -> str:
    corners = zip(("xmin", "ymin", "xmax", "ymax"), box or (), strict=False)
    bndbox = f"<bndbox>{''.join(f'<{tag}>{value}</{tag}>' for tag, value in corners)}</bndbox>" if box else ""
    return f"<object><name>{name}</name>{bndbox}{more}</object>\n"


def annotation(*things: str, file: str = "1.jpg", head: str = "") -> str:
    size = "<size><width>100</width><height>80</height><depth>3</depth></size>"
    return f"{head}<annotation>\n<folder>x</folder><filename>{file}</filename>{size}\n{''.join(things)}</annotation>\n"


SMALL: dict[str, str | bytes] = {
    "Annotations/1.xml": annotation(
        thing(more="<pose>Left</pose><truncated>1</truncated><difficult>0</difficult>" + PARTS),
        thing("dog", ("1.5", "2.25", "3.75", "4")),
    ),
    "Annotations/2.xml": annotation(file="2.jpg"),
    "Annotations/3.xml": annotation(thing(), file="3.jpg"),
    "JPEGImages/1.jpg": "one",
    "JPEGImages/2.jpg": "two",
    "JPEGImages/3.jpg": "three",
    "ImageSets/Main/train.txt": "1\n2\n",
    "ImageSets/Main/val.txt": "3\n",
    "ImageSets/Main/trainval.txt": "1\n2\n3\n",
}


def test_rows_are_objects(folders: Folders) -> None:
    found = folders.scan(SMALL)
    first, second, third = values(found.table)
    assert (first["image"], first["split"], first["class"], first["bbox"]) == ("1", "train", "cat", [10, 20, 30, 40])
    assert (first["pose"], first["truncated"], first["difficult"], first["occluded"]) == ("Left", "1", "0", None)
    assert second["bbox"] == [1.5, 2.25, 2.25, 1.75]
    assert (third["image"], third["split"]) == ("3", "val")
    assert (found.labels, found.split, found.findings) == (("class",), "split", ())


def test_no_element_is_dropped(folders: Folders) -> None:
    files = {
        **SMALL,
        "Annotations/3.xml": annotation(
            thing("cat", None, '<robndbox><cx unit="px">5</cx></robndbox><name>second</name>'),
            "<source><database>VOC</database></source><source/>",
            file="3.jpg",
        ),
    }
    found = folders.scan(files)
    first, _, third = values(found.table)
    assert json.loads(first["other"]) == {"part": {"bndbox": {"xmin": "1"}, "name": "head"}}
    assert third["bbox"] is None
    assert json.loads(third["other"]) == {"name": "second", "robndbox": {"cx": {"@unit": "px", "#text": "5"}}}
    images = {row["image"]: row for row in values(found.parts["images"].table)}
    assert json.loads(images["3"]["other"]) == {"source": [{"database": "VOC"}, ""]}
    assert (images["2"]["objects"], images["2"]["annotated"]) == (0, True)
    assert [images["1"][name] for name in ("width", "height", "depth", "folder", "filename")] == [
        100,
        80,
        3,
        "x",
        "1.jpg",
    ]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("train/1.xml", ("train", "1")),
        ("annotations/a/1.xml", (None, "a/1")),
        ("VOC2007/Annotations/1.xml", (None, "VOC2007/1")),
        ("1.xml", (None, "1")),
    ],
)
def test_names_and_splits_without_image_sets(folders: Folders, path: str, expected: tuple[str | None, str]) -> None:
    (row,) = values(folders.scan({path: annotation(thing())}).table)
    assert (row["split"], row["image"]) == expected


def test_image_sets_belong_to_the_folder_that_they_are_in(folders: Folders) -> None:
    files = {f"VOC{year}/Annotations/1.xml": annotation(thing()) for year in (2007, 2012)}
    found = folders.scan({**files, "VOC2012/ImageSets/Main/val.txt": "1\n"})
    assert [(row["image"], row["split"]) for row in values(found.table)] == [("VOC2007/1", None), ("VOC2012/1", "val")]


@pytest.mark.parametrize(
    ("changed", "rule", "first"),
    [
        ({"Annotations/1.xml": annotation(thing(box=(40, 20, 10, 60)))}, "empty-boxes", "Annotations/1.xml:3"),
        ({"Annotations/1.xml": annotation(thing("a", (1, 1, 101, 9)))}, "outside-image", "Annotations/1.xml:3"),
        ({"Annotations/1.xml": annotation(thing(), thing())}, "duplicate-objects", "Annotations/1.xml:4"),
        ({"Annotations/1.xml": annotation(thing(), file="9.jpg")}, "other-filename", "Annotations/1.xml"),
        ({"Annotations/4.xml": annotation(thing(), file="4.jpg")}, "annotation-without-image", "Annotations/4.xml"),
        ({"ImageSets/Main/test.txt": "1\n"}, "several-splits", "(1: test, train)"),
        ({"ImageSets/Main/test.txt": "99\n"}, "split-missing", "(99)"),
        ({"ImageSets/Main/cat_train.txt": "1 -1\n"}, "other-files", "cat_train.txt"),
        ({"JPEGImages/1.png": "x"}, "images-of-one-name", "JPEGImages/1.png"),
    ],
)
def test_faults_are_findings(folders: Folders, changed: dict[str, str], rule: str, first: str) -> None:
    (finding,) = folders.scan({**SMALL, **changed}).findings
    assert (finding.rule, finding.count) == (rule, 1) and first in finding.message


ENTITY = '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]>\n'
LAUGHS = '<!DOCTYPE a [\n<!ENTITY a "ha">\n<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">\n]>\n'
BROKEN = {
    ENTITY + annotation(thing("&e;")): (1, "entities"),
    LAUGHS + annotation(thing("&b;")): (2, "entities"),
    '<!DOCTYPE a [\n<!ENTITY % x SYSTEM "http://127.0.0.1/x.dtd">\n%x;\n]>\n<annotation/>': (2, "entities"),
    annotation(thing("&e;")): (3, "no well-formed XML"),
    annotation(thing())[:-20]: (3, "no well-formed XML"),
    "": (1, "no well-formed XML"),
    "<annotation>\n<<<<<<< ours\n</annotation>": (2, "no well-formed XML"),
    "\n<other/>".lstrip(): (1, "the root is <other>"),
    annotation("\n<object><bndbox/></object>"): (4, "no name"),
    annotation(thing(" ")): (3, "no name"),
    annotation(thing(box=(1, 2, 3))): (3, "no ymax"),
    annotation(thing(box=(1, 2, "x", 4))): (3, "'x' is no number"),
    annotation(thing(box=(1, 2, "inf", 4))): (3, "'inf' is no number"),
    annotation().replace(">100<", ">wide<"): (2, "width of the picture: 'wide' is no number"),
    "<annotation>\n" + "<a>" * 60 + "</a>" * 60 + "</annotation>": (2, "too deep"),
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_or_hostile_file_is_named_and_left_out_only_when_told(folders: Folders, text: str) -> None:
    line, message = BROKEN[text]
    files = {**SMALL, "Annotations/2.xml": text}
    with pytest.raises(FormatError, match=message) as caught:
        folders.scan(files)
    assert caught.value.where == f"set/Annotations/2.xml:{line}"
    found = folders.scan(files, skip_malformed=True)
    assert (found.malformed, found.first_malformed) == (1, f"set/Annotations/2.xml:{line}")
    assert [row["image"] for row in values(found.table)] == ["1", "1", "3"]


def test_an_unknown_encoding_is_named(folders: Folders) -> None:
    text = '<?xml version="1.0" encoding="klingon"?>' + annotation(thing())
    with pytest.raises(FormatError) as caught:
        folders.scan({"Annotations/1.xml": text})
    assert str(caught.value.where).startswith("set/Annotations/1.xml")


def test_other_xml_is_not_claimed(folders: Folders) -> None:
    with pytest.raises(FormatError, match="no table of a known format"):
        folders.scan({"pom.xml": "<!-- <annotation> --><project></project>"})


THINGS = st.lists(
    st.tuples(st.sampled_from(["cat", "dog"]), st.tuples(*[st.integers(0, 9)] * 2, *[st.integers(10, 20)] * 2)),
    max_size=4,
)


@settings(max_examples=10, deadline=None)
@given(things=st.dictionaries(st.sampled_from(["1", "2", "a/3"]), THINGS, min_size=1), data=st.data())
def test_order_of_objects_and_files_says_nothing(
    things: dict[str, list[tuple[str, tuple[int, ...]]]], data: st.DataObject
) -> None:
    def spelled(shuffle: bool) -> dict[str, str | bytes]:
        order = (lambda items: data.draw(st.permutations(items))) if shuffle else list
        return {
            f"Annotations/{name}.xml": annotation(*[thing(*item) for item in order(items)], file=f"{name}.jpg")
            for name, items in things.items()
        }

    with tempfile.TemporaryDirectory() as root, Engine() as engine:
        made = Folders(Path(root), engine)
        old, new = spelled(False), spelled(True)
        found = made.diff(old, new)
        assert (found.rows.added, found.rows.removed, found.rows.changed) == (0, 0, 0)
        assert old == new or found.rows.old == sum(map(len, things.values()))
        tables = made.scan(old, "once").table, made.scan(new, "again", reverse=True).table
        kept = [Counter(str(row) for row in values(table)) for table in tables]
        assert kept[0] == kept[1]
