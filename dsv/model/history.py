"""What `log` and `status` say, as values."""

from __future__ import annotations

from dataclasses import dataclass

from dsv.model.diff import SchemaChange
from dsv.model.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class RowDelta:
    """Rows added, removed and changed."""

    added: int
    removed: int
    changed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitDetails:
    """A commit as `show` heads it. `date` is ISO 8601 with the author's offset; `parents` are ids, in order."""

    commit: str
    parents: tuple[str, ...]
    author: str
    email: str
    date: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassMove:
    """Rows of one class before and after, in the label `field`."""

    field: str
    name: str
    old: int
    new: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a revision did to the schema and the classes, as its profiles tell; classes that gained or lost most first.

    `more` classes moved that are not among `moves`.
    """

    schema_changes: tuple[SchemaChange, ...] = ()
    moves: tuple[ClassMove, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One revision that changed one dataset.

    `date` is ISO 8601 with the author's offset. `delta` is None where it is not known without
    data that is not on this machine; `rows` likewise. `migrations` were applied by this revision.
    `meaning` is None where nobody asked for it, or a profile is lacking.
    """

    commit: str
    author: str
    date: str
    subject: str
    dataset: str
    delta: RowDelta | None
    rows: int | None
    migrations: tuple[str, ...] = ()
    meaning: Meaning | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetStatus:
    """Where one dataset stands.

    `changes` are sentences about what is not committed or not applied, `unpushed` about what is committed
    and only here; `next_steps` the commands that would take care of them, one for each. `delta` compares
    the workspace with HEAD. Of one that is not `readable` a finding says why and `hint` how to mend it;
    nothing else is known.
    """

    dataset: str
    path: str
    tracked_by: str | None
    rows: int | None
    delta: RowDelta | None
    head: str | None
    pending: tuple[str, ...]
    changes: tuple[str, ...]
    next_steps: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    unpushed: tuple[str, ...] = ()
    readable: bool = True
    hint: str | None = None

    @property
    def clean(self) -> bool:
        """Nothing uncommitted, nothing pending."""
        return self.readable and not self.changes and not self.pending


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Where all datasets stand. `branch` is None at a detached HEAD, `commit` before the first one."""

    branch: str | None
    commit: str | None
    datasets: tuple[DatasetStatus, ...]

    @property
    def complete(self) -> bool:
        """Every dataset could be read."""
        return all(item.readable for item in self.datasets)
