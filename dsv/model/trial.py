"""What `migrate test` found: laws and tests that hold, do not, or could not be tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["passed", "failed", "skipped", "unknown"]
Law = Literal["plan", "schema", "bytes", "inverse", "test"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One law, or one test of a document, tried on one migration.

    `skipped`: it does not apply to the migration; `unknown`: it could not be tried; `message` says
    why, as it does for one that failed. `differences` are rows, or cells, with their signs: `-` as
    expected, `+` as found, `~` other than expected.
    """

    dataset: str
    migration: str
    law: Law
    outcome: Outcome
    name: str | None = None
    message: str | None = None
    where: str | None = None
    differences: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialReport:
    """All trials of a dataset's chain. `rows` were used, of `of_rows`; None where the data is not here."""

    dataset: str
    trials: tuple[Trial, ...]
    rows: int | None
    of_rows: int | None
