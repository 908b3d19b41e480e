"""`dsv status`: where each dataset stands, and what to run next."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dsv.api.chains import OpenChain, has_chain, open_chain
from dsv.api.deltas import workspace_counts
from dsv.api.opening import Workspace, open_workspace
from dsv.api.pairs import recorded_profile
from dsv.api.places import paths_of
from dsv.api.running import changed_inputs, check_published
from dsv.api.snapshots import content_md5
from dsv.errors import DsvError, MigrationError
from dsv.migrations import lock
from dsv.model.dataset import Dataset
from dsv.model.finding import Finding
from dsv.model.history import DatasetStatus, RowDelta, Status
from dsv.model.profile import counts_path, profile_path
from dsv.model.progress import SILENT, Progress, each
from dsv.store import objects, pushed
from dsv.store.commit import changed_paths
from dsv.store.revisions import EMPTY, branch
from dsv.store.trees import Located, Tree

NOTHING = RowDelta(added=0, removed=0, changed=0)
KEEPERS = {"git": "Git", "dvc": "DVC", "dvc-folder": "DVC", "stage": "a stage", "untracked": "nothing yet"}


def status(start: Path, progress: Progress = SILENT, *, remote: bool = False) -> Status:
    """Where each declared dataset stands; of one that cannot be read, why.

    Nothing is fetched. What is not pushed is told as far as Git's upstream branch, and a remote on this machine,
    tell; with `remote` any remote of DVC's is asked for its listing.

    Raises: NotARepository, DocumentError.
    """
    workspace = open_workspace(start, dvc=False, fetches=False)
    trees = workspace.with_head()
    head = trees[0].revision
    return Status(
        branch=branch(workspace.repository),
        commit=None if head.name == EMPTY else head.commit,
        datasets=tuple(
            _attempt(workspace, trees, dataset, remote)
            for dataset in each(progress, "looking at datasets", workspace.declared)
        ),
    )


@dataclass(slots=True)
class _Notes:
    """What is being found out about one dataset."""

    changes: list[str]
    steps: list[str]
    findings: list[Finding]
    unpushed: list[str]

    def add(self, change: str, step: str) -> None:
        self.changes.append(change)
        if step not in self.steps:
            self.steps.append(step)


def _attempt(workspace: Workspace, trees: tuple[Tree, Tree], dataset: Dataset, remote: bool) -> DatasetStatus:
    """Where a dataset stands. One broken file must not hide what is to be said of the others."""
    try:
        return _dataset(workspace, trees, dataset, remote)
    except DsvError as error:
        place = "" if error.where is None else f"{error.where}: "
        finding = Finding(rule="unreadable", level="error", message=f"{place}{error.message}")
        return DatasetStatus(
            dataset=dataset.name,
            path=dataset.path,
            tracked_by=None,
            rows=None,
            delta=None,
            head=None,
            pending=(),
            changes=(),
            next_steps=(),
            findings=(finding,),
            readable=False,
            hint=error.hint,
        )


def _dataset(workspace: Workspace, trees: tuple[Tree, Tree], dataset: Dataset, remote: bool) -> DatasetStatus:
    notes = _Notes([], [], [], [])
    located = workspace.tree.find(dataset.path)
    project = workspace.project(dataset)
    opened = open_chain(project, dataset.name) if has_chain(project, dataset.name) else None
    pending = () if opened is None else tuple(item.id for item in opened.chain.pending(_head(opened)))
    delta, rows = None, None
    if located is None or located.file is None:
        notes.add(f"{dataset.path} is not checked out", f"dvc checkout {dataset.path}")
    else:
        delta, rows = workspace_counts(trees, dataset.name)
        if rows is None and (profile := recorded_profile(workspace.tree, located)) is not None:
            rows = profile.rows
        _uncommitted(workspace, dataset, located, opened, delta, notes)
    if opened is not None:
        _chain(workspace, opened, notes)
        if pending:
            notes.steps.append("dsv migrate plan, then dsv migrate up")
    _unpushed(workspace, trees[0], dataset, opened, remote, notes)
    return DatasetStatus(
        dataset=dataset.name,
        path=dataset.path,
        tracked_by="nothing yet" if located is None else KEEPERS[located.kind],
        rows=rows,
        delta=None if delta == NOTHING else delta,
        head=None if opened is None else opened.lock.head,
        pending=pending,
        changes=tuple(notes.changes),
        next_steps=tuple(notes.steps),
        findings=tuple(notes.findings),
        unpushed=tuple(notes.unpushed),
    )


def _head(opened: OpenChain) -> str:
    return opened.lock.head if opened.lock.head in opened.chain.ids else opened.chain.last


def _uncommitted(
    workspace: Workspace,
    dataset: Dataset,
    located: Located,
    opened: OpenChain | None,
    delta: RowDelta | None,
    notes: _Notes,
) -> None:
    repository = workspace.repository
    commit = f"dsv commit -m MESSAGE {dataset.name}"
    if located.kind == "untracked":
        notes.add("not tracked yet", commit)
        return
    paths = [dataset.path, f"{dataset.path}.dvc", profile_path(dataset.path)]
    if opened is not None:
        paths.append(counts_path(dataset.path))
        paths.append(repository.relative(opened.project.path(opened.project.documents(dataset.name))))
    recorded = located.kind in ("dvc", "stage") and located.md5 is not None and located.file is not None
    if recorded and content_md5(workspace.tree, located) != located.md5:
        notes.add("the rows were edited" if delta != NOTHING else "the file's bytes were edited", commit)
    elif delta not in (None, NOTHING):
        notes.add("the rows differ from HEAD", commit)
    if changed := changed_paths(repository, paths):
        notes.add(f"not committed: {', '.join(changed)}", commit)


def _unpushed(
    workspace: Workspace, head: Tree, dataset: Dataset, opened: OpenChain | None, remote: bool, notes: _Notes
) -> None:
    """What HEAD has, and others cannot get."""
    if head.revision.name == EMPTY:
        return
    repository = workspace.repository
    commits = pushed.unpushed_commits(repository, paths_of(dataset, ()))
    if commits:
        notes.unpushed.append(f"{commits} {'commit' if commits == 1 else 'commits'} that changed it")
        notes.steps.append("git push")
    paths = [dataset.path]
    if opened is not None:
        paths.append(repository.relative(opened.project.path(opened.base.path)))
        if dataset.versions != "local":
            versions = (opened.project.version(opened.base, entry.id) for entry in opened.lock.entries)
            paths += [repository.relative(path) for path in versions]
    held = [located for path in paths if (located := head.find(path)) is not None and located.pointer is not None]
    if not held:
        return
    project = objects.project_of(repository, str(held[0].pointer))
    found = pushed.lacking(repository, project, pushed.objects_of(repository, project, held), ask=remote)
    if found is not None and found.lacking:
        notes.unpushed.append(f"{found.lacking} of {found.objects} objects of its data, to the remote {found.remote}")
        notes.steps.append("dvc push")


def _chain(workspace: Workspace, opened: OpenChain, notes: _Notes) -> None:
    notes.findings += lock.verify(opened.lock, opened.chain)
    try:
        check_published(workspace, opened)
    except MigrationError as error:
        notes.changes[:] = [change for change in notes.changes if not change.startswith("the ")]
        from dsv.api.migrate._edited import told_captured

        notes.steps[:] = [step for step in notes.steps if not step.startswith("dsv commit")]
        captured = told_captured(workspace, opened)
        if captured is not None:
            notes.changes.append(captured)
            return
        notes.add(error.message, error.hint or "dsv migrate status")
        return
    if changed := changed_inputs(workspace, opened):
        notes.add(f"changed since the last run: {', '.join(changed)}", "dsv migrate up")
