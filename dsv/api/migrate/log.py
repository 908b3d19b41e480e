"""`dsv migrate log`: the migrations of a chain, newest first, and who brought them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dsv.api.chains import OpenChain, foretold
from dsv.api.migrate._chains import chosen
from dsv.api.opening import Workspace, open_workspace
from dsv.errors import UnknownRevision
from dsv.model.chain import Introduced, MigrationRecord
from dsv.store.history import history
from dsv.store.revisions import resolve


def log(start: Path, *, dataset: str | None = None) -> list[MigrationRecord]:
    """The migrations of one chain or of all, in each chain the last one first. Opens no data.

    Raises: DsvError: a chain cannot be read, or a migration does not fit.
    """
    workspace = open_workspace(start, dvc=False)
    return [record for opened in chosen(workspace, dataset) for record in reversed(records(workspace, opened))]


def records(workspace: Workspace, opened: OpenChain) -> list[MigrationRecord]:
    """The migrations of a chain, in order."""
    entries = {entry.id: entry for entry in opened.lock.entries}
    brought = _introduced(workspace, opened)
    return [
        MigrationRecord(
            dataset=opened.base.dataset,
            migration=item.migration,
            effect=item.effect,
            lines=item.lines,
            entry=entries.get(item.migration.id),
            introduced=brought.get(item.migration.path),
        )
        for item in foretold(opened)
    ]


def _introduced(workspace: Workspace, opened: OpenChain) -> Mapping[str, Introduced]:
    """By path: the oldest commit of HEAD's past that touched a document."""
    repository, project = workspace.repository, opened.project
    try:
        head = resolve(repository, "HEAD")
    except UnknownRevision:
        return {}
    paths = {repository.relative(project.path(item.path)): item.path for item in opened.chain.migrations}
    found = {}
    for commit in history(repository, list(paths), head):
        told = Introduced(commit=commit.id, author=commit.author, date=commit.date, subject=commit.subject)
        found.update({paths[path]: told for path in commit.paths if path in paths})
    return found
