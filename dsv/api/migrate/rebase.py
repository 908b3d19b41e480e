"""`dsv migrate rebase`: put the migrations of one branch after those of another."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from dsv.api.migrate import _resolve
from dsv.api.migrate._rebasing import prepared_chains
from dsv.api.migrate._sides import find
from dsv.api.opening import workspace_of
from dsv.api.running import apply_head
from dsv.errors import MigrationError
from dsv.files import write_bytes
from dsv.model.rebase import RebaseResult
from dsv.store import merging
from dsv.store.journal import transaction
from dsv.store.repository import Repository


def rebase(start: Path, onto: str | None, *, dataset: str | None = None, dry_run: bool = False) -> RebaseResult:
    """Put my migrations after those of `onto`: a revision, or a migration on the branch that comes first.

    Without `onto`, the other side of the merge that Git has under way. All chains that fork are
    rebased, or one. With `dry_run` nothing is written.

    Raises: ConflictError, MigrationError: nothing is changed then; a guard of mine does not hold after
        theirs, mine are published, both changed the base, or more than the chains is in conflict.
    """
    repository = Repository.discover(start)
    repository.require_dvc()
    with (
        transaction(repository, "migrate rebase") as journal,
        tempfile.TemporaryDirectory(prefix="dsv-rebase-") as work,
    ):
        sides = find(repository, onto)
        prepared = list(prepared_chains(repository, sides, dataset, Path(work)))
        if not prepared:
            raise MigrationError(f"no chain of {dataset or 'any dataset'} is on both sides", hint="dsv migrate status")
        chains = [item.told for item in prepared]
        if dry_run or not any(item.changes for item in prepared):
            return RebaseResult(onto=sides.onto, chains=tuple(chains))
        shared = _resolve.shared_documents(repository, sides, [item.declared.name for item in prepared])
        small = {*shared.texts, *(path for item in prepared for path in item.small(repository))}
        with journal.restoring(sorted(small), replaced=[item.published(repository) for item in prepared]):
            for path, text in shared.texts.items():
                write_bytes(repository.root / path, text.encode("utf-8", "surrogateescape"))
            written = [path for item in prepared for path in item.write(repository)]
            if sides.merge is not None:
                merging.stage(repository, [*shared.texts, *written])
            workspace = workspace_of(repository, journal)
            for place, item in enumerate(prepared):
                rows = apply_head(workspace, item.opened, item.told.head)
                item.check()
                chains[place] = replace(item.told, rows=rows)
            if sides.merge is not None:
                merging.stage(
                    repository, [*shared.texts, *written, *(p for i in prepared for p in i.after(repository))]
                )
    left = merging.unmerged(repository)
    return RebaseResult(
        onto=sides.onto,
        chains=tuple(chains),
        resolved=tuple(sorted(set(sides.conflicts) - set(left))),
        left=tuple(sorted(left)),
        again=shared.again,
        go_on=None if sides.merge is None else sides.merge.go_on,
    )
