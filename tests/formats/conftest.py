"""Folders that are one table, written by the tests, scanned and compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dsv.api.diff import DiffOptions, compare
from dsv.api.snapshots import plain_snapshot
from dsv.formats.base import Scan, scan
from dsv.model.diff import DatasetDiff
from dsv.model.snapshot import ReadOptions, Snapshot
from dsv.tables.duckdb import Engine, identifier
from dsv.tables.table import POSITION, Table


def values(table: Table) -> list[dict[str, Any]]:
    """The rows, in their order."""
    names = table.schema.names
    columns = ", ".join(map(identifier, names))
    found = table.engine.rows(f"SELECT {columns} FROM {table.relation} ORDER BY {POSITION}")
    return [dict(zip(names, row, strict=True)) for row in found]


class Folders:
    """Writes tables (a folder of files, or one file) below one folder and reads them."""

    def __init__(self, root: Path, engine: Engine) -> None:
        self.root = root
        self.engine = engine

    def write(self, name: str, files: Mapping[str, str | bytes] | str | bytes) -> Path:
        place = self.root / name
        for path, content in files.items() if isinstance(files, Mapping) else [("", files)]:
            target = place / path if path else place
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
        return place

    def snapshot(self, name: str, files: Mapping[str, str | bytes] | str | bytes, given: str | None = None) -> Snapshot:
        return plain_snapshot(self.write(name, files), name, given=given)

    def scan(
        self,
        files: Mapping[str, str | bytes] | str | bytes,
        name: str = "set",
        given: str | None = None,
        reverse: bool = False,
        **options: Any,
    ) -> Scan:
        found = replace(self.snapshot(name, files, given), options=ReadOptions(**options))
        if reverse and found.members is not None:
            found = replace(found, members=tuple(reversed(found.members)))
        return scan(self.engine, found)

    def diff(
        self,
        old: Mapping[str, str | bytes] | str | bytes,
        new: Mapping[str, str | bytes] | str | bytes,
        suffix: str = "",
        **options: Any,
    ) -> DatasetDiff:
        """The diff of two tables; its changed rows cannot be read any more."""
        self.write(f"old{suffix}", old)
        self.write(f"new{suffix}", new)
        with compare(self.root, [f"old{suffix}", f"new{suffix}"], None, DiffOptions(**options)) as found:
            return found.result.datasets[0]


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[Folders]:
    with Engine() as engine:
        yield Folders(tmp_path, engine)
