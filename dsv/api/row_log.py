"""`dsv log -- DATASET:KEY`: the life of one row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from dsv.api.lineage import Lineage, lineage_of
from dsv.api.single_rows import SingleRows
from dsv.api.targets import Target, key_values, parse
from dsv.errors import DsvError, IntegrityError, UnknownRow, UsageError
from dsv.model.blame import RowEvent
from dsv.model.diff import RowChange
from dsv.model.finding import Finding
from dsv.model.progress import SILENT, Progress, each
from dsv.store.history import Commit
from dsv.store.repository import Repository
from dsv.store.revisions import parents, span, workspace
from dsv.store.trees import Tree

NOT_READ = "not-read"


def named_row(start: Path, words: Sequence[str]) -> Target | None:
    """The row that the words after `--` name; None if they name datasets.

    Raises: UsageError: a row among others.
    """
    known = [item.name for item in Tree(Repository.discover(start), workspace()).declared()]
    found = [parse(word, known) for word in words]
    if all(item.key is None for item in found):
        return None
    if len(found) > 1:
        raise UsageError("the life of one row can be shown", where=" ".join(words), hint="dsv log -- DATASET:KEY")
    return found[0]


def row_log(
    start: Path,
    revisions: Sequence[str],
    target: Target,
    *,
    key: tuple[str, ...] = (),
    limit: int | None = None,
    progress: Progress = SILENT,
) -> tuple[list[RowEvent], list[Finding]]:
    """The revisions that added, changed or took out a row, newest first, and findings about those not read.

    A merge is among them if the row differs from what it is at each of its parents. `revisions` are as
    in `log`; `key` are the fields of the key where none is declared.

    Raises: UnknownRevision, UnknownDataset. UsageError: there is no key. UnknownRow: no revision has it.
    """
    repository = Repository.discover(start)
    new, old = span(repository, revisions)
    tree = Tree(repository, workspace())
    line = lineage_of(tree, target.name, lambda name: repository.relative(start / name), key, span=(new, old))
    with SingleRows(line.dataset, line.first, progress) as rows:
        rows.want(key_values(line.dataset.key, target.key or ()))
        life = _Life(line, rows)
        events = life.events(limit, progress)
    if not events and not life.findings:
        said = ", ".join(f"{name} {value}" for name, value in zip(line.dataset.key, target.key or (), strict=True))
        raise UnknownRow(f"no revision changed a row of {line.dataset.name} with {said}", hint="dsv diff --rows")
    return events, life.findings


class _Life:
    """Goes back from commit to commit."""

    def __init__(self, line: Lineage, rows: SingleRows) -> None:
        self.findings: list[Finding] = []
        self._line = line
        self._rows = rows
        self._keys: dict[str, tuple[str, ...]] = {}

    def events(self, limit: int | None, progress: Progress) -> list[RowEvent]:
        found: list[RowEvent] = []
        for commit in each(progress, "following the row", self._line.commits):
            if limit is not None and len(found) >= limit:
                break
            found += self._event(commit)
        return found

    def _event(self, commit: Commit) -> Iterator[RowEvent]:
        """What a commit did to the row; nothing if a parent has it as it is there."""
        key = self._keys.get(commit.id, self._line.dataset.key)
        before = {parent: self._line.tree(parent) for parent in commit.parents} or {"": self._root(commit)}
        changes: list[Sequence[RowChange]] = []
        for parent, other in before.items():
            try:
                step = self._rows.between(other, self._line.tree(commit.id), key)
            except IntegrityError:
                raise
            except DsvError as error:
                self._tell(commit, error)
                return
            self._keys.setdefault(parent, key if step is None else step.key)
            changes.append(() if step is None else step.changes)
        if all(changes):
            origin = self._line.origin(commit.id, boundary=commit.id in self._line.shallow)
            for change in changes[0]:
                yield RowEvent(origin=origin, dataset=self._line.dataset.name, change=change)

    def _root(self, commit: Commit) -> Tree:
        """What was before the first commit of the line: of a range, the commit before it."""
        repository = self._line.repository
        return Tree(repository, parents(repository, [commit.id])[commit.id])

    def _tell(self, commit: Commit, error: DsvError) -> None:
        where = f" ({error.where})" if error.where else ""
        mend = f"; {error.hint}" if error.hint else ""
        message = f"{commit.id[:7]}: what it did to the row is not known: {error.message}{where}{mend}"
        self.findings.append(Finding(rule=NOT_READ, level="warning", message=message, dataset=self._line.dataset.name))
