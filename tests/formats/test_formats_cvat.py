"""CVAT's XML: every kind of shape, tracks, labels; nothing dropped in silence; hostile and broken files."""

from __future__ import annotations

import gzip
import json

import pytest

from dsv.errors import FormatError
from dsv.formats.base import recognised
from dsv.model.snapshot import Snapshot
from tests.formats.conftest import Folders, values

META = """<version>1.1</version>
<meta><task><id>7</id><name>signs</name><labels>
<label><name>car</name><color>#f00</color><attributes><attribute><name>parked</name></attribute></attributes></label>
<label><name>road</name><color>#0f0</color><attributes></attributes><parent>x</parent></label>
</labels></task><dumped>2026-01-01</dumped></meta>
"""
IMAGE = '<image id="0" name="a/1.jpg" width="100" height="50" subset="train" task_id="7">\n{}\n</image>\n'
BOX = '<box label="car" source="manual" occluded="0" xtl="1.5" ytl="2" xbr="4.75" ybr="10" z_order="0"{}>{}</box>'


def document(*parts: str, meta: str = META) -> str:
    return f'<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n{meta}{"".join(parts)}</annotations>\n'


def shapes(*parts: str) -> str:
    return document(IMAGE.format("\n".join(parts)))


def test_a_box_with_attributes(folders: Folders) -> None:
    attributes = '<attribute name="parked">true</attribute><attribute name="colour">red</attribute>'
    found = folders.scan(shapes(BOX.format(' rotation="30" new="x"', attributes)), name="a.xml")
    (row,) = values(found.table)
    assert row == {
        "image": "a/1.jpg",
        "split": "train",
        "class": "car",
        "shape": "box",
        "bbox": [1.5, 2, 3.25, 8],
        "points": None,
        "rle": None,
        "track": None,
        "source": "manual",
        "occluded": "0",
        "outside": None,
        "keyframe": None,
        "z_order": "0",
        "group_id": None,
        "rotation": "30",
        "attributes": '{"colour":"red","parked":"true"}',
        "other": '{"@new":"x"}',
    }
    assert (found.labels, found.split, found.findings) == (("class",), "split", ())


@pytest.mark.parametrize(
    ("shape", "bbox", "points"),
    [
        ('<polygon label="car" points="1,2;5,2;3,8.5"/>', [1, 2, 4, 6.5], [1, 2, 5, 2, 3, 8.5]),
        ('<polyline label="car" points="1,2;5,4"/>', [1, 2, 4, 2], [1, 2, 5, 4]),
        ('<points label="car" points="3,4"/>', [3, 4, 0, 0], [3, 4]),
        ('<mask label="car" rle="1, 2" left="3" top="4" width="2" height="1"/>', [3, 4, 2, 1], None),
        ('<ellipse label="car" cx="5" cy="6" rx="1.5" ry="2"/>', [3.5, 4, 3, 4], None),
        ('<tag label="car"/>', [0, 0, 100, 50], None),
        (
            '<skeleton label="car"><points label="head" outside="0" points="1,2"/>'
            '<points label="tail" outside="1" points="3,7"/></skeleton>',
            [1, 2, 2, 5],
            [1, 2, 3, 7],
        ),
        ("<comment label='car'>x</comment>", None, None),
    ],
)
def test_kinds_of_shapes(folders: Folders, shape: str, bbox: list[float] | None, points: list[float] | None) -> None:
    (row,) = values(folders.scan(shapes(shape), name="a.xml").table)
    assert (row["bbox"], row["points"], row["shape"]) == (bbox, points, shape[1:].split(" ")[0])


def test_a_cuboid(folders: Folders) -> None:
    corners = [
        f"{axis}{corner}" for corner in ("tl1", "bl1", "tr1", "br1", "tl2", "bl2", "tr2", "br2") for axis in "xy"
    ]
    spelled = " ".join(f'{name}="{number}"' for number, name in enumerate(corners))
    (row,) = values(folders.scan(shapes(f'<cuboid label="car" {spelled}/>'), name="a.xml").table)
    assert row["points"] == list(range(16)) and row["bbox"] == [0, 1, 14, 14] and row["other"] is None


def test_parts_of_a_skeleton_are_kept(folders: Folders) -> None:
    text = shapes('<skeleton label="car"><points label="head" points="1,2"/></skeleton>')
    (row,) = values(folders.scan(text, name="a.xml").table)
    assert json.loads(row["other"]) == {"points": [{"@label": "head", "@points": "1,2"}]}


