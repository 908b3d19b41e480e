"""The laws of migrations, tried on a chain's own rows or on a sample of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dsv.errors import BrokenPromise, DsvError
from dsv.migrations.apply import apply
from dsv.migrations.chain import Chain
from dsv.migrations.foretell import Foretold, foretell
from dsv.migrations.plan import Parameters, Walk
from dsv.migrations.rowtests import row_tests
from dsv.migrations.run import compare, read_rows, write_step
from dsv.migrations.source import base_rows
from dsv.migrations.version import made, open_version, write_schema
from dsv.model.migration import Migration, PlanStep, State, Version
from dsv.model.snapshot import Snapshot
from dsv.model.trial import Law, Outcome, Trial, TrialReport
from dsv.model.values import shown
from dsv.profiles.digest import row_digest, row_sum
from dsv.tables.duckdb import Engine, identifier, literal
from dsv.tables.parts import write_version
from dsv.tables.table import POSITION, Table
from dsv.tables.types import engine_type

SHOWN = 5
START = "start"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the chain's documents and side files are, what `params.yaml` holds, and a folder to work in."""

    folder: Path
    parameters: Parameters
    work: Path


def try_chain(
    engine: Engine, chain: Chain, snapshot: Snapshot, place: Place, *, only: str | None, sample: int | None
) -> TrialReport:
    """Try all laws and tests on the migrations of a chain (`only`: on that one).

    `sample`: on about as many rows, evenly spread; guards about rows do not count then.

    Raises: DsvError: the migrations do not fit each other, so no law can be tried.
    """
    base = chain.base
    told = list(foretell(base.dataset, base.state, chain.migrations, place.folder, place.parameters))
    trials: list[Trial] = []
    rows = of_rows = None
    walk = _Walk(engine, chain, place, guarded=sample is None)
    try:
        rows, of_rows = walk.start(snapshot, sample)
    except DsvError as error:
        walk.stop(error)
    for item in told:
        asked = only in (None, item.migration.id)
        trials += [trial for trial in walk.laws(item) if asked]
        if asked:
            trials += row_tests(engine, chain, item.migration, item.before, place.folder, place.parameters)
        if only == item.migration.id:
            break
    return TrialReport(dataset=base.dataset, trials=tuple(trials), rows=rows, of_rows=of_rows)


