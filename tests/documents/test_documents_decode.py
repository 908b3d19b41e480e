from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from dsv.documents.decode import decode
from dsv.documents.yaml import load_marked
from dsv.errors import DocumentError, SchemaError


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    name: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    source: str = field(metadata={"key": "from"})
    count: int = 0
    on: bool = False
    mode: Literal["skip", "error"] = "error"
    parts: tuple[Part, ...] = ()
    pair: tuple[str, int] | None = None
    limits: Mapping[str, int] = field(default_factory=dict)
    names: str | tuple[str, ...] = ()
    any: Any = None
    either: int | str | None = None

    def __post_init__(self) -> None:
        if self.count < 0:
            raise SchemaError("the count is negative")


def read(text: str) -> Thing:
    value, lines = load_marked(text, "m.yaml")
    return decode(Thing, value, "m.yaml", lines)


def test_everything_at_once() -> None:
    made = read(
        "from: bike\ncount: 3\non: true\nmode: skip\nparts:\n- {name: a}\n- {name: b, weight: 2}\n"
        "pair: [x, 1]\nlimits: {a: 1}\nnames: [p, q]\nany: {k: [1]}\neither: x\n"
    )
    assert made == Thing(
        source="bike",
        count=3,
        on=True,
        mode="skip",
        parts=(Part(name="a"), Part(name="b", weight=2.0)),
        pair=("x", 1),
        limits={"a": 1},
        names=("p", "q"),
        any={"k": [1]},
        either="x",
    )
    assert type(made.parts[1].weight) is float
    assert read("from: a\nnames: one\npair: null\neither: 5").names == "one"


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"),
    [
        ("count: 1", 1, "the key 'from' is missing", None),
        ("from: 3", 1, "'from' must be text, not an integer (3)", "put it in quotes"),
        ("from: true", 1, "'from' must be text, not true or false (true)", "put it in quotes"),
        ("from:", 1, "'from' must be text, not nothing", None),
        ("from: a\ncount: true", 2, "'count' must be an integer, not true or false (true)", None),
        ("from: a\ncount: 1.5", 2, "'count' must be an integer, not a number (1.5)", None),
        ("from: a\ncount: '1'", 2, "'count' must be an integer, not text (1)", None),
        ("from: a\non: 1", 2, "'on' must be true or false, not an integer (1)", None),
        (
            "from: a\nmode: skpi",
            2,
            "'mode' must be one of skip, error, not text (skpi)",
            "did you mean 'skip'?",
        ),
        ("from: a\ncuont: 1", 2, "unknown key 'cuont'", "did you mean 'count'?"),
        ("from: a\nparts:\n- name: x\n- nmae: y", 4, None, None),
        ("from: a\nparts: x", 2, "'parts' must be a list, not text (x)", None),
        (
            "from: a\nparts:\n- {name: x, weight: y}",
            3,
            "'parts[0].weight' must be a number, not text (y)",
            None,
        ),
        ("from: a\nlimits:\n  b: x", 3, "'limits.b' must be an integer, not text (x)", None),
        ("from: a\nlimits: [1]", 2, "'limits' must be keys and values, not a list", None),
        ("from: a\npair: [x]", 2, "'pair' needs 2 values, not 1", None),
        ("from: a\nnames: 3", 2, "'names' must be text or a list, not an integer (3)", None),
        ("from: a\nnames: [x, 3]", 2, "'names[1]' must be text, not an integer (3)", "put it in quotes"),
        ("from: a\ncount: -1", 1, "the count is negative", None),
        ("- 1", 1, "the document must be keys and values, not a list", None),
    ],
)
def test_a_problem_is_told_with_its_line(text: str, line: int, message: str | None, hint: str | None) -> None:
    with pytest.raises(DocumentError) as caught:
        read(text)
    if message is not None:
        assert caught.value.message == message
        assert caught.value.where == f"m.yaml:{line}"
        assert caught.value.hint == hint


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(DocumentError) as caught:
        read("count: x\nmdoe: skip\nparts:\n- nam: y\n")
    assert caught.value.message == "5 problems in m.yaml"
    assert caught.value.where == (
        "m.yaml:2: unknown key 'mdoe' (did you mean 'mode'?)\n"
        "m.yaml:1: the key 'from' is missing\n"
        "m.yaml:1: 'count' must be an integer, not text (x)\n"
        "m.yaml:4: unknown key 'nam' in 'parts[0]' (did you mean 'name'?)\n"
        "m.yaml:4: the key 'name' is missing in 'parts[0]'"
    )


def test_a_part_of_a_document_keeps_the_lines_of_the_whole() -> None:
    value, lines = load_marked("x: 1\nthing:\n  from: a\n  count: b\n", "m.yaml")
    with pytest.raises(DocumentError, match=r"'thing.count' must be an integer") as caught:
        decode(Thing, value["thing"], "m.yaml", lines, ("thing",))
    assert caught.value.where == "m.yaml:4"


def test_annotations_that_no_document_holds_are_a_bug() -> None:
    @dataclass(frozen=True)
    class Odd:
        x: set[int]

    Odd.__annotations__["x"] = set[int]
    with pytest.raises(TypeError, match="documents hold no"):
        decode(Odd, {"x": 1}, "f", {})
