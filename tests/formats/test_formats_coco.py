"""COCO documents: what they become, what is wrong with them, and what of them is published."""

from __future__ import annotations

import copy
import gzip
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsv.api.diff import DiffOptions, compare
from dsv.errors import FormatError
from dsv.formats._json import document as json_document
from dsv.formats.base import ClassChange, Publication, Scan, publish, recognised, scan
from dsv.model.schema import Schema
from dsv.model.snapshot import ReadOptions, Snapshot
from dsv.tables.duckdb import Engine, identifier, literal
from dsv.tables.table import POSITION, Table

CASES = Path(__file__).parent.parent / "cases" / "taco-coco"
RLE = {"size": [4, 4], "counts": [0, 3, 13]}
DOCUMENT: dict[str, Any] = {
    "info": {"year": 2024, "url": None},
    "type": "instances",
    "licenses": [{"id": 1, "name": "MIT"}],
    "images": [
        {"id": 10, "file_name": "a.jpg", "width": 64, "height": 48, "license": 1},
        {"id": 11, "file_name": "b.jpg", "width": 64, "height": 48, "license": 1},
    ],
    "annotations": [
        {"id": 1, "image_id": 10, "category_id": 3, "bbox": [1, 2, 3, 4], "area": 12, "iscrowd": 0, "note": "x"},
        {"id": 2, "image_id": 11, "category_id": 4, "bbox": [5, 6, 7, 8.5], "area": 59.5, "iscrowd": 0},
        {"id": 3, "image_id": 11, "category_id": 3, "bbox": [0, 0, 2, 2], "area": 4, "iscrowd": 1},
    ],
    "categories": [
        {"id": 3, "name": "cat", "supercategory": "animal"},
        {"id": 4, "name": "car", "supercategory": "vehicle"},
        {"id": 7, "name": "bus", "supercategory": "vehicle"},
    ],
}


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as opened:
        yield opened


@pytest.fixture
def document() -> dict[str, Any]:
    return copy.deepcopy(DOCUMENT)


def snapshot(path: Path, **options: Any) -> Snapshot:
    return recognised(Snapshot(path=path, format="", shown_path=path.name, options=ReadOptions(**options)))


def scanned(engine: Engine, tmp_path: Path, content: dict[str, Any] | str) -> Scan:
    path = tmp_path / "t.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return scan(engine, replace(Snapshot(path=path, format="coco", shown_path="t.json")))


def rows(table: Table, *names: str) -> list[tuple[Any, ...]]:
    columns = ", ".join(identifier(name) for name in names or table.schema.names)
    return table.engine.rows(f"SELECT {columns} FROM {table.relation} ORDER BY {POSITION}")


def rules(found: Scan) -> dict[str, int]:
    return {item.rule: item.count for item in found.findings}


def types(found: Scan) -> dict[str, str]:
    return {item.name: item.type for item in found.table.schema}


def test_rows_are_annotations_with_image_and_class_by_name(engine: Engine, tmp_path: Path) -> None:
    found = scanned(engine, tmp_path, DOCUMENT)
    assert found.table.schema.names == ("image", "category", "id", "bbox", "area", "iscrowd", "note")
    assert rows(found.table) == [
        ("a.jpg", "cat", 1, [1.0, 2.0, 3.0, 4.0], 12.0, 0, "x"),
        ("b.jpg", "car", 2, [5.0, 6.0, 7.0, 8.5], 59.5, 0, None),
        ("b.jpg", "cat", 3, [0.0, 0.0, 2.0, 2.0], 4.0, 1, None),
    ]
    assert (found.labels, found.surrogates) == (("category",), ("id",))
    assert rules(found) == {"unused-class": 1}


def test_every_other_member_is_a_table(engine: Engine, tmp_path: Path) -> None:
    parts = scanned(engine, tmp_path, DOCUMENT).parts
    assert {name: part.key for name, part in parts.items()} == {
        "licenses": ("name",),
        "images": ("file_name",),
        "categories": ("name",),
        "info": ("name",),
        "document": ("name",),
    }
    assert rows(parts["info"].table) == [("year", "2024"), ("url", "null")]
    assert rows(parts["document"].table) == [("type", '"instances"')]
    assert rows(parts["categories"].table, "name", "id")[0] == ("cat", 3)
    assert parts["images"].surrogates == parts["categories"].surrogates == ("id",)


