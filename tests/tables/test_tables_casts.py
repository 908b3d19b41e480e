"""Casts never round, trim or guess: held against Python's own reading of the values."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dsv.tables.casts import cast, lossless
from dsv.tables.duckdb import Engine
from dsv.tables.types import engine_type


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(threads=1) as made:
        yield made


def casted(engine: Engine, value: Any, old: str, new: str) -> Any:
    sql = cast("x", old, new)
    assert sql is not None
    return engine.value(f"SELECT {sql} FROM (SELECT CAST(? AS {engine_type(old)}) AS x)", [value])


BIG = st.integers(-(2**63), 2**63 - 1)
TEXTS = st.one_of(
    st.from_regex(r"-?[0-9]{1,20}(\.[0-9]{1,3})?(e[0-9])?", fullmatch=True), st.sampled_from(["", " 7", "NA", "true"])
)


@settings(max_examples=30, deadline=None)
@given(value=BIG)
@example(2**53 + 1)
@example(2**63 - 1)
def test_integers_become_numbers_only_where_they_are_the_same(engine: Engine, value: int) -> None:
    expected = float(value) if int(float(value)) == value else None
    assert casted(engine, value, "integer", "number") == expected


@settings(max_examples=30, deadline=None)
@given(value=st.floats())
@example(1.5)
@example(-(2.0**63))
@example(2.0**63)
def test_numbers_become_integers_only_where_they_are_whole(engine: Engine, value: float) -> None:
    whole = math.isfinite(value) and value == int(value) and -(2**63) <= value < 2**63
    assert casted(engine, value, "number", "integer") == (int(value) if whole else None)


@settings(max_examples=30, deadline=None)
@given(value=st.floats())
@example(1e15)
@example(1234567890123456.0)
@example(0.1 + 0.2)
@example(5e-324)
@example(-0.0)
def test_numbers_as_text_read_as_the_same_numbers(engine: Engine, value: float) -> None:
    text = casted(engine, value, "number", "string")
    if not math.isfinite(value):
        assert text is None
        return
    assert float(text) == value
    assert any(mark in text for mark in ".e")
    assert casted(engine, text, "string", "number") == value


@settings(max_examples=30, deadline=None)
@given(text=TEXTS)
@example("007")
@example("-0")
@example("1.0")
@example("1e3")
@example("123456789012345678")
@example("1234567890123456789")
def test_a_text_is_an_integer_in_one_spelling_only(engine: Engine, text: str) -> None:
    canonical = re.fullmatch(r"-?[0-9]{1,18}", text) is not None and str(int(text)) == text
    assert casted(engine, text, "string", "integer") == (int(text) if canonical else None)


@pytest.mark.parametrize(
    ("value", "old", "new", "expected"),
    [
        ("7.50", "string", "number", 7.5),
        ("1e999", "string", "number", None),
        ("nan", "string", "number", None),
        ("True", "string", "boolean", True),
        ("TRUE", "string", "boolean", None),
        ("1", "string", "boolean", None),
        ("2020-02-29", "string", "date", date(2020, 2, 29)),
        ("2021-02-29", "string", "date", None),
        ("01/02/2020", "string", "date", None),
        ("2020-02-29T01:02:03.5", "string", "datetime", datetime(2020, 2, 29, 1, 2, 3, 500_000)),
        ("2020-02-29 01:02Z", "string", "datetime", datetime(2020, 2, 29, 1, 2)),
        ("2020-02-29T01:02:03+02:00", "string", "datetime", None),
        ("2020-02-29", "string", "datetime", None),
        (datetime(2020, 2, 29, 1, 2, 3), "datetime", "string", "2020-02-29T01:02:03"),
        (datetime(2020, 2, 29, 1, 2, 3, 50), "datetime", "string", "2020-02-29T01:02:03.000050"),
        (datetime(2020, 2, 29, 1), "datetime", "date", None),
        (datetime(2020, 2, 29), "datetime", "date", date(2020, 2, 29)),
        (date(2020, 2, 29), "date", "datetime", datetime(2020, 2, 29)),
        (date(20, 2, 29), "date", "string", "0020-02-29"),
        (2, "integer", "boolean", None),
        (1, "integer", "boolean", True),
        (False, "boolean", "integer", 0),
        (False, "boolean", "string", "false"),
        ("bold", "enum", "string", "bold"),
        (["1", None, "07"], "list<string>", "list<integer>", None),
        (["1", None], "list<string>", "list<integer>", [1, None]),
        ([], "list<string>", "list<integer>", []),
        ([["1"], None], "list<list<string>>", "list<list<integer>>", [[1], None]),
        ("a", "string", "list<string>", ["a"]),
        (None, "string", "list<string>", None),
        (["a"], "list<string>", "string", "a"),
        (["a", "b"], "list<string>", "string", None),
        ([], "list<string>", "string", None),
        ([None], "list<string>", "string", None),
    ],
)
def test_values(engine: Engine, value: Any, old: str, new: str, expected: Any) -> None:
    found = casted(engine, value, old, new)
    assert (type(found), found) == (type(expected), expected)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("json", "string"),
        ("bytes", "string"),
        ("number", "boolean"),
        ("string", "struct<a: integer>"),
        ("struct<a: integer>", "string"),
        ("list<string>", "list<enum>"),
        ("date", "integer"),
    ],
)
def test_there_is_no_such_cast(old: str, new: str) -> None:
    assert cast("x", old, new) is None


def test_what_the_way_back_gives_again() -> None:
    assert all(lossless("integer", new) for new in ("number", "string", "boolean"))
    assert not any(lossless("string", new) for new in ("number", "boolean", "datetime"))
    assert lossless("string", "integer") and not lossless("list<string>", "list<number>")
