"""A finding: something about a dataset that a person should know. A value, never an exception."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One sentence about one dataset (None: about the comparison), and how many cases it counts."""

    rule: str
    level: Level
    message: str
    count: int = 1
    dataset: str | None = None
