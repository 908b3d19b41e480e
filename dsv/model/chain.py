"""What is said of a chain as it stands: applied, pending, and what does not agree."""

from __future__ import annotations

from dataclasses import dataclass

from dsv.model.finding import Finding
from dsv.model.migration import BASE_ID, ChainLock, Migration


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """A finding about a chain, where it stands (`file:line`), and the commands that take care of it."""

    finding: Finding
    where: str | None = None
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainReport:
    """The migrations of a dataset, in order, what `chain.lock` says of them, and what does not agree.

    Of a chain that cannot be read (`lock` is None) an advice says why, and `exit_code` is its error's.
    """

    dataset: str
    migrations: tuple[Migration, ...] = ()
    lock: ChainLock | None = None
    advice: tuple[Advice, ...] = ()
    exit_code: int = 0

    @property
    def head(self) -> str | None:
        """The last applied migration, or the base; None if that cannot be read."""
        return None if self.lock is None else self.lock.head

    @property
    def rows(self) -> int | None:
        """Rows of the head's version; None at the base, which `chain.lock` does not count."""
        return self.lock.entries[-1].rows if self.lock is not None and self.lock.entries else None

    @property
    def pending(self) -> tuple[str, ...]:
        """The migrations that are not applied."""
        applied = {BASE_ID, *(entry.id for entry in self.lock.entries)} if self.lock is not None else set()
        return tuple(item.id for item in self.migrations if item.id not in applied)

    def fails(self, *, strict: bool) -> bool:
        """Say whether a check fails: something is pending or wrong; `strict`: a warning is enough."""
        levels = ("error", "warning") if strict else ("error",)
        return bool(self.pending or any(item.finding.level in levels for item in self.advice))
