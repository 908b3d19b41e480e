"""`dsv blame`: the commit, and in it the migration, that last changed each cell of some rows."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dsv.api.lineage import Lineage, lineage_of
from dsv.api.row_ids import RowId, row_id
from dsv.api.single_rows import Picked, SingleRows, Step
from dsv.api.targets import key_values, parse
from dsv.errors import (
    DsvError,
    IntegrityError,
    SchemaError,
    UnknownDataset,
    UnknownRow,
    UsageError,
    did_you_mean,
)
from dsv.model.blame import Blame, BlamedCell, BlamedRow, Origin
from dsv.model.diff import RowChange
from dsv.model.finding import Finding
from dsv.model.progress import SILENT, Progress
from dsv.store.repository import Repository
from dsv.store.revisions import resolve, workspace
from dsv.store.trees import Tree

MOST_ROWS = 1000
"""Rows that a condition picks are followed up to this number, unless more are asked for."""
NOT_FOLLOWED = "not-followed"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fate:
    """What a cell was found to come from."""

    origin: Origin | None
    migration: str | None = None


_Fields = tuple[tuple[str, str], ...]
"""Fields of a row as the first revision calls them, and as they are called where the search has come to."""
_Cells = dict[RowId, _Fields]


def blame(
    start: Path,
    word: str | None,
    target: str,
    *,
    key: tuple[str, ...] = (),
    fields: Sequence[str] = (),
    where: str | None = None,
    limit: int = MOST_ROWS,
    progress: Progress = SILENT,
) -> Blame:
    """Follow cells back to the commits that they have their values from, as `git blame` does lines.

    `word` is a revision, None for the work tree. `target` is `DATASET:KEY`, or `DATASET` with a condition
    `where` over its fields; `key` are the fields of its key where none is declared. `fields`: follow
    these only. A cell belongs to a commit if no parent of the commit has the row with that value.

    Raises: UnknownRevision, UnknownDataset, UnknownRow. UsageError: there is no key, or no row is named.
    SchemaError: a field is not there, or several rows have the key. DataMissing: the first revision's
    data cannot be had; what is missing further back ends the search there, and is told in a finding.
    """
    repository = Repository.discover(start)
    revision = workspace() if word is None else resolve(repository, word)
    tree = Tree(repository, revision)
    declared = tree.declared()
    asked = parse(target, [item.name for item in declared])
    if (asked.key is None) == (where is None):
        raise UsageError(
            "name one row, or say which rows are meant", where=target, hint=f'{asked.name}:KEY, or --where "FIELD = 1"'
        )
    line = lineage_of(tree, asked.name, lambda name: repository.relative(start / name), key)
    with SingleRows(line.dataset, line.first, progress) as rows, progress.task("following cells"):
        return _Search(line, rows, tree, fields).found(asked.key, where, limit)


class _Search:
    """The cells that are followed, from commit to commit."""

    def __init__(self, line: Lineage, rows: SingleRows, tree: Tree, fields: Sequence[str]) -> None:
        self._line = line
        self._rows = rows
        self._tree = tree
        self._only = fields
        self._fates: dict[tuple[RowId, str], _Fate] = {}
        self._findings: dict[str, Finding] = {}
        self._open: dict[str, _Cells] = {}
        """By commit: the cells that are as they are there."""
        self._keys: dict[str, tuple[str, ...]] = {}
        self._unsure: set[tuple[RowId, str]] = set()

    def found(self, values: tuple[str, ...] | None, where: str | None, limit: int) -> Blame:
        """Follow the cells of the rows that are meant."""
        line = self._line
        picked, matching = self._first(values, where)
        first = self._rows.values(picked, limit)
        if any(value is None for row in first for value in row.key.values()):
            raise SchemaError(
                "a row has no key, so it cannot be followed", where=where, hint="leave such rows out with --where"
            )
        if len({row_id(row.key.values()) for row in first}) < len(first):
            raise SchemaError(
                "several rows have the same key, so their cells cannot be told apart",
                where=", ".join(f"{name}={value}" for name, value in _repeated(first).key.items()),
                hint=f"dsv diff {line.dataset.path} shows duplicate keys",
            )
        names = self._names(picked)
        self._rows.want_those(picked, [row.new_position for row in first if row.new_position is not None])
        here = tuple((name, name) for name in names)
        self._follow({row_id(row.key.values()): here for row in first}, line.dataset.key)
        revision = self._tree.revision
        return Blame(
            dataset=line.dataset.name,
            path=line.dataset.path,
            revision=revision.commit,
            key=line.dataset.key,
            rows=tuple(self._row(row, names) for row in first),
            matching=matching,
            findings=tuple(self._findings.values()),
        )

    def _first(self, values: tuple[str, ...] | None, where: str | None) -> tuple[Picked, int]:
        """The rows that are meant. Raises: UnknownRow: there is none."""
        dataset, tree = self._line.dataset, self._tree
        if values is not None:
            self._rows.want(key_values(dataset.key, values))
            picked = self._rows.at(tree, dataset.key)
        else:
            picked = self._rows.among(tree, dataset.key, where or "")
        if picked is None:
            raise UnknownDataset(f"{dataset.name} is not there at {tree.revision.name}", where=dataset.path)
        count = picked.table.count()
        if not count:
            told = where if values is None else ", ".join(map(" ".join, zip(dataset.key, values, strict=True)))
            raise UnknownRow(
                f"no row of {dataset.name} has {told} at {tree.revision.name}",
                hint=f"dsv log -- {dataset.name}:KEY tells of a row that is gone",
            )
        return picked, count

    def _names(self, picked: Picked) -> list[str]:
        known = picked.table.schema.names
        for name in self._only:
            if name not in known:
                raise SchemaError(f"{self._line.dataset.name} has no field {name!r}", hint=did_you_mean(name, known))
            if name in picked.context:
                raise SchemaError(f"{name!r} says where a row stands, and is no cell that could be followed")
        shown = [name for name in known if name not in picked.context]
        return [name for name in shown if name in self._only] if self._only else shown

    def _follow(self, cells: _Cells, key: tuple[str, ...]) -> None:
        commits = self._line.commits
        if self._tree.revision.commit is None:
            self._pass_on(None, [commits[0].id] if commits else [], cells, key)
        elif commits:
            self._open[commits[0].id], self._keys[commits[0].id] = cells, key
        for commit in commits:
            if not self._open:
                break
            left = self._open.pop(commit.id, None)
            if left:
                self._pass_on(commit.id, commit.parents, left, self._keys[commit.id])

    def _pass_on(self, commit: str | None, parents: Sequence[str], cells: _Cells, key: tuple[str, ...]) -> None:
        """Give each cell to the first parent that has it too; what is left is of this commit (None: the work tree)."""
        tree = self._tree if commit is None else self._line.tree(commit)
        boundary = commit in self._line.shallow
        if boundary:
            self._tell(commit or "", "the clone is shallow, and ends here", "git fetch --unshallow")
        steps: list[Step | None] = []
        for parent in parents:
            if not cells:
                return
            try:
                step = self._rows.between(self._line.tree(parent), tree, key)
            except IntegrityError:
                raise
            except DsvError as error:
                if commit is None:
                    # Then nothing tells whether a cell is committed.
                    raise
                boundary = True
                self._tell(parent, f"its rows cannot be followed: {error.message}", error.hint)
                continue
            steps.append(step)
            cells = self._given(parent, step, cells, key, committed=commit is not None)
        for row, fields in cells.items():
            for name, here in fields:
                unsure = boundary or (row, name) in self._unsure
                origin = None if commit is None else self._line.origin(commit, boundary=unsure)
                migration = next(filter(None, (_migration(step, row, here) for step in steps)), None)
                self._fates[row, name] = _Fate(origin=origin, migration=migration)

    def _given(self, parent: str, step: Step | None, cells: _Cells, key: tuple[str, ...], *, committed: bool) -> _Cells:
        """The cells that a parent does not have, or not for sure; it gets the others."""
        mine, left = cells, _Cells()
        if step is not None:
            lost = step.repeated.intersection(cells)
            if lost:
                self._unsure |= {(row, name) for row in lost for name, _ in cells[row]}
                self._lose(parent, committed=committed)
            mine, left = _divided(step, cells, lost)
        if mine:
            known = self._open.setdefault(parent, mine)
            if known is not mine:
                known.update({row: (*known.get(row, ()), *fields) for row, fields in mine.items()})
            self._keys[parent] = key if step is None else step.key
        return left

    def _lose(self, parent: str, *, committed: bool) -> None:
        """Tell of rows that share their key with others at a parent. Raises: SchemaError: of those in the work tree."""
        message, hint = "several rows have the key of one that is followed", f"dsv show {parent[:7]} shows such keys"
        if not committed:
            raise SchemaError(message, where=parent[:7], hint=hint)
        self._tell(parent, message, hint)

    def _tell(self, commit: str, message: str, hint: str | None) -> None:
        short = commit[:7]
        mend = f" ({hint})" if hint else ""
        self._findings[commit] = Finding(
            rule=NOT_FOLLOWED,
            level="warning",
            message=f"{short}: {message}{mend}; cells marked ^ may be older",
            dataset=self._line.dataset.name,
        )

    def _row(self, row: RowChange, names: Sequence[str]) -> BlamedRow:
        identity = row_id(row.key.values())
        cells = []
        for name in names:
            fate = self._fates[identity, name]
            cells.append(
                BlamedCell(field=name, value=row.cells[name].new, origin=fate.origin, migration=fate.migration)
            )
        return BlamedRow(key=row.key, cells=tuple(cells))


def _divided(step: Step, cells: _Cells, lost: Set[RowId]) -> tuple[_Cells, _Cells]:
    """The cells that were there before a step, as they were called then, and those that were not."""
    mine: _Cells = {}
    left: _Cells = {}
    # Most rows have the same fields, and are as they were.
    divided = cache(lambda fields: _old_and_new(step, None, fields))
    for row, fields in cells.items():
        change = step.by_row.get(row)
        if row in lost:
            left[row] = fields
            continue
        old, new = divided(fields) if change is None else _old_and_new(step, change, fields)
        if old:
            mine[row] = old
        if new:
            left[row] = new
    return mine, left


def _old_and_new(step: Step, change: RowChange | None, fields: _Fields) -> tuple[_Fields, _Fields]:
    new = tuple(item for item in fields if _is_new(step, change, item[1]))
    return tuple((name, step.fields[here]) for name, here in fields if (name, here) not in new), new


def _is_new(step: Step, change: RowChange | None, field: str) -> bool:
    """Say whether a cell is not as it was before: its field, its row or its value is new."""
    return field not in step.fields or (change is not None and (change.kind == "added" or field in change.cells))


def _migration(step: Step | None, row: RowId, field: str) -> str | None:
    """The migration that accounts for a cell that is new."""
    if step is None:
        return None
    change = step.by_row.get(row)
    if change is None or field not in change.cells:
        return step.made.get((row, field))
    return change.cells[field].migration or change.migration or step.made.get((row, field))


def _repeated(rows: Sequence[RowChange]) -> RowChange:
    seen: set[RowId] = set()
    for row in rows:
        identity = row_id(row.key.values())
        if identity in seen:
            return row
        seen.add(identity)
    raise ValueError("no key is repeated")
