"""A real COCO history through the whole diff: every number is derived here once more in plain Python."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from dsv.api.diff import DiffOptions, compare
from dsv.model.diff import DatasetDiff, DiffResult
from dsv.renderers import json as json_renderer
from dsv.renderers import text
from dsv.views.diff import build

CASE = Path(__file__).parent.parent / "cases" / "taco-coco"
SCHEMA = json.loads((Path(json_renderer.__file__).parent / "schemas" / "dsv.diff.1.json").read_text())


class Version:
    """A version of the case: annotations by what tells them apart, with their class by name."""

    def __init__(self, name: str) -> None:
        self.document = json.loads(gzip.decompress((CASE / name).read_bytes()))
        self.classes = {item["id"]: item["name"] for item in self.document["categories"]}
        self.images = {item["id"]: item["file_name"] for item in self.document["images"]}
        self.annotations: dict[tuple[str, str], dict[str, Any]] = {}
        for item in self.document["annotations"]:
            key = self.images[item["image_id"]], json.dumps(item["segmentation"])
            assert key not in self.annotations
            self.annotations[key] = item

    def label(self, key: tuple[str, str]) -> str:
        return self.classes[self.annotations[key]["category_id"]]

    def counts(self) -> Counter[str]:
        return Counter(self.label(key) for key in self.annotations)

    def content(self, key: tuple[str, str]) -> tuple[Any, ...]:
        """All of an annotation but its ids."""
        item = self.annotations[key]
        return self.label(key), item["bbox"], item["area"], item["iscrowd"]


class Expected:
    """What plain Python finds between two versions: rows pair by image and shape, then by the class and area."""

    def __init__(self, old: str, new: str) -> None:
        self.old, self.new = Version(old), Version(new)
        self.common = self.old.annotations.keys() & self.new.annotations.keys()
        self.relabelled = Counter(
            (self.old.label(key), self.new.label(key))
            for key in self.common
            if self.old.label(key) != self.new.label(key)
        )
        self.unchanged = [key for key in self.common if self.old.content(key) == self.new.content(key)]
        self.only_old = [key for key in self.old.annotations if key not in self.common]
        self.only_new = [key for key in self.new.annotations if key not in self.common]
        places = [(key[0], self.new.label(key), self.new.annotations[key]["area"]) for key in self.only_new]
        self.redrawn = 0
        for key in self.only_old:
            place = (key[0], self.old.label(key), self.old.annotations[key]["area"])
            self.redrawn += place in places

    def rows(self) -> tuple[int, int, int]:
        """Rows added, removed, unchanged, if only shapes of one class and area pair otherwise."""
        return (
            len(self.only_new) - self.redrawn,
            len(self.only_old) - self.redrawn,
            len(self.unchanged),
        )


@pytest.fixture
def a_to_b() -> Iterator[DiffResult]:
    with compare(CASE, ["vA.json.gz", "vB.json.gz"], None, DiffOptions()) as comparison:
        yield comparison.result


@pytest.fixture
def b_to_c() -> Iterator[DiffResult]:
    with compare(CASE, ["vB.json.gz", "vC.json.gz"], None, DiffOptions()) as comparison:
        yield comparison.result


def only(result: DiffResult) -> DatasetDiff:
    assert result.complete
    (found,) = result.datasets
    return found


def test_a_merge_of_classes_under_ids_dealt_afresh(a_to_b: DiffResult) -> None:
    diff, expected = only(a_to_b), Expected("vA.json.gz", "vB.json.gz")
    assert (diff.rows.added, diff.rows.removed, diff.rows.unchanged) == expected.rows()
    assert diff.rows.changed == expected.relabelled.total() + expected.redrawn
    assert {(item.source, item.target): item.rows for item in diff.labels[0].transitions or ()} == expected.relabelled
    assert diff.changed_cells == {
        "category": expected.relabelled.total(),
        "bbox": expected.redrawn,
        "segmentation": expected.redrawn,
    }
    # As SOURCE.md tells the whole history.
    assert (expected.relabelled.total(), expected.redrawn, len(expected.only_old) - expected.redrawn) == (8, 4, 0)


def test_only_the_classes_that_moved_have_other_counts(a_to_b: DiffResult) -> None:
    diff, expected = only(a_to_b), Expected("vA.json.gz", "vB.json.gz")
    old, new = expected.old.counts(), expected.new.counts()
    assert {item.name: (item.old, item.new) for item in diff.labels[0].classes} == {
        name: (old[name], new[name]) for name in old.keys() | new.keys()
    }
    assert diff.labels[0].field == "category"
    assert {(item.operation, item.sources, item.targets) for item in diff.labels[0].inferred or ()} == {
        ("merge_classes", ("Bread bag", "Cereal bag", "Produce bag"), ("Plastic Film",)),
        ("merge_classes", ("Retort pouch",), ("Other plastic wrapper",)),
    }


def test_another_id_is_no_change_and_is_counted(a_to_b: DiffResult) -> None:
    expected = Expected("vA.json.gz", "vB.json.gz")
    moved = sum(
        expected.old.annotations[key]["id"] != expected.new.annotations[key]["id"] for key in expected.unchanged
    )
    classes = [{name: number for number, name in side.classes.items()} for side in (expected.old, expected.new)]
    categories = sum(classes[0][name] != classes[1][name] for name in classes[0].keys() & classes[1].keys())
    found = [item.count for item in a_to_b.findings if item.rule == "renumbered"]
    assert moved > 0
    assert found == [moved, categories]
    assert "id" not in (only(a_to_b).changed_cells or {})


def test_the_other_lists_are_compared_too(a_to_b: DiffResult) -> None:
    diff, expected = only(a_to_b), Expected("vA.json.gz", "vB.json.gz")
    assert set(diff.tables) == {"info", "images", "scene_annotations", "categories", "scene_categories"}
    names = [set(side.classes.values()) for side in (expected.old, expected.new)]
    categories = diff.tables["categories"]
    assert (categories.rows.added, categories.rows.removed, categories.rows.changed) == (
        len(names[1] - names[0]),
        len(names[0] - names[1]),
        0,
    )
    assert (len(names[1] - names[0]), len(names[0] - names[1])) == (1, 4)
    assert {name for name, part in diff.tables.items() if part.status != "unchanged"} == {"categories", "info"}
    (changed,) = diff.tables["info"].changes.rows()
    assert changed.key == {"name": "date_created"}


def test_people_are_told_image_and_id_and_why_rows_pair(a_to_b: DiffResult) -> None:
    diff = only(a_to_b)
    assert (diff.key, diff.key_source) == (("image", "id"), "format")
    assert diff.key_evidence == "rows paired by whole row 122; image, segmentation 8; image, category, area 4"
    shown = "".join(text.stream(build(a_to_b), width=100))
    assert "image=batch_1/000094.JPG id=170  category: Bread bag -> Plastic Film" in shown
    assert "categories  63 -> 60  +1 -4 ~0" in shown
    assert "+ name=Cigarette" in shown


def test_turned_boxes_and_renamed_classes(b_to_c: DiffResult) -> None:
    diff, expected = only(b_to_c), Expected("vB.json.gz", "vC.json.gz")
    assert {(item.source, item.target): item.rows for item in diff.labels[0].transitions or ()}.keys() == {
        ("Plastic Film", "Plastic film"),
        ("Plastic drink bottle", "Clear plastic bottle"),
    }
    assert {item.operation for item in diff.labels[0].inferred or ()} == {"rename_class"}
    heights = {item["file_name"]: item["height"] for item in expected.old.document["images"]}
    turned = 0
    for key in expected.common:
        (x, y, width, height), after = expected.old.annotations[key]["bbox"], expected.new.annotations[key]["bbox"]
        assert after == [x, heights[key[0]] - y - height, width, height]
        turned += after[1] != y
    boxes = {
        (change.key["image"], change.key["id"]): change.cells["bbox"]
        for change in diff.changes.rows(("changed",))
        if "bbox" in change.cells and "segmentation" not in change.cells
    }
    assert len(boxes) == turned
    assert all(cell.old[0::2] == cell.new[0::2] and cell.old[3] == cell.new[3] for cell in boxes.values())
    images = set(expected.new.images.values()) - set(expected.old.images.values())
    assert diff.tables["images"].rows.added == len(images)
    assert diff.tables["images"].rows.removed == diff.tables["images"].rows.changed == 0


def test_shapes_that_were_redrawn_pair_though_their_class_was_renamed(b_to_c: DiffResult) -> None:
    diff, expected = only(b_to_c), Expected("vB.json.gz", "vC.json.gz")
    redrawn = [change for change in diff.changes.rows(("changed",)) if "segmentation" in change.cells]
    assert len(redrawn) == len(expected.only_old)
    assert diff.rows.removed == 0
    assert diff.rows.added == len(expected.new.annotations) - len(expected.old.annotations)


def test_faults_are_told_with_the_side_that_has_them(b_to_c: DiffResult) -> None:
    document = Expected("vB.json.gz", "vC.json.gz").new.document
    scenes = Counter(item["image_id"] for item in document["scene_annotations"])
    several = sum(count > 1 for count in scenes.values())
    ids = sorted(
        number for number, count in Counter(item["id"] for item in document["annotations"]).items() if count > 1
    )
    assert ids == [309, 4040]
    messages = {item.message for item in b_to_c.findings}
    assert "new: 2 ids name several annotations: 309, 4040" in messages
    assert f"new: {several} images have several scene_annotations" in messages
    assert next(item.level for item in b_to_c.findings if item.rule == "repeated-id") == "error"


@pytest.mark.parametrize("words", [["vA.json.gz", "vB.json.gz"], ["vB.json.gz", "vC.json.gz"]])
def test_the_json_is_valid_and_says_the_same(words: list[str]) -> None:
    with compare(CASE, words, None, DiffOptions()) as comparison:
        document = json.loads("".join(json_renderer.stream(comparison.result, limit=3)))
        rows = only(comparison.result).rows
    jsonschema.validate(document, SCHEMA)
    (dataset,) = document["datasets"]
    assert dataset["key_source"] == "format"
    assert (dataset["rows"]["added"], dataset["rows"]["changed"]) == (rows.added, rows.changed)
    assert (
        dataset["tables"]["categories"]["rows"]["removed"] == only(comparison.result).tables["categories"].rows.removed
    )


@pytest.mark.parametrize("name", ["vA.json.gz", "vB.json.gz", "vC.json.gz"])
def test_a_version_does_not_differ_from_itself(name: str, tmp_path: Path) -> None:
    """Nor from itself in another order, with other ids and other blanks."""
    document = Version(name).document
    for items, link in (("images", "image_id"), ("categories", "category_id")):
        for item in document[items]:
            item["id"] += 5000
        for other in (*document["annotations"], *document["scene_annotations"]):
            if link in other:
                other[link] += 5000
        document[items].reverse()
    for item in document["annotations"]:
        item["id"] = 9000 - item["id"]
    document["annotations"].reverse()
    (tmp_path / name.removesuffix(".gz")).write_text(json.dumps(document, indent=1))
    with compare(CASE, [name, str(tmp_path / name.removesuffix(".gz"))], None, DiffOptions()) as comparison:
        diff = only(comparison.result)
        assert (diff.rows.added, diff.rows.removed, diff.rows.changed) == (0, 0, 0)
        assert diff.schema_changes == ()
        assert all(part.rows.changed == part.rows.added == part.rows.removed == 0 for part in diff.tables.values())
    with compare(CASE, [name, name], None, DiffOptions(labels=("category",))) as comparison:
        assert only(comparison.result).status == "unchanged"


def test_iou_on_a_table_without_boxes_is_told(tmp_path: Path) -> None:
    for name, value in (("a.csv", "1"), ("b.csv", "2")):
        (tmp_path / name).write_text(f"id,x\n1,{value}\n")
    with compare(tmp_path, ["a.csv", "b.csv"], None, DiffOptions(iou=0.5)) as comparison:
        assert [item.rule for item in comparison.result.findings] == ["no-boxes"]
        assert only(comparison.result).rows.changed == 1


def test_the_id_is_compared_where_someone_asks_for_it() -> None:
    expected = Expected("vA.json.gz", "vB.json.gz")
    with compare(CASE, ["vA.json.gz", "vB.json.gz"], None, DiffOptions(fields=("id",))) as comparison:
        diff = only(comparison.result)
    moved = sum(
        expected.old.annotations[key]["id"] != expected.new.annotations[key]["id"] for key in expected.unchanged
    )
    assert (diff.changed_cells or {}).keys() == {"id"}
    assert moved <= diff.changed_cells["id"] <= moved + expected.relabelled.total() + expected.redrawn


def test_a_condition_is_about_annotations_and_says_so(tmp_path: Path) -> None:
    def write(name: str, label: str, image: str) -> None:
        annotations = [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}]
        images = [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": image}]
        document = {"images": images, "categories": [{"id": 1, "name": label}], "annotations": annotations}
        (tmp_path / name).write_text(json.dumps(document))

    write("old.json", "x", "b.jpg")
    write("new.json", "y", "c.jpg")
    write("same.json", "y", "b.jpg")
    said = {}
    for new in ("new.json", "same.json"):
        with compare(tmp_path, ["old.json", new], None, DiffOptions(where="new.category = 'z'")) as found:
            (diff,) = found.result.datasets
            said[new] = [item.message for item in found.result.findings if item.rule == "where-rows-only"]
            assert diff.matching is not None and diff.matching.changed == 0
    assert ["images" in message for message in said["new.json"]] == [True]
    assert ["images" in message for message in said["same.json"]] == [False]
