"""Find the migration that undoes another: by the inverse of its operations, else by the rows before and after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dsv.errors import ConflictError, MigrationError, SchemaError
from dsv.migrations import writing
from dsv.migrations.apply import follow
from dsv.migrations.capture import cells, rows
from dsv.migrations.capture.draft import Draft
from dsv.migrations.capture.proof import prove
from dsv.migrations.capture.questions import Judge
from dsv.migrations.capture.wanted import Wanted
from dsv.migrations.capture.whole import Captured
from dsv.migrations.revert.conflicts import Conflicts
from dsv.migrations.revert.rows import ThreeWay, expressed, untouched
from dsv.migrations.revert.structure import undo_fields, undo_new_classes, undo_old_classes, undo_types
from dsv.model.migration import State
from dsv.operations.base import Inputs, Operation
from dsv.profiles.digest import row_digest
from dsv.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What is known of a version, and its rows."""

    state: State
    table: Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What to revert: the bound `operations` of a migration and their `inputs`, the versions around it, and `now`.

    `since` maps the fields after the migration to those of now that hold the same cells. The other
    attributes are for the new document, which goes after `last`; `folder` takes its side files.
    """

    dataset: str
    operations: Sequence[Operation]
    inputs: Inputs
    before: Version
    after: Version
    now: Version
    since: Mapping[str, str]
    id: str
    last: str
    title: str
    path: str
    folder: Path


def revert(task: Task, *, skip: bool) -> Captured:
    """Find the migration that undoes another one, and prove it.

    What was touched since stays as it is: with `skip`, and told in the notes; else it is an error.

    Raises: ConflictError: something was touched since. MigrationError: nothing is left to undo.
    """
    conflicts = Conflicts()
    draft = _by_inverse(task) or _by_rows(task, conflicts)
    told = conflicts.told()
    if told and not skip:
        things = "1 thing that it did was" if conflicts.count == 1 else f"{conflicts.count:,} things that it did were"
        raise ConflictError(
            f"{things} touched since",
            where="\n".join(told),
            hint="undo the rest, and leave these as they are: --skip-conflicts",
        )
    if not draft.written:
        raise MigrationError("nothing of it is left to undo", hint="dsv migrate status")
    done = [(item.operation, item.why) for item in draft.written]
    text = writing.captured_text(task.id, task.last, task.title, done)
    wanted = Wanted(table=draft.table.stored("reverted"))
    applied = prove(task.dataset, text, task.path, task.folder, task.now.state, task.now.table, wanted)
    return Captured(
        id=task.id,
        text=text,
        side_files=tuple(draft.side_files),
        state=applied.state,
        table=applied.table,
        lines=applied.lines,
        notes=tuple(f"left as it is: {line}" for line in told),
    )


def _by_inverse(task: Task) -> Draft | None:
    """The inverse of each operation, last first; None unless that gives the rows before, and loses nothing since."""
    states = _states(task)
    inverses = [operation.inverse(state) for operation, state in zip(task.operations, states, strict=False)]
    if any(inverse is None or inverse.side_files() for inverse in inverses):
        # What a file tells may have been touched since, row by row.
        return None
    tried = Draft(task.id, task.after.state, task.after.table, task.folder)
    draft = Draft(task.id, task.now.state, task.now.table, task.folder)
    try:
        for inverse in reversed(inverses):
            if inverse is not None:
                tried.add(inverse)
                draft.add(inverse)
    except (MigrationError, SchemaError):
        return None
    if row_digest(tried.table) != row_digest(task.before.table) or _loses(task, draft):
        return None
    draft.store()
    return draft


def _states(task: Task) -> list[State]:
    """The state before each operation, and after the last."""
    states = [task.before.state]
    for operation in task.operations:
        states.append(operation.forward_schema(states[-1], task.inputs))
    return states


def _made(task: Task) -> Mapping[str, str]:
    """The fields before, and those after that hold the same cells."""
    fields: Mapping[str, str] = {name: name for name in task.before.state.schema.names}
    states = _states(task)
    for operation, state, after in zip(task.operations, states, states[1:], strict=False):
        fields = follow(fields, state, after, operation.effect(state))
    return fields


def _loses(task: Task, draft: Draft) -> bool:
    """Say whether the draft drops a field whose cells were set since."""
    fields: Mapping[str, str] = {name: name for name in task.now.state.schema.names}
    state = task.now.state
    for item in draft.written:
        after = item.operation.forward_schema(state, task.inputs)
        fields = follow(fields, state, after, item.operation.effect(state))
        state = after
    gone = [name for name in task.now.state.schema.names if name not in fields]
    if not gone:
        return False
    then = expressed(task.after.state, task.after.table, task.since, _as_draft(task))
    return any(not untouched(then, task.now.table, task.now.state.key, name) for name in gone)


def _as_draft(task: Task) -> Draft:
    return Draft(task.id, task.now.state, task.now.table, task.folder)


def _by_rows(task: Task, conflicts: Conflicts) -> Draft:
    """What the versions before and after the migration tell, undone where nothing touched it since."""
    before, after = task.before.state, task.after.state
    draft = _as_draft(task)
    made = _made(task)
    dropped = set(_drop_new_fields(task, draft, made, conflicts))
    names = undo_fields(before, draft, made, task.since, conflicts)
    undo_types(before, after, draft, names, made)
    undo_old_classes(before, after, draft, names, made, conflicts)
    draft.store()
    back = {then: old for old, then in made.items()}
    now = {then: names.get(back[then], name) if then in back else name for then, name in task.since.items()}
    # A field that was dropped may have made room for an older one of its name, whose cells are not its own.
    then = {name: new for name, new in now.items() if new in draft.state.schema and name not in dropped}
    ways = ThreeWay(
        before=expressed(before, task.before.table, names, draft),
        after=expressed(after, task.after.table, then, draft),
        draft=draft,
    )
    wanted = Wanted(table=ways.wanted(conflicts))
    rows.drop(draft, wanted, Judge(certain=True))
    cells.edits(draft, wanted)
    rows.exchange(draft, wanted)
    rows.add(draft, wanted)
    for line in undo_types(before, after, draft, names, made):
        conflicts.add(line)
    undo_new_classes(before, after, draft, names, made, conflicts)
    return draft


def _drop_new_fields(task: Task, draft: Draft, made: Mapping[str, str], conflicts: Conflicts) -> Iterator[str]:
    """Drop the fields that the migration added, unless a cell of one was set since; gives those that it dropped."""
    after = expressed(task.after.state, task.after.table, task.since, draft)
    for then in task.after.state.schema.names:
        now = task.since.get(then)
        if then in made.values() or now is None:
            continue
        if untouched(after, task.now.table, task.now.state.key, now):
            with suppress(SchemaError):
                draft.do("drop_field", field_name=now)
                yield then
                continue
        conflicts.add(f"the field {now} was added, and set since")
