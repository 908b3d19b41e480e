"""What is said of a chain as it stands: applied, pending, and what does not agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dsv.model.finding import Finding
from dsv.model.migration import BASE_ID, ChainLock, Effect, LockEntry, Migration, PlanStep


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Introduced:
    """The commit that brought a migration's document. `date` is ISO 8601 with the author's offset."""

    commit: str
    author: str
    date: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationRecord:
    """A migration as `migrate log` and `show` tell of it.

    `effect` is what its operations say, no rows read; `lines` are they in words, with their signs.
    `entry` is what `chain.lock` records, None while it is pending; `introduced` None while Git does
    not have the document. Only `show` has `parameters` (what `params.yaml` holds for it), `text` (the
    document) and `step`: what it did, or would do, counted; None, with a reason in `unknown`, where
    the data is not on this machine.
    """

    dataset: str
    migration: Migration
    effect: Effect
    lines: tuple[tuple[str, str], ...]
    entry: LockEntry | None
    introduced: Introduced | None
    parameters: Mapping[str, Any] | None = None
    text: str | None = None
    step: PlanStep | None = None
    unknown: str | None = None
