"""What differs between two delimited files and changes no value: quoting, line ends, delimiter, BOM."""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, replace

from dsv.formats._delimited.layout import Layout, lines, read_layout, unquoted
from dsv.formats._delimited.records import Record, syntax
from dsv.formats._shared.spelling_diff import Content, contents, layout_differences, left_over, pairs
from dsv.model.diff import Formatting
from dsv.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class _Row:
    """A record that is a row, or the header: its cells, quotes included, by field, and its line end."""

    cells: dict[str, bytes]
    end: bytes


def compare(
    old: Snapshot, new: Snapshot, delimiters: Sequence[str], key: tuple[str, ...], *, by_position: bool
) -> Formatting:
    """Count cells that are quoted otherwise though equal, and lines with another end, headers included."""
    found = contents(old, new)
    if found is None:
        return Formatting()
    layouts = [read_layout(snapshot, delimiters) for snapshot in (old, new)]
    whole = replace(layout_differences(*found), delimiter=layouts[0].delimiter != layouts[1].delimiter)
    if not _in_question(*found, {layout.delimiter for layout in layouts}):
        return replace(whole, quoting=0, line_ends=0)
    skip = [snapshot.options.skip_malformed for snapshot in (old, new)]
    (old_head, before), (new_head, after) = (
        _rows(content, layout, check) for content, layout, check in zip(found, layouts, skip, strict=True)
    )
    shared = [name for name in layouts[0].names if name in layouts[1].names]
    paired = list(pairs(*_named(before, after, key, shared, by_position=by_position)))
    if old_head is not None and new_head is not None:
        paired.append((old_head, new_head))
    return replace(
        whole,
        quoting=sum(_requoted(left, right, shared) for left, right in paired),
        line_ends=sum(left.end != right.end for left, right in paired if left.end and right.end),
    )


def _in_question(old: Content, new: Content, delimiters: Collection[str]) -> bool:
    """Say whether a cell may be quoted or a line may end otherwise: the common case is that none does."""
    if len(old.ends | new.ends) > 1:
        return True
    if b'"' not in old.data and b'"' not in new.data:
        return False
    quoted = (line for side in left_over(old, new) for line in side if b'"' in line)
    sparingly = _sparingly(*delimiters).fullmatch if len(delimiters) == 1 else None
    return any(sparingly is None or sparingly(line) is None for line in quoted)


def _sparingly(delimiter: str) -> re.Pattern[bytes]:
    """A line in which only those cells are quoted that have to be: equal ones then are quoted alike."""
    mark = re.escape(delimiter.encode())
    plain = rb'[^"' + mark + rb"]*+"
    cell = rb'(?:"' + plain + rb"(?:" + mark + rb'|"")(?:[^"]|"")*+"|' + plain + rb")"
    return re.compile(cell + rb"(?:" + mark + cell + rb")*+")


def _rows(content: Content, layout: Layout, check: bool) -> tuple[_Row | None, list[_Row]]:
    rules = syntax(layout.delimiter)
    header: _Row | None = None
    found: list[_Row] = []
    for kind, record in layout.walk(lines(io.BytesIO(content.data)), check=check):
        if kind == "header":
            header = _row(record, rules.cells(record), layout)
        elif kind == "row":
            found.append(_row(record, rules.cells(record), layout))
    return header, found


def _row(record: Record, cells: list[bytes], layout: Layout) -> _Row:
    return _Row(dict(zip(layout.names, cells, strict=False)), record.line_end())


Named = list[tuple[Hashable, _Row]]


def _named(
    old: list[_Row], new: list[_Row], key: tuple[str, ...], shared: Sequence[str], *, by_position: bool
) -> tuple[Named, Named]:
    """Rows by what pairs them: their place, their key where it is unique, else the values of shared fields."""
    if by_position:
        return list(enumerate(old)), list(enumerate(new))
    if key and all(name in shared for name in key):
        before, after = ([(_values(row, key), row) for row in side] for side in (old, new))
        if all(len({name for name, _ in side}) == len(side) for side in (before, after)):
            return before, after
    first, second = ([(_values(row, shared), row) for row in side] for side in (old, new))
    return first, second


def _values(row: _Row, names: Sequence[str]) -> Hashable:
    return tuple(unquoted(row.cells.get(name, b"")) for name in names)


def _requoted(old: _Row, new: _Row, shared: Sequence[str]) -> int:
    if old.cells == new.cells:
        return 0
    count = 0
    for name in shared:
        left, right = old.cells.get(name, b""), new.cells.get(name, b"")
        count += left != right and unquoted(left) == unquoted(right)
    return count