def test_a_list_that_names_images_by_id_names_them_by_file(
    engine: Engine, tmp_path: Path, document: dict[str, Any]
) -> None:
    document["scenes"] = [{"image_id": 11, "kind": "road"}, {"image_id": 11, "kind": "sea"}, {"image_id": 10}]
    document["tags"] = ["a", 1, {"value": "b"}]
    found = scanned(engine, tmp_path, document)
    assert rows(found.parts["scenes"].table, "image", "kind") == [("b.jpg", "road"), ("b.jpg", "sea"), ("a.jpg", None)]
    assert found.parts["scenes"].key == ("image",)
    assert rules(found)["several-of-one-image"] == 1
    assert found.parts["tags"].table.count() == 3


SHAPES = {
    "polygons": ([[1, 2, 3.5, 4]], "[[1,2,3.5,4]]"),
    "mask of counts": (RLE, '{"size":[4,4],"counts":[0,3,13]}'),
    "mask in another order": ({"counts": [0, 3, 13], "size": [4, 4]}, '{"size":[4,4],"counts":[0,3,13]}'),
    "mask of text": ({"size": [4, 4], "counts": "0;12"}, '{"size":[4,4],"counts":"0;12"}'),
    "none": ([], "[]"),
}


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("beside", SHAPES)
def test_a_shape_has_one_spelling_whatever_stands_beside_it(
    engine: Engine, tmp_path: Path, document: dict[str, Any], kind: str, beside: str
) -> None:
    shape, spelled = SHAPES[kind]
    document["annotations"][0]["segmentation"] = shape
    document["annotations"][1]["segmentation"] = SHAPES[beside][0]
    table = scanned(engine, tmp_path, document).table
    found = [value for (value,) in engine.rows(f"SELECT segmentation FROM {table.relation} ORDER BY {POSITION}")][:2]
    if table.schema["segmentation"].type == "json":
        assert found == [spelled, SHAPES[beside][1]]
    else:
        assert found == [json.loads(spelled), json.loads(SHAPES[beside][1])]


