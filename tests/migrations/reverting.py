"""Reverts in the tests: a migration of a bench's chain, undone at its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dsv.migrations.apply import follow
from dsv.migrations.capture.whole import Captured
from dsv.migrations.plan import rows_at
from dsv.migrations.revert.whole import Task, Version, revert
from dsv.operations.base import Inputs

Bench = Any


def reverted(bench: Bench, name: str, *, skip: bool = False) -> Captured:
    """Undo a migration of a bench's chain; the new document is put at its end."""
    chain, folder = bench.chain, bench.documents_folder

    def version(one: str) -> Version:
        parameters = bench.parameters.__getitem__
        state, table = rows_at(bench.engine, chain, one, bench.snapshot, lambda _: None, folder, parameters)
        return Version(state=state, table=table.stored("version"))

    migration = chain.migration(name)
    after = version(migration.id)
    since: Mapping[str, str] = {item: item for item in after.state.schema.names}
    state = after.state
    for later in chain.pending(migration.id):
        for operation in later.operations:
            made = operation.forward_schema(state, Inputs(folder=folder))
            since, state = follow(since, state, made, operation.effect(state)), made
    identifier = chain.next_id("revert")
    task = Task(
        dataset="signs",
        operations=migration.operations,
        inputs=Inputs(folder=folder),
        before=version(migration.after),
        after=after,
        now=version(chain.last),
        since=since,
        id=identifier,
        last=chain.last,
        title="Revert",
        path=f"migrations/signs/{identifier}.yaml",
        folder=folder,
    )
    found = revert(task, skip=skip)
    (folder / f"{identifier}.yaml").write_text(found.text, encoding="utf-8")
    bench.documents.append(identifier)
    bench.parameters[identifier] = {}
    return found
