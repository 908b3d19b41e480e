"""Changed rows packed for the script: JSON, gzip, base64, so many rows at a time.

A row is a list, in the order of the tuple that `_row` returns; frontend/src/rows.js reads the same.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from dsv.model.diff import KINDS, Cell, RowChange
from dsv.model.values import shown
from dsv.renderers._cells import Edit, changes, cut
from dsv.renderers._clean import clean
from dsv.renderers._report.parts import Part
from dsv.renderers._report.thumbnails import Gallery, Thumbnails

MOST_ROWS = 200_000
MOST_BYTES = 20_000_000
ROWS_A_CHUNK = 5_000
SAMPLE = 25
ROOM = 1_000
MOST_EDITS = 60
NO_MIGRATION = "(none)"
"""The value of the filter of migrations that stands for rows that none changed."""


@dataclass(slots=True)
class Packed:
    """What is in the file of a part's rows: how many, a few for readers without scripts, and that rows are left."""

    rows: int = 0
    left: bool = False
    sample: list[dict[str, Any]] = field(default_factory=list)


class Packing:
    """Packs the rows of parts, one after another, within the bounds of one file; `report` has what came of it."""

    def __init__(self, thumbnails: Thumbnails | None, *, most_rows: int, most_bytes: int) -> None:
        self.report: dict[int, Packed] = {}
        self._gallery = Gallery(thumbnails)
        self._rows_left, self._bytes_left = most_rows, most_bytes

    def chunks(self, part: Part) -> Iterator[str]:
        """The rows of a part, packed; `report` is complete when the last chunk was taken."""
        packed = self.report[part.number] = Packed()
        rows: list[Any] = []
        spell = Spelling(part, self._gallery)
        for change in part.diff.changes.rows(KINDS) if part.diff.changes is not None else ():
            if self._rows_left <= 0 or self._bytes_left <= 0:
                packed.left = True
                break
            row = spell.row(change)
            if len(packed.sample) < SAMPLE:
                packed.sample.append(as_sample(row))
            rows.append(row)
            packed.rows += 1
            self._rows_left -= 1
            if len(rows) >= ROWS_A_CHUNK:
                yield self._pack(rows)
                rows = []
        if rows:
            yield self._pack(rows)
        packed.left = packed.left or packed.rows < part.diff.rows.differing

    def _pack(self, rows: Sequence[Any]) -> str:
        text = pack(rows)
        self._bytes_left -= len(text)
        return text


def pack(rows: Sequence[Any]) -> str:
    """Rows as base64 of gzip of JSON, the same bytes for the same rows."""
    data = json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return base64.b64encode(gzip.compress(data, compresslevel=6, mtime=0)).decode("ascii")


class Spelling:
    """Rows of one part as the script takes them: every text is cleaned and of bounded length."""

    def __init__(self, part: Part, gallery: Gallery) -> None:
        self._dataset, self._gallery = part.diff.dataset, gallery
        self._labels = [label.field for label in part.diff.labels]
        self._split = part.diff.split
        self._groups = {
            (group.field, shown(group.before), shown(group.after), group.migration): number
            for number, group in enumerate(part.dataset.groups or ())
        }

    def row(self, change: RowChange) -> list[Any]:
        """[kind, place before, place after, key, edits, classes, splits, migrations, images]."""
        migrations = {change.migration, *(cell.migration for cell in change.cells.values())} - {None}
        return [
            KINDS.index(change.kind),
            change.old_position,
            change.new_position,
            [[clean(name), cut(clean(shown(value)), ROOM)] for name, value in change.key.items()],
            self._edits(change),
            self._values(change, self._labels),
            self._values(change, [self._split] if self._split else []),
            sorted(str(migration) for migration in migrations),
            self._gallery.images(self._dataset, change),
        ]

    def _edits(self, change: RowChange) -> list[list[Any]]:
        if change.kind == "changed":
            edits = [self._edit(edit, change) for edit in changes(change, ROOM)]
        else:
            after = change.kind == "added"
            edits = [_side(name, cell, after=after) for name, cell in change.cells.items() if name not in change.key]
        if len(edits) > MOST_EDITS:
            rest = f"{len(edits) - MOST_EDITS + 1:,} more"
            return [*edits[: MOST_EDITS - 1], ["…", None, None, -1, [["~", rest]]]]
        return edits

    def _edit(self, edit: Edit, change: RowChange) -> list[Any]:
        cell = change.cells.get(edit.name)
        group = -1 if cell is None else self._group(edit.name, cell)
        found: list[Any] = [edit.name, edit.before, edit.after, group]
        return [*found, [list(line) for line in edit.lines]] if edit.lines else found

    def _group(self, name: str, cell: Cell) -> int:
        if not self._groups:
            return -1
        return self._groups.get((name, shown(cell.old), shown(cell.new), cell.migration), -1)

    def _values(self, change: RowChange, names: Sequence[str]) -> list[str]:
        """The classes, or splits, that the row has on either side."""
        found: dict[str, None] = {}
        for name in names:
            cell = change.cells.get(name) or change.context.get(name)
            for value in () if cell is None else (cell.old, cell.new):
                for item in value if isinstance(value, list) else [value]:
                    if item is not None:
                        found[cut(clean(shown(item)), ROOM)] = None
        return list(found)


def _side(name: str, cell: Cell, *, after: bool) -> list[Any]:
    text = cut(clean(shown(cell.new if after else cell.old)), ROOM)
    return [clean(name), None if after else text, text if after else None, -1]


def facets(row: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """What the filters of the page know of a packed row, by the name of the filter."""
    _, _, _, _, edits, classes, splits, migrations, _ = row
    for name, values in (
        ("class", classes),
        ("split", splits),
        ("field", [edit[0] for edit in edits]),
        ("migration", migrations or [NO_MIGRATION]),
        ("group", [str(edit[3]) for edit in edits if edit[3] >= 0]),
    ):
        for value in dict.fromkeys(values):
            yield name, value


def words(row: Sequence[Any]) -> str:
    """The text of a packed row in which the page searches, in small letters."""
    _, _, _, key, edits, *_ = row
    found = [text for pair in key for text in pair]
    for name, before, after, _, *lines in edits:
        found += [name, before, after, *(text for line in (lines[0] if lines else ()) for text in line)]
    return "\n".join(text for text in found if text is not None).lower()


def as_sample(row: Sequence[Any]) -> dict[str, Any]:
    """A packed row for the template."""
    kind, old, new, key, edits, *_ = row
    place = old if kind == KINDS.index("removed") else new
    return {
        "kind": KINDS[kind],
        "sign": "+-~"[kind],
        "key": " / ".join(value for _, value in key) or f"row {place}",
        "edits": [
            {"field": edit[0], "before": edit[1], "after": edit[2], "lines": edit[4] if len(edit) > 4 else ()}
            for edit in edits
        ],
    }
