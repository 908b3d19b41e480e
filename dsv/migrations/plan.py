"""The plan: what pending migrations will do, found by doing it in the engine, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from dsv.formats._limits import check_addable, check_fields
from dsv.migrations import findings
from dsv.migrations.apply import Applied, apply
from dsv.migrations.chain import Chain
from dsv.migrations.changes import changes
from dsv.migrations.run import read_rows
from dsv.migrations.source import base_rows, check_key, check_names
from dsv.migrations.sums import sum_after
from dsv.migrations.version import open_version
from dsv.model.migration import Migration, Plan, PlanStep, State, Tally
from dsv.model.snapshot import Snapshot
from dsv.profiles.digest import fold
from dsv.tables.duckdb import Engine
from dsv.tables.table import Table
from dsv.tables.tally import tally

Versions = Callable[[str], Path | None]
Parameters = Callable[[str], Mapping[str, Any]]


def plan(
    engine: Engine,
    chain: Chain,
    head: str,
    target: str,
    base_snapshot: Snapshot,
    versions: Versions,
    folder: Path,
    parameters: Parameters,
) -> Plan:
    """Foretell the migrations after `head` up to `target`; none if `target` comes first.

    `versions` gives the directory of a version if it is on this machine and is what its stage
    would write today, else None: the plan then replays from the version before it, or the base.
    `folder` holds the documents and side files; `parameters` gives the values that `params.yaml`
    has for a migration.

    Raises: MigrationError: no migration of that name; and what `apply` and `base_rows` raise.
    """
    head, target = chain.find(head), chain.find(target)
    pending = chain.up_to(target)[len(chain.up_to(head)) :]
    steps: list[PlanStep] = []
    if pending:
        walk = Walk(engine, chain, folder, parameters)
        walk.start(head, base_snapshot, versions)
        steps = [walk.step(migration) for migration in pending]
    return Plan(dataset=chain.base.dataset, head=head, target=target, steps=tuple(steps))


def rows_at(
    engine: Engine,
    chain: Chain,
    target: str,
    base_snapshot: Snapshot,
    versions: Versions,
    folder: Path,
    parameters: Parameters,
) -> tuple[State, Table]:
    """The state and the rows of a version, applied or not; the arguments are as in `plan`.

    Raises: as `plan`.
    """
    if not chain.up_to(target):
        first = chain.migrations[0] if chain.migrations else None
        return chain.base.state, base_rows(engine, chain.base, base_snapshot, first)
    walk = Walk(engine, chain, folder, parameters)
    walk.start(target, base_snapshot, versions)
    return walk.state, walk.table


class Walk:
    """Goes along the chain, one table at a time. Not `guarded`: on rows that are not the chain's."""

    def __init__(
        self, engine: Engine, chain: Chain, folder: Path, parameters: Parameters, *, guarded: bool = True
    ) -> None:
        self.guarded = guarded
        self.engine = engine
        self.chain = chain
        self.folder = folder
        self.parameters = parameters
        self.stored: str | None = None
        # The sum of the hashes of the rows, where it is known.
        self.total: int | None = None

    def start(self, head: str, snapshot: Snapshot, versions: Versions) -> None:
        """Go to the version `head`: read it, or replay the migrations since the last that is here."""
        replayed: list[Migration] = []
        for migration in reversed(self.chain.up_to(head)):
            folder = versions(migration.id)
            if folder is not None:
                version = open_version(folder)
                self.state, self.table = version.state, read_rows(self.engine, version)
                self.total = version.total
                break
            replayed.insert(0, migration)
        else:
            first = next(iter(self.chain.migrations), None)
            self.state = self.chain.base.state
            self.table = base_rows(self.engine, self.chain.base, snapshot, first)
        for migration in replayed:
            self._go_on(self._apply(migration))
        self.tally = _tally(self.table, self.state)

    def begin(self, state: State, table: Table) -> None:
        """Go on from these rows."""
        self.state, self.table, self.stored, self.total = state, table, None, None
        self.tally = _tally(table, state)

    def step(self, migration: Migration) -> PlanStep:
        """Apply one migration, and say what it did."""
        applied = self._apply(migration)
        counts = changes(self.table, self.state, applied)
        if self.guarded:
            base = self.chain.base
            check_fields(base.format, base.state.schema, applied.state.schema, where=migration.path)
            check_addable(base.format, counts.added, where=migration.path)
        quarantined = sum(item.count() for item in applied.quarantine)
        before, after = self.tally, _tally(applied.table, applied.state)
        sums = sum_after(self.table, self.total, applied.table)
        found = findings.of_step(
            self.chain.base.dataset, migration, (self.state, self.table), applied, counts, quarantined, self.folder
        )
        step = PlanStep(
            migration=migration,
            lines=applied.lines,
            effect=replace(applied.effect, evaluation="moved") if counts.moved else applied.effect,
            before=before,
            after=after,
            cells=counts.cells,
            rows_added=counts.added,
            rows_removed=counts.removed,
            quarantined=quarantined,
            digest=fold(applied.state.schema, *sums),
            classes_before=self.state.classes,
            classes_after=applied.state.classes,
            findings=found,
            rows_changed=counts.changed,
            guards=applied.guards,
            schema_after=applied.state.schema,
        )
        self._go_on(applied)
        self.tally, self.total = after, sums[1]
        return replace(step, findings=(*step.findings, *findings.of_pin(self.chain.base.dataset, step)))

    def _apply(self, migration: Migration) -> Applied:
        parameters = self.parameters(migration.id)
        dataset, guarded = self.chain.base.dataset, self.guarded
        applied = apply(dataset, migration, self.state, self.table, self.folder, parameters, guarded=guarded)
        check_names(self.chain.base, applied.state.schema.names, where=migration.path)
        table = applied.table.stored("step")
        check_key(table, applied.state.key, where=migration.path)
        return replace(applied, table=table)

    def _go_on(self, applied: Applied) -> None:
        """Take the next table, and give back the room of the one before."""
        if self.stored is not None:
            self.engine.execute(f"DROP TABLE {self.stored}")
        self.state, self.stored, self.total = applied.state, applied.table.relation, None
        self.table = replace(applied.table, made=None)


def _tally(table: Table, state: State) -> Tally:
    return tally(table, labels=state.labels, split=state.split, unlabelled=state.unlabelled)
