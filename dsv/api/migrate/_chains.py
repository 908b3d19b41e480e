"""The chains that a verb works on, and the lock that it goes on from."""

from __future__ import annotations

from collections.abc import Sequence

from dsv.api.chains import OpenChain, has_chain, open_chain
from dsv.api.opening import Workspace
from dsv.errors import DsvError, MigrationError
from dsv.migrations import lock
from dsv.model.dataset import Dataset


def chosen(workspace: Workspace, dataset: str | None) -> list[OpenChain]:
    """The chain of the named dataset, or all chains. Raises: MigrationError: there is none."""
    return [open_chain(workspace.project(item), item.name) for item in _declared(workspace, dataset)]


def attempted(workspace: Workspace, dataset: str | None) -> list[tuple[str, OpenChain | DsvError]]:
    """As `chosen`; a chain that cannot be read does not hide the others: its error stands in its place."""
    found: list[tuple[str, OpenChain | DsvError]] = []
    for item in _declared(workspace, dataset):
        try:
            found.append((item.name, open_chain(workspace.project(item), item.name)))
        except DsvError as error:
            found.append((item.name, error))
    return found


def check_lock(opened: OpenChain, *, until: str | None = None) -> None:
    """Refuse to go on from a lock that does not agree with the documents (`until`: up to that migration)."""
    ids = opened.chain.ids
    kept = ids if until is None else ids[: ids.index(until) + 1]
    for item in lock.disagreements(opened.lock, opened.chain):
        # What comes after the target is left behind, so it may be as it likes.
        if until is None or item.migration in kept:
            raise MigrationError(item.message, where=place(opened, item), hint="; or ".join(ways_out(opened, item)))


def place(opened: OpenChain, item: lock.Disagreement) -> str:
    """The file that a disagreement is about."""
    known = {migration.id: migration.path for migration in opened.chain.migrations}
    locked = opened.lock_path.relative_to(opened.project.folder).as_posix()
    return known.get(item.migration, locked) if item.rule == "edited-migration" else locked


def ways_out(opened: OpenChain, item: lock.Disagreement) -> tuple[str, ...]:
    """Commands that end a disagreement."""
    back = f"git checkout -- {opened.project.documents(opened.base.dataset)}"
    if item.rule != "edited-migration":
        return (back,)
    migration = opened.chain.migration(item.migration)
    again = f"dsv migrate down {migration.after} && dsv migrate up"
    return (f"git checkout -- {migration.path}", f"if nobody else has it yet: {again}")


def _declared(workspace: Workspace, dataset: str | None) -> Sequence[Dataset]:
    if dataset is not None:
        return [workspace.choose(dataset)]
    declared = [item for item in workspace.declared if has_chain(workspace.project(item), item.name)]
    if not declared:
        raise MigrationError("no dataset has a chain of migrations", hint="dsv migrate new")
    return declared
