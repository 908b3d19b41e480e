"""Hugging Face datasets saved to disk. The files are written here as `datasets` 5.2 writes them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dsv.api.diff import compare
from dsv.api.snapshots import plain_snapshot
from dsv.errors import FormatError
from dsv.formats.base import Scan, scan
from dsv.tables.duckdb import Engine
from dsv.tables.table import POSITION

ANIMALS = {"names": ["cat", "dog", "cow"], "_type": "ClassLabel"}
TEXT = {"dtype": "string", "_type": "Value"}
VALUE = {"dtype": "int64", "_type": "Value"}
PICTURE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def save(folder: Path, table: pa.Table, features: dict[str, Any] | None, *, shards: int = 1) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"data-{n:05d}-of-{shards:05d}.arrow" for n in range(shards)]
    size = -(-table.num_rows // shards)
    for n, name in enumerate(names):
        part = table.slice(n * size, size)
        with (folder / name).open("wb") as out, pa.ipc.new_stream(out, table.schema) as writer:
            writer.write_table(part)
    state = {"_data_files": [{"filename": name} for name in names], "_fingerprint": "f", "_split": None}
    (folder / "state.json").write_text(json.dumps(state, indent=2))
    (folder / "dataset_info.json").write_text(json.dumps({"citation": "", "features": features}, indent=2))
    return folder


def read(folder: Path) -> tuple[list[dict[str, Any]], Scan]:
    with Engine() as engine:
        snapshot = plain_snapshot(folder, "set")
        assert snapshot.format == "hfdataset"
        found = scan(engine, snapshot)
        names = found.table.schema.names
        cells = ", ".join(f'"{name}"' for name in names)
        rows = engine.rows(f"SELECT {cells} FROM {found.table.relation} ORDER BY {POSITION}")
        return [dict(zip(names, row, strict=True)) for row in rows], found


def test_shards_come_as_the_state_lists_them_and_classes_by_name(tmp_path: Path) -> None:
    table = pa.table({"id": range(5), "label": [0, 1, None, -1, 2]})
    folder = save(tmp_path / "set", table, {"id": VALUE, "label": ANIMALS}, shards=2)
    (folder / "cache-1234.arrow").write_bytes(b"not read")
    rows, found = read(folder)
    assert rows == [{"id": n, "label": name} for n, name in enumerate(["cat", "dog", None, None, "cow"])]
    assert (found.labels, found.split) == (("label",), None)
    assert [(item.path, item.first, item.count) for item in found.ranges] == [
        ("data-00000-of-00002.arrow", 1, 3),
        ("data-00001-of-00002.arrow", 4, 2),
    ]
    state = json.loads((folder / "state.json").read_text())
    state["_data_files"].reverse()
    (folder / "state.json").write_text(json.dumps(state))
    assert [row["id"] for row in read(folder)[0]] == [3, 4, 0, 1, 2]


def test_a_dictionary_of_datasets_has_a_split(tmp_path: Path) -> None:
    for name, ids in (("train", [1, 2]), ("test", [3])):
        save(tmp_path / "set" / name, pa.table({"id": ids, "label": [0] * len(ids)}), {"id": VALUE, "label": ANIMALS})
    (tmp_path / "set" / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    rows, found = read(tmp_path / "set")
    assert [(row["id"], row["split"]) for row in rows] == [(1, "train"), (2, "train"), (3, "test")]
    assert (found.labels, found.split, found.findings) == (("label",), "split", ())


def test_classes_are_compared_by_name_however_they_are_numbered(tmp_path: Path) -> None:
    turned = {"names": ["dog", "cow", "cat"], "_type": "ClassLabel"}
    save(tmp_path / "old", pa.table({"id": [1, 2], "label": [0, 1]}), {"id": VALUE, "label": ANIMALS})
    save(tmp_path / "new", pa.table({"id": [1, 2], "label": [2, 1]}), {"id": VALUE, "label": turned})
    with compare(tmp_path, ["old", "new"], None) as found:
        (diff,) = found.result.datasets
        assert (diff.rows.changed, diff.rows.unchanged) == (1, 1)
        (label,) = diff.labels
        assert [(item.source, item.target, item.rows) for item in label.transitions] == [("dog", "cow", 1)]


def test_classes_inside_values_have_names_too(tmp_path: Path) -> None:
    table = pa.table(
        {
            "tags": [[0, 2], None, []],
            "box": [{"x": 0.5, "c": 1}, None, {"x": None, "c": None}],
            "old": pa.array([{"c": [1, 0], "n": ["a", "b"]}, None, {"c": [], "n": []}]),
            "deep": [[[0], [1]], [], None],
            "_type": [{"_type": 1}] * 3,
        }
    )
    features = {
        "tags": {"feature": ANIMALS, "_type": "List"},
        "box": {"x": {"dtype": "float64", "_type": "Value"}, "c": ANIMALS},
        "old": {
            "feature": {"c": ANIMALS, "n": {"dtype": "string", "_type": "Value"}},
            "length": -1,
            "_type": "Sequence",
        },
        "deep": [[ANIMALS]],
        "_type": {"_type": ANIMALS},
    }
    rows, found = read(save(tmp_path / "set", table, features))
    assert [row["tags"] for row in rows] == [["cat", "cow"], None, []]
    assert [row["box"] for row in rows] == [{"x": 0.5, "c": "dog"}, None, {"x": None, "c": None}]
    assert [row["old"] for row in rows] == [{"c": ["dog", "cat"], "n": ["a", "b"]}, None, {"c": [], "n": []}]
    assert [row["deep"] for row in rows] == [[["cat"], ["dog"]], [], None]
    assert [row["_type"] for row in rows] == [{"_type": "dog"}] * 3
    assert found.labels == ("tags",)
    assert found.table.schema["tags"].type == "list<string>"


@pytest.mark.parametrize("kind", ["Image", "Audio"])
def test_media_are_their_path_and_hash(tmp_path: Path, kind: str) -> None:
    cells = [{"bytes": b"one", "path": "1.png"}, {"bytes": None, "path": "/far/2.png"}, None]
    rows, found = read(save(tmp_path / "set", pa.table({"m": pa.array(cells, PICTURE)}), {"m": {"_type": kind}}))
    assert [row["m"] for row in rows] == [
        {"path": "1.png", "md5": hashlib.md5(b"one").hexdigest()},
        {"path": "/far/2.png", "md5": None},
        None,
    ]
    assert found.table.schema["m"].type == "struct<path: string, md5: string>"


def test_without_features_columns_are_as_they_are(tmp_path: Path) -> None:
    rows, found = read(save(tmp_path / "set", pa.table({"label": [0, 1]}), None))
    assert [row["label"] for row in rows] == [0, 1] and found.labels == ()


def test_a_split_of_its_own_and_classes_that_differ_are_said(tmp_path: Path) -> None:
    two = {"names": ["dog", "cat"], "_type": "ClassLabel"}
    features = {"split": TEXT}
    for name, labels in (("train", ANIMALS), ("test", two)):
        save(tmp_path / "set" / name, pa.table({"split": ["x"], "label": [0]}), {**features, "label": labels})
    (tmp_path / "set" / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    rows, found = read(tmp_path / "set")
    assert rows == [{"split": "x", "label": "cat"}, {"split": "x", "label": "dog"}]
    assert [item.rule for item in found.findings] == ["classes-differ", "own-split"] and found.split is None


DATA = "data-00000-of-00001.arrow"
NO_NAMES = {"_type": "ClassLabel"}
LIST = {"_type": "List", "feature": ANIMALS}
BROKEN: dict[str, tuple[str, bytes | dict[str, Any] | None, str, str]] = {
    "no data": (DATA, None, "is not there", "state.json"),
    "cut": (DATA, b"\xff\xff\xff\xff\x80", "no sound Arrow file", DATA),
    "no info": ("dataset_info.json", None, "there is no dataset_info.json", ""),
    "info": ("dataset_info.json", b'{\n"features": nope}', "no JSON", "dataset_info.json:2"),
    "list": ("dataset_info.json", b"[]", "no JSON object", "dataset_info.json"),
    "features": ("dataset_info.json", {"features": [1]}, "no mapping", "dataset_info.json"),
    "names": ("dataset_info.json", {"features": {"label": NO_NAMES}}, "does not fit", DATA),
    "shape": (
        "dataset_info.json",
        {"features": {"label": LIST}},
        "does not fit",
        DATA,
    ),
    "few names": ("dataset_info.json", {"features": {"label": {**NO_NAMES, "names": ["a"]}}}, "has no name", DATA),
    "state": ("state.json", {}, "lists no data files", "state.json"),
    "none": ("state.json", {"_data_files": []}, "no data files", ""),
    "outside": ("state.json", {"_data_files": [{"filename": "../secret.arrow"}]}, "is not there", "state.json"),
    "nameless": ("state.json", {"_data_files": [{}]}, "without a name", "state.json"),
    "indices": ("state.json", {"_data_files": [], "_indices_data_files": [{}]}, "indices mapping", "state.json"),
    "no splits": ("dataset_dict.json", {}, "names no splits", "dataset_dict.json"),
    "lost split": ("dataset_dict.json", {"splits": ["val"]}, "there is no val/state.json", ""),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_is_said_with_the_file(tmp_path: Path, name: str) -> None:
    file, content, message, where = BROKEN[name]
    folder = save(tmp_path / "set", pa.table({"id": [1, 2], "label": [0, 1]}), {"id": VALUE, "label": ANIMALS})
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    with pytest.raises(FormatError) as caught:
        read(folder)
    assert message in caught.value.message and caught.value.where == f"set/{where}".rstrip("/")
