"""Page: what a view makes of a result, and what a renderer turns into text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from dsv.model.diff import Changeset, Kind

Role = Literal["plain", "added", "removed", "changed", "warning", "error", "muted", "ok"]
Align = Literal["left", "right"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A piece of a line. `code`: a value, name or path that comes from the data or the user."""

    text: str
    role: Role = "plain"
    code: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A title; level 1 names the page, 2 a dataset, 3 a section of it."""

    spans: tuple[Span, ...]
    level: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of text, `indent` steps in."""

    spans: tuple[Span, ...]
    indent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table on a page."""

    title: str
    align: Align = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A small table: every cell is a tuple of spans."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[tuple[Span, ...], ...], ...]
    indent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Changed rows, read while rendering: at most `limit` of each kind (None: all).

    `total` counts the rows that there are to show; None where only reading them would tell.
    """

    changes: Changeset
    kinds: tuple[Kind, ...]
    limit: int | None
    total: int | None
    indent: int = 0


Block = Heading | Line | Table | Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Blocks, top to bottom."""

    blocks: tuple[Block, ...]


def spans(*parts: Any) -> tuple[Span, ...]:
    """Make spans of strings and spans: a bare string is a plain span."""
    return tuple(part if isinstance(part, Span) else Span(text=str(part)) for part in parts)
