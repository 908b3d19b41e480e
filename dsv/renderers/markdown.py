"""GitHub-flavoured Markdown in which no value can act.

A value stands only in a code span (lines and headings) or in `<td><code>` (tables, which are HTML
blocks without a blank line). Words of other texts that Markdown or a forge could take for markup,
a mention, a reference or a link stand in code as well. Nothing is lost: code shows what it holds.
"""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Callable, Iterable, Iterator

from dsv.model.diff import RowChange
from dsv.model.page import Block, Heading, Line, Page, Role, Rows, Span, Table
from dsv.renderers._cells import SIGNS, Edit, changes, cut, fields, key_parts
from dsv.renderers._clean import LINE_BREAK, clean
from dsv.renderers._rows import more, shown_rows

WIDEST_VALUE = 160
PLAIN_WORD = re.compile(r"""[("']?[A-Za-z0-9](?:[A-Za-z0-9,.;%()'"=?!/…-])*:?|[,.;:()%…/]+|->""")
RISKY_WORD = re.compile(r"//|www\.|gh-\d|[0-9a-f]{7,}", re.IGNORECASE)
SIGNS_OF_LEVELS: dict[Role, tuple[str, str]] = {"error": ("x", "❌"), "warning": ("!", "⚠️")}
LIST_NUMBER = re.compile(r"[0-9]+[.)]")


def render(page: Page, *, width: int = 80, color: bool = False) -> str:
    """The whole page as Markdown. `width` and `color` mean nothing here."""
    return "".join(stream(page, width=width, color=color))


def stream(page: Page, *, width: int = 80, color: bool = False) -> Iterator[str]:
    """The page in pieces, in order; changed rows are read as they are needed."""
    previous: Block | None = None
    first = depth = 0
    for block in page.blocks:
        if previous is not None and not (isinstance(previous, Line) and isinstance(block, Line)):
            yield "\n"
        if isinstance(block, Heading):
            yield f"{'#' * (block.level + 1)} {_words(block.spans, code)}\n"
        elif isinstance(block, Line):
            if not isinstance(previous, Line):
                first, depth = block.indent, 0
            depth = max(0, min(depth + 1, block.indent - first))
            yield f"{'  ' * depth}- {_words(block.spans, code)}\n"
        elif isinstance(block, Table):
            yield from _table(block)
        else:
            yield from _rows(block)
        previous = block


def code(text: str) -> str:
    """A text as a code span that it cannot leave, whatever backticks it holds."""
    text = clean(text)
    runs = {len(run) for run in re.findall("`+", text)}
    fence = next("`" * size for size in range(1, len(runs) + 2) if size not in runs)
    padded = text.strip(" ") and (text[0] in "` " or text[-1] in "` ")
    padding = " " if padded or not text else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def inline_code(text: str) -> str:
    """A text as an HTML code element."""
    return f"<code>{html.escape(clean(text))}</code>"


def cell(spans: Iterable[Span], align: str = "left") -> str:
    """A table cell; what is no plain word stands in code."""
    attribute = ' align="right"' if align == "right" else ""
    return f"<td{attribute}>{_words(spans, inline_code)}</td>"


def _words(spans: Iterable[Span], in_code: Callable[[str], str]) -> str:
    """Spans as one line. Neighbours in code become one: two code spans side by side would not parse."""
    line = ""
    for is_code, group in itertools.groupby(_pieces(spans), key=lambda piece: piece[1]):
        text = "".join(piece for piece, _ in group)
        line += in_code(text) if is_code else text.replace("->", "→")
    return line.strip()


def _pieces(spans: Iterable[Span]) -> Iterator[tuple[str, bool]]:
    """Pieces of text, and whether each stands in code."""
    first = True
    for span in spans:
        text = span.text
        mark, picture = SIGNS_OF_LEVELS.get(span.role, ("", ""))
        if mark and not span.code and text.startswith(f"{mark} "):
            yield f"{picture} ", False
            text, first = text[len(mark) + 1 :], False
        for piece in [text] if span.code else re.split("( +)", text):
            blank = not piece.strip(" ")
            if piece:
                yield piece, span.code or not (blank or _is_plain(piece, first))
            first = first and blank


def _is_plain(word: str, first: bool) -> bool:
    if first and LIST_NUMBER.match(word):
        return False
    return PLAIN_WORD.fullmatch(word) is not None and not RISKY_WORD.search(word)


def _table(table: Table) -> Iterator[str]:
    yield "<table>\n"
    if any(column.title for column in table.columns):
        yield (
            "<tr>"
            + "".join(f"<th>{_words([Span(text=column.title)], inline_code)}</th>" for column in table.columns)
            + "</tr>\n"
        )
    for row in table.rows:
        cells = zip(row, table.columns, strict=True)
        yield "<tr>" + "".join(cell(spans, column.align) for spans, column in cells) + "</tr>\n"
    yield "</table>\n"


def _rows(rows: Rows) -> Iterator[str]:
    shown = dict.fromkeys(rows.kinds, 0)
    began = False
    for change in shown_rows(rows, shown):
        if not began:
            yield "<table>\n<tr><th></th><th>row</th><th>field</th><th>before</th><th>after</th></tr>\n"
            began = True
        for line in _row(change):
            yield "<tr>" + "".join(cell(spans) for spans in line) + "</tr>\n"
    if began:
        yield "</table>\n"
    for rest in more(rows, shown):
        yield f"\n{_words(rest.spans, code)}\n"


def _row(change: RowChange) -> Iterator[tuple[tuple[Span, ...], ...]]:
    sign = _value(SIGNS[change.kind])
    key = _value(" ".join(f"{name}={value}" if change.key else f"{name} {value}" for name, value in key_parts(change)))
    if change.kind == "changed":
        for edit in changes(change, WIDEST_VALUE):
            for before, after in _sides(edit):
                yield sign, key, _value(edit.name), _value(before), _value(after, edit.migration)
        return
    text = "  ".join(f"{name}={cut(value, WIDEST_VALUE)}" for name, value in fields(change))
    values, nothing = _value(text, change.migration), _value("")
    yield (sign, key, nothing, values, nothing) if change.kind == "removed" else (sign, key, nothing, nothing, values)


def _value(text: str, migration: str | None = None) -> tuple[Span, ...]:
    """A value in code, and outside of it, where no value can pretend to be one, the migration that gave it."""
    value = Span(text=text, code=True)
    return (value, Span(text=f" ({migration})")) if migration else (value,)


def _sides(edit: Edit) -> Iterator[tuple[str, str]]:
    """What stands before and after; a line each of a hunk's, without the lines that stayed."""
    if not edit.lines:
        yield edit.before or "", edit.after or ""
    for mark, text in edit.lines:
        if mark in "+-~":
            yield (text or LINE_BREAK, "") if mark == "-" else ("", text or LINE_BREAK)


plugin = stream
