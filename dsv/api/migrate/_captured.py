"""The two sides of a capture: what the migration meets, and the file that it is to give."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from dsv.api.chains import OpenChain, Project, base_snapshot, has_chain, open_chain
from dsv.api.migrate import _adoption as adoption
from dsv.api.migrate._chains import check_lock
from dsv.api.migrate._edited import is_captured
from dsv.api.opening import Workspace
from dsv.api.running import is_edited, is_fresh
from dsv.api.snapshots import plain_snapshot, tree_snapshot
from dsv.errors import DataMissing, FormatError, MigrationError
from dsv.formats.base import Scan, scan
from dsv.migrations.capture.questions import Choice, Flag, Judge, Question
from dsv.migrations.chain import Chain
from dsv.migrations.plan import rows_at
from dsv.migrations.source import base_rows
from dsv.model.dataset import Dataset
from dsv.model.migration import State
from dsv.model.snapshot import Snapshot
from dsv.profiles.digest import row_digest
from dsv.store.revisions import resolve
from dsv.store.trees import Tree
from dsv.tables.duckdb import Engine
from dsv.tables.table import Table

ONTO = "--onto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the edits are: between two revisions, in an export's file; else in the workspace."""

    revisions: tuple[str, str] | None = None
    export: Path | None = None

    @property
    def words(self) -> str:
        """What the id of the migration says."""
        if self.revisions is not None:
            return " to ".join(self.revisions)
        return f"export {self.export.name.partition('.')[0]}" if self.export is not None else "edits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """What the migration will meet: the end of a chain, or of one that is about to begin (`prospect`)."""

    project: Project
    chain: Chain
    prospect: adoption.Prospect | None
    base_snapshot: Snapshot
    state: State
    table: Table


def shown(source: Source, declared: Dataset) -> str:
    """A title for the migration."""
    if source.revisions is not None:
        return f"What changed in {declared.name} from {source.revisions[0]} to {source.revisions[1]}"
    if source.export is not None:
        return f"What {source.export.name} changes in {declared.name}"
    return f"Edits of {declared.path}"


def met(engine: Engine, workspace: Workspace, declared: Dataset, source: Source, judge: Judge) -> Meeting:
    """Find what the migration meets.

    Raises: MigrationError: the old revision is not where the chain ends; the file was not edited.
    """
    project = workspace.project(declared)
    if not has_chain(project, declared.name):
        return _at_beginning(engine, workspace, declared, source)
    opened = open_chain(project, declared.name)
    check_lock(opened)
    if source.revisions is None:
        _check_edited(workspace, opened, source)
        if is_captured(workspace, opened, None):
            raise MigrationError(
                f"the edits of {opened.base.publishes} are captured already, by what is pending",
                where=opened.base.publishes,
                hint="apply it: dsv migrate up",
            )
        _check_pending(opened, judge)
    base = opened.base
    fresh = is_fresh(workspace, opened)
    snapshot = base_snapshot(project, base)
    state, table = rows_at(
        engine,
        opened.chain,
        opened.chain.last,
        snapshot,
        lambda name: path if fresh and (path := project.version(base, name)).is_dir() else None,
        project.path(project.documents(base.dataset)),
        lambda name: project.parameters(base.dataset, name),
    )
    meeting = Meeting(
        project=project, chain=opened.chain, prospect=None, base_snapshot=snapshot, state=state, table=table
    )
    if source.revisions is not None:
        _check_old(engine, _tree(workspace, source.revisions[0]), declared, meeting, source.revisions[0])
    return meeting


def wanted(
    engine: Engine, workspace: Workspace, declared: Dataset, source: Source, meeting: Meeting
) -> tuple[Snapshot, Scan]:
    """The file that has the edits, read. Raises: DataMissing: it is not there. FormatError."""
    if source.export is not None:
        snapshot = plain_snapshot(source.export, str(source.export))
    elif source.revisions is not None:
        snapshot = _at(_tree(workspace, source.revisions[1]), declared)
    else:
        publishes = meeting.chain.base.publishes
        path = meeting.project.path(publishes)
        if not path.is_file():
            raise DataMissing(f"{publishes} is not there", where=publishes, hint="dvc checkout")
        snapshot = plain_snapshot(path, publishes, given=declared.format, header=declared.header)
    return snapshot, scan(engine, snapshot)


def _at_beginning(engine: Engine, workspace: Workspace, declared: Dataset, source: Source) -> Meeting:
    """The meeting with the base of a chain that does not exist yet."""
    project = workspace.project(declared)
    beginning = None
    if source.export is None:
        located = workspace.tree.find(declared.path)
        if located is None:
            raise DataMissing(f"the dataset's file {declared.path} is not there", hint="dsv status")
        old, _ = workspace.with_head()
        tree = old if source.revisions is None else _tree(workspace, source.revisions[0])
        beginning = adoption.beginning_at(tree, declared, located)
    prospect = adoption.prepare(workspace, declared, beginning)
    base = prospect.chain.base
    path = project.path(base.publishes) if beginning is None else beginning.file
    snapshot = Snapshot(path=path, format=base.format, gzip=base.gzip, shown_path=base.publishes)
    return Meeting(
        project=project,
        chain=prospect.chain,
        prospect=prospect,
        base_snapshot=snapshot,
        state=base.state,
        table=base_rows(engine, base, snapshot, None),
    )


def _tree(workspace: Workspace, name: str) -> Tree:
    return Tree(workspace.repository, resolve(workspace.repository, name))


def _at(tree: Tree, declared: Dataset) -> Snapshot:
    """A dataset's file at a revision, by the name of the dataset."""
    known = next((item for item in tree.declared() if item.name == declared.name), declared)
    located = tree.find(known.path)
    if located is None:
        raise DataMissing(f"{tree.revision.name} has no {known.path}", where=known.path, hint="dsv log")
    return tree_snapshot(tree, located, given=known.format, header=known.header)


def _check_edited(workspace: Workspace, opened: OpenChain, source: Source) -> None:
    edited = is_edited(workspace, opened)
    path = opened.base.publishes
    if source.export is None and not edited:
        raise MigrationError(f"{path} was not edited since it was published", where=path)
    if source.export is not None and edited:
        raise MigrationError(
            f"{path} was edited by hand, which the export knows nothing of",
            where=path,
            hint="capture that first: dsv migrate new --from-workspace",
        )


def _check_pending(opened: OpenChain, judge: Judge) -> None:
    """Migrations that are not applied: that the file holds what they do must be said."""
    pending = [item.id for item in opened.chain.pending(opened.lock.head)]
    if not pending:
        return
    choice = Choice(text="the file holds what they do already", flags=(Flag(ONTO, opened.chain.last),))
    judge.decide(
        Question(text=f"{', '.join(pending)}: not applied, so were the edits made after it?", choices=(choice,))
    )
    judge.settle()


def _check_old(engine: Engine, tree: Tree, declared: Dataset, meeting: Meeting, name: str) -> None:
    """Require that a revision holds the rows with which the chain ends."""
    snapshot = _at(tree, declared)
    options = replace(snapshot.options, schema=meeting.state.schema)
    try:
        found = row_digest(scan(engine, replace(snapshot, options=options)).table)
    except FormatError:
        found = None
    if found != row_digest(meeting.table):
        raise MigrationError(
            f"{name} does not hold the rows with which the chain ends, at {meeting.chain.last}",
            where=snapshot.shown_path,
            hint="the first revision must be where the chain ends; see: dsv migrate status",
        )
