"""`dsv migrate down`: move the head of a chain back."""

from __future__ import annotations

from pathlib import Path

from dsv.api.chains import open_chain
from dsv.api.migrate._chains import check_lock
from dsv.api.opening import changing
from dsv.api.running import apply_head, check_published
from dsv.errors import UsageError
from dsv.model.migration import BASE_ID


def down(start: Path, to: str, *, dataset: str | None = None) -> list[str]:
    """Move the head of a chain back. The migrations after it are pending again; nothing is deleted.

    Raises: UsageError: the target is not applied. MigrationError: the published file was edited.
    """
    with changing(start, "migrate down") as workspace:
        declared = workspace.choose(dataset, chained=True)
        opened = open_chain(workspace.project(declared), declared.name)
        check_published(workspace, opened)
        target = opened.chain.find(to)
        check_lock(opened, until=target)
        if target not in (BASE_ID, *(entry.id for entry in opened.lock.entries)):
            raise UsageError(f"{target} is not applied", hint=f"apply it: dsv migrate up {target}")
        rows = apply_head(workspace, opened, target)
        return [f"head of {declared.name} is {target}, {rows:,} rows in {opened.base.publishes}"]
