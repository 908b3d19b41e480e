"""`dsv migrate remove`: take out the last migration that Git does not have."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from dsv.api.chains import OpenChain, open_chain
from dsv.api.migrate import _adoption as adoption
from dsv.api.names import PARAMETERS
from dsv.api.opening import Workspace, changing
from dsv.api.running import apply_head, changed_inputs, check_published, head_files, is_committed
from dsv.documents import pipeline
from dsv.errors import MigrationError
from dsv.files import write_text
from dsv.model.migration import BASE_ID, Migration


def remove(start: Path, name: str, *, dataset: str | None = None) -> list[str]:
    """Take out the last migration of a chain, if Git does not have it; and with the last one the chain.

    Raises: MigrationError: it is not the last, or it is committed.
    """
    with changing(start, "migrate remove") as workspace:
        declared = workspace.choose(dataset, chained=True)
        opened = open_chain(workspace.project(declared), declared.name, going=name)
        migration = opened.chain.migration(name)
        _check_removable(workspace, opened, migration)
        undoes = len(opened.chain.migrations) == 1 and not is_committed(workspace, opened, f"{BASE_ID}.yaml")
        if undoes and changed_inputs(workspace, opened):
            raise MigrationError(
                f"{opened.base.path} was edited since the adoption, which would lose the edit",
                where=opened.base.path,
                hint="put it back, or keep a copy of it",
            )
        project, base = opened.project, opened.base
        if undoes or opened.lock.head == migration.id:
            check_published(workspace, opened)
        small = [project.path(name) for name in (PARAMETERS, migration.path)]
        small += adoption.files(workspace.repository, opened) if undoes else head_files(workspace.repository, opened)
        with workspace.restoring(small, replaced=[project.path(path) for path in {base.path, base.publishes}]):
            if opened.lock.head == migration.id:
                apply_head(workspace, opened, migration.after)
            lines = list(_take_out(opened, migration))
            if undoes:
                lines += adoption.undo(workspace, open_chain(project, declared.name), declared)
        # Last, for a version that is gone is not put back, only made again.
        shutil.rmtree(project.path(project.versions(base)) if undoes else project.version(base, migration.id), True)
        return lines


def _check_removable(workspace: Workspace, opened: OpenChain, migration: Migration) -> None:
    if migration.id != opened.chain.last:
        raise MigrationError(
            f"{migration.id} is not the last migration", hint=f"dsv migrate remove {opened.chain.last}"
        )
    if is_committed(workspace, opened, f"{migration.id}.yaml"):
        raise MigrationError(
            f"{migration.id} is committed; others may have it",
            where=migration.path,
            hint=f"move the head back instead: dsv migrate down {migration.after}",
        )


def _take_out(opened: OpenChain, migration: Migration) -> Iterator[str]:
    project, name = opened.project, opened.base.dataset
    text = project.text(PARAMETERS)
    without = pipeline.remove_parameters(text, name, migration.id) if text else text
    if without != text:
        if without.strip():
            write_text(project.path(PARAMETERS), without)
        else:
            project.path(PARAMETERS).unlink()
    project.path(migration.path).unlink()
    yield f"removed {migration.path}"
    for side in migration.side_files:
        yield f"left {side}"
