"""JSON of mixed types in one spelling, against Python's own reading of it."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsv.formats._shared.json_text import respelled
from dsv.formats.base import scan
from dsv.model.snapshot import Snapshot
from dsv.tables.duckdb import Engine
from dsv.tables.table import POSITION
from tests.formats.conftest import Folders, values

NUMBERS = st.builds(
    lambda digits, point, power: f"{digits[:1]}{'.' if point and digits[1:] else ''}{digits[1:]}{power}",
    st.integers(1, 10**20).map(str),
    st.booleans(),
    st.sampled_from(["", "e0", "E+2", "e-3", "e400", "e-400"]),
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=4).map(lambda text: json.dumps(text, ensure_ascii=False))
SCALARS = st.one_of(NUMBERS, NUMBERS.map("-{}".format), TEXTS, st.sampled_from(["null", "true", "false", "0", "-0.0"]))


def _lists(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(items, max_size=3).map(lambda values: f"[{', '.join(values)}]")


def _objects(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    members = st.lists(st.tuples(st.sampled_from("abc"), items), max_size=3, unique_by=lambda member: member[0])
    return members.map(lambda found: "{" + " , ".join(f'"{name}" :{value}' for name, value in found) + "}")


VALUES = st.recursive(SCALARS, lambda items: st.one_of(_lists(items), _objects(items)), max_leaves=6)


def value_of(text: str) -> Any:
    """What Python takes a JSON text for, numbers as exact decimals and apart from the texts and truths."""
    return json.loads(text, parse_int=exact, parse_float=exact)


def exact(text: str) -> tuple[str, Decimal]:
    return "number", Decimal(text)


@given(VALUES, VALUES)
def test_texts_are_alike_exactly_where_values_are_equal(one: str, other: str) -> None:
    assert (respelled(one) == respelled(other)) == (value_of(one) == value_of(other))
    assert value_of(respelled(one)) == value_of(one)
    assert respelled(respelled(one)) == respelled(one)


@pytest.mark.parametrize("text", ["[" * 100_000 + "]" * 100_000, "{", ""], ids=["deep", "open", "empty"])
def test_what_cannot_be_read_stays_as_it_is(text: str) -> None:
    assert respelled(text) == text


def test_members_of_one_name_stay_in_their_order() -> None:
    assert respelled('{"b": 1, "a": 2, "a": 1.0}') == '{"a":2,"a":1,"b":1}'


def test_half_a_surrogate_pair_stays_escaped() -> None:
    assert respelled(r'["\ud800", "\u00e9"]') == r'["\ud800","é"]'


MIXED = [
    ('{"b": 1.0, "a": [1, 2.50]}', '{"a":[1,2.5],"b":1}'),
    ('["x", 1]', '["x",1]'),
    ("[1.50]", "[1.5]"),
    ("[-0.0, 1e2]", "[0,100]"),
    ("0.50", "0.5"),
    ('"text {"', '"text {"'),
    ("null", None),
]


@pytest.mark.parametrize("suffix", ["jsonl", "json"])
def test_a_field_of_mixed_types_is_read_in_one_spelling(tmp_path: Path, suffix: str) -> None:
    lines = [f'{{"id": {number}, "mixed": {spelled}}}' for number, (spelled, _) in enumerate(MIXED)]
    path = tmp_path / f"a.{suffix}"
    path.write_text("[" + ",\n".join(lines) + "]" if suffix == "json" else "\n".join(lines), encoding="utf-8")
    with Engine() as engine:
        table = scan(engine, Snapshot(path=path, format=suffix, shown_path=path.name)).table
        assert table.schema["mixed"].type == "json"
        found = engine.rows(f"SELECT mixed FROM {table.relation} ORDER BY {POSITION}")
    assert [text for (text,) in found] == [text for _, text in MIXED]


def test_parts_of_two_types_come_in_one_spelling(folders: Folders) -> None:
    parts = {
        "a.jsonl": '{"id": 1, "mixed": {"b": 1.5, "a": 2}}\n',
        "b.jsonl": '{"id": 2, "mixed": "text"}\n{"id": 3, "mixed": {"b": 1}}\n',
    }
    found = values(folders.scan(parts).table)
    assert [row["mixed"] for row in found] == ['{"a":2,"b":1.5}', '"text"', '{"b":1}']


def test_coco_masks_and_other_objects_compare_by_value(folders: Folders) -> None:
    def coco(mask: str, other: str) -> str:
        return (
            '{"images": [{"id": 1, "file_name": "a.jpg"}], "categories": [{"id": 1, "name": "x"}], "annotations": ['
            f'{{"id": 1, "image_id": 1, "category_id": 1, "segmentation": {mask}, "attributes": {other}}}, '
            '{"id": 2, "image_id": 1, "category_id": 1, "segmentation": [[1, 2, 3, 4, 5, 6]], "attributes": "none"}]}'
        )

    old = coco('{"size": [2, 2], "counts": "abc"}', '{"b": 1, "a": 2.0}')
    new = coco('{"counts": "abc", "size": [2, 2]}', '{"a": 2, "b": 1}')
    assert folders.diff(old, new, ".json").rows.changed == 0
    assert folders.diff(old, coco('{"counts": "abc", "size": [2, 2]}', '{"a": 1, "b": 2}'), ".json").changed_cells == {
        "attributes": 1
    }
