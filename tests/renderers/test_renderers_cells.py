from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsv.model.diff import Cell, RowChange
from dsv.renderers._cells import changes, fields, key_parts, pair

texts = st.text(st.characters(exclude_characters="…\\", exclude_categories=["Cs"]), max_size=200)
scalars = st.none() | st.booleans() | st.integers() | texts
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))


@given(scalars, scalars, st.integers(0, 100))
def test_different_values_look_different_and_fit(old: Any, new: Any, room: int) -> None:
    if (type(old), old) == (type(new), new):
        return
    before, after = pair(old, new, room)
    assert before != after
    assert max(len(before), len(after)) <= max(room, 20)


@given(texts, texts, texts, texts, st.integers(20, 80))
def test_a_small_difference_in_a_long_text_is_seen(head: str, tail: str, old: str, new: str, room: int) -> None:
    if old == new:
        return
    before, after = pair(head * 3 + old + tail * 3, head * 3 + new + tail * 3, room)
    assert before != after


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("bike", "bicycle", ("bike", "bicycle")),
        (None, "", ("(missing)", '""')),
        (None, "(missing)", ("(missing)", '"(missing)"')),
        (1, "1", ("1", '"1"')),
        (1, 1.0, ("1", "1.0")),
        (float("nan"), "NaN", ("NaN", '"NaN"')),
        (True, "true", ("true", '"true"')),
        ("a ", "a", ('"a "', "a")),
        ("é", "e\u0301", ('"\\u00e9"', '"e\\u0301"')),
        ("❤", "❤\ufe0f", ('"\\u2764"', '"\\u2764\\ufe0f"')),
        ("\x1b", "<U+001B>", ('"\\u001b"', '"<U+001B>"')),
        (b"\x00\xff", b"", ("2 bytes 0x00ff", "0 bytes 0x")),
    ],
)
def test_look_alikes(old: Any, new: Any, shown: tuple[str, str]) -> None:
    assert pair(old, new, 40) == shown


def _changed(**cells: tuple[Any, Any]) -> RowChange:
    pairs = {name: Cell(old=old, new=new) for name, (old, new) in cells.items()}
    return RowChange(kind="changed", key={}, cells=pairs, old_position=3, new_position=4)


def _told(**cells: tuple[Any, Any]) -> list[tuple[str, str | None, str | None]]:
    edits = list(changes(_changed(**cells), 40))
    assert not any(edit.lines for edit in edits)
    return [(edit.name, edit.before, edit.after) for edit in edits]


def _lines(old: Any, new: Any) -> list[tuple[str, str]]:
    (edit,) = changes(_changed(field=(old, new)), 40)
    assert (edit.before, edit.after) in [(None, None), pair(old, new, 40)]
    return list(edit.lines)


def test_changes_inside_a_nested_cell_are_named_one_by_one() -> None:
    box = ({"x": 1, "y": [1, 2]}, {"x": 1, "y": [1, 3], "z": True})
    assert _told(box=box) == [("box.y[1]", "2", "3"), ("box.z", "(missing)", "true")]
    assert _told(boxes=([[1, 2]], [[1, 2], [3]])) == [("boxes[1]", None, "[3]")]
    assert _told(tags=(["a", "b"], ["b"])) == [("tags[0]", "a", None)]
    assert _told(null=([None], [])) == [("null[0]", "(missing)", None)]


def test_many_changes_inside_a_nested_cell_are_counted() -> None:
    *places, rest = changes(_changed(field=(list(range(20)), list(range(100, 120)))), 40)
    assert [edit.name for edit in places] == [f"field[{place}]" for place in range(8)]
    assert rest.lines == (("~", "12 more places differ"),)


def test_a_huge_cell_is_counted() -> None:
    old = list(range(100_000))
    assert _lines(old, [-1, *old[1:]]) == [("~", "1 element differs")]
    assert _lines(old, old[1:]) == [("~", "100,000 elements differ")]


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("a; b; c", "a; c; d", [("-", "b"), ("+", "d")]),
        ("a|b=1", "a|b=2|c", [("-", "b=1"), ("+", "b=2"), ("+", "c")]),
        ("a; b", "b; a", []),
        ("a; b", "c; d", []),
        ("a; a; b", "a; b; c", []),
        ("a; é; b", "a; e\u0301; b", []),
        (
            "one\ntwo\nthree\nfour",
            "one\n2\nthree\nfour",
            [("@", "@@ -1,3 +1,3 @@"), (" ", "one"), ("-", "two"), ("+", "2"), (" ", "three")],
        ),
        ("one\ntwo", "one\ntwo ", [("@", "@@ -1,2 +1,2 @@"), (" ", "one"), ("-", "two"), ("+", '"two "')]),
        ("one\n\x1b[31m", "one\n", [("@", "@@ -1,2 +1,2 @@"), (" ", "one"), ("-", "<U+001B>[31m"), ("+", "")]),
        ("one\né", "one\ne\u0301", []),
        ("\n".join("abcdefghijklmnopqrstuvwxyz"), "\n".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), []),
    ],
)
def test_sets_of_items_and_lines_of_text(old: str, new: str, lines: list[tuple[str, str]]) -> None:
    assert _lines(old, new) == lines


@given(values, values)
def test_every_changed_cell_is_shown(old: Any, new: Any) -> None:
    assert list(changes(_changed(field=(old, new)), 60))


def test_rows_without_a_key_are_named_by_their_place() -> None:
    assert key_parts(_changed(a=(1, 2))) == [("row", "4")]
    removed = RowChange(kind="removed", key={}, cells={"a": Cell(old=1, new=None)}, old_position=1_234)
    assert key_parts(removed) == [("row", "1,234")]
    assert fields(removed) == [("a", "1")]
