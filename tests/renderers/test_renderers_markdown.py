"""No value gets out of its cell or code span, whatever it holds."""

from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from dsv.model.diff import KINDS, Cell, RowChange
from dsv.model.page import Column, Heading, Line, Page, Rows, Span, Table, spans
from dsv.renderers._clean import clean
from dsv.renderers.markdown import cell, code, render
from tests.renderers.conftest import Changes

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
TAGS = {"table", "tr", "th", "td", "code"}
ATTACKS = [
    "@org/team",
    "closes #1",
    "GH-12",
    "org/repo#3",
    "0@.A",
    "www.example.com",
    "https://example.com",
    "[x](../.dvc/config.local)",
    "![x](https://example.com/x.png)",
    "<!-- dsv:review -->",
    "</details>",
    "</code></td></tr></table>",
    "<img src=x onerror=alert(1)>",
    "`",
    "``` `` `",
    "a`b``c",
    "\n\n# heading\n",
    "\r\n| a | b |\n|---|---|",
    "---",
    "===",
    "1.",
    "1) x",
    "- x",
    "+ x",
    "> x",
    "    x",
    "*a* _b_ **c** ~~d~~",
    "&lt;script&gt;",
    "\\",
    "$x$",
    ":smile:",
    "\x1b[31m",
    "0123456789abcdef0123456789abcdef01234567",
]
hostile = st.one_of(
    st.sampled_from(ATTACKS),
    st.text(max_size=40),
    st.text("`<>&@#[]()!*_~|\\-+=:;/.1a \n\r\t", max_size=40),
)


def page(value: str) -> Page:
    """A page with the value in every place that a value can have."""
    change = RowChange(kind="changed", key={value: value}, cells={value: Cell(old=value, new=None)})
    added = RowChange(kind="added", key={}, cells={value: Cell(old=None, new=value)}, new_position=1)
    both = spans("x ", Span(text=value, code=True), " x ", value)
    return Page(
        blocks=(
            Heading(spans=both, level=1),
            Line(spans=both),
            Line(spans=spans("x", value, Span(text=value, code=True), Span(text=value, code=True))),
            Line(spans=spans(value, " x"), indent=3),
            Table(columns=(Column(title=value + "x"), Column(title="b", align="right")), rows=((both, both),)),
            Rows(changes=Changes(change, added), kinds=KINDS, limit=None, total=9),
        )
    )


class Html(HTMLParser):
    """Collects the tags of a block and the text that stands outside code."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.open: list[str] = []
        self.outside = ""

    def handle_starttag(self, tag: str, attrs: list[Any]) -> None:
        assert tag in TAGS
        assert attrs in ([], [("align", "right")])
        self.open.append(tag)
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "code" not in self.open:
            self.outside += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)


def html(text: str) -> Html:
    parser = Html()
    parser.feed(text)
    parser.close()
    assert not parser.open
    return parser


def outside_code(tokens: list[Token]) -> str:
    """Text that a forge would search for mentions, references and links."""
    found = ""
    for token in tokens:
        if token.type == "html_block":
            found += html(token.content).outside
        for child in token.children or []:
            assert child.type in ("text", "code_inline"), child
            found += child.content if child.type == "text" else " "
    return found


def shape(tokens: list[Token]) -> list[tuple[str, str]]:
    return [(token.type, token.tag) for token in tokens]


def check(value: str) -> None:
    tokens = PARSER.parse(render(page(value)))
    assert shape(tokens) == shape(PARSER.parse(render(page("v"))))
    outside = outside_code(tokens)
    for mark in ("@", "#", "<", ">", "`", "[", "]", "*", "_", "~", "\\", "&", "$", "|", "//", "www."):
        assert mark not in outside


@settings(max_examples=400)
@given(hostile)
def test_a_value_changes_no_structure_and_stands_in_code_only(value: str) -> None:
    check(value)


@pytest.mark.parametrize("value", ATTACKS)
def test_attacks(value: str) -> None:
    check(value)


@given(hostile.filter(bool))
def test_a_code_span_shows_all_that_it_holds(value: str) -> None:
    tokens = PARSER.parse("x " + code(value) + " x")
    assert shape(tokens) == [("paragraph_open", "p"), ("inline", ""), ("paragraph_close", "p")]
    inline = [child for child in tokens[1].children or [] if child.type == "code_inline"]
    assert [child.content for child in inline] == [clean(value)]


@given(hostile, hostile)
def test_neighbouring_values_stay_apart_from_the_text(first: str, second: str) -> None:
    line = Line(spans=spans("x ", Span(text=first, code=True), Span(text=second, code=True), ": y"))
    tokens = PARSER.parse(render(Page(blocks=(line,))))
    assert outside_code(tokens).split() in (["x", ":", "y"], ["x", "y"], ["x:", "y"])


@given(hostile)
def test_a_cell_is_one_cell(value: str) -> None:
    text = cell([Span(text=value, code=True)])
    assert html(text).tags in (["td", "code"], ["td"])
    assert html(text).outside == ""
    assert "\n" not in text


def test_words_of_our_own_stay_words() -> None:
    line = Line(spans=spans("no changes  rows 1,234 -> 5 (compared by rows): 12.5 % of 3 rows"))
    text = render(Page(blocks=(line,)))
    assert text == "- no changes  rows 1,234 → 5 (compared by rows): 12.5 % of 3 rows\n"