def test_a_polygon_equals_itself_beside_masks(tmp_path: Path, document: dict[str, Any]) -> None:
    document["annotations"][0]["segmentation"] = [[1, 2, 3, 4, 5, 6]]
    (tmp_path / "old.json").write_text(json.dumps(document))
    document["annotations"][0]["segmentation"] = [[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]
    document["annotations"].append({"id": 9, "image_id": 10, "category_id": 4, "segmentation": RLE, "iscrowd": 1})
    (tmp_path / "new.json").write_text(json.dumps(document))
    with compare(tmp_path, ["old.json", "new.json"], None, DiffOptions()) as comparison:
        (diff,) = comparison.result.datasets
        assert (diff.rows.added, diff.rows.changed, diff.rows.unchanged) == (1, 0, 3)


def test_captions_have_no_class_and_pair_by_image_and_id(tmp_path: Path) -> None:
    images = DOCUMENT["images"]
    captions = [{"id": 5, "image_id": 10, "caption": "a cat"}, {"id": 6, "image_id": 10, "caption": "two cats"}]
    (tmp_path / "old.json").write_text(json.dumps({"images": images, "annotations": captions}))
    changed = [captions[1], {**captions[0], "caption": "a small cat"}]
    (tmp_path / "new.json").write_text(json.dumps({"images": images, "annotations": changed}))
    with compare(tmp_path, ["old.json", "new.json"], None, DiffOptions()) as comparison:
        (diff,) = comparison.result.datasets
        assert diff.labels == ()
        assert diff.changed_cells == {"caption": 1}
        assert diff.key_evidence == "rows paired by whole row 1; image, id 1"


def test_keypoints_and_a_class_with_a_skeleton(engine: Engine, tmp_path: Path, document: dict[str, Any]) -> None:
    document["annotations"][0] |= {"keypoints": [1, 2, 2, 0, 0, 0], "num_keypoints": 1}
    document["categories"][0] |= {"keypoints": ["nose", "tail"], "skeleton": [[1, 2]]}
    found = scanned(engine, tmp_path, document)
    assert types(found)["keypoints"] == "list<number>"
    assert rows(found.table, "keypoints", "num_keypoints")[0] == ([1.0, 2.0, 2.0, 0.0, 0.0, 0.0], 1)
    assert rows(found.parts["categories"].table, "keypoints", "skeleton")[0] == (["nose", "tail"], [[1, 2]])


def test_without_annotations_there_are_no_rows(engine: Engine, tmp_path: Path, document: dict[str, Any]) -> None:
    document["annotations"] = []
    found = scanned(engine, tmp_path, document)
    assert (found.table.count(), found.table.schema.names) == (0, ("image", "category", "id"))
    assert rules(found) == {"unused-class": 3}


def test_own_fields_called_image_and_category_are_kept(
    engine: Engine, tmp_path: Path, document: dict[str, Any]
) -> None:
    document["annotations"][0] |= {"image": "mine", "category": "mine too"}
    found = scanned(engine, tmp_path, document)
    assert rows(found.table, "image", "annotation_image", "annotation_category")[0] == ("a.jpg", "mine", "mine too")


@pytest.mark.parametrize(
    ("place", "value", "rule", "level", "words"),
    [
        ("annotations/1/image_id", 99, "dangling-image", "error", "1 annotation has no image_id"),
        ("annotations/1/category_id", 99, "dangling-category", "error", "first annotation 2"),
        ("annotations/1/id", 1, "repeated-id", "error", "1 id names several annotations: 1"),
        ("images/1/file_name", "a.jpg", "repeated-file-name", "warning", "several images: a.jpg"),
        ("categories/2/name", "cat", "repeated-name", "warning", "several categories: cat"),
        ("annotations/1/bbox", [1, 2, 3], "no-box", "warning", "no list of four numbers"),
        ("annotations/1/bbox", "1 2 3 4", "no-box", "warning", "no list of four numbers"),
        ("annotations/1/bbox", [1, 2, 3, "x"], "no-box", "warning", "no list of four numbers"),
        ("annotations/1/segmentation", [[1, 2, 3]], "odd-polygon", "warning", "odd number of coordinates"),
        ("annotations/1/segmentation", "none", "no-shape", "warning", "neither polygons nor a mask"),
        ("annotations/1/area", float("nan"), "not-a-number", "warning", "1 element holds NaN"),
        ("annotations/1/area", float("-inf"), "not-a-number", "warning", "1 element holds NaN"),
        ("categories/2/name", "van", "unused-class", "info", "1 class has no annotation: van"),
    ],
)
def test_faults_are_findings(
    engine: Engine, tmp_path: Path, document: Any, place: str, value: Any, rule: str, level: str, words: str
) -> None:
    assert rules(scanned(engine, tmp_path, document)) == {"unused-class": 1}
    name, index, member = place.split("/")
    document[name][int(index)][member] = value
    (finding,) = [item for item in scanned(engine, tmp_path, document).findings if item.rule == rule]
    assert (finding.level, finding.count) == (level, 1)
    assert words in finding.message


def test_boxes_that_are_all_text_are_found(engine: Engine, tmp_path: Path, document: dict[str, Any]) -> None:
    for annotation in document["annotations"]:
        annotation["bbox"] = "x"
    assert rules(scanned(engine, tmp_path, document))["no-box"] == len(document["annotations"])


def test_odd_polygons_are_found_beside_masks(engine: Engine, tmp_path: Path, document: dict[str, Any]) -> None:
    document["annotations"][0]["segmentation"] = RLE
    document["annotations"][1]["segmentation"] = [[1, 2, 3, 4, 5, 6], [1, 2, 3]]
    found = scanned(engine, tmp_path, document)
    assert types(found)["segmentation"] == "json"
    assert rules(found)["odd-polygon"] == 1


LINES = json.dumps(DOCUMENT, indent=1)


def broken(old: str, new: str) -> tuple[str, int]:
    """The document with a text replaced where it stands first, and the line of it."""
    assert old in LINES
    return LINES.replace(old, new, 1), LINES[: LINES.index(old)].count("\n") + 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (broken('"area": 59.5', '"area": 59.5.1'), "this is no JSON"),
        (broken('"area": 59.5', '"area": 1, "area": 2'), "'area' stands twice"),
        (broken('"categories": [', '"images": ['), "'images' stands twice"),
        (broken('"b.jpg"', '"\\ud800"'), "half a surrogate pair"),
        (broken('"note": "x"', '"note": "\\u0000", "big": 123456789012345678901234567890'), "more than 64 bits"),
        (broken('"year": 2024', '"year": 2024,,'), "this is no JSON"),
    ],
)
def test_what_is_no_sound_json_is_told_with_its_line(
    engine: Engine, tmp_path: Path, content: tuple[str, int], words: str
) -> None:
    with pytest.raises(FormatError) as caught:
        scanned(engine, tmp_path, content[0])
    assert words in caught.value.message
    where, line = str(caught.value.where).split(":")
    assert where == "t.json"
    # An error inside an element is told with the line that the element, or the error itself, stands on.
    assert 0 <= content[1] - int(line) <= 15
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("[1]", "no JSON object"),
        ('{"images": [}', "no JSON"),
        ('{"images": []', "ends in the middle"),
        ('{"images": [{"id": 1}', "ends in the middle"),
        ('{"images": [{"id": 1', "no JSON"),
        ('{"images": [{"id": 1}]} x', "text follows"),
        ('{"images": [1]}', "element 1 of 'images' is no object"),
        ('{"images": [], "annotations": {}}', "'annotations' is no list"),
        ('{"images": [], "categories": null}', "'categories' is no list"),
        ("{images: []}", "in double quotes"),
        ('{"images" []}', "expected ':'"),
        ('{"images": [{"id": 1} {"id": 2}]}', "expected ',' or ']'"),
        ('{"images": ' + "[" * 100_000, "no JSON"),
        ('{"info": ' + '{"a":' * 100_000, "too deep"),
    ],
)
def test_what_is_no_coco_document_is_refused(engine: Engine, tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(FormatError) as caught:
        scanned(engine, tmp_path, content)
    if not content.startswith('{"images": [['):
        assert words in caught.value.message
    assert str(caught.value.where).startswith("t.json")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"images": [\n{"id": "caf\xe9"}]}', ("not UTF-8", ":2")),
        (b'{"images": [\n\n{"id": "a\0"}]}', ("NUL byte", ":3")),
        (json.dumps(DOCUMENT).encode("utf-16"), ("not UTF-8", ":1")),
    ],
)
def test_bytes_that_are_no_text_are_told(engine: Engine, tmp_path: Path, content: bytes, words: Any) -> None:
    path = tmp_path / "t.json"
    path.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        scan(engine, Snapshot(path=path, format="coco", shown_path="t.json"))
    assert words[0] in caught.value.message
    assert str(caught.value.where) == "t.json" + words[1]


