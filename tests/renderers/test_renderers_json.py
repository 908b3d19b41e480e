"""The contract dsv.diff/1: its schema, its names, and values that survive it."""

import base64
import json
import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError

import dsv.renderers
from dsv.model.diff import DiffResult
from dsv.registry import get, names
from dsv.renderers import json as renderer
from dsv.renderers import jsonl
from dsv.renderers._encode import dumps, encode
from tests.renderers.conftest import Changes, changed

SCHEMA = json.loads((Path(dsv.renderers.__file__).parent / "schemas" / "dsv.diff.1.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)
NOT_YET = ("explained", "unexplained", "media", "similar_pairs", "changed_cells_encoding_only")
PROMISED = {
    "dataset", "path", "status", "compared", "key", "key_source", "rows", "duplicate_keys", "formatting",
    "schema_changes", "changed_cells", "changed_cells_whitespace_only", "changed_cells_case_only",
    "changed_cells_encoding_only", "rekeyed", "similar_pairs", "labels", "explained", "unexplained", "splits",
    "media", "tables", "samples",
}  # fmt: skip


def document(result: DiffResult, **options: Any) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(renderer.render(result, **options), parse_constant=refuse)


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("options", [{}, {"limit": 0}, {"limit": 1}, {"kinds": ("added",)}])
def test_a_result_fits_the_schema(result: DiffResult, options: dict[str, Any]) -> None:
    VALIDATOR.validate(document(result, **options))


def test_an_empty_result_fits_the_schema(result: DiffResult) -> None:
    VALIDATOR.validate(document(replace(result, datasets=(), findings=())))


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of a document with fixed names, that is, outside the data's own names."""
    if isinstance(value, dict):
        yield value
        for name, item in value.items():
            if name not in ("cells", "key", "changed_cells", "by_split"):
                yield from objects(item)
    elif isinstance(value, list):
        for item in value:
            yield from objects(item)


def test_the_schema_requires_every_name(result: DiffResult) -> None:
    whole = document(replace(result, datasets=result.datasets[:1]))
    optional = 0
    for item in objects(whole):
        for name in list(item):
            kept = item.pop(name)
            try:
                VALIDATOR.validate(whole)
            except ValidationError:
                pass
            else:
                optional += name not in ("image", "label", "note", "changed_cells", "test", "train")
            item[name] = kept
    assert optional == 0


def test_the_names_of_the_design_are_there(result: DiffResult) -> None:
    for dataset in document(result)["datasets"]:
        assert dataset.keys() >= PROMISED


def test_what_is_not_known_is_null(result: DiffResult) -> None:
    signs, _, faces = document(result)["datasets"]
    assert [signs[name] for name in NOT_YET] == [None] * len(NOT_YET)
    assert signs["tables"] == {}
    assert faces["compared"] == "profiles"
    unknown = dict.fromkeys(("added", "removed", "changed", "unchanged", "rekeyed"))
    assert faces["rows"] == {"old": 10, "new": 20, **unknown}
    assert faces["samples"] is faces["changed_cells"] is faces["splits"]["moved"] is None
    assert faces["labels"]["label"]["transitions"] is faces["labels"]["label"]["changed_sets"] is None


def test_samples_are_limited_by_kind_and_say_so(result: DiffResult) -> None:
    one = document(result, limit=1)["datasets"][0]
    assert [len(one["samples"][kind]) for kind in ("added", "removed", "changed")] == [1, 1, 1]
    assert one["samples"]["truncated"] is True
    assert one["rows"]["changed"] == 414
    assert document(result, limit=5)["datasets"][0]["samples"]["truncated"] is False
    assert document(result, kinds=("added",))["datasets"][0]["samples"]["changed"] is None
    many = Changes(*(changed({"id": number}, a=(1, 2)) for number in range(150)))
    signs = replace(result.datasets[0], changes=many)
    by_itself = document(replace(result, datasets=(signs,)))["datasets"][0]["samples"]
    assert (len(by_itself["changed"]), by_itself["truncated"]) == (100, True)


def test_identical_bytes_have_empty_samples(result: DiffResult) -> None:
    samples = document(result)["datasets"][1]["samples"]
    assert samples == {"added": [], "removed": [], "changed": [], "truncated": False}


def test_rows_as_lines(result: DiffResult) -> None:
    header, *lines = [json.loads(line) for line in jsonl.render(result).splitlines()]
    assert header["schema"] == "dsv.diff.rows/1"
    assert header["complete"] is False
    assert [(item["dataset"], item["listed"]) for item in header["datasets"]] == [
        ("signs", True), ("weather", True), ("faces", False),
    ]  # fmt: skip
    samples = document(result)["datasets"][0]["samples"]
    for kind in ("added", "removed", "changed"):
        rows = [line for line in lines if line["kind"] == kind]
        assert [{"dataset": "signs", "kind": kind, **row} for row in samples[kind]] == rows
    limited = jsonl.render(result, limit=1, kinds=("changed",)).splitlines()
    assert len(limited) == 2


def decode(value: Any) -> Any:
    """What a reader does with the tags."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        tag, content = next(iter(value.items()))
        if tag == "$number":
            return float(content)
        if tag == "$integer":
            return int(content)
        if tag == "$bytes":
            return base64.b64decode(content)
        if tag == "$object":
            return {name: decode(item) for name, item in content.items()}
    return {name: decode(item) for name, item in value.items()}


def same(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return left == right or (math.isnan(left) and math.isnan(right))
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(same(left[name], right[name]) for name in left)
    return type(left) is type(right) and left == right


keys = st.text(max_size=8) | st.sampled_from(["$number", "$integer", "$bytes", "$object"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=2),
    max_leaves=8,
)


@given(values)
def test_values_survive(value: Any) -> None:
    text = dumps(encode(value))
    assert same(decode(json.loads(text)), value)


@given(st.integers())
def test_no_number_is_beyond_what_every_reader_holds(value: int) -> None:
    encoded = encode(value)
    assert isinstance(encoded, dict) or float(encoded) == encoded


@given(st.text(st.characters()))
def test_json_is_safe_on_a_terminal(value: str) -> None:
    text = dumps({"a": value}, indent=2)
    assert json.loads(text) == {"a": value}
    assert text.count("\n") == 2
    assert all(character >= " " and character not in "\x7f\x9b\u202e\u200b" for character in text.replace("\n", ""))
    text.encode("utf-8")


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (date(2026, 1, 31), "2026-01-31"),
        (datetime(2026, 1, 31, 1, 2, 3), "2026-01-31T01:02:03"),
        (Decimal("1.5"), 1.5),
        (Decimal("0.1000000000000000000001"), {"$number": "0.1000000000000000000001"}),
        (Decimal("NaN"), {"$number": "NaN"}),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (2**53 - 1, 2**53 - 1),
        (-(2**53), {"$integer": "-9007199254740992"}),
        ({"$a": 1}, {"$object": {"$a": 1}}),
        ({"$a": 1, "b": 2}, {"$a": 1, "b": 2}),
    ],
)
def test_spellings(value: Any, encoded: Any) -> None:
    assert encode(value) == encoded


def test_renderers_are_found_by_file_name() -> None:
    assert {"json", "jsonl", "markdown", "text"} <= set(names("renderers"))
    assert get("renderers", "json") is renderer.stream
