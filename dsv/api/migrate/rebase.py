"""`dsv migrate rebase`: put the migrations of one branch after those of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from dsv.api.migrate import _resolve
from dsv.api.migrate._rebasing import Prepared, prepared_chains
from dsv.api.migrate._sides import find
from dsv.api.opening import workspace_of
from dsv.api.running import apply_head
from dsv.errors import MigrationError
from dsv.files import write_bytes
from dsv.model.rebase import Rebased, RebaseResult
from dsv.scratch import scratch
from dsv.store import merging
from dsv.store.journal import Journal, transaction
from dsv.store.repository import Repository


def rebase(
    start: Path, onto: str | None, *, dataset: str | None = None, dry_run: bool = False, pin: bool = False
) -> RebaseResult:
    """Put my migrations after those of `onto`: a revision, or a migration on the branch that comes first.

    Without `onto`, the other side of the merge that Git has under way. All chains that fork are
    rebased, or one. With `dry_run` nothing is written. `pin`: those of mine that are pinned are pinned
    anew, to what they come to after theirs.

    Raises: ConflictError, MigrationError: nothing is changed then; a guard of mine does not hold after
        theirs, mine are published, both changed the base, or more than the chains is in conflict.
    """
    repository = Repository.discover(start)
    repository.require_dvc()
    with (
        transaction(repository, "migrate rebase") as journal,
        scratch("rebase") as work,
    ):
        sides = find(repository, onto)
        prepared = prepared_chains(repository, sides, dataset, work, pin=pin)
        if not prepared:
            raise MigrationError(f"no chain of {dataset or 'any dataset'} is on both sides", hint="dsv migrate status")
        result = RebaseResult(onto=sides.onto, chains=tuple(item.told for item in prepared))
        if dry_run or not any(item.changes for item in prepared):
            return result
        shared = _resolve.shared_documents(repository, sides, [item.declared.name for item in prepared])
        chains, written = _write(repository, journal, prepared, shared.texts)
    result = replace(result, chains=chains, again=shared.again)
    if sides.merge is None:
        return result
    # Only now, when nothing is left to put back: with the index go the three versions of what was in conflict.
    merging.stage(repository, written)
    left = merging.unmerged(repository)
    return replace(
        result,
        resolved=tuple(sorted(set(sides.conflicts) - set(left))),
        left=tuple(sorted(left)),
        go_on=sides.merge.go_on,
    )


def _write(
    repository: Repository, journal: Journal, prepared: Sequence[Prepared], texts: Mapping[str, str]
) -> tuple[tuple[Rebased, ...], list[str]]:
    """Write all, run the stages, and give what became of the chains, and the paths that changed."""
    small = {*texts, *(path for item in prepared for path in item.small(repository))}
    chains = []
    with journal.restoring(sorted(small), replaced=[item.published(repository) for item in prepared]):
        for path, text in texts.items():
            write_bytes(repository.root / path, text.encode("utf-8", "surrogateescape"))
        written = [*texts, *(path for item in prepared for path in item.write(repository))]
        workspace = workspace_of(repository, journal)
        for item in prepared:
            applied = item.opened.chain.up_to(item.told.head)
            steps = [step for step in item.steps if step.migration in applied]
            rows = apply_head(workspace, item.opened, item.told.head, steps)
            chains.append(replace(item.told, rows=rows))
    return tuple(chains), [*written, *(path for item in prepared for path in item.after(repository))]
