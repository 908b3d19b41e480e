"""Changed rows in words: cells before and after, cut around what differs."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dsv.diff.inside import elements_that_differ, inside, is_nested
from dsv.model.diff import Cell, Kind, RowChange
from dsv.model.page import Role
from dsv.model.values import shown
from dsv.renderers._clean import clean

SIGNS: dict[Kind, str] = {"added": "+", "removed": "-", "changed": "~"}
ROLES: dict[Kind, Role] = {"added": "added", "removed": "removed", "changed": "changed"}

CUT = "…"
CONTEXT = 8
SMALLEST_ROOM = 20
MOST_PLACES = 8
MOST_LINES = 2000
LONGEST_HUNK = 24
SEPARATORS = (";", "|")
_VARIATION_SELECTORS = re.compile("[\ufe00-\ufe0f]")


def key_parts(change: RowChange) -> list[tuple[str, str]]:
    """What names a row: its key fields and their values, or else its place in the file."""
    if change.key:
        return [(clean(name), clean(shown(value))) for name, value in change.key.items()]
    place = change.old_position if change.kind == "removed" else change.new_position
    return [("row", "?" if place is None else f"{place:,}")]


def fields(change: RowChange) -> list[tuple[str, str]]:
    """The fields of an added or removed row that its key does not show."""
    return [
        (clean(name), clean(shown(cell.new if change.kind == "added" else cell.old)))
        for name, cell in change.cells.items()
        if name not in change.key
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What changed in a field, or at a place inside it. A side that lacks it has None.

    `lines` are signs and texts instead: a hunk, items that came and went, or how much differs.
    `migration` accounts for the change.
    """

    name: str
    before: str | None = None
    after: str | None = None
    lines: tuple[tuple[str, str], ...] = ()
    migration: str | None = None


def changes(change: RowChange, room: int) -> Iterator[Edit]:
    """What changed in a row, each value in at most `room` characters.

    A nested cell gives one entry a place inside it while they are few, else one for the whole; text of
    several lines gives its changed lines, a set of items those that came and went.
    """
    for name, cell in change.cells.items():
        for edit in _edits(clean(name), cell, room):
            yield edit if cell.migration is None else replace(edit, migration=cell.migration)


def _edits(name: str, cell: Cell, room: int) -> Iterator[Edit]:
    if is_nested(cell.old, cell.new):
        yield from _places(name, cell, room)
        return
    if isinstance(cell.old, str) and isinstance(cell.new, str):
        lines = _items(cell.old, cell.new, room) or _hunk(cell.old, cell.new, room)
        if lines:
            yield Edit(name=name, lines=lines)
            return
    before, after = pair(cell.old, cell.new, room)
    yield Edit(name=name, before=before, after=after)


def _places(name: str, cell: Cell, room: int) -> Iterator[Edit]:
    found = inside(cell.old, cell.new)
    if found is None:
        number = elements_that_differ(cell.old, cell.new)
        text = "1 element differs" if number == 1 else f"{number:,} elements differ"
        yield Edit(name=name, lines=(("~", text),))
        return
    if not found:
        before, after = pair(cell.old, cell.new, room)
        yield Edit(name=name, before=before, after=after)
    for item in found[:MOST_PLACES]:
        place = name + clean(item.path if item.path.startswith("[") or not item.path else f".{item.path}")
        before, after = pair(item.old, item.new, room)
        yield Edit(
            name=place,
            before=None if item.change == "added" else before,
            after=None if item.change == "removed" else after,
        )
    if len(found) > MOST_PLACES:
        yield Edit(name=name, lines=(("~", f"{len(found) - MOST_PLACES:,} more places differ"),))


def _items(old: str, new: str, room: int) -> tuple[tuple[str, str], ...]:
    """Items that came and went, where both texts are sets of items (`a; b; c`) that share some."""
    for separator in SEPARATORS:
        if separator not in old and separator not in new:
            continue
        before, after = ([item.strip() for item in text.split(separator)] for text in (old, new))
        sets = all(len(items) == len(set(items)) and all(items) for items in (before, after))
        gone = [item for item in before if item not in after]
        come = [item for item in after if item not in before]
        few = 0 < len(gone) + len(come) <= MOST_PLACES and len(gone) < len(before)
        if sets and few and max(len(before), len(after)) > 1 and not _alike(gone, come):
            return tuple((sign, cut(clean(item), room)) for sign, items in (("-", gone), ("+", come)) for item in items)
    return ()


def _hunk(old: str, new: str, room: int) -> tuple[tuple[str, str], ...]:
    """The lines that changed, with one line around them; empty for texts of one line, and for many lines."""
    before, after = old.split("\n"), new.split("\n")
    if min(len(before), len(after)) < 2 or max(len(before), len(after)) > MOST_LINES:
        return ()
    import difflib

    lines = list(difflib.unified_diff(before, after, n=1, lineterm=""))[2:]
    gone, come = ([line[1:] for line in lines if line[0] == sign] for sign in "-+")
    if len(lines) > LONGEST_HUNK or _alike(gone, come):
        return ()
    return tuple(
        ("@", line) if line.startswith("@@ ") else (line[0], cut(_with_end(clean(line[1:])), room)) for line in lines
    )


def _alike(gone: Sequence[str], come: Sequence[str]) -> bool:
    """Two of them would look the same; then `pair` spells them out."""
    looks = {_look(clean(text)) for text in gone}
    return any(_look(clean(text)) in looks for text in come)


def _with_end(line: str) -> str:
    """A line whose blanks at the end can be seen."""
    return f'"{line}"' if line != line.rstrip() else line


def pair(old: Any, new: Any, room: int) -> tuple[str, str]:
    """Two different values, spelled so that they look different, each in at most `room` characters."""
    before, after = clean(shown(old)), clean(shown(new))
    if _look(before) == _look(after):
        before, after = _spelled_out(old), _spelled_out(new)
    return _around(before, after, max(room, SMALLEST_ROOM))


def cut(text: str, room: int) -> str:
    """The beginning of a text, in at most `room` characters."""
    return text if len(text) <= room else text[: room - 1] + CUT


def _look(text: str) -> str:
    return _VARIATION_SELECTORS.sub("", unicodedata.normalize("NFKC", text))


def _spelled_out(value: Any) -> str:
    """Every character of a text made visible, so that 1 and "1" look different too."""
    return json.dumps(value, default=shown) if isinstance(value, str | list | dict) else shown(value)


def _around(before: str, after: str, room: int) -> tuple[str, str]:
    if max(len(before), len(after)) <= room:
        return before, after
    start = _same_start(before, after)
    end = _same_start(before[start:][::-1], after[start:][::-1])
    context = max(CONTEXT, (room - max(len(before), len(after)) + start + end - 2 * len(CUT)) // 2)
    return _window(before, start - context, end - context, room), _window(after, start - context, end - context, room)


def _same_start(left: str, right: str) -> int:
    pairs = zip(left, right, strict=False)
    return next((index for index, (one, other) in enumerate(pairs) if one != other), min(len(left), len(right)))


def _window(text: str, left_out: int, right_out: int, room: int) -> str:
    """A text without that many characters at its ends; one that a mark would replace stays."""
    begin = left_out if left_out > 1 else 0
    end = len(text) - right_out if right_out > 1 else len(text)
    return cut(CUT * (begin > 0) + text[begin:end] + CUT * (end < len(text)), room)
