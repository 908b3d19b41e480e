"""What a user asks of a diff."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffOptions:
    """What to compare, and how; where these say nothing, the declaration does.

    `header`: the first line names the fields (None: as declared). `format` is that of both sides,
    whatever they are called. `fields`: compare these only. `row`: the only row to compare, by the
    fields of its key. `views` are those that are asked for ("stat", "schema", "labels", "rows"; none: all
    of them), so that profiles can stand in for data that is not here; None: rows, or an error.
    `profiles`: nothing but profiles is wanted. `counts`: only the numbers of rows are. `memory_bytes` is what may
    be used. The others are as in `DiffRequest`.
    """

    key: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    split: str | None = None
    header: bool | None = None
    format: str | None = None
    skip_malformed: bool = False
    by_position: bool = False
    ignore: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    tolerance: float | None = None
    iou: float | None = None
    hide_whitespace: bool = False
    hide_case: bool = False
    renames: tuple[tuple[str, str], ...] = ()
    key_forms: tuple[tuple[str, str], ...] = ()
    reverse: bool = False
    where: str | None = None
    similar: bool = False
    unexplained: bool = False
    row: Mapping[str, Any] | None = None
    views: frozenset[str] | None = None
    profiles: bool = False
    counts: bool = False
    memory_bytes: int | None = None
