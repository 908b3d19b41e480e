"""From two tables to a migration: fields first, then rows, classes, cells; each step by what is left to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dsv.errors import MigrationError
from dsv.formats.base import Scan
from dsv.migrations import writing
from dsv.migrations.capture import cells, classes, fields, rows
from dsv.migrations.capture.draft import Draft
from dsv.migrations.capture.proof import prove
from dsv.migrations.capture.questions import Judge
from dsv.migrations.capture.wanted import Wanted, fitting
from dsv.migrations.capture.wanted import rows as read_rows
from dsv.migrations.source import check_key
from dsv.model.migration import State
from dsv.model.snapshot import Snapshot
from dsv.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """A migration that was found and proved. `text` is its document; its side files lie in the folder given.

    `state` and `table` are what it makes of the old ones, `lines` its operations in words.
    """

    id: str
    text: str
    side_files: tuple[str, ...]
    state: State
    table: Table
    lines: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What to capture: `state` and `old`, which the migration meets, and `read`, the scan of the `snapshot` to reach.

    `own`: the snapshot is of the dataset, and of the format that it is published in. `partial`: rows
    that it lacks stay. `id`, `after` and `title` are for the document, `path` is where it will be,
    `folder` takes its side files meanwhile.
    """

    dataset: str
    state: State
    old: Table
    snapshot: Snapshot
    read: Scan
    own: bool
    partial: bool
    id: str
    after: str
    title: str
    path: str
    folder: Path


def capture(task: Task, judge: Judge) -> Captured:
    """Find the migration that turns the old rows into those of the snapshot, and prove it.

    That every flag was of use is for the caller to check (`Judge.finish`).

    Raises: UsageError: the evidence is mixed, and nobody can be asked. MigrationError: nothing
        differs, or what differs cannot be captured. BrokenPromise: the proof fails.
    """
    old = task.old.stored("old")
    renaming = fields.told_apart(task.state, old, task.read.table, judge, context=task.read.context, own=task.own)
    judge.settle()
    draft = Draft(task.id, task.state, old, task.folder)
    for before, after in renaming.renamed.items():
        draft.do("rename_field", source=before, to=after)
    for name in renaming.dropped:
        draft.do("drop_field", field_name=name)
    wanted = _wanted(task, draft, renaming)
    fields.retype(draft, wanted)
    for name in renaming.added:
        fields.add(draft, wanted, name)
    draft.store()
    rows.drop(draft, wanted, judge)
    classes.operations(draft, wanted, judge)
    cells.edits(draft, wanted)
    rows.exchange(draft, wanted)
    rows.add(draft, wanted)
    if not draft.written:
        raise MigrationError(
            f"nothing of {task.dataset} differs that a migration could change", where=task.snapshot.shown_path
        )
    text = writing.captured_text(
        task.id, task.after, task.title, [(item.operation, item.why) for item in draft.written]
    )
    applied = prove(task.dataset, text, task.path, task.folder, task.state, old, wanted)
    return Captured(
        id=task.id,
        text=text,
        side_files=tuple(draft.side_files),
        state=applied.state,
        table=applied.table,
        lines=applied.lines,
        notes=(*draft.notes, *_emptied(draft, old)),
    )


def _wanted(task: Task, draft: Draft, renaming: fields.Renaming) -> Wanted:
    kept = {item.name: item for item in draft.state.schema if item.name not in renaming.left}
    engine = draft.table.engine
    schema = fitting(engine, task.snapshot, task.read, kept, own=task.own)
    table = read_rows(engine, task.snapshot, task.read, schema, own=task.own)
    check_key(table, draft.state.key, where=task.snapshot.shown_path)
    return Wanted(table=table, left=renaming.left, partial=task.partial)


def _emptied(draft: Draft, old: Table) -> list[str]:
    found = [(item.field, classes.emptied(draft, old, item.field)) for item in draft.state.classes]
    return [
        f"{field}: no row has {classes.listed(names)} any more; remove_class retires a class"
        for field, names in found
        if names
    ]
