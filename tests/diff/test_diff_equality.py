"""Each rule of comparison, one cell against one cell."""

from __future__ import annotations

from typing import Any

import pytest

from dsv.diff.dataset import diff_tables
from dsv.diff.request import DiffRequest
from dsv.model.diff import DatasetDiff


def one_cell(make: Any, old: tuple[str, Any, str], new: tuple[str, Any, str], **request: Any) -> DatasetDiff:
    """The diff of two one-row tables. A side is (dsv type, value, "text" or an engine type or "")."""
    tables = []
    for kind, value, stored in (old, new):
        types = {"id": "integer", "cell": kind}
        if stored == "text":
            tables.append(make.text(types, [["1", value]]))
        else:
            stored_as = {"cell": stored} if stored else None
            tables.append(make.rows(types, [[1, value]], engine_types=stored_as))
    return diff_tables("d", "d", tables[0], tables[1], DiffRequest(key=("id",), **request))


BIG = 2**53
EQUAL = {
    "NaN is NaN": (("number", float("nan"), ""), ("number", float("nan"), "")),
    "zero has no sign": (("number", 0.0, ""), ("number", -0.0, "")),
    "missing is missing": (("string", None, "text"), ("string", None, "text")),
    "integer 4 is number 4.0": (("integer", 4, ""), ("number", 4.0, "")),
    "text integer is text number": (("integer", "4", "text"), ("number", "4.0", "text")),
    "text number is native number": (("number", "4.50", "text"), ("number", 4.5, "")),
    "big integer is big number": (("integer", BIG, ""), ("number", float(BIG), "")),
    "text 4 is integer 4": (("string", "4", "text"), ("integer", "4", "text")),
    "string 4 is integer 4": (("string", "4", ""), ("integer", 4, "")),
    "string true is boolean true": (("string", "true", ""), ("boolean", True, "")),
    "text True is native true": (("boolean", "True", "text"), ("boolean", True, "")),
    "enum is string": (("enum", "a", ""), ("string", "a", "")),
    "integers of two widths": (("integer", 7, "INTEGER"), ("integer", 7, "BIGINT")),
    "floats of two widths": (("number", 0.5, "FLOAT"), ("number", 0.5, "DOUBLE")),
    "decimals of two scales": (("number", "1.50", "DECIMAL(10,2)"), ("number", "1.5", "DECIMAL(30,20)")),
    "decimal is number": (("number", "1.50", "DECIMAL(10,2)"), ("number", 1.5, "DOUBLE")),
    "lists of two widths": (("list<number>", [0.5, 2], "FLOAT[2]"), ("list<number>", [0.5, 2], "DOUBLE[]")),
    "list of integers is list of numbers": (("list<integer>", [1, 2], ""), ("list<number>", [1.0, 2.0], "")),
    "a member that a type lacks is missing": (
        ("struct<a: integer>", {"a": 1}, ""),
        ("struct<a: integer, b: string>", {"a": 1, "b": None}, ""),
    ),
    "members in another order": (
        ("struct<a: integer, b: string>", {"a": 1, "b": "x"}, ""),
        ("struct<b: string, a: integer>", {"a": 1, "b": "x"}, ""),
    ),
    "a member that lists structs": (
        ("list<struct<a: integer>>", [{"a": 1}, None], ""),
        ("list<struct<a: number, b: string>>", [{"a": 1.0, "b": None}, None], ""),
    ),
    "decimals in text, another spelling": (("number", "0.50", "text"), ("number", "5E-1", "text")),
    "long decimals in text, another spelling": (
        ("number", "123456789012345.120", "text"),
        ("number", "0123456789012345.12", "text"),
    ),
    "a small decimal is a small number": (("number", "0.00000001", "DECIMAL(20,10)"), ("number", 1e-8, "")),
    "a small decimal is text": (("number", "0.00000001", "DECIMAL(20,10)"), ("number", "1e-8", "text")),
    "an exponent of any size is not written out": (
        ("number", "1e999999999", "text"),
        ("number", "1e999999999", "text"),
    ),
    "a number in text is the double that it gives": (
        ("number", "0.300000000000000044", "text"),
        ("number", 0.30000000000000004, ""),
    ),
    "json string is string": (("json", '"a\\"b"', ""), ("string", 'a"b', "")),
    "json number is integer": (("json", "4", ""), ("integer", 4, "")),
    "json number is number": (("json", "4.0", ""), ("number", 4.0, "")),
    "json list is list": (("json", "[1,2]", ""), ("list<integer>", [1, 2], "")),
    "json numbers, another spelling": (("json", "1.50", ""), ("json", "15e-1", "")),
    "json object is struct": (
        ("json", '{"a":[1,0.5],"b":{"c":"é\\"/"},"d":1e-8}', ""),
        (
            "struct<d: number, b: struct<c: string, x: integer>, a: list<number>>",
            {"d": 1e-8, "b": {"c": 'é"/', "x": None}, "a": [1.0, 0.5]},
            "",
        ),
    ),
    "json list of objects is list of structs": (
        ("json", '[{"a":1},null]', ""),
        ("list<struct<b: string, a: number>>", [{"b": None, "a": 1.0}, None], ""),
    ),
}
DIFFERENT = {
    "missing is not empty": (("string", None, "text"), ("string", "", "text")),
    "empty is not NA": (("string", "", "text"), ("string", "NA", "text")),
    "NA is not None": (("string", "NA", "text"), ("string", "None", "text")),
    "missing is not NaN": (("number", None, ""), ("number", float("nan"), "")),
    "NaN is not the text NaN": (("number", float("nan"), ""), ("string", "NaN", "")),
    "004 is not 4": (("string", "004", "text"), ("integer", "4", "text")),
    "string 004 is not integer 4": (("string", "004", ""), ("integer", 4, "")),
    "beyond 2^53, integer against number": (("integer", BIG + 1, ""), ("number", float(BIG), "")),
    "beyond 2^53, long digits in text": (
        ("number", "12345678901234567890", "text"),
        ("number", "12345678901234567891", "text"),
    ),
    "decimals in text that share a double": (
        ("number", "123456789012345.12", "text"),
        ("number", "123456789012345.13", "text"),
    ),
    "decimals beyond the engine's that share a double": (
        ("number", "0.1234567890123456789012345678901", "text"),
        ("number", "0.1234567890123456789012345678902", "text"),
    ),
    "decimals too small for a double": (("number", "1e-400", "text"), ("number", "2e-400", "text")),
    "a decimal in text and one of the engine that share a double": (
        ("number", "123456789012345.12", "text"),
        ("number", "123456789012345.13", "DECIMAL(30,5)"),
    ),
    "beyond 2^53, text integer against text number": (
        ("integer", str(BIG + 1), "text"),
        ("number", f"{BIG}.0", "text"),
    ),
    "925 as text is not 925.0 as text": (("string", "925", "text"), ("string", "925.0", "text")),
    "925 as text is not the string 925.0": (("number", "925", "text"), ("string", "925.0", "")),
    "True is not true": (("boolean", "True", "text"), ("boolean", "true", "text")),
    "True is not 1": (("boolean", "True", "text"), ("integer", "1", "text")),
    "no list is not an empty list": (("list<integer>", None, ""), ("list<integer>", [], "")),
    "empty list is not a list of missing": (("list<integer>", [], ""), ("list<integer>", [None], "")),
    "0 is not 0, 0": (("list<integer>", [0], ""), ("list<integer>", [0, 0], "")),
    "order in a list": (("list<integer>", [1, 2], ""), ("list<integer>", [2, 1], "")),
    "lists cut elsewhere": (("list<list<integer>>", [[1, 2], [3]], ""), ("list<list<integer>>", [[1], [2, 3]], "")),
    "missing struct is not struct of missing": (
        ("struct<a: integer>", None, ""),
        ("struct<a: integer>", {"a": None}, ""),
    ),
    "missing struct, across types": (
        ("struct<a: integer>", None, ""),
        ("struct<a: integer, b: integer>", {"a": None, "b": None}, ""),
    ),
    "a member that came": (
        ("struct<a: integer>", {"a": 1}, ""),
        ("struct<a: integer, b: string>", {"a": 1, "b": "x"}, ""),
    ),
    "decimals of two scales": (("number", "1.50", "DECIMAL(10,2)"), ("number", "1.51", "DECIMAL(30,20)")),
    "100 is not 1 in decimals": (("number", "100", "DECIMAL(10,0)"), ("number", "1", "DECIMAL(12,0)")),
    "json numbers that share a double": (
        ("json", "12345678901234567890", ""),
        ("json", "12345678901234567891", ""),
    ),
    "json object without members is not a missing struct": (("json", "{}", ""), ("struct<a: integer>", None, "")),
    "json string 4 is not integer 4": (("json", '"4"', ""), ("integer", 4, "")),
    "precomposed is not combined": (("string", "\u00e9", ""), ("string", "e\u0301", "")),
}


