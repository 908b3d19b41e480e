"""`dsv migrate up`: apply the pending migrations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from dsv.api.chains import OpenChain
from dsv.api.migrate._chains import chosen
from dsv.api.migrate._edited import is_captured, keeping
from dsv.api.migrate.plan import foretell
from dsv.api.opening import Workspace, changing
from dsv.api.running import apply_head, check_published, head_files
from dsv.errors import UsageError
from dsv.migrations import expect
from dsv.model.migration import BASE_ID, PlanStep
from dsv.model.progress import SILENT, Progress


def up(start: Path, to: str | None, *, dataset: str | None = None, progress: Progress = SILENT) -> list[str]:
    """Apply the pending migrations, of one chain or of all; what comes out must be what was planned.

    A migration whose document is pinned (`plan --pin`) must come to that, or nothing runs.

    Raises: DsvError: nothing is applied; `dvc.yaml` and `dvc.lock` are as they were.
    """
    with changing(start, "migrate up") as workspace:
        chains = chosen(workspace, dataset)
        captured = [opened for opened in chains if is_captured(workspace, opened, to)]
        for opened in chains:
            if opened not in captured:
                check_published(workspace, opened)
        small = [path for opened in chains for path in head_files(workspace.repository, opened)]
        published = [opened.project.path(opened.base.publishes) for opened in chains]
        with ExitStack() as stack, workspace.restoring(small, replaced=published):
            kept = [stack.enter_context(keeping(workspace, opened)) for opened in captured]
            lines = [line for opened in chains for line in _apply(workspace, opened, to, progress)]
        return lines + [line for told in kept for line in told]


def _apply(workspace: Workspace, opened: OpenChain, to: str | None, progress: Progress) -> Iterator[str]:
    with progress.task(f"planning {opened.base.dataset}"):
        found = foretell(workspace, opened, to)
    applied = opened.chain.up_to(opened.lock.head)
    if found.target in (BASE_ID, *(item.id for item in applied)) and found.target != opened.lock.head:
        raise UsageError(
            f"{found.target} is applied already; the head is {opened.lock.head}",
            hint=f"move back: dsv migrate down {found.target}",
        )
    for step in found.steps:
        expect.check(step)
    results = apply_head(workspace, opened, found.target, found.steps, progress=progress)
    for step in found.steps:
        yield f"{step.migration.id}  {', '.join(_changes(step)) or 'no cell changed'}, as planned"
    state = "is" if found.steps else "stays"
    yield f"head of {opened.base.dataset} {state} {found.target}, {results:,} rows in {opened.base.publishes}"


def _changes(step: PlanStep) -> Iterator[str]:
    for field, count in step.cells.items():
        if count:
            yield f"{_counted(count, 'cell')} of {field}"
    if step.rows_added:
        yield f"{_counted(step.rows_added, 'row')} added"
    if step.rows_removed:
        aside = f", {step.quarantined:,} of them kept in quarantine" if step.quarantined else ""
        yield f"{_counted(step.rows_removed, 'row')} removed{aside}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
