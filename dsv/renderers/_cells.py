"""Changed rows in words: cells before and after, cut around what differs."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from dsv.model.diff import Cell, Kind, RowChange
from dsv.model.page import Role
from dsv.model.values import shown
from dsv.renderers._clean import clean

SIGNS: dict[Kind, str] = {"added": "+", "removed": "-", "changed": "~"}
ROLES: dict[Kind, Role] = {"added": "added", "removed": "removed", "changed": "changed"}

CUT = "…"
CONTEXT = 8
SMALLEST_ROOM = 20
MOST_LEAVES = 4
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


def changes(change: RowChange, room: int) -> Iterator[tuple[str, str, str, str]]:
    """What changed in a row: (field, before, after, migration), each value in at most `room` characters.

    A nested cell gives one entry a place inside it while they are few, else one for the whole.
    """
    for name, cell in change.cells.items():
        for place, inner in _inside(cell):
            before, after = pair(inner.old, inner.new, room)
            yield clean(name + place), before, after, cell.migration or ""


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


def _inside(cell: Cell) -> list[tuple[str, Cell]]:
    leaves: list[tuple[str, Cell]] = []
    for leaf in _leaves(cell.old, cell.new, ""):
        leaves.append(leaf)
        if len(leaves) > MOST_LEAVES:
            return [("", cell)]
    return leaves or [("", cell)]


def _leaves(old: Any, new: Any, place: str) -> Iterator[tuple[str, Cell]]:
    """The places inside two nested values that differ; lists are compared by position."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in [*old, *(name for name in new if name not in old)]:
            yield from _leaves(old.get(name), new.get(name), f"{place}.{name}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (left, right) in enumerate(zip(old, new, strict=True)):
            yield from _leaves(left, right, f"{place}[{index}]")
    elif old != new and not (old != old and new != new):
        yield place, Cell(old=old, new=new)
