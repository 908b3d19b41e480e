"""Plain text for terminals and files: signs carry the meaning, colour repeats it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from dsv.model.diff import RowChange
from dsv.model.page import Block, Heading, Line, Page, Role, Rows, Span, Table, spans
from dsv.renderers._cells import ROLES, SIGNS, Edit, changes, cut, fields, key_parts
from dsv.renderers._clean import clean
from dsv.renderers._rows import more, shown_rows

INDENT = "  "
WIDEST_CELL = 40
STYLES: dict[Role, str] = {
    "added": "32",
    "removed": "31",
    "changed": "33",
    "warning": "1;33",
    "error": "1;31",
    "muted": "2",
    "ok": "32",
}
HEADING_STYLE = "1"


def render(page: Page, *, width: int = 80, color: bool = False) -> str:
    """The whole page as text."""
    return "".join(stream(page, width=width, color=color))


def stream(page: Page, *, width: int = 80, color: bool = False) -> Iterator[str]:
    """The page line by line, each with its line end; changed rows are read as they are needed."""
    for number, block in enumerate(page.blocks):
        if number and isinstance(block, Heading) and block.level <= 2:
            yield "\n"
        for line in _lines(block, width):
            yield _paint(line, color, HEADING_STYLE if isinstance(block, Heading) else None) + "\n"


def _lines(block: Block, width: int) -> Iterator[Line]:
    if isinstance(block, Heading):
        yield Line(spans=block.spans, indent=max(0, block.level - 2))
    elif isinstance(block, Line):
        yield block
    elif isinstance(block, Table):
        yield from _table(block)
    else:
        yield from _rows(block, width)


def _paint(line: Line, color: bool, style: str | None) -> str:
    pieces = [Span(text=INDENT * line.indent), *line.spans]
    if not color:
        return "".join(clean(piece.text) for piece in pieces).rstrip(" ")
    return "".join(_styled(piece, STYLES.get(piece.role, style)) for piece in pieces)


def _styled(piece: Span, style: str | None) -> str:
    text = clean(piece.text)
    return f"\x1b[{style}m{text}\x1b[0m" if style and text.strip() else text


def _table(table: Table) -> Iterator[Line]:
    titles = tuple(spans(Span(text=column.title, role="muted")) for column in table.columns)
    rows = [_narrowed(row) for row in (titles, *table.rows)]
    widths = [max(_width(row[index]) for row in rows) for index in range(len(table.columns))]
    first = 0 if any(column.title for column in table.columns) else 1
    for row in rows[first:]:
        yield Line(spans=tuple(_aligned(row, widths, table)), indent=table.indent)


def _narrowed(row: Iterable[tuple[Span, ...]]) -> list[tuple[Span, ...]]:
    return [
        tuple(Span(text=cut(clean(piece.text), WIDEST_CELL), role=piece.role, code=piece.code) for piece in cell)
        for cell in row
    ]


def _aligned(row: list[tuple[Span, ...]], widths: list[int], table: Table) -> Iterator[Span]:
    for index, (cell, width) in enumerate(zip(row, widths, strict=True)):
        last = index == len(row) - 1
        blank = " " * (width - _width(cell))
        if table.columns[index].align == "right":
            yield Span(text=blank)
            yield from cell
        else:
            yield from cell
            yield Span(text="" if last else blank)
        yield Span(text="" if last else INDENT)


def _width(cell: tuple[Span, ...]) -> int:
    """Columns of a terminal that a cell takes."""
    return sum(_columns(character) for piece in cell for character in piece.text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _rows(rows: Rows, width: int) -> Iterator[Line]:
    shown = dict.fromkeys(rows.kinds, 0)
    for change in shown_rows(rows, shown):
        room = width - len(INDENT) * rows.indent
        body = _changed(change, room) if change.kind == "changed" else [_whole(change, room)]
        for number, line in enumerate(body):
            yield Line(spans=line, indent=rows.indent + (number > 0))
    yield from more(rows, shown)


def _changed(change: RowChange, room: int) -> list[tuple[Span, ...]]:
    """One line if one cell changed and it fits, else the key and then a line a cell."""
    head = _head(change)
    names = max((len(name) for name in change.cells), default=0)
    used = names + len(f"{INDENT}:  -> ")
    cells = [line for edit in changes(change, (room - used) // 2) for line in _edit(edit, room - len(INDENT))]
    if len(cells) == 1 and _width(head) + len(INDENT) + _width(cells[0]) <= room:
        return [(*head, Span(text=INDENT), *cells[0])]
    return [head, *cells]


def _edit(edit: Edit, room: int) -> list[tuple[Span, ...]]:
    mark = _mark(edit.migration)
    if edit.lines:
        parts = [part for sign, text in edit.lines for part in (" ", _signed(sign, f"{sign} {text}"))]
        whole = spans(f"{edit.name}:", *parts)
        if all(sign in "+-~" for sign, _ in edit.lines) and _width(whole) <= room:
            return [(*whole, mark)]
        return [spans(f"{edit.name}:", mark), *(_line(sign, text) for sign, text in edit.lines)]
    if edit.before is None:
        return [spans(_signed("+", f"+ {edit.name} {edit.after}"), mark)]
    if edit.after is None:
        return [spans(_signed("-", f"- {edit.name} {edit.before}"), mark)]
    return [_cell(edit.name, edit.before, edit.after, mark)]


def _line(sign: str, text: str) -> tuple[Span, ...]:
    return spans(INDENT, Span(text=text, role="muted") if sign == "@" else _signed(sign, f"{sign} {text}"))


def _signed(sign: str, text: str) -> Span:
    role: Role = "added" if sign == "+" else "removed" if sign == "-" else "plain"
    return Span(text=text, role=role, code=True)


def _head(change: RowChange) -> tuple[Span, ...]:
    names = " ".join(f"{name}={value}" if change.key else f"{name} {value}" for name, value in key_parts(change))
    sign = Span(text=SIGNS[change.kind], role=ROLES[change.kind])
    return spans(sign, " ", Span(text=names, code=True), _mark(change.migration))


def _mark(migration: str | None) -> Span:
    return Span(text=f"  ({migration})" if migration else "", role="muted")


def _cell(name: str, before: str, after: str, mark: Span) -> tuple[Span, ...]:
    return spans(
        f"{name}: ",
        Span(text=before, role="removed", code=True),
        " -> ",
        Span(text=after, role="added", code=True),
        mark,
    )


def _whole(change: RowChange, room: int) -> tuple[Span, ...]:
    head = _head(change)
    values = INDENT.join(f"{name}={cut(value, WIDEST_CELL)}" for name, value in fields(change))
    left = room - _width(head) - len(INDENT)
    return (*head, Span(text=INDENT + cut(values, max(left, WIDEST_CELL)), role="muted")) if values else head


plugin = stream
