"""What `blame` says, and the life of a row, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dsv.model.diff import RowChange
from dsv.model.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The commit that a cell has its value from. `date` is ISO 8601 with the author's offset.

    `boundary`: what was before it cannot be read here, so the value may be older.
    """

    commit: str
    author: str
    date: str
    subject: str
    boundary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BlamedCell:
    """A cell, and what last changed it: a commit (None: it is not committed), and in it perhaps a migration."""

    field: str
    value: Any
    origin: Origin | None
    migration: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BlamedRow:
    """A row, by its key, and the cells that were asked for, those of the key first."""

    key: Mapping[str, Any]
    cells: tuple[BlamedCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blame:
    """Where the cells of some rows come from.

    `revision` is None for the work tree. `rows` are the first of the `matching` rows. `findings` say what
    could not be read.
    """

    dataset: str
    path: str
    revision: str | None
    key: tuple[str, ...]
    rows: tuple[BlamedRow, ...]
    matching: int
    findings: tuple[Finding, ...] = ()

    @property
    def complete(self) -> bool:
        """Every cell was followed to the commit that it comes from."""
        return not self.findings


@dataclass(frozen=True, slots=True, kw_only=True)
class RowEvent:
    """One revision that changed a row. `origin` is the revision; its `boundary`: the row may be older."""

    origin: Origin
    dataset: str
    change: RowChange
