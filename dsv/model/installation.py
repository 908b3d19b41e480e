"""What `install` and `uninstall` did, as a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What was changed, in words, and what there is to know beside it."""

    changed: tuple[str, ...]
    notes: tuple[str, ...]
