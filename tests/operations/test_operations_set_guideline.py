from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from operations_bench import ROWS, STATE, Bench, Example, Make

from dsv.errors import SchemaError
from dsv.model.migration import Effect
from dsv.model.profile import Guideline
from dsv.operations.drop_field import DropField
from dsv.operations.rename_class import RenameClass
from dsv.operations.rename_field import RenameField
from dsv.operations.set_guideline import SetGuideline

FILE = "m0001_signs.md"

EXAMPLES: list[Make] = [
    lambda rows: Example(SetGuideline(version_name="1.0", text="Label what you see.")),
    lambda rows: Example(
        SetGuideline(version_name="2.1", kind="amendment", file=FILE, field="tags"), {FILE: "# Tags\n"}
    ),
    lambda rows: Example(
        SetGuideline(version_name="no", class_name="no", url="https://example.org/no", kind="validator")
    ),
]


def test_what_is_recorded(bench: Bench) -> None:
    whole = SetGuideline(version_name="1.0", url="https://example.org")
    state = bench.after(whole)
    assert state.guidelines == (Guideline(version="1.0", url="https://example.org"),)
    state = SetGuideline(version_name="2", class_name="bus", file=FILE).forward_schema(state, bench.inputs())
    newer = SetGuideline(version_name="1.1", kind="clarification", text="as before")
    state = newer.forward_schema(state, bench.inputs())
    assert state.guidelines == (
        Guideline(version="1.1", kind="clarification", text="as before"),
        Guideline(version="2", field="class", class_key="bus", file=FILE),
    )
    assert bench.rows(whole) == ROWS
    assert replace(state, guidelines=()) == STATE


def test_it_follows_fields_and_classes(bench: Bench) -> None:
    inputs = bench.inputs()
    state = bench.after(SetGuideline(version_name="2", class_name="bus"))
    state = RenameClass(source="bus", to="coach").forward_schema(state, inputs)
    state = RenameField(source="class", to="kind").forward_schema(state, inputs)
    assert state.guidelines == (Guideline(version="2", field="kind", class_key="bus"),)
    again = SetGuideline(version_name="3", class_name="coach").forward_schema(state, inputs)
    assert again.guidelines == (Guideline(version="3", field="kind", class_key="bus"),)
    assert DropField(field_name="kind").forward_schema(state, inputs).guidelines == ()


def test_the_old_record_undoes_it(bench: Bench) -> None:
    first = SetGuideline(version_name="1", field="tags", text="a")
    second = SetGuideline(version_name="2", field="tags", file=FILE, kind="amendment")
    state = bench.after(first)
    assert second.inverse(state) == first
    assert first.inverse(STATE) == SetGuideline(version_name="", field="tags")
    after = second.forward_schema(state, bench.inputs())
    assert second.inverse(state).forward_schema(after, bench.inputs()) == state


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"field": "clas"}, "there is no field 'clas'"),
        ({"class_name": "cra"}, "field 'class' has no class 'cra'"),
        ({"class_name": "car", "field": "score"}, "field 'score' has no classes"),
        ({"version_name": ""}, "an empty version takes away a guideline that is there"),
        ({"version_name": "", "text": "x"}, "an empty version takes away a guideline that is there"),
    ],
)
def test_refused(bench: Bench, options: Mapping[str, Any], message: str) -> None:
    with pytest.raises(SchemaError) as caught:
        bench.after(SetGuideline(**{"version_name": "1", **options}))
    assert caught.value.message == message


def test_words() -> None:
    operation = SetGuideline(version_name="2.1", kind="amendment", file=FILE, class_name="bus")
    assert operation.describe(STATE) == f"guideline 2.1 of class bus (amendment, {FILE})"
    assert SetGuideline(version_name="1", field="tags", url="u").describe(STATE) == "guideline 1 of field tags (u)"
    assert SetGuideline(version_name="1").describe(STATE) == "guideline 1"
    assert SetGuideline(version_name="").describe(STATE) == "no guideline"
    assert operation.effect(STATE) == Effect()
