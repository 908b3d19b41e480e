"""`dsv migrate new --from-…`: edits become a migration, proved before it is written; the file that has them stays."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dsv.api.diff_parts import with_parts
from dsv.api.migrate import _adoption as adoption
from dsv.api.migrate._captured import Meeting, Source, met, shown, wanted
from dsv.api.migrate.new import NewMigration
from dsv.api.opening import Workspace, changing
from dsv.files import write_bytes
from dsv.formats.base import Scan
from dsv.migrations import writing
from dsv.migrations.capture import published as publishing
from dsv.migrations.capture.fields import LEAVE
from dsv.migrations.capture.questions import Ask, Choice, Flag, Judge, Question
from dsv.migrations.capture.whole import Captured, Task
from dsv.migrations.capture.whole import capture as find
from dsv.model.dataset import Dataset
from dsv.model.snapshot import Snapshot
from dsv.scratch import scratch
from dsv.tables.duckdb import Engine

__all__ = ["Source", "capture"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A captured migration, and sentences about the file that it will publish."""

    captured: Captured
    said: tuple[str, ...]


def capture(
    start: Path,
    source: Source,
    *,
    dataset: str | None = None,
    title: str | None = None,
    slug: str | None = None,
    flags: Sequence[Flag] = (),
    partial: bool = False,
    ask: Ask | None = None,
) -> NewMigration:
    """Write the migration that turns what the chain's end holds into what `source` holds.

    A dataset without a chain gets one, which starts from the old side. The dataset's file stays as
    it is until `up` publishes the same content. `flags` settle what the evidence leaves open, else
    `ask` does; without it, an open question is an error. `partial`: rows that the source lacks stay.

    Raises: UsageError: the evidence is mixed. DsvError: what differs cannot be captured exactly.
        Nothing is written then.
    """
    with changing(start, "migrate new") as workspace, Engine() as engine:
        declared = workspace.choose(dataset)
        judge = Judge(flags, ask)
        with scratch("capture") as work:
            meeting = met(engine, workspace, declared, source, judge)
            snapshot, read = wanted(engine, workspace, declared, source, meeting)
            identifier = meeting.chain.next_id(writing.slugify(slug or source.words))
            documents = meeting.project.documents(declared.name)
            task = Task(
                dataset=declared.name,
                state=meeting.state,
                old=meeting.table,
                snapshot=snapshot,
                read=read,
                own=source.export is None,
                partial=partial,
                id=identifier,
                after=meeting.chain.last,
                title=title or shown(source, declared),
                path=f"{documents}/{identifier}.yaml",
                folder=work,
            )
            found = _found(engine, meeting, task, judge)
            notes = _write(workspace, declared, meeting, found.captured, work)
        folder = meeting.project.path(documents)
        return NewMigration(
            path=workspace.repository.relative(folder / f"{identifier}.yaml"), notes=(*notes, *found.said)
        )


def _found(engine: Engine, meeting: Meeting, task: Task, judge: Judge) -> _Found:
    captured = find(task, judge)
    said = [f"{sign} {text}" for sign, text in captured.lines]
    said += captured.notes
    if task.own:
        result = publishing.publish(
            engine,
            meeting.chain.base,
            meeting.base_snapshot,
            captured.state,
            captured.table,
            (task.snapshot, task.read),
            task.folder,
        )
        if result.read is not None:
            _settle_parts(task.dataset, task.snapshot, result.read, task.read, judge)
        said.append(_compared(task.snapshot, result))
        if any(flag.option == LEAVE for flag in judge.given):
            said.append(f"{task.snapshot.shown_path} still holds what was left, so dsv migrate up asks to put it back")
    judge.settle()
    judge.finish()
    return _Found(captured=captured, said=tuple(said))


def _compared(snapshot: Snapshot, result: publishing.Published) -> str:
    if result.same:
        return f"dsv migrate up will publish exactly the bytes of {snapshot.shown_path}"
    differences = ", ".join(result.differences) or "only what no value tells of"
    return f"dsv migrate up will publish the content of {snapshot.shown_path}; what differs: {differences}"


def _settle_parts(dataset: str, snapshot: Snapshot, made: Scan, read: Scan, judge: Judge) -> None:
    """Other tables of the format, which a migration does not change: that they stay must be said."""
    from dsv.diff.dataset import diff_tables
    from dsv.diff.request import DiffRequest

    rows = diff_tables(dataset, snapshot.shown_path, made.table, read.table, DiffRequest(by_position=True, counts=True))
    for name, part in with_parts(rows, made, read).tables.items():
        if part.status != "unchanged":
            leave = Choice(text="leave them as they were", flags=(Flag(LEAVE, name),))
            judge.decide(Question(text=f"the {name} differ, which a migration does not change", choices=(leave,)))


def _write(workspace: Workspace, declared: Dataset, meeting: Meeting, found: Captured, work: Path) -> tuple[str, ...]:
    """Put the documents in their place, and begin the chain if there is none; the dataset's file stays as it is."""
    folder = meeting.project.path(meeting.project.documents(declared.name))
    names = [f"{found.id}.yaml", *found.side_files]
    published = meeting.project.path(meeting.chain.base.publishes)
    files = [folder / name for name in names]
    with workspace.restoring(files, replaced=[published]):
        folder.mkdir(parents=True, exist_ok=True)
        for name in found.side_files:
            write_bytes(folder / name, (work / name).read_bytes())
        write_bytes(folder / f"{found.id}.yaml", found.text.encode("utf-8"))
        if meeting.prospect is None:
            return ()
        with _kept(published):
            return adoption.adopt(workspace, meeting.prospect)


@contextmanager
def _kept(path: Path) -> Iterator[None]:
    """Put a file back after the block, whatever stands at its path then; a journal holds it meanwhile."""
    if not path.is_file():
        yield
        return
    # The journal sweeps files of such a name away after a kill, and has the file itself.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".tmp")
    os.close(handle)
    os.unlink(name)
    _link(path, Path(name))
    try:
        yield
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copy2(source, target)