def test_tracks_give_a_row_a_frame(folders: Folders) -> None:
    boxes = "".join(
        f'<box frame="{frame}" keyframe="{key}" outside="0" occluded="0" xtl="{frame}" ytl="0" xbr="9" ybr="9"/>'
        for frame, key in [(0, 1), (5, 0)]
    )
    found = folders.scan(document(f'<track id="3" label="car" source="auto">{boxes}</track>'), name="a.xml")
    assert [
        (row["image"], row["track"], row["class"], row["source"], row["keyframe"], row["bbox"], row["other"])
        for row in values(found.table)
    ] == [
        ("frame_000000", "3", "car", "auto", "1", [0, 0, 9, 9], None),
        ("frame_000005", "3", "car", "auto", "0", [5, 0, 4, 9], None),
    ]


def test_images_labels_and_the_rest_are_tables(folders: Folders) -> None:
    empty = '<image id="1" name="b.jpg" width="1" height="1" extra="x"></image>'
    parts = folders.scan(document(IMAGE.format(BOX.format("", "")), empty), name="a.xml").parts
    assert [(row["image"], row["shapes"], row["other"]) for row in values(parts["images"].table)] == [
        ("a/1.jpg", 1, None),
        ("b.jpg", 0, '{"extra":"x"}'),
    ]
    assert [(row["name"], row["color"], row["other"]) for row in values(parts["labels"].table)] == [
        ("car", "#f00", None),
        ("road", "#0f0", '{"parent":"x"}'),
    ]
    assert {row["name"]: row["value"] for row in values(parts["meta"].table)} == {
        "version": "1.1",
        "meta.task.id": "7",
        "meta.task.name": "signs",
        "meta.dumped": "2026-01-01",
    }


def test_a_label_that_the_task_lacks_is_a_finding(folders: Folders) -> None:
    (finding,) = folders.scan(shapes('<tag label="bus"/>'), name="a.xml").findings
    assert finding.rule == "unknown-class" and "a.xml:9" in finding.message


def test_it_is_known_by_its_root_also_zipped(folders: Folders) -> None:
    plain = folders.write("plain.xml", shapes())
    zipped = folders.write("zipped.xml.gz", gzip.compress(shapes().encode()))
    assert [recognised(Snapshot(path=path, format="", shown_path=path.name)).format for path in (plain, zipped)] == [
        "cvat",
        "cvat",
    ]
    other = folders.write("other.xml", "<project/>")
    with pytest.raises(FormatError, match="no table of a known format"):
        recognised(Snapshot(path=other, format="", shown_path="other.xml"))


BROKEN = {
    '<box label="car" xtl="1" ytl="1" xbr="x" ybr="2"/>': "'x' is no number",
    '<box label="car" xtl="1" ytl="1" ybr="2"/>': "has no xbr",
    '<box xtl="1" ytl="1" xbr="2" ybr="2"/>': "has no label",
    '<polygon label="car" points="1,2;3"/>': "'3' is no point",
    '<polygon label="car" points=""/>': "is no point",
}


@pytest.mark.parametrize("shape", BROKEN)
def test_a_broken_shape_is_named_and_left_out_only_when_told(folders: Folders, shape: str) -> None:
    text = shapes(BOX.format("", ""), shape)
    with pytest.raises(FormatError, match=BROKEN[shape]) as caught:
        folders.scan(text, name="a.xml")
    assert caught.value.where == "a.xml:10"
    found = folders.scan(text, name="a.xml", skip_malformed=True)
    assert (found.malformed, found.first_malformed, found.table.count()) == (1, "a.xml:10", 1)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (document(meta="")[:-15], 3, "no well-formed XML"),
        ('<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]>\n<annotations>&e;</annotations>', 1, "entities"),
        (document('<image id="0"/>', meta=""), 3, "no name"),
        (document('<image name="a" width="w" height="1"/>', meta=""), 3, "'w' is no number"),
        (document('<track id="0" label="car"><box frame="x"/></track>', meta=""), 3, "no frame"),
    ],
)
def test_a_broken_file_is_named(folders: Folders, text: str, line: int, message: str) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        folders.scan(text, name="a.xml")
    assert caught.value.where == f"a.xml:{line}"


def test_order_of_images_and_shapes_says_nothing(folders: Folders) -> None:
    pictures = [
        IMAGE.format('<tag label="car"/>\n' + BOX.format("", "")),
        IMAGE.replace("a/1", "b/2").format(BOX.format("", "")),
    ]
    turned = [pictures[1], IMAGE.format(BOX.format("", "") + '\n<tag label="car"/>')]
    found = folders.diff(document(*pictures), document(*turned), suffix=".xml")
    assert (found.rows.old, found.rows.added, found.rows.removed, found.rows.changed) == (3, 0, 0, 0)
    assert all(part.rows.added == part.rows.removed == part.rows.changed == 0 for part in found.tables.values())
