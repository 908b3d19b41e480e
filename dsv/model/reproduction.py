"""What `reproduce` finds, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dsv.model.revision import Revision

Verdict = Literal["recorded", "identical bytes", "identical rows", "different"]
"""`recorded`: the recorded bytes are there and match their hash; nothing was rerun. The others: of a rerun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One output of a chain's stages that was made again.

    `path` is a repository path. `libraries` are those that differ from what made the recorded one, as (then,
    now), None where one is not there. `diff` says in words what differs.
    """

    path: str
    stage: str
    verdict: Verdict
    libraries: Mapping[str, tuple[str | None, str | None]]
    diff: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduced:
    """One dataset at the revision: its files, put there and held against their hashes.

    `rows` is None where no profile of these bytes says it. `made` are the outputs of its chain, if they
    were made again.
    """

    dataset: str
    path: str
    content_id: str
    rows: int | None
    verdict: Verdict
    made: tuple[Made, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """All datasets at a revision. `folder` is where the files were kept, None if nowhere."""

    revision: Revision
    folder: str | None
    verified: bool
    datasets: tuple[Reproduced, ...]

    @property
    def holds(self) -> bool:
        """Whatever was made again is as it was recorded."""
        return not any(item.verdict == "different" for item in self.datasets)
