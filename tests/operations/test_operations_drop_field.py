from __future__ import annotations

import pytest
from operations_bench import ROWS, STATE, Bench, Example, Make

from dsv.errors import SchemaError
from dsv.operations.drop_field import DropField

EXAMPLES: list[Make] = [
    *(lambda rows, name=name: Example(DropField(field_name=name)) for name in ("class", "tags", "mood", "score")),
]


@pytest.mark.parametrize("name", ["class", "score", "mood"])
def test_the_field_and_its_classes_go(bench: Bench, name: str) -> None:
    operation = DropField(field_name=name)
    assert bench.rows(operation) == [{key: row[key] for key in row if key != name} for row in ROWS]
    after = bench.after(operation)
    assert name not in after.schema
    assert name not in after.labels
    assert after.class_list(name) is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("id", "field 'id' is the dataset's key"),
        ("split", "field 'split' is the dataset's split"),
        ("image", "field 'image' is the dataset's media"),
        ("scores", "there is no field 'scores'"),
    ],
)
def test_refused(bench: Bench, name: str, message: str) -> None:
    with pytest.raises(SchemaError) as caught:
        bench.run(DropField(field_name=name))
    assert caught.value.message == message


def test_words() -> None:
    assert DropField(field_name="score").describe(STATE) == "drop field score"
    assert DropField(field_name="score").effect(STATE).summary == "breaking"
