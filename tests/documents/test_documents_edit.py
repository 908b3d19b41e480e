from __future__ import annotations

import difflib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsv.documents.edit import remove_entry, set_entry
from dsv.documents.yaml import load
from dsv.errors import DocumentError

TEXT = """\
# the pipeline
stages:
    train:   # the model
        cmd: python train.py   # run
        deps:
        - "data/a.csv"
        - 'b'   # quoted

    # before eval
    eval:
        cmd: >-
          one
          two
metrics: [a, b]   # m
flow: {a: 1, b: {c: 2}}

# the end
"""


def changes(new: str, old: str = TEXT) -> list[str]:
    lines = difflib.ndiff(old.splitlines(), new.splitlines())
    return [line for line in lines if line[0] in "+-"]


def test_a_new_entry_is_last_in_its_mapping_and_indented_as_the_others() -> None:
    stage = {"cmd": "x", "outs": [{"o": {"push": False}}]}
    edited = set_entry(TEXT, ("stages", "new"), stage, "f")
    assert changes(edited) == [
        "+     new:", "+       cmd: x", "+       outs:", "+       - o:", "+           push: false",
    ]  # fmt: skip
    assert remove_entry(edited, ("stages", "new"), "f") == TEXT


def test_a_scalar_is_replaced_in_its_place_and_its_comment_stays() -> None:
    edited = set_entry(TEXT, ("stages", "train", "cmd"), "python y.py", "f")
    assert changes(edited) == [
        "-         cmd: python train.py   # run",
        "+         cmd: python y.py   # run",
    ]


def test_an_entry_is_replaced_and_its_neighbours_stay() -> None:
    edited = set_entry(TEXT, ("stages", "eval"), {"cmd": "z"}, "f")
    assert edited == TEXT.replace(
        "    eval:\n        cmd: >-\n          one\n          two\n", "    eval:\n      cmd: z\n"
    )


def test_equal_values_leave_the_spelling_alone() -> None:
    assert set_entry(TEXT, ("stages", "eval"), {"cmd": "one two"}, "f") == TEXT
    assert set_entry(TEXT, ("stages", "train", "deps"), ("data/a.csv", "b"), "f") == TEXT


def test_flow_style_is_edited_in_flow_style() -> None:
    edited = set_entry(TEXT, ("flow", "b", "d"), [1, "x:y"], "f")
    assert changes(edited) == [
        "- flow: {a: 1, b: {c: 2}}", "+ flow: {a: 1, b: {c: 2, d: [1, 'x:y']}}",
    ]  # fmt: skip
    assert set_entry("a: {\n  b: 1,\n  c: {d: 2}\n}\n", ("a", "c"), {"e": 3}, "f") == (
        "a: {\n  b: 1,\n  c: {e: 3}\n}\n"
    )
    assert changes(remove_entry(TEXT, ("flow", "a"), "f"))[1] == "+ flow: {b: {c: 2}}"
    assert changes(remove_entry(TEXT, ("flow", "b", "c"), "f"))[1] == "+ flow: {a: 1}"


def test_what_a_removal_leaves_empty_goes_too() -> None:
    assert remove_entry("a: 1\nb:\n  c:\n    d: 1\n", ("b", "c", "d"), "f") == "a: 1\n"
    assert remove_entry(TEXT, ("nothing", "here"), "f") == TEXT


@pytest.mark.parametrize(
    "text", ["", "# only a comment\n", "a: 1\n", "a: 1", "a: 1\r\nb: 2\r\n", "\n\n# c\n", "a: |\n  x\n\n"]
)
def test_a_missing_parent_is_made_and_taken_back(text: str) -> None:
    edited = set_entry(text, ("stages", "new"), {"cmd": "x"}, "f")
    assert load(edited, "f") == {**(load(text, "f") or {}), "stages": {"new": {"cmd": "x"}}}
    assert remove_entry(edited, ("stages", "new"), "f").rstrip("\r\n") == text.rstrip("\r\n")
    if "\r" in text:
        assert edited.count("\n") == edited.count("\r\n")


@pytest.mark.parametrize("text", ["stages:\n", "stages: {}  # none\n", "stages: {}", "{}\n", "stages: null\n"])
def test_empty_mappings_are_filled(text: str) -> None:
    assert load(set_entry(text, ("stages", "new"), {"cmd": "x"}, "f"), "f") == {"stages": {"new": {"cmd": "x"}}}


def test_an_edit_that_would_change_something_else_is_refused() -> None:
    text = "a: &x {k: 1}\nb: *x\n"
    with pytest.raises(DocumentError, match="cannot be edited") as caught:
        set_entry(text, ("a",), {"k": 2}, "dvc.yaml")
    assert caught.value.where == "dvc.yaml"
    with pytest.raises(DocumentError, match="merge conflict"):
        set_entry("<<<<<<< HEAD\n", ("a",), 1, "dvc.yaml")


KEYS = st.sampled_from(["a", "b", "no", "10", "x.y", "é", "日本 語", "😀"])


def mappings(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(KEYS, inner, max_size=3)


TREES = st.recursive(st.integers() | KEYS | st.booleans(), mappings, max_leaves=8)


@given(st.dictionaries(KEYS, TREES, max_size=4), st.lists(KEYS, min_size=1, max_size=3), TREES, st.booleans())
def test_an_edit_does_what_it_says_and_removal_undoes_it(
    document: dict[str, Any], keys: list[str], value: Any, flow: bool
) -> None:
    from dsv.documents.yaml import dump, dump_flow

    text = "# 😀 head\n" + (dump_flow(document) + "\n" if flow else dump(document))
    above: Any = document
    for key in keys[:-1]:
        above = above.get(key, {}) if isinstance(above, dict) else None
    if not isinstance(above, dict):
        return
    edited = set_entry(text, tuple(keys), value, "f")
    found = load(edited, "f")
    for key in keys:
        found = found[key]
    assert found == value
    assert edited.startswith("# 😀 head\n")
    if keys[-1] not in above and above:
        assert load(remove_entry(edited, tuple(keys), "f"), "f") == document
