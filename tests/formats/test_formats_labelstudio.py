"""Label Studio's exports: regions, choices, spans and texts; ids that were dealt afresh; skipped tasks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dsv.errors import FormatError
from dsv.formats.base import recognised
from dsv.formats.labelstudio import plugin
from dsv.model.snapshot import Snapshot
from tests.formats.conftest import Folders, values


def region(
    number: str, name: str | list[str], box: tuple[float, ...] = (10, 20, 30, 40), **more: Any
) -> dict[str, Any]:
    names = [name] if isinstance(name, str) else name
    value = dict(zip(("x", "y", "width", "height"), box, strict=True)) | {"rotation": 0, "rectanglelabels": names}
    return {"id": number, "from_name": "box", "to_name": "image", "type": "rectanglelabels", "value": value, **more}


def choice(number: str, *names: str) -> dict[str, Any]:
    return {"id": number, "from_name": "kind", "to_name": "t", "type": "choices", "value": {"choices": list(names)}}


def task(number: int, data: dict[str, Any], *results: dict[str, Any], **more: Any) -> dict[str, Any]:
    annotation = {"id": number * 10, "completed_by": 3, "was_cancelled": False, "result": list(results), "lead_time": 2}
    return {"id": number, "data": data, "annotations": [annotation], **more}


def spelled(*tasks: Any) -> str:
    return json.dumps(list(tasks), indent=1)


IMAGE = {"image": "a/1.jpg"}


def test_a_region_is_a_row(folders: Folders) -> None:
    found = folders.scan(spelled(task(1, IMAGE, region("r1", "car", original_width=640))), name="a.json")
    (row,) = values(found.table)
    assert row == {
        "task": "a/1.jpg",
        "source": "annotation",
        "annotator": "3",
        "from_name": "box",
        "to_name": "image",
        "type": "rectanglelabels",
        "class": "car",
        "scope": None,
        "bbox": [10, 20, 30, 40],
        "span": None,
        "text": None,
        "value": '{"rotation":0}',
        "score": None,
        "cancelled": False,
        "annotation": "10",
        "region": "r1",
        "other": '{"original_width":640}',
    }
    assert found.labels == ("class",) and found.findings == ()


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("choices", {"choices": ["a"]}, {"class": "a", "scope": "task"}),
        ("taxonomy", {"taxonomy": [["a", "b"]]}, {"class": "a / b", "scope": "task"}),
        (
            "labels",
            {"start": 0, "end": 4, "text": "John", "labels": ["PER"]},
            {"class": "PER", "span": [0, 4], "text": "John"},
        ),
        ("textarea", {"text": ["yes"]}, {"class": None, "text": "yes", "scope": "task"}),
        ("textarea", {"text": ["a", "b"]}, {"text": None, "value": '{"text":["a","b"]}'}),
        ("rating", {"rating": 4}, {"value": '{"rating":4}', "scope": "task"}),
        ("pairwise", {"selected": "left"}, {"class": "left"}),
        ("ellipselabels", {"x": 5, "y": 6, "radiusX": 1, "radiusY": 2, "ellipselabels": ["e"]}, {"bbox": [4, 4, 2, 4]}),
        ("polygonlabels", {"points": [[1, 2], [5, 2], [3, 9]], "polygonlabels": ["p"]}, {"bbox": [1, 2, 4, 7]}),
        ("brushlabels", {"format": "rle", "rle": [1, 2], "brushlabels": ["b"]}, {"class": "b", "bbox": None}),
        ("hypertextlabels", {"start": "/p[1]", "end": "/p[2]", "hypertextlabels": ["h"]}, {"span": None}),
        ("rectangle", {"x": 1, "y": 2, "width": 3, "height": 4}, {"class": None, "bbox": [1, 2, 3, 4], "scope": None}),
    ],
)
def test_kinds_of_results(folders: Folders, kind: str, value: dict[str, Any], expected: dict[str, Any]) -> None:
    result = {"id": "r", "from_name": "f", "to_name": "t", "type": kind, "value": value}
    (row,) = values(folders.scan(spelled(task(1, IMAGE, result)), name="a.json").table)
    assert {name: row[name] for name in expected} == expected
    kept = json.loads(row["value"] or "{}")
    assert all(kept[name] == held for name, held in value.items() if name in ("points", "rle", "format", "rating"))


def test_several_classes_are_several_rows(folders: Folders) -> None:
    found = folders.scan(spelled(task(1, IMAGE, region("r", ["car", "red"]), choice("c", "x", "y"))), name="a.json")
    assert [(row["region"], row["class"]) for row in values(found.table)] == [
        ("r", "car"),
        ("r", "red"),
        ("c", "x"),
        ("c", "y"),
    ]


def test_a_choice_about_a_region_is_not_about_the_task(folders: Folders) -> None:
    found = folders.scan(spelled(task(1, IMAGE, region("r", "car"), choice("r", "old"))), name="a.json")
    assert [row["scope"] for row in values(found.table)] == [None, None]


def test_relations_are_kept(folders: Folders) -> None:
    relation = {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right", "labels": ["part of"]}
    (row,) = values(folders.scan(spelled(task(1, IMAGE, relation)), name="a.json").table)
    assert (row["type"], row["class"]) == ("relation", "part of")
    assert json.loads(row["other"]) == {"from_id": "a", "to_id": "b", "direction": "right"}


def test_skipped_tasks_predictions_and_drafts_are_seen(folders: Folders) -> None:
    skipped = {"id": 5, "completed_by": {"id": 1, "email": "a@b.c"}, "was_cancelled": True, "result": []}
    guess = {"id": 6, "model_version": "m1", "score": 0.5, "result": [region("p", "car", score=0.25)]}
    text = spelled(
        {"id": 1, "data": IMAGE, "annotations": [skipped], "predictions": [guess], "drafts": [{"result": []}]}
    )
    found = folders.scan(text, name="a.json")
    (row,) = values(found.table)
    assert (row["source"], row["annotator"], row["score"]) == ("prediction", "m1", 0.25)
    assert [
        (item["source"], item["annotator"], item["cancelled"], item["results"])
        for item in values(found.parts["annotations"].table)
    ] == [("annotation", "a@b.c", True, 0), ("prediction", "m1", False, 1), ("draft", "", False, 0)]
    (shown,) = values(found.parts["tasks"].table)
    assert [shown[name] for name in ("annotations", "cancelled", "predictions", "drafts")] == [1, 1, 1, 1]
    assert json.loads(shown["data"]) == IMAGE


def test_a_task_is_its_data(folders: Folders) -> None:
    names = [
        row["task"]
        for row in values(
            folders.scan(
                spelled(
                    task(1, {"text": "x" * 100, "id": 1}),
                    task(2, {"text": "x" * 100, "id": 2}),
                    task(3, {"id": 2, "text": "x" * 100}),
                ),
                name="a.json",
            )
            .parts["tasks"]
            .table
        )
    ]
    assert names[0] != names[1] and names[1] == names[2]
    assert all(name.startswith("x" * 60 + " #") for name in names)


def test_equal_data_is_a_finding(folders: Folders) -> None:
    (finding,) = folders.scan(spelled(task(1, IMAGE), task(2, IMAGE)), name="a.json").findings
    assert finding.rule == "task-twice" and finding.count == 1


def test_ids_dealt_afresh_are_no_changes(folders: Folders) -> None:
    data = [{"image": f"{number}.jpg"} for number in range(4)]
    old = [task(n, held, region(f"r{n}", "car"), choice(f"c{n}", "x")) for n, held in enumerate(data)]
    new = [task(9 - n, held, choice(f"d{n}", "x"), region(f"s{n}", "car")) for n, held in enumerate(data)]
    found = folders.diff(spelled(*old), spelled(*reversed(new)), suffix=".json")
    assert (found.rows.old, found.rows.added, found.rows.removed, found.rows.changed) == (8, 0, 0, 0)


def test_relabelled_moved_and_answered_anew(folders: Folders) -> None:
    old = task(1, IMAGE, region("a", "car"), region("b", "car", (50, 50, 10, 10)), choice("c", "x", "y"))
    new = task(1, IMAGE, region("z", "bus"), region("b", "car", (80, 80, 5, 5)), choice("d", "x", "w"))
    found = folders.diff(spelled(old), spelled(new), suffix=".json")
    assert (found.rows.added, found.rows.removed, found.rows.changed) == (0, 0, 3)
    assert {(item.source, item.target, item.rows) for item in found.labels[0].transitions} == {
        ("car", "bus", 1),
        ("y", "w", 1),
    }
    assert found.changed_cells == {"class": 2, "bbox": 1}


BROKEN = {
    '[\n{"id": 1, "data": {"a": "b"}, "annotations": [3]}\n]': (2, "no list of objects"),
    '[\n{"id": 1, "data": {"a": "b"}, "annotations": []},\n{"id": 2, "annotations": []}\n]': (3, "no data"),
    '[{"data": {}, "annotations": [{"result": "x"}]}]': (1, "no list"),
    '[{"data": {}, "annotations": [{"result": [1]}]}]': (1, "no object"),
    '[{"data": {}, "annotations": [{"result": [{"value": 1}]}]}]': (1, "no object"),
    '[\n{"id": 1, "annotator": 1, "annotation_id": 2, "lead_time": 3, "image": "x"}]': (2, "JSON-MIN"),
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_task_is_named_and_left_out_only_when_told(folders: Folders, text: str) -> None:
    line, message = BROKEN[text]
    with pytest.raises(FormatError, match=message) as caught:
        folders.scan(text, name="a.json", given="labelstudio")
    assert caught.value.where == f"a.json:{line}"
    found = folders.scan(text, name="a.json", given="labelstudio", skip_malformed=True)
    assert (found.malformed, found.first_malformed) == (1, f"a.json:{line}")
    assert found.parts["tasks"].table.count() == len(json.loads(text)) - 1


@pytest.mark.parametrize(
    ("text", "line"),
    [("", 1), ('[\n{"data": ', 2), ('{"data": {}}', 1), ("[]\nx", 2), ('[{"data": {}, "annotations": []}\n{}]', 2)],
)
def test_broken_json_is_named(folders: Folders, text: str, line: int) -> None:
    with pytest.raises(FormatError) as caught:
        folders.scan(text, name="a.json", given="labelstudio")
    assert caught.value.where == f"a.json:{line}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (spelled(task(1, IMAGE)), True),
        (spelled({"data": IMAGE, "predictions": []}), True),
        ('[{"annotations": [{"result": "' + "x" * (1 << 20) + '"}], "data": {}}]', False),
        (' [ {"data": {"t": "x"}, "annotations": ["' + "x" * (1 << 20) + '"]}]', True),
        ('[{"id": 1, "annotator": 1, "annotation_id": 2, "lead_time": 3, "image": "x"}]', False),
        ('[{"a": 1}]', False),
        ("[1]", False),
        ("[]", False),
        ("{}", False),
    ],
)
def test_what_is_claimed(folders: Folders, text: str, expected: bool) -> None:
    path = folders.write("a.json", text)
    assert plugin.claims(Snapshot(path=path, format="", shown_path="a.json")) is expected
    if expected:
        assert recognised(Snapshot(path=path, format="", shown_path="a.json")).format == "labelstudio"
