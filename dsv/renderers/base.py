"""What a renderer is. A renderer's file name is the name users type; its `plugin` is its `stream`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from dsv.model.diff import KINDS, DiffResult, Kind
from dsv.model.page import Page


class PageRenderer(Protocol):
    """Turns any page into text: `text`, `markdown`."""

    def __call__(self, page: Page, *, width: int = 80, color: bool = False) -> Iterator[str]:
        """Pieces of the output, in order; `width` in characters."""


class ResultRenderer(Protocol):
    """Turns a diff into a machine's format: `json`, `jsonl`."""

    def __call__(
        self, result: DiffResult, *, limit: int | None = None, kinds: tuple[Kind, ...] = KINDS
    ) -> Iterator[str]:
        """Pieces of the output, in order; at most `limit` rows of each of the `kinds`."""
