"""What is one thing in annotation formats: a shape that was relabelled, moved a little, or moved to another split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from dsv.model.diff import DatasetDiff
from tests.formats.conftest import Folders
from tests.formats.test_formats_voc import annotation, thing

Files = Mapping[str, str | bytes]


def counts(found: DatasetDiff) -> tuple[int | None, ...]:
    return found.rows.added, found.rows.removed, found.rows.changed


def transitions(found: DatasetDiff) -> dict[tuple[Any, Any], int]:
    return {(item.source, item.target): item.rows for item in found.labels[0].transitions}


def yolo(**lines: str) -> Files:
    """Labels by place, `train_1` for `labels/train/1.txt`."""
    config = "train: images/train\nval: images/val\nnames: [bike, car, bus]\n"
    return {"data.yaml": config, **{f"labels/{place.replace('_', '/')}.txt": text for place, text in lines.items()}}


def voc(**objects: str) -> Files:
    return {f"Annotations/{place.replace('_', '/')}.xml": annotation(text) for place, text in objects.items()}


def cvat(**shapes: str) -> str:
    images = "".join(
        f'<image id="{number}" name="{place[-1]}" subset="{place[:-2]}" width="100" height="80">{text}</image>'
        for number, (place, text) in enumerate(shapes.items())
    )
    return f"<annotations><version>1.1</version>{images}</annotations>"


def yolo_shape(name: str, box: tuple[int, int, int, int]) -> str:
    x, y, width, height = (side / 100 for side in box)
    return f"{['bike', 'car', 'bus'].index(name)} {x + width / 2:.6f} {y + height / 2:.6f} {width} {height}\n"


def voc_shape(name: str, box: tuple[int, int, int, int]) -> str:
    x, y, width, height = box
    return thing(name, (x, y, x + width, y + height))


def cvat_shape(name: str, box: tuple[int, int, int, int]) -> str:
    x, y, width, height = box
    return f'<box label="{name}" xtl="{x}" ytl="{y}" xbr="{x + width}" ybr="{y + height}"/>'


MAKERS = {"yolo": (yolo, yolo_shape, ""), "voc": (voc, voc_shape, ""), "cvat": (cvat, cvat_shape, ".xml")}
HERE, NEAR, FAR = (10, 10, 20, 20), (11, 10, 20, 20), (60, 50, 20, 20)


@pytest.mark.parametrize("form", MAKERS)
def test_relabelled_moved_added_and_removed(folders: Folders, form: str) -> None:
    table, shape, suffix = MAKERS[form]
    old = table(train_1=shape("bike", HERE) + shape("car", FAR), train_2=shape("car", HERE), val_3=shape("bus", FAR))
    new = table(train_1=shape("car", FAR) + shape("car", HERE), train_2=shape("car", NEAR), val_3=shape("bus", HERE))
    found = folders.diff(old, new, suffix)
    assert counts(found) == (1, 1, 2)
    assert transitions(found) == {("bike", "car"): 1}
    assert found.changed_cells["bbox"] == 1 and found.changed_cells["class"] == 1


@pytest.mark.parametrize("form", MAKERS)
def test_moved_and_relabelled_at_once(folders: Folders, form: str) -> None:
    table, shape, suffix = MAKERS[form]
    found = folders.diff(table(train_1=shape("bike", HERE)), table(train_1=shape("bus", NEAR)), suffix)
    assert counts(found) == (0, 0, 1) and transitions(found) == {("bike", "bus"): 1}


@pytest.mark.parametrize("form", MAKERS)
def test_a_picture_that_changes_its_split_takes_its_shapes_along(folders: Folders, form: str) -> None:
    table, shape, suffix = MAKERS[form]
    shapes = shape("bike", HERE) + shape("car", FAR)
    found = folders.diff(table(train_1=shapes, val_2=shapes), table(val_1=shapes, val_2=shapes), suffix)
    assert counts(found) == (0, 0, 2) and found.changed_cells == {"split": 2}
    assert [(move.source, move.target, move.rows) for move in found.split_moves] == [("train", "val", 2)]


def test_the_same_name_in_two_splits_is_two_pictures(folders: Folders) -> None:
    line = yolo_shape("bike", HERE)
    found = folders.diff(yolo(train_1=line, val_1=line), yolo(train_1=line, val_1=yolo_shape("car", HERE)))
    assert counts(found) == (0, 0, 1) and found.changed_cells == {"class": 1}


def test_a_polygon_that_was_drawn_anew_is_one_shape(folders: Folders) -> None:
    old, new = "0 0.1 0.1 0.5 0.1 0.5 0.5\n", "0 0.1 0.1 0.5 0.1 0.5 0.5 0.3 0.5\n"
    found = folders.diff(yolo(train_1=old), yolo(train_1=new))
    assert counts(found) == (0, 0, 1) and found.changed_cells == {"polygon": 1}


def test_flags_of_an_object(folders: Folders) -> None:
    old, new = (voc(a=thing(more=f"<difficult>{flag}</difficult>")) for flag in "01")
    found = folders.diff(old, new)
    assert counts(found) == (0, 0, 1) and found.changed_cells == {"difficult": 1}


def test_tags_and_tracks_of_cvat(folders: Folders) -> None:
    def tracks(first: int, tag: str) -> str:
        boxes = [f'<box frame="{n}" xtl="{n}" ytl="0" xbr="{n + 9}" ybr="9"/>' for n in range(3)]
        both = [
            f'<track id="{first + n}" label="{name}">{"".join(boxes)}</track>' for n, name in enumerate(["car", "bus"])
        ]
        shown = f'<image id="{first}" name="x" width="9" height="9"><tag label="{tag}"/></image>'
        return f"<annotations>{shown}{''.join(reversed(both) if first else both)}</annotations>"

    found = folders.diff(tracks(0, "sunny"), tracks(7, "rainy"), ".xml")
    assert counts(found) == (0, 0, 1) and transitions(found) == {("sunny", "rainy"): 1}


def pictures(**places: str) -> Files:
    """Content by place, `train_cat_1` for `train/cat/1.jpg`."""
    return {f"{place.replace('_', '/')}.jpg": content for place, content in places.items()}


def test_a_picture_is_its_content(folders: Folders) -> None:
    old = pictures(train_cat_1="A", train_cat_2="B", train_dog_1="C", test_dog_2="D", train_dog_3="E", test_cat_9="X")
    new = pictures(train_dog_7="A", train_cat_1="B", train_dog_1="C2", train_dog_2="D", train_dog_3="E", test_cat_8="Y")
    found = folders.diff(old, new)
    # A: cat -> dog; B: another name; C: another content; D: test -> train; E: untouched; X removed, Y added.
    assert counts(found) == (1, 1, 4)
    assert found.changed_cells == {"file": 3, "class": 1, "split": 1, "md5": 1}
    assert transitions(found) == {("cat", "dog"): 1}
    assert [(move.source, move.target, move.rows) for move in found.split_moves] == [("test", "train", 1)]


def test_pictures_of_equal_content_stay_where_they_are(folders: Folders) -> None:
    old = pictures(train_cat_1="A", train_dog_1="A", test_dog_1="A")
    found = folders.diff(old, {**old, **pictures(train_dog_2="A")})
    assert counts(found) == (1, 0, 0)


def test_metadata_of_a_picture_change(folders: Folders) -> None:
    files = pictures(train_cat_1="A", train_cat_2="B")
    old, new = (
        {**files, "metadata.csv": f"file_name,age\ntrain/cat/1.jpg,{age}\ntrain/cat/2.jpg,5\n"} for age in (3, 4)
    )
    found = folders.diff(old, new)
    assert counts(found) == (0, 0, 1) and found.changed_cells == {"age": 1}
