import re
import unicodedata
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dsv.model.diff import KINDS, Cell, RowChange
from dsv.model.page import Column, Heading, Line, Page, Rows, Span, Table, spans
from dsv.renderers.text import render, stream
from tests.renderers.conftest import Changes, changed

anything = st.text(st.characters(), max_size=40)


def rows(*changes: RowChange, limit: int | None = None, total: int | None = None) -> Page:
    block = Rows(changes=Changes(*changes), kinds=KINDS, limit=limit, total=total)
    return Page(blocks=(block,))


@given(anything, st.booleans())
@example("key", False)
def test_no_value_reaches_the_terminal_raw(value: str, color: bool) -> None:
    change = changed({value: value}, **{value: (value, None)})
    page = Page(
        blocks=(
            Heading(spans=spans(value), level=1),
            Line(spans=spans(Span(text=value, role="added", code=True))),
            Table(columns=(Column(title=value), Column(title="b")), rows=((spans(value), spans("x")),)),
            *rows(change, total=3).blocks,
        )
    )
    text = render(page, width=10_000, color=color)
    if color:
        text = re.sub("\x1b\\[[0-9;]*m", "", text)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\udc80]", text)
    assert text.count("\n") == 1 + 1 + 2 + 1 + 1


def test_a_table_lines_up_whatever_its_letters() -> None:
    table = Table(
        columns=(Column(title="class"), Column(title="n", align="right")),
        rows=((spans("車"), spans("1")), (spans("e\u0301"), spans("22")), (spans("long"), spans("333"))),
        indent=1,
    )
    assert render(Page(blocks=(table,))).split("\n") == [
        "  class    n",
        "  車       1",
        "  e\u0301       22",
        "  long   333",
        "",
    ]


def test_a_table_without_titles_has_no_title_line() -> None:
    table = Table(columns=(Column(title=""), Column(title="")), rows=((spans("a"), spans("b")),))
    assert render(Page(blocks=(table,))) == "a  b\n"


def test_one_changed_cell_is_one_line_and_more_are_a_line_each() -> None:
    one = changed({"id": 1, "box": 2}, label=("a", "b"))
    two = changed({"id": 2}, label=("a", "b"), note=(None, ""))
    assert render(rows(one, two, total=2)).split("\n") == [
        "~ id=1 box=2  label: a -> b",
        "~ id=2",
        "  label: a -> b",
        '  note: (missing) -> ""',
        "",
    ]


@given(st.text(min_size=1, max_size=300), st.text(min_size=1, max_size=300), st.integers(60, 200))
def test_a_line_fits_the_width(old: str, new: str, width: int) -> None:
    change = changed({"id": 1}, note=("a" + old, "b" + new))
    for line in stream(rows(change, total=1), width=width):
        columns = sum(not unicodedata.combining(character) for character in line.rstrip("\n"))
        assert columns <= width


def test_a_cell_that_does_not_fit_beside_its_key_has_its_own_line() -> None:
    change = changed({"id": "k" * 50}, note=("a" * 20, "b" * 20))
    assert render(rows(change, total=1), width=80).split("\n") == [
        f"~ id={'k' * 50}",
        f"  note: {'a' * 20} -> {'b' * 20}",
        "",
    ]


def test_added_and_removed_rows_show_their_fields() -> None:
    added = RowChange(
        kind="added",
        key={"id": 1},
        cells={"id": Cell(old=None, new=1), "label": Cell(old=None, new="x" * 99)},
        new_position=3,
    )
    assert render(rows(added, total=1)) == f"+ id=1  label={'x' * 39}…\n"


@pytest.mark.parametrize(
    ("limit", "total", "last"),
    [
        (None, 3, "~ id=3"),
        (2, 3, "… 1 more row: "),
        (1, 3_000, "… 2,999 more rows: "),
        (0, 3, "… 3 more rows: "),
        (2, None, "… there may be more rows: "),
        (4, None, "~ id=3"),
    ],
)
def test_what_is_left_out_is_counted(limit: int | None, total: int | None, last: str) -> None:
    changes = [changed({"id": number}, a=(1, 2)) for number in (1, 2, 3)]
    assert render(rows(*changes, limit=limit, total=total)).split("\n")[-2].startswith(last)


def test_rows_are_read_while_they_are_shown() -> None:
    read: list[int] = []

    class Endless:
        def rows(self, *args: Any) -> Any:
            for number in range(10**9):
                read.append(number)
                yield changed({"id": number}, a=(1, 2))

    block = Rows(changes=Endless(), kinds=KINDS, limit=None, total=10**9)
    pieces = stream(Page(blocks=(block,)))
    assert [next(pieces) for _ in range(2)] == ["~ id=0  a: 1 -> 2\n", "~ id=1  a: 1 -> 2\n"]
    assert len(read) == 2


def test_items_that_fit_no_line_get_one_each() -> None:
    items = [f"{'x' * 18}{number}" for number in range(8)]
    change = changed({"id": 1}, tags=("; ".join(items), "; ".join([items[0], "new"])))
    lines = [line for line in stream(rows(change, total=1), width=60)]
    assert max(len(line.rstrip("\n")) for line in lines) <= 60
    assert [line.strip() for line in lines if line.strip().startswith("- ")] == [f"- {item}" for item in items[1:]]