@pytest.mark.parametrize(
    "content",
    [
        DOCUMENT,
        {"images": [], "annotations": [], "categories": []},
        {"categories": DOCUMENT["categories"], "annotations": DOCUMENT["annotations"]},
        {"info": {}, "images": [{"id": "x", "coco_url": "http://example.org/x.jpg"}]},
    ],
)
def test_coco_is_recognised(tmp_path: Path, content: dict[str, Any]) -> None:
    for name, raw in (
        ("t.json", json.dumps(content).encode()),
        ("t.JSON.gz", gzip.compress(json.dumps(content).encode())),
    ):
        (tmp_path / name).write_bytes(raw)
        assert snapshot(tmp_path / name).format == "coco"


@pytest.mark.parametrize(
    "content",
    [
        [1, 2],
        {},
        {"images": ["a.jpg"], "annotations": "none"},
        {"images": [{"src": "a.png", "alt": "x"}]},
        {"annotations": [{"text": "a remark", "page": 3}], "categories": [{"id": 1, "name": "x"}]},
        {"version": "5.0", "shapes": [], "imagePath": "a.jpg", "imageData": None},
        {"name": "package", "dependencies": {"images": "1.0"}},
        "a text",
        None,
    ],
)
def test_other_json_is_not_taken_for_coco(tmp_path: Path, content: Any) -> None:
    (tmp_path / "t.json").write_text(json.dumps(content))
    with pytest.raises(FormatError, match="no table of a known format"):
        snapshot(tmp_path / "t.json")


