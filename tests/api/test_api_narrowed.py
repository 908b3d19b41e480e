"""`--field`: fewer fields are compared, and rows pair as ever."""

from __future__ import annotations

import json
from pathlib import Path

from dsv.api.diff import compare
from dsv.api.options import DiffOptions


def test_a_key_is_looked_for_among_all_fields(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,x,y\n1,1,a\n2,1,b\n3,2,c\n")
    (tmp_path / "b.csv").write_text("id,x,y\n1,1,z\n2,5,b\n3,2,c\n")
    for options, changed in ((DiffOptions(fields=("x",)), {"x": 1}), (DiffOptions(fields=("id", "y")), {"y": 1})):
        with compare(tmp_path, ["a.csv", "b.csv"], None, options) as comparison:
            diff = comparison.result.datasets[0]
            assert (diff.key, diff.key_source) == (("id",), "inferred")
            assert diff.key_evidence == "key id: unique 100 %, no nulls"
            assert (diff.rows.added, diff.rows.removed, diff.changed_cells) == (0, 0, changed)
    with compare(tmp_path, ["a.csv", "b.csv"], None, DiffOptions(fields=("x",), ignore=("id",))) as comparison:
        assert "id" not in comparison.result.datasets[0].key


def test_annotations_pair_by_what_is_not_compared(tmp_path: Path) -> None:
    images = [{"id": number, "file_name": f"{number}.jpg"} for number in (1, 2)]
    categories = [{"id": 1, "name": "bike"}, {"id": 2, "name": "car"}]

    def write(name: str, boxes: list[tuple[int, int, int]]) -> None:
        annotations = [
            {"id": number, "image_id": image, "category_id": category, "bbox": [left, 1, 9, 9]}
            for number, (image, category, left) in enumerate(boxes)
        ]
        document = {"images": images, "categories": categories, "annotations": annotations}
        (tmp_path / name).write_text(json.dumps(document))

    write("a.json", [(1, 1, 10), (1, 1, 30), (2, 2, 50)])
    # One relabelled each way, one of another image's class added: as counts of classes, 2 and 1 became 2 and 2.
    write("b.json", [(1, 2, 10), (1, 1, 30), (2, 1, 50), (2, 2, 90)])
    with compare(tmp_path, ["a.json", "b.json"], None, DiffOptions(fields=("category",))) as comparison:
        diff = comparison.result.datasets[0]
        assert (diff.rows.added, diff.rows.removed, diff.changed_cells) == (1, 0, {"category": 2})
        assert {(item.source, item.target): item.rows for item in diff.labels[0].transitions} == {
            ("bike", "car"): 1,
            ("car", "bike"): 1,
        }
