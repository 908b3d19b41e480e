"""Published files that were edited by hand: captured by pending migrations, or not; their bytes are never lost."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from dsv.api.chains import OpenChain
from dsv.api.migrate.plan import foretell
from dsv.api.opening import Workspace
from dsv.api.running import is_edited
from dsv.api.snapshots import plain_snapshot
from dsv.errors import DsvError, FormatError
from dsv.formats.base import scan
from dsv.migrations.source import pinned
from dsv.profiles.digest import row_digest
from dsv.store import objects
from dsv.tables.duckdb import Engine


@contextmanager
def keeping(workspace: Workspace, opened: OpenChain) -> Iterator[list[str]]:
    """Keep the bytes of an edited file, if those that take its place are others; tells where, after the block."""
    path = opened.project.path(opened.base.publishes)
    md5 = objects.workspace_md5(workspace.repository, path)
    kept = workspace.repository.cache_folder() / "edited" / f"{md5}-{path.name}"
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(path, kept)
    told: list[str] = []
    try:
        yield told
    finally:
        if objects.workspace_md5(workspace.repository, path) == md5:
            kept.unlink()
        else:
            told.append(f"the file as it was edited is kept as {kept}")


def told_captured(workspace: Workspace, opened: OpenChain) -> str | None:
    """That a published file which was edited by hand has the rows that pending ones will publish; None if not so.

    A plan that fails is told by `migrate plan`.
    """
    with suppress(DsvError):
        if is_captured(workspace, opened, None):
            return f"{opened.base.publishes} holds the rows that the pending migrations will publish"
    return None


def is_captured(workspace: Workspace, opened: OpenChain, to: str | None) -> bool:
    """Say whether the published file was edited by hand, and the pending migrations give what it holds."""
    if not is_edited(workspace, opened) or not opened.chain.pending(opened.lock.head):
        return False
    steps = foretell(workspace, opened, to).steps
    if not steps:
        return False
    base = opened.base
    snapshot = plain_snapshot(opened.project.path(base.publishes), base.publishes, given=base.format)
    options = replace(pinned(base, snapshot).options, schema=steps[-1].schema_after)
    with Engine() as engine:
        try:
            return row_digest(scan(engine, replace(snapshot, options=options)).table) == steps[-1].digest
        except FormatError:
            return False