@pytest.mark.parametrize("name", EQUAL)
def test_equal_cells(make: Any, name: str) -> None:
    diff = one_cell(make, *EQUAL[name])
    assert (diff.rows.changed, diff.rows.unchanged, diff.changed_cells) == (0, 1, {})
    assert list(diff.changes.rows()) == []


@pytest.mark.parametrize("name", DIFFERENT)
@pytest.mark.parametrize("turned", [False, True])
def test_different_cells(make: Any, name: str, turned: bool) -> None:
    old, new = DIFFERENT[name]
    diff = one_cell(make, new, old) if turned else one_cell(make, old, new)
    assert (diff.rows.changed, diff.rows.unchanged, diff.changed_cells) == (1, 0, {"cell": 1})
    (change,) = diff.changes.rows()
    assert list(change.cells) == ["cell"]


def test_another_spelling_of_a_number_is_formatting(make: Any) -> None:
    types = {"id": "integer", "x": "number", "y": "number"}
    old = make.text(types, [["1", "1.0", "2"], ["2", "1e3", None], ["3", "5", "7"]])
    new = make.text(types, [["1", "1", "2.0"], ["2", "1000", None], ["3", "5", "8"]])
    diff = diff_tables("d", "d", old, new, DiffRequest(key=("id",)))
    assert diff.formatting.number_spelling == 3
    assert diff.changed_cells == {"y": 1}
    assert diff.rows.changed == 1
    assert diff.status == "modified"