class _Walk:
    """Goes along the chain in a working folder, version by version; what stops it is told of all that follows."""

    def __init__(self, engine: Engine, chain: Chain, place: Place, *, guarded: bool) -> None:
        self.engine = engine
        self.chain = chain
        self.place = place
        self.guarded = guarded
        self.last = START
        self.stopped: DsvError | None = None

    def stop(self, error: DsvError) -> None:
        """No version can be made from here on."""
        self.stopped = error

    def start(self, snapshot: Snapshot, sample: int | None) -> tuple[int, int]:
        """Write the rows that the chain starts from; gives how many of how many."""
        base = self.chain.base
        first = self.chain.migrations[0] if self.chain.migrations else None
        table = base_rows(self.engine, base, snapshot, first)
        total = table.count()
        if sample is not None and sample < total:
            step = -(-total // sample)
            relation = f"(SELECT * FROM {table.relation} WHERE {POSITION} % {step} = 0)"
            table = Table(engine=self.engine, relation=relation, schema=table.schema)
        folder = self.place.work / START
        write_version(table, folder, base.state.key, base.parts)
        rows, hashes = row_sum(table)
        write_schema(made(folder, base.state, rows, hashes))
        return rows, total

    def laws(self, item: Foretold) -> Iterator[Trial]:
        """Try the laws on one migration, and make its version."""
        migration = item.migration
        if self.stopped is not None:
            yield self._trial(migration, "plan", "unknown", self.stopped.message)
            return
        before = open_version(self.place.work / self.last)
        try:
            made = self._made(self.engine, migration, before, migration.id)
            walk = Walk(self.engine, self.chain, self.place.folder, self.place.parameters, guarded=self.guarded)
            walk.begin(before.state, read_rows(self.engine, before))
            step = walk.step(migration)
        except DsvError as error:
            self.stop(error)
            yield self._trial(migration, "plan", "failed", error.message, error.where)
            return
        yield self._plan(migration, step, made)
        yield self._schema(migration, item, made)
        yield self._bytes(migration, before, made)
        yield self._inverse(item, before, made)
        self.last = migration.id

    def _made(self, engine: Engine, migration: Migration, before: Version, name: str) -> Version:
        rows = read_rows(engine, before)
        parameters = self.place.parameters(migration.id)
        target = self.place.work / name
        base, folder, guarded = self.chain.base, self.place.folder, self.guarded
        return write_step(base, migration, (before.state, rows), target, parameters, folder, guarded=guarded)

    def _plan(self, migration: Migration, step: PlanStep, made: Version) -> Trial:
        try:
            compare(step, made)
        except BrokenPromise as error:
            return self._trial(migration, "plan", "failed", error.message)
        return self._trial(migration, "plan", "passed")

    def _schema(self, migration: Migration, item: Foretold, made: Version) -> Trial:
        """The fields, and the types that the engine finds in the files, are those that were foretold."""
        parts = literal(f"{made.path}/rows/part-*.parquet")
        files = f"read_parquet({parts}, hive_partitioning = false)"
        found = {row[0]: row[1] for row in self.engine.rows(f"DESCRIBE SELECT * FROM {files}") if row[0] != POSITION}
        wanted = {field.name: engine_type(field.type) for field in item.after.schema}
        wrong = [
            f"{name}: foretold {wanted.get(name, 'nothing')}, found {found.get(name, 'nothing')}"
            for name in dict.fromkeys([*wanted, *found])
            if not self._same_type(wanted.get(name), found.get(name))
        ]
        if made.state.schema != item.after.schema:
            wrong.append("the schema of the version is not the one that was foretold")
        return self._trial(migration, "schema", "failed" if wrong else "passed", "; ".join(wrong) or None)

    def _same_type(self, wanted: str | None, found: str | None) -> bool:
        if wanted is None or found is None:
            return False
        return bool(self.engine.value(f"SELECT typeof(CAST(NULL AS {wanted})) = typeof(CAST(NULL AS {found}))"))

    def _bytes(self, migration: Migration, before: Version, made: Version) -> Trial:
        """Another number of threads writes the same bytes."""
        threads = int(self.engine.value("SELECT current_setting('threads')"))
        try:
            with Engine(threads=4 if threads == 1 else 1) as other:
                again = self._made(other, migration, before, f"{migration.id}.again")
        except DsvError as error:
            return self._trial(migration, "bytes", "failed", f"the second run failed: {error.message}", error.where)
        mine, theirs = _hashes(made.path), _hashes(again.path)
        other_files = sorted(name for name in {*mine, *theirs} if mine.get(name) != theirs.get(name))
        if not other_files:
            return self._trial(migration, "bytes", "passed")
        message = f"another number of threads gave other bytes: {', '.join(other_files[:SHOWN])}"
        pair = (read_rows(self.engine, made), read_rows(self.engine, again))
        return replace(self._trial(migration, "bytes", "failed", message), differences=differing(*pair))

    def _inverse(self, item: Foretold, before: Version, made: Version) -> Trial:
        """Where every operation has an inverse, they give back the rows."""
        migration = item.migration
        undoing = list(self._inverses(item))
        lacking = [name for name, inverse in undoing if inverse is None]
        if lacking:
            message = f"{', '.join(lacking)} cannot be undone without the rows before"
            return self._trial(migration, "inverse", "skipped", message)
        operations = tuple(inverse for _, inverse in reversed(undoing))
        back = replace(migration, operations=operations, lines={})
        rows = read_rows(self.engine, made)
        try:
            applied = apply(self.chain.base.dataset, back, made.state, rows, self.place.folder, {}, guarded=False)
        except DsvError as error:
            return self._trial(migration, "inverse", "failed", error.message, error.where)
        if row_digest(applied.table) == before.digest:
            return self._trial(migration, "inverse", "passed")
        found = differing(read_rows(self.engine, before), applied.table)
        return replace(self._trial(migration, "inverse", "failed", "the rows are not as before"), differences=found)

    def _inverses(self, item: Foretold) -> Iterator[tuple[str, object]]:
        state: State = item.before
        for unbound in item.migration.operations:
            chain = replace(item.migration, operations=(unbound,), lines={})
            (one,) = foretell(self.chain.base.dataset, state, [chain], self.place.folder, self.place.parameters)
            bound = unbound.bind(self.place.parameters(item.migration.id))
            yield unbound.name, bound.inverse(state)
            state = one.after

    def _trial(
        self,
        migration: Migration,
        law: Law,
        outcome: Outcome,
        message: str | None = None,
        where: str | None = None,
    ) -> Trial:
        return Trial(
            dataset=self.chain.base.dataset,
            migration=migration.id,
            law=law,
            outcome=outcome,
            message=message,
            where=where or (migration.path if outcome == "failed" else None),
        )


def differing(expected: Table, found: Table) -> tuple[tuple[str, str], ...]:
    """Rows that only one of two tables has, with their signs; the first few of each side."""
    shared = [name for name in expected.schema.names if name in found.schema]
    told = [("~", f"field {name} is on one side only") for name in _apart(expected, found)]
    columns = ", ".join(identifier(name) for name in shared)
    for sign, one, other in (("-", expected, found), ("+", found, expected)):
        left, right = (f"SELECT {columns} FROM {table.relation}" for table in (one, other))
        rows = expected.engine.rows(f"({left}) EXCEPT ALL ({right}) ORDER BY ALL LIMIT {SHOWN}")
        told += [(sign, _words(shared, row)) for row in rows]
    return tuple(told)


def _apart(expected: Table, found: Table) -> list[str]:
    return sorted({*expected.schema.names} ^ {*found.schema.names})


def _words(names: Sequence[str], row: Sequence[object]) -> str:
    return " ".join(f"{name}={shown(value)}" for name, value in zip(names, row, strict=True))


def _hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
