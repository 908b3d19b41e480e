"""Migrations that the head brings: those that break readers, and those that run code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dsv.diff.findings import named
from dsv.model.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMigration:
    """A migration that lies between base and head; `lines` are its operations in words."""

    id: str
    path: str
    lines: tuple[str, ...]
    breaking: bool
    runs_code: bool


def of_migrations(found: Sequence[NewMigration]) -> Iterator[Finding]:
    """Findings about all migrations of one dataset."""
    breaking = [item for item in found if item.breaking]
    if breaking:
        one = "1 migration breaks" if len(breaking) == 1 else f"{len(breaking):,} migrations break"
        message = f"{one} what reads the dataset: {named(f'{item.id} ({_lines(item)})' for item in breaking)}"
        yield Finding(rule="breaking-migration", level="warning", message=message, count=len(breaking))
    code = [item.id for item in found if item.runs_code]
    if code:
        one = "1 migration runs" if len(code) == 1 else f"{len(code):,} migrations run"
        message = (
            f"{one} code of the branch, which was not run here; what it does is only what was committed: {named(code)}"
        )
        yield Finding(rule="code-in-migration", level="warning", message=message, count=len(code))


def _lines(item: NewMigration) -> str:
    more = f"; {len(item.lines) - 1:,} more" if len(item.lines) > 1 else ""
    return f"{item.lines[0]}{more}" if item.lines else "nothing"