def test_without_a_key_another_spelling_is_no_other_row(make: Any) -> None:
    types = {"x": "number"}
    old, new = make.text(types, [["1.0"], ["1.0"], ["2"]]), make.text(types, [["2"], ["1"], ["1.0"]])
    diff = diff_tables("d", "d", old, new, DiffRequest())
    assert (diff.rows.added, diff.rows.removed, diff.formatting.number_spelling) == (0, 0, 1)


@pytest.mark.parametrize(
    ("old", "new", "tolerance", "changed"),
    [
        (1.0, 1.25, 0.25, 0),
        (1.0, 1.25, 0.2, 1),
        (float("inf"), float("inf"), 0.1, 0),
        (float("inf"), 1.0, 0.1, 1),
        (None, 0.0, 10.0, 1),
        (float("nan"), 0.0, 10.0, 1),
    ],
)
def test_tolerance(make: Any, old: float | None, new: float | None, tolerance: float, changed: int) -> None:
    diff = one_cell(make, ("number", old, ""), ("number", new, ""), tolerance=tolerance)
    assert diff.rows.changed == changed


def test_a_tolerance_is_of_decimal_numbers_and_whole_ones_not_of_what_doubles_make_of_them(make: Any) -> None:
    assert one_cell(make, ("number", "1.0", "text"), ("number", "1.1", "text"), tolerance=0.1).rows.changed == 0
    assert one_cell(make, ("number", 100000.0, ""), ("number", 100000.1, ""), tolerance=0.1).rows.changed == 0
    assert one_cell(make, ("number", 1.0, ""), ("number", 1.101, ""), tolerance=0.1).rows.changed == 1
    long = ("9007199254740992", "9007199254740993")
    for tolerance, changed in ((0.0, 1), (0.5, 1), (1.0, 0)):
        diff = one_cell(make, ("integer", long[0], "text"), ("integer", long[1], "text"), tolerance=tolerance)
        assert diff.rows.changed == changed
        diff = one_cell(make, ("integer", int(long[0]), ""), ("integer", int(long[1]), ""), tolerance=tolerance)
        assert diff.rows.changed == changed


