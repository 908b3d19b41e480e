"""How the file that a captured migration publishes compares with the file that was captured."""

from __future__ import annotations

import filecmp
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from dsv.diff.dataset import diff_tables
from dsv.diff.request import DiffRequest
from dsv.formats.base import Scan, scan, spelling
from dsv.migrations.publish import write
from dsv.migrations.source import pinned
from dsv.model.diff import DatasetDiff
from dsv.model.migration import Base, State
from dsv.model.snapshot import Snapshot
from dsv.tables.duckdb import Engine
from dsv.tables.table import Table

EDITED = {
    "quoting": "the quoting of cells",
    "line_ends": "line ends",
    "number_spelling": "how numbers are spelled",
    "bom": "the byte order mark",
    "delimiter": "the delimiter",
    "final_line_end": "the end of the last line",
    "key_order": "the order of names in objects",
    "whitespace": "blanks between values",
    "escapes": "escapes in texts",
}
"""What may differ in bytes and not in content, by the names of dsv.model.diff.Formatting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What would be published: the `same` bytes, or others, as `differences` say; `read` is its scan then."""

    same: bool
    differences: tuple[str, ...] = ()
    read: Scan | None = None


def publish(
    engine: Engine,
    base: Base,
    base_snapshot: Snapshot,
    state: State,
    rows: Table,
    wanted: tuple[Snapshot, Scan],
    folder: Path,
) -> Published:
    """Publish rows into a folder, and hold the bytes against those of a file of the same format.

    Raises: FormatError: the format cannot hold the rows.
    """
    snapshot, read = wanted
    path = folder / "published"
    exact = pinned(base, base_snapshot)
    with path.open("wb") as stream:
        write(base, exact, state, rows, stream)
    if snapshot.members is None and filecmp.cmp(path, snapshot.path, shallow=False):
        return Published(same=True)
    made = replace(snapshot, path=path, shown_path=base.publishes, content_id=None)
    found = scan(engine, made)
    diff = _difference(found.table, read.table, state)
    formatting = spelling(made, snapshot, state.key, by_position=not state.key)
    differences = list(_ordered(found.table, read.table, diff))
    differences += [text for name, text in EDITED.items() if formatting is not None and getattr(formatting, name)]
    return Published(same=False, differences=tuple(differences), read=found)


def _difference(published: Table, wanted: Table, state: State) -> DatasetDiff:
    request = DiffRequest(key=state.key, key_source="given" if state.key else "none")
    return diff_tables("", "", published, wanted, request)


def _ordered(published: Table, wanted: Table, diff: DatasetDiff) -> Iterator[str]:
    names = [name for name in published.schema.names if name in wanted.schema]
    if names != [name for name in wanted.schema.names if name in published.schema]:
        yield "the order of fields"
    if diff.formatting.reordered:
        yield "the order of rows"