def test_recognising_reads_little(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first image tells, however large the rest; of other JSON a megabyte is read."""
    read: list[int] = []
    original = json_document._Reader._read

    def counting(self: Any) -> bool:
        before = len(self._text)
        more = original(self)
        read.append(len(self._text) - before + self._place)
        return more

    monkeypatch.setattr(json_document._Reader, "_read", counting)
    (tmp_path / "t.json").write_text(json.dumps(DOCUMENT | {"annotations": [{"id": 1, "x": "y" * 5_000_000}]}))
    assert snapshot(tmp_path / "t.json").format == "coco"
    (tmp_path / "t.json").write_text(json.dumps({"rows": [{"id": n} for n in range(500_000)]}))
    with pytest.raises(FormatError):
        snapshot(tmp_path / "t.json")
    assert sum(read) < 3_500_000


def test_a_document_is_read_in_pieces_that_make_it_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever a read ends: inside a number, a text, an escape or a blank."""
    text = (
        "\ufeff" + json.dumps(DOCUMENT | {"café": ['é\\"', 123.5e-3, True, None]}, indent=1, ensure_ascii=False) + "\n"
    )
    (tmp_path / "t.json").write_text(text, encoding="utf-8")
    opened = Snapshot(path=tmp_path / "t.json", format="coco", shown_path="t.json")
    whole = list(json_document.pieces(opened))
    assert "".join(piece.text for piece in whole) == text
    for size in (1, 2, 3, 7, 64):
        monkeypatch.setattr(json_document, "CHUNK", size)
        pieces = list(json_document.pieces(opened))
        assert [piece for piece in pieces if piece.text] == [piece for piece in whole if piece.text]
    elements = [piece.value for piece in whole if piece.kind == "element" and piece.name == "annotations"]
    assert elements == DOCUMENT["annotations"]


def pinned(engine: Engine, path: Path) -> tuple[Snapshot, Table]:
    base = snapshot(path)
    table = scan(engine, base).table
    schema = Schema(fields=tuple(replace(item, origin=item.name) for item in table.schema))
    return replace(base, options=ReadOptions(schema=schema)), replace(table, schema=schema)


def published(base: Snapshot, final: Table, classes: ClassChange | None = None, *, key: tuple[str, ...] = ()) -> bytes:
    held = io.BytesIO()
    changes = {} if classes is None else {"category": classes}
    publish(Publication(base=base, final=final, key=key, classes=changes), held)
    return held.getvalue()


def with_cell(table: Table, field: str, value: Any, where: str) -> Table:
    columns = [
        f"CASE WHEN {where} THEN {literal(value)} ELSE {identifier(name)} END AS {identifier(name)}"
        if name == field
        else identifier(name)
        for name in table.schema.names
    ]
    return replace(table, relation=f"(SELECT {', '.join(columns)}, {POSITION} FROM {table.relation})")


SPELLINGS = {
    "compact": {"separators": (",", ":")},
    "usual": {},
    "indented": {"indent": 2},
}


@pytest.fixture(params=SPELLINGS)
def written(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """A file in one of several spellings, and how it is spelled."""
    spelling: dict[str, Any] = SPELLINGS[request.param]
    (tmp_path / "t.json").write_text(json.dumps(DOCUMENT, **spelling) + "\n")
    return tmp_path / "t.json", spelling


def spelled(document: dict[str, Any], spelling: dict[str, Any]) -> bytes:
    return (json.dumps(document, **spelling) + "\n").encode()


def test_what_did_not_change_keeps_its_bytes(engine: Engine, written: Any) -> None:
    assert published(*pinned(engine, written[0])) == written[0].read_bytes()


def test_rows_are_found_by_key_whatever_their_place(engine: Engine, written: Any, document: dict[str, Any]) -> None:
    base, table = pinned(engine, written[0])
    turned = replace(table, relation=f"(SELECT * REPLACE (9 - {POSITION} AS {POSITION}) FROM {table.relation})")
    document["annotations"][1]["category_id"] = 7
    final = with_cell(turned, "category", "bus", "id = 2")
    assert published(base, final, key=("id",)) == spelled(document, written[1])


def test_a_table_of_single_members_does_not_hide_an_object_of_its_name(
    engine: Engine, tmp_path: Path, document: dict[str, Any]
) -> None:
    document["document"] = {"part": 2}
    found = rows(scanned(engine, tmp_path, document).parts["document"].table)
    assert found == [("type", '"instances"'), ("part", "2")]


@pytest.mark.parametrize("name", ["vA.json.gz", "vC.json.gz"])
def test_a_real_document_keeps_its_bytes(engine: Engine, name: str) -> None:
    base, final = pinned(engine, CASES / name)
    assert published(base, final) == (CASES / name).read_bytes()


def test_a_renamed_class_changes_one_category(engine: Engine, written: Any, document: dict[str, Any]) -> None:
    base, table = pinned(engine, written[0])
    final = with_cell(table, "category", "kitten", "category = 'cat'")
    document["categories"][0]["name"] = "kitten"
    classes = ClassChange(names={"cat": "kitten", "car": "car"})
    assert published(base, final, classes) == spelled(document, written[1])


def test_a_merged_class_goes_and_its_annotations_get_the_other_id(
    engine: Engine, written: Any, document: dict[str, Any]
) -> None:
    base, table = pinned(engine, written[0])
    final = with_cell(table, "category", "car", "category = 'cat'")
    del document["categories"][0]
    document["annotations"][0]["category_id"] = document["annotations"][2]["category_id"] = 4
    assert published(base, final, ClassChange(names={"cat": None, "car": "car"})) == spelled(document, written[1])


def test_a_class_renamed_to_one_without_rows_joins_it(engine: Engine, written: Any, document: dict[str, Any]) -> None:
    base, table = pinned(engine, written[0])
    final = with_cell(table, "category", "bus", "category = 'car'")
    del document["categories"][1]
    document["annotations"][1]["category_id"] = 7
    assert published(base, final, ClassChange(names={"cat": "cat", "car": "bus"})) == spelled(document, written[1])


def test_two_classes_may_swap_names(engine: Engine, written: Any, document: dict[str, Any]) -> None:
    base, table = pinned(engine, written[0])
    swapped = "CASE category WHEN 'cat' THEN 'car' ELSE 'cat' END AS category"
    others = ", ".join(identifier(name) for name in table.schema.names if name != "category")
    final = replace(table, relation=f"(SELECT {swapped}, {others}, {POSITION} FROM {table.relation})")
    document["categories"][0]["name"], document["categories"][1]["name"] = "car", "cat"
    assert published(base, final, ClassChange(names={"cat": "car", "car": "cat"})) == spelled(document, written[1])


def test_a_new_class_is_added_below_what_its_rows_were(engine: Engine, written: Any, document: dict[str, Any]) -> None:
    base, table = pinned(engine, written[0])
    final = with_cell(table, "category", "kitten", "id = 3")
    document["categories"].append({"id": 8, "name": "kitten", "supercategory": "animal"})
    document["categories"].append({"id": 9, "name": "unseen", "supercategory": "unseen"})
    document["annotations"][2]["category_id"] = 8
    classes = ClassChange(names={"cat": "cat", "car": "car"}, added=("kitten", "unseen"))
    assert published(base, final, classes) == spelled(document, written[1])


def test_removed_annotations_leave_no_trace(engine: Engine, written: Any, document: dict[str, Any]) -> None:
    base, table = pinned(engine, written[0])
    for gone in ({0}, {1}, {2}, {0, 1}, {0, 2}, {1, 2}):
        kept = ", ".join(str(place + 1) for place in range(3) if place not in gone)
        final = replace(table, relation=f"(SELECT * FROM {table.relation} WHERE {POSITION} IN ({kept}))")
        rest = [item for place, item in enumerate(DOCUMENT["annotations"]) if place not in gone]
        assert published(base, final) == spelled({**document, "annotations": rest}, written[1])


def test_all_annotations_may_go(engine: Engine, written: Any) -> None:
    base, table = pinned(engine, written[0])
    final = replace(table, relation=f"(SELECT * FROM {table.relation} WHERE false)")
    assert json.loads(published(base, final)) == {**DOCUMENT, "annotations": []}


def test_other_cells_are_written_where_they_stand(engine: Engine, written: Any, document: dict[str, Any]) -> None:
    base, table = pinned(engine, written[0])
    final = with_cell(with_cell(table, "area", 5.0, "id = 2"), "image", "a.jpg", "id = 2")
    document["annotations"][1] |= {"area": 5.0, "image_id": 10}
    assert published(base, final) == spelled(document, written[1])


def test_fields_come_and_go(engine: Engine, written: Any, document: dict[str, Any]) -> None:
    base, table = pinned(engine, written[0])
    fields = [
        replace(item, name="crowd") if item.name == "iscrowd" else item for item in table.schema if item.name != "note"
    ]
    columns = ", ".join(f"{identifier(item.origin or '')} AS {identifier(item.name)}" for item in fields)
    relation = f"(SELECT {columns}, {POSITION} FROM {table.relation})"
    final = replace(table, relation=relation, schema=Schema(fields=tuple(fields)))
    for item in document["annotations"]:
        item.pop("note", None)
        item["crowd"] = item.pop("iscrowd")
    assert published(base, final) == spelled(document, written[1])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda table: with_cell(table, "image", "c.jpg", "id = 2"), "no image is called c.jpg"),
        (
            lambda table: replace(
                table,
                relation=f"(SELECT * FROM {table.relation} UNION ALL "
                f"SELECT * REPLACE (99 AS {POSITION}) FROM {table.relation} WHERE id = 1)",
            ),
            "an annotation is not in the base",
        ),
        (
            lambda table: replace(
                table, schema=Schema(fields=tuple(item for item in table.schema if item.name != "image"))
            ),
            "'image' of COCO cannot be renamed or dropped",
        ),
    ],
)
def test_what_a_document_cannot_hold_is_refused(engine: Engine, written: Any, change: Any, words: str) -> None:
    base, table = pinned(engine, written[0])
    with pytest.raises(FormatError, match=words):
        published(base, change(table))


