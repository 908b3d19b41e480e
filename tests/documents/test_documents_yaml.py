from __future__ import annotations

import io
import math
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dsv.documents.yaml import dump, dump_flow, load, load_mapping, load_marked
from dsv.errors import DocumentError

PRINTABLE = st.text(st.characters(codec="utf-8", exclude_characters="\r\x85\u2028\u2029"), max_size=20)
WORDS = [
    *("no", "NO", "y", "null", "~", "", "1e3", "010", "0o17", "0x1F", "12:30", "2020-01-01", "1_000", "NA"),
    *("=", "<<", "- a", "a: b", "a #b", "#a", "'", '"', "a\tb", "...", "---", "yes", "Off", ".inf", "1,000"),
    *(
        "%a",
        "@a",
        "a.b",
        " a",
        "a ",
        "\n",
        "a\nb",
        "é",
        "日本",
        "0b1",
        "+1",
        "1.",
        ".5",
        "None",
        "nan",
        ".NaN",
    ),
    *("!x", "&x", "*x", "[a]", "{a}", "?", ":", "a:", "1e1000", "1-2", "-"),
]
TEXTS = PRINTABLE | st.sampled_from(WORDS)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS


def collections(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4)


VALUES = st.recursive(SCALARS, collections, max_leaves=12)


def ruamel(text: str) -> Any:
    from ruamel.yaml import YAML

    return YAML(typ="safe", pure=True).load(io.StringIO(text))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("no", "no"), ("yes", "yes"), ("on", "on"), ("NA", "NA"), ("null", None), ("~", None), ("", None),
        ("1e3", 1000.0), ("1.5", 1.5), ("-3", -3), ("+3", 3), ("0x1F", 31), (".inf", math.inf), ("5.", 5.0),
        ("010", "010"), ("00.5", "00.5"), ("0o17", "0o17"), ("12:30", "12:30"), ("2020-01-01", "2020-01-01"),
        ("1_000", "1_000"), ("true", True), ("True", True), ("tRue", "tRue"), ("'5'", "5"), ("!!str 5", "5"),
        ("!!float 5", 5.0), ("!!int 5", 5), (".", "."), ("-", ["-"]), ("0", 0), ("-0", 0), ("00", "00"),
    ],
)  # fmt: skip
def test_scalars_follow_the_core_rules_of_version_1_2(written: str, read: Any) -> None:
    if written == "-":
        written = "['-']"
    found = load(f"a: {written}", "f")["a"]
    assert found == read
    assert type(found) is type(read)


@given(VALUES)
def test_dump_round_trips(value: Any) -> None:
    assert load(dump(value), "f") == value
    assert load(f"a: {dump_flow(value)}", "f") == {"a": value}


@given(st.dictionaries(TEXTS, TEXTS, max_size=5))
def test_readers_of_both_versions_take_every_text_for_text(value: dict[str, str]) -> None:
    text = dump(value)
    assert yaml.safe_load(text) == value
    assert ruamel(text) == value


def test_dump_is_block_style_in_the_order_given() -> None:
    value = {"b": [1, {"x": "no", "z": []}, [True]], "a": {"NA": None, "n": 1e-5, "m": 1e20}, "empty": {}}
    assert dump(value) == (
        "b:\n- 1\n- x: 'no'\n  z: []\n- - true\n"
        "a:\n  NA: null\n  'n': 1.0e-05\n  m: 1.0e+20\nempty: {}\n"
    )  # fmt: skip


def test_dump_keeps_a_key_that_is_longer_than_a_simple_key_may_be() -> None:
    value = {"k" * 3000: {"a": 1}, "b": 2}
    assert load(dump(value), "f") == value == yaml.safe_load(dump(value))


def test_dump_refuses_what_yaml_cannot_hold() -> None:
    with pytest.raises(TypeError, match="bytes"):
        dump({"a": b"x"})


def test_lines_of_key_paths() -> None:
    text = "# c\na: 1\nb:\n  - x\n  - y:\n      z: 2\nc: {d: 1,\n  e: 2}\n"
    _, lines = load_marked(text, "f")
    expected = {("a",): 2, ("b",): 3, ("b", 0): 4, ("b", 1): 5, ("b", 1, "y", "z"): 6, ("c", "e"): 8}
    assert {path: lines[path] for path in expected} == expected


def test_merge_keys_are_resolved_and_a_quoted_one_is_a_key() -> None:
    assert load("a: &a {x: 1, y: 1}\nb: {<<: *a, y: 2}", "f")["b"] == {"x": 1, "y": 2}
    assert load("a: &a {x: 1}\nb: &b {x: 2, z: 3}\nc: {<<: [*a, *b]}", "f")["c"] == {"x": 1, "z": 3}
    assert load("'<<': 1", "f") == {"<<": 1}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb: 2\na: 3", 3, "given twice, first in line 1"),
        ("a:\n  b: 1\n  b: 2", 3, "given twice"),
        ("a: [1\nb: 2", 2, "not valid YAML"),
        ("a: 1\n\tb: 2", 2, "not valid YAML"),
        ("a: !x 1", 1, "tag"),
        ("a: !!python/object:os.system x", 1, "tag"),
        ("a: !!python/name:os.system {}", 1, "tag"),
        ("a: !!int x", 1, "does not fit"),
        ("a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n>>>>>>> x\n", 2, "merge conflict"),
        ("a: 1\n---\nb: 2", 2, "second document"),
        ("? [a]\n: 1", 1, "single value"),
        ("a: *x", 1, "unknown alias"),
        ("a: &a [*a]", 1, "unknown alias"),
        ("[" * 100_000, 1, "nested deeper"),
        ("a: " + "{b: " * 5_000, 1, "nested deeper"),
        (b"a: 1\nb: \xff", 2, "UTF-8"),
        ("a: {<<: 3}", 1, "merge key"),
    ],
)
def test_bad_documents_name_the_line(text: str | bytes, line: int, message: str) -> None:
    with pytest.raises(DocumentError, match=message) as caught:
        load(text, "x/f.yaml")
    assert caught.value.where == f"x/f.yaml:{line}"


def test_control_characters_are_refused() -> None:
    with pytest.raises(DocumentError, match="not valid YAML"):
        load("a: \0", "f")


def test_alias_bombs_are_refused() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
    with pytest.raises(DocumentError, match="more than 1000000 values"):
        load(bomb, "f")
    tower = "a0: &a0 " + "[" * 90 + "]" * 90 + "\na1: &a1 " + "[" * 90 + "*a0" + "]" * 90
    with pytest.raises(DocumentError, match="nested deeper"):
        load(tower, "f")


def test_a_byte_order_mark_and_windows_line_ends_are_read() -> None:
    assert load(b"\xef\xbb\xbfa: 1\r\nb: x\r\n", "f") == {"a": 1, "b": "x"}


def test_large_documents_are_refused() -> None:
    with pytest.raises(DocumentError, match="larger than"):
        load("a" * (33 << 20), "f")


def test_load_mapping_wants_a_mapping_with_text_keys() -> None:
    assert load_mapping("# nothing", "f")[0] == {}
    with pytest.raises(DocumentError, match="not a mapping"):
        load_mapping("- 1", "f")
    with pytest.raises(DocumentError, match="key 3 is not text") as caught:
        load_mapping("a: 1\n3: 2", "f")
    assert caught.value.where == "f:2"
