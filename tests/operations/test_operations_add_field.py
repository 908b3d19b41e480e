from __future__ import annotations

import datetime
from typing import Any

import pytest
from operations_bench import ROWS, STATE, Bench, Example, Make

from dsv.errors import SchemaError
from dsv.model.migration import Effect
from dsv.model.schema import Field
from dsv.operations.add_field import AddField

QUALITY = AddField(
    new_field="quality",
    type="enum",
    values=("unseen", "no", "a.b"),
    default="unseen",
    unlabelled=True,
    label=True,
)
TYPED: list[tuple[str, Any, Any]] = [
    ("integer", -5, -5),
    ("number", 1, 1.0),
    ("number", 0.1, 0.1),
    ("boolean", False, False),
    ("string", "it's ${x}", "it's ${x}"),
    ("string", "", ""),
    ("date", "2020-02-29", datetime.date(2020, 2, 29)),
    ("datetime", "2020-02-29T12:30:00", datetime.datetime(2020, 2, 29, 12, 30)),
    ("json", '{"a":1}', '{"a":1}'),
    ("bytes", None, None),
    ("list<string>", None, None),
    ("list<string>", (), []),
    ("list<list<integer>>", ((1, None), ()), [[1, None], []]),
    (
        "list<struct<text: string, n: number>>",
        ({"text": 'it\'s "x"', "n": 1}, {"text": "é"}),
        [{"text": 'it\'s "x"', "n": 1.0}, {"text": "é", "n": None}],
    ),
    ("struct<a: integer, b: list<number>>", None, None),
]

EXAMPLES: list[Make] = [
    *(
        lambda rows, kind=kind, default=default: Example(AddField(new_field="it's", type=kind, default=default))
        for kind, default, _ in TYPED
    ),
    lambda rows: Example(QUALITY),
    lambda rows: Example(AddField(new_field="q", type="string", default="x", nullable=False)),
]


@pytest.mark.parametrize(("kind", "default", "value"), TYPED)
def test_every_row_gets_the_default(bench: Bench, kind: str, default: Any, value: Any) -> None:
    operation = AddField(new_field="new", type=kind, default=default)
    assert bench.rows(operation) == [{**row, "new": value} for row in ROWS]
    assert bench.after(operation).schema.fields[-1] == Field(name="new", type=kind)


def test_an_enum_has_classes_and_its_default_is_none_of_them(bench: Bench) -> None:
    after = bench.after(QUALITY)
    field = after.schema["quality"]
    assert (field.values, field.unlabelled, field.origin) == (("unseen", "no", "a.b"), "unseen", None)
    assert after.labels == ("class", "tags", "level", "quality")
    classes = after.class_list("quality")
    assert [(item.name, item.id, item.index, item.coverage) for item in classes.classes] == [
        ("no", 0, 0, "none"),
        ("a.b", 1, 1, "none"),
    ]
    assert classes.next_id == 2


def test_a_default_that_is_a_label(bench: Bench) -> None:
    after = bench.after(AddField(new_field="q", type="enum", values=("a", "b"), default="a"))
    assert [item.coverage for item in after.class_list("q").classes] == ["all", "all"]
    assert after.labels == STATE.labels
    assert after.schema["q"].unlabelled is None


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (AddField(new_field="class", type="string"), "there is a field 'class' already"),
        (AddField(new_field="Class", type="string"), "the name 'Class' differs from 'class' only in case"),
        (AddField(new_field="_dsv_x", type="string"), "names that begin with _dsv_ are dsv's own: '_dsv_x'"),
        (AddField(new_field="", type="string"), "a field needs a name"),
        (AddField(new_field="q", type="varchar"), "no such type: 'varchar'"),
        (AddField(new_field="q", type="integer", default="1"), "the default '1' is no integer"),
        (AddField(new_field="q", type="integer", default=True), "the default True is no integer"),
        (AddField(new_field="q", type="integer", default=2**63), f"the default {2**63} is no integer"),
        (AddField(new_field="q", type="string", default=1), "the default 1 is no string"),
        (AddField(new_field="q", type="date", default="2021-02-29"), "the default '2021-02-29' is no date"),
        (AddField(new_field="q", type="list<string>", default="[]"), "the default '[]' is no list<string>"),
        (AddField(new_field="q", type="list<string>", default=(1,)), "the default [1] is no list<string>"),
        (
            AddField(new_field="q", type="list<integer>", default=(2**63,)),
            f"the default [{2**63}] is no list<integer>",
        ),
        (AddField(new_field="q", type="struct<a: date>", default={"b": "x"}), 'the default {"b": "x"} is no struct<a'),
        (AddField(new_field="q", type="struct<a: date>", default={"a": "x"}), 'the default {"a": "x"} is no struct<a'),
        (
            AddField(new_field="q", type="string", nullable=False),
            "a field that is not nullable needs a default",
        ),
        (AddField(new_field="q", type="enum"), "`values:` goes with `type: enum`"),
        (AddField(new_field="q", type="string", values=("a",)), "`values:` goes with `type: enum`"),
        (
            AddField(new_field="q", type="enum", values=("a", "a")),
            "the values of an enum are unequal and not empty",
        ),
        (
            AddField(new_field="q", type="enum", values=("a",), default="b"),
            "the default 'b' is none of the values",
        ),
        (
            AddField(new_field="q", type="enum", values=("a",), unlabelled=True),
            "`unlabelled: true` goes with",
        ),
        (AddField(new_field="q", type="string", label=True), "only an enum can be added as a label"),
    ],
)
def test_refused(bench: Bench, operation: AddField, message: str) -> None:
    with pytest.raises(SchemaError) as caught:
        bench.run(operation)
    assert caught.value.message.startswith(message)


def test_words() -> None:
    assert QUALITY.describe(STATE) == "add field quality (enum), unseen in every row, not labelled"
    assert AddField(new_field="n", type="integer").describe(STATE) == "add field n (integer)"
    assert QUALITY.effect(STATE) == Effect(schema="add")
    assert QUALITY.effect(STATE).summary == "additive"
