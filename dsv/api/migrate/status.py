"""`dsv migrate status`: applied, pending, and what does not agree."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dsv.api.migrate._chains import chosen
from dsv.api.opening import open_workspace
from dsv.api.running import check_published
from dsv.errors import MigrationError
from dsv.migrations import lock
from dsv.model.finding import Finding
from dsv.model.migration import ChainLock, Migration


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainStatus:
    """The migrations of a dataset, what is applied, and what does not agree."""

    dataset: str
    migrations: tuple[Migration, ...]
    lock: ChainLock
    findings: tuple[Finding, ...]


def status(start: Path, *, dataset: str | None = None) -> list[ChainStatus]:
    """The migrations of one chain or of all, with what does not agree between files, lock and data."""
    workspace = open_workspace(start, dvc=False)
    found = []
    for opened in chosen(workspace, dataset):
        problems = [*lock.verify(opened.lock, opened.chain)]
        try:
            check_published(workspace, opened)
        except MigrationError as error:
            message = f"{error.message} ({error.hint})" if error.hint else error.message
            problems.append(Finding(rule="hand-edited", level="error", message=message, dataset=opened.base.dataset))
        found.append(
            ChainStatus(
                dataset=opened.base.dataset,
                migrations=opened.chain.migrations,
                lock=opened.lock,
                findings=tuple(problems),
            )
        )
    return found
