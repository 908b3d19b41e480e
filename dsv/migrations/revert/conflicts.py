"""What a migration did and others touched since: counted, and the first few in words."""

from __future__ import annotations

SHOWN = 10


class Conflicts:
    """Collected while a migration is undone."""

    def __init__(self) -> None:
        self.count = 0
        self._lines: list[str] = []

    def add(self, line: str) -> None:
        """One thing that was touched."""
        self.add_all(1, [line])

    def add_all(self, count: int, lines: list[str]) -> None:
        """Many of them; `lines` tell some."""
        self.count += count
        self._lines += lines

    def told(self) -> list[str]:
        """The first few, and how many more there are."""
        more = self.count - min(len(self._lines), SHOWN)
        return self._lines[:SHOWN] + ([f"and {more:,} more"] if more else [])