def test_tolerance_spans_types_and_spellings_and_leaves_text_alone(make: Any) -> None:
    assert one_cell(make, ("integer", "1", "text"), ("number", "1.2", "text"), tolerance=0.5).rows.changed == 0
    assert one_cell(make, ("string", "1", "text"), ("number", "1.2", "text"), tolerance=0.5).rows.changed == 1
    tolerated = one_cell(make, ("number", "1.5", "text"), ("number", "1.2", "text"), tolerance=0.5)
    assert tolerated.formatting.number_spelling == 0


TEXTS = [
    ("a b", "a  b", "whitespace"),
    ("", " ", "whitespace"),
    ("a", "\u00a0a\u3000\n", "whitespace"),
    ("Straße", "STRAßE", "case"),
    ("True", "true", "case"),
    ("a b", "A  b", None),
    ("a", "b", None),
    (None, " ", None),
]


@pytest.mark.parametrize(("old", "new", "only"), TEXTS)
@pytest.mark.parametrize("hidden", [None, "whitespace", "case"])
def test_whitespace_and_case_are_counted_apart_and_hidden_on_demand(
    make: Any, old: str | None, new: str, only: str | None, hidden: str | None
) -> None:
    flags = {f"hide_{hidden}": True} if hidden else {}
    diff = one_cell(make, ("string", old, "text"), ("string", new, "text"), **flags)
    shown = 0 if hidden and hidden == only else 1
    assert diff.changed_cells_whitespace_only == ({"cell": 1} if only == "whitespace" else {})
    assert diff.changed_cells_case_only == ({"cell": 1} if only == "case" else {})
    assert diff.changed_cells == ({"cell": 1} if shown else {})
    assert (diff.rows.changed, diff.rows.unchanged) == (shown, 1 - shown)
    assert len(list(diff.changes.rows())) == shown
    assert diff.status == "modified"


def test_a_row_with_a_hidden_and_a_shown_change_shows_the_latter(make: Any) -> None:
    types = {"id": "integer", "a": "string", "b": "string"}
    old, new = make.rows(types, [[1, "x", "y"]]), make.rows(types, [[1, "x ", "z"]])
    diff = diff_tables("d", "d", old, new, DiffRequest(key=("id",), hide_whitespace=True))
    (change,) = diff.changes.rows()
    assert list(change.cells) == ["b"]
    assert diff.rows.changed == 1


def test_ignored_fields_are_not_compared(make: Any) -> None:
    types = {"id": "integer", "a": "string", "at": "string"}
    old, new = make.rows(types, [[1, "x", "1"]]), make.rows(types, [[1, "x", "2"]])
    diff = diff_tables("d", "d", old, new, DiffRequest(key=("id",), ignore=("at",)))
    assert (diff.rows.changed, diff.status) == (0, "unchanged")


def test_names_of_fields_never_meet_names_of_the_engine(make: Any) -> None:
    names = [
        "p",
        "k",
        "v",
        "s",
        "o0",
        "n0",
        "c0",
        "kind",
        "old_position",
        "h",
        "class",
        "part",
        "paired",
        'q"; --',
        "dsv_item",
    ]
    types = dict.fromkeys(names, "string")
    rows = [[f"{name}{number}" for name in names] for number in range(4)]
    changed = [[*row[:-1], f"{row[-1]}!"] for row in rows[:3]]
    diff = diff_tables(
        "d",
        "d",
        make.rows(types, rows),
        make.rows(types, changed),
        DiffRequest(key=("k",), labels=("class",), split="part"),
    )
    assert (diff.rows.changed, diff.rows.removed, diff.changed_cells) == (3, 1, {"dsv_item": 3})
    first = next(diff.changes.rows(("removed",)))
    assert first.cells['q"; --'].old == 'q"; --3'
