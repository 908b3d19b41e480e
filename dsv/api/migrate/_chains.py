"""The chains that a verb works on, and the lock that it goes on from."""

from __future__ import annotations

from collections.abc import Sequence

from dsv.api.chains import OpenChain, has_chain, open_chain
from dsv.api.opening import Workspace
from dsv.errors import MigrationError
from dsv.migrations import lock
from dsv.model.dataset import Dataset


def chosen(workspace: Workspace, dataset: str | None) -> list[OpenChain]:
    """The chain of the named dataset, or all chains. Raises: MigrationError: there is none."""
    if dataset is not None:
        declared: Sequence[Dataset] = [workspace.choose(dataset)]
    else:
        declared = [item for item in workspace.declared if has_chain(workspace.project(item), item.name)]
    if not declared:
        raise MigrationError("no dataset has a chain of migrations", hint="dsv migrate new")
    return [open_chain(workspace.project(item), item.name) for item in declared]


def check_lock(opened: OpenChain) -> None:
    """Refuse to go on from a lock that does not agree with the documents."""
    problems = [item for item in lock.verify(opened.lock, opened.chain) if item.level == "error"]
    if problems:
        raise MigrationError(
            problems[0].message,
            where=str(opened.lock_path.relative_to(opened.project.folder)),
            hint="put the document or chain.lock back as it was: git checkout -- migrations",
        )
