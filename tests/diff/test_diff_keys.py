from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dsv.diff import fields, keys
from dsv.diff.dataset import diff_tables
from dsv.diff.keys import infer
from dsv.diff.request import DiffRequest
from dsv.errors import SchemaError


def test_the_evidence_says_why(make: Any) -> None:
    table = make.rows({"name": "string", "id": "integer"}, [["a", 1], ["b", 2]])
    assert infer(table, table) == (("id",), "key id: unique 100 %, no nulls")


@pytest.mark.parametrize(
    ("types", "old", "new", "key"),
    [
        ({"text": "string", "image_id": "integer"}, [["a", 1], ["b", 2]], [["a", 1]], ("image_id",)),
        ({"a": "string", "b": "string"}, [["x", "1"], ["x", "2"]], [["x", "1"]], ("b",)),
        ({"a": "string", "b": "string"}, [["x", "1"]], [["x", "1"], ["y", "1"]], ("a",)),
        ({"a": "string", "b": "string"}, [["x", "1"], [None, "2"]], [["x", "1"]], ("b",)),
        ({"score": "number", "b": "string"}, [[0.1, "x"], [0.2, "y"]], [[0.1, "x"]], ("b",)),
        ({"l": "list<integer>", "b": "string"}, [[[1], "x"], [[2], "y"]], [[[1], "x"]], ("b",)),
        ({"a": "string", "b": "string"}, [["x", "1"], ["x", "2"], ["y", "1"], ["y", "2"]], [["x", "1"]], ("a", "b")),
        ({"a": "string", "b": "string"}, [["x", "1"], ["x", "1"]], [["x", "1"]], ()),
        ({"score": "number"}, [[0.1]], [[0.1]], ()),
    ],
)
def test_inference(make: Any, types: dict[str, str], old: list[Any], new: list[Any], key: tuple[str, ...]) -> None:
    assert infer(make.rows(types, old), make.rows(types, new))[0] == key


@pytest.mark.parametrize("few", [1, 2, 3])
def test_keys_are_tried_a_few_at_a_time(make: Any, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    monkeypatch.setattr(keys, "TRIED_AT_ONCE", few)
    types = dict.fromkeys("abcd", "string")
    table = make.rows(types, [["x", "1", "p", "1"], ["x", "1", "q", "2"], ["y", "1", "p", "3"]])
    assert infer(table, table)[0] == ("d",)
    assert infer(table, table, exclude={"d"})[0] == ("a", "c")


def test_ids_that_were_dealt_afresh_are_no_key(make: Any) -> None:
    types = {"id": "integer", "file": "string"}
    old = make.rows(types, [[1, "a"], [2, "b"]])
    new = make.rows(types, [[11, "a"], [12, "b"]])
    assert infer(old, new)[0] == ("file",)


def test_labels_and_split_are_no_key(make: Any) -> None:
    types = {"class": "string", "file": "string"}
    table = make.rows(types, [["a", "1"], ["b", "2"]])
    assert infer(table, table, exclude={"class"})[0] == ("file",)
    diff = diff_tables("d", "d", table, table, DiffRequest(labels=("class",)))
    assert (diff.key, diff.key_source) == (("file",), "inferred")


def test_uniqueness_is_judged_on_all_rows(make: Any) -> None:
    make.engine.execute(
        "CREATE TABLE far AS SELECT CAST(least(i, 9998) AS VARCHAR) AS a, CAST(i AS VARCHAR) AS b, "
        "i + 1 AS _dsv_position FROM range(10000) AS t(i)"
    )
    table = replace(make.rows({"a": "string", "b": "string"}, []), relation="far")
    assert infer(table, table)[0] == ("b",)


def test_an_unknown_key_field_names_the_nearest(make: Any) -> None:
    table = make.rows({"image": "string"}, [["a"]])
    with pytest.raises(SchemaError) as caught:
        diff_tables("d", "d", table, table, DiffRequest(key=("imgae",)))
    assert "imgae" in caught.value.message
    assert "image" in (caught.value.hint or "")


def test_a_key_field_that_one_side_lacks_is_an_error(make: Any) -> None:
    old = make.rows({"a": "string", "x": "string"}, [["a", "b"]])
    new = make.rows({"id": "integer", "x": "string"}, [[1, "b"]])
    with pytest.raises(SchemaError, match="'id' is not in the old rows"):
        diff_tables("d", "d", old, new, DiffRequest(key=("id",)))
    with pytest.raises(SchemaError, match="'a' is not in the new rows"):
        diff_tables("d", "d", old, new, DiffRequest(key=("a",)))


@pytest.mark.parametrize(
    "request_",
    [
        DiffRequest(key=("image_id",), renames=(("id", "image_id"),)),
        DiffRequest(key=("id",), renames=(("id", "image_id"),)),
        DiffRequest(key=("image_id",)),
        DiffRequest(key=("id",)),
        DiffRequest(ignore=("note",)),
    ],
)
def test_a_key_field_under_another_name(make: Any, request_: DiffRequest) -> None:
    old = make.rows({"id": "integer", "x": "string", "note": "string"}, [[n, "b", "n"] for n in range(6)])
    new = make.rows({"note": "string", "x": "string", "image_id": "integer"}, [["n", "c", n] for n in range(1, 7)])
    diff = diff_tables("d", "d", old, new, request_)
    assert diff.key == ("image_id",)
    assert (diff.rows.added, diff.rows.removed, diff.rows.changed) == (1, 1, 5)
    (change,) = [item for item in diff.schema_changes if item.change == "field_renamed"]
    assert (change.field, change.to) == ("id", "image_id")
    assert next(diff.changes.rows(("removed",))).key == {"image_id": 0}


def test_keys_of_two_types_pair_as_text(make: Any) -> None:
    old = make.rows({"id": "string", "x": "string"}, [["1", "a"], ["002", "b"]])
    new = make.rows({"id": "integer", "x": "string"}, [[1, "c"], [2, "b"]])
    diff = diff_tables("d", "d", old, new, DiffRequest(key=("id",)))
    assert (diff.rows.added, diff.rows.removed, diff.rows.changed) == (1, 1, 1)


def test_a_composite_key_with_a_missing_part_pairs_with_none(make: Any) -> None:
    types = {"a": "string", "b": "string", "x": "string"}
    rows = [["1", None, "x"], ["1", "2", "x"], ["12", "", "x"], ["", "12", "x"]]
    diff = diff_tables("d", "d", make.rows(types, rows), make.rows(types, rows), DiffRequest(key=("a", "b")))
    assert (diff.null_keys.old, diff.null_keys.new) == (1, 1)
    assert (diff.rows.added, diff.rows.removed, diff.rows.unchanged) == (1, 1, 3)


def test_keys_that_share_a_hash_are_told_apart(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """1 and 3 share a hash of one bit, and are two keys all the same."""
    real = fields.row_hash
    monkeypatch.setattr(fields, "row_hash", lambda values: '"id" % 2' if values[0].sql == '"id"' else real(values))
    types = {"id": "integer", "x": "string"}
    old, new = make.rows(types, [[1, "a"], [2, "b"]]), make.rows(types, [[3, "c"], [2, "d"]])
    diff = diff_tables("d", "d", old, new, DiffRequest(key=("id",)))
    assert (diff.rows.added, diff.rows.removed, diff.rows.changed, diff.rows.unchanged) == (1, 1, 1, 0)
    assert [(change.kind, change.key["id"]) for change in diff.changes.rows()] == [
        ("removed", 1),
        ("changed", 2),
        ("added", 3),
    ]