def test_a_base_that_does_not_fit_the_declared_types_is_told_with_its_line(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(LINES)
    base, _ = pinned(engine, path)
    path.write_text(LINES.replace('"iscrowd": 1', '"iscrowd": "yes"'))
    with pytest.raises(FormatError, match="'iscrowd' holds what is no integer") as caught:
        scan(engine, base)
    first = LINES[: LINES.index('"id": 3,')].count("\n")
    assert str(caught.value.where) in (f"t.json:{first}", f"t.json:{first + 1}")
    path.write_text(LINES.replace('"iscrowd": 1', '"iscrowd": 1, "more": 2'))
    with pytest.raises(FormatError, match="not declared 'more'"):
        scan(engine, base)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(["cat", "car", "bus", "tram"]), min_size=3, max_size=3), st.sampled_from(list(SPELLINGS))
)
def test_published_annotations_read_as_the_final_ones(tmp_path: Path, names: list[str], spelling: str) -> None:
    path, again = tmp_path / "t.json", tmp_path / "u.json"
    path.write_text(json.dumps(DOCUMENT, **SPELLINGS[spelling]))
    with Engine() as engine:
        base, final = pinned(engine, path)
        for place, name in enumerate(names, start=1):
            final = with_cell(final, "category", name, f"{POSITION} = {place}")
        again.write_bytes(published(base, final))
        found = scan(engine, snapshot(again)).table
        assert rows(found) == rows(final)
    before, after = (json.loads(item.read_text()) for item in (path, again))
    assert {key: value for key, value in after.items() if key not in ("annotations", "categories")} == {
        key: value for key, value in before.items() if key not in ("annotations", "categories")
    }


def test_a_class_without_annotations_is_told_where_that_is_new(tmp_path: Path, document: dict[str, Any]) -> None:
    document["categories"] = [{"id": 4, "name": "car"}, {"id": 7, "name": "van"}]
    for item in document["annotations"]:
        item["category_id"] = 4
    (tmp_path / "old.json").write_text(json.dumps(document))
    document["categories"].append({"id": 8, "name": "bus"})
    (tmp_path / "new.json").write_text(json.dumps(document))

    def unused(old: str, new: str) -> list[str]:
        with compare(tmp_path, [old, new], None, DiffOptions()) as found:
            return [item.message for item in found.result.findings if item.rule == "unused-class"]

    assert unused("old.json", "new.json") == ["new: 2 classes have no annotation: bus, van"]
    assert unused("old.json", "old.json") == []
