"""What a migration's stage does: the version before it in, its own version out."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dsv.errors import BrokenPromise, MigrationError
from dsv.migrations import partwise
from dsv.migrations.apply import Applied, apply
from dsv.migrations.source import base_rows, check_key, check_names
from dsv.migrations.version import made as version_of
from dsv.migrations.version import open_version, write_schema
from dsv.model.migration import BASE_ID, Base, Migration, PlanStep, State, Version
from dsv.model.snapshot import Snapshot
from dsv.profiles.digest import row_sum
from dsv.tables.duckdb import Engine
from dsv.tables.parts import QUARANTINE, PartFiles, read_version, write_quarantine, write_version
from dsv.tables.table import Table


def run_stage(
    engine: Engine,
    base: Base,
    base_snapshot: Snapshot,
    migration: Migration,
    previous: Path | None,
    target: Path,
    parameters: Mapping[str, Any],
    folder: Path,
) -> Version:
    """Write the version of one migration into the directory `target`, whole or not at all.

    `previous` is the version directory before it, None for the first migration, which reads the
    base. `parameters` are the values that `params.yaml` has for the migration; `folder` holds its
    document and side files. Equal inputs give equal bytes.

    Raises: FormatError: the base is malformed, or has a row that does not fit. DataMissing:
        `previous` is not there. SchemaError, MigrationError: as the operations do.
    """
    if (previous is None) != (migration.after == BASE_ID):
        raise MigrationError(
            f"{migration.id} follows {migration.after}, and was given another input", where=migration.path
        )
    if previous is None:
        rows = base_rows(engine, base, base_snapshot, migration)
        return write_step(base, migration, (base.state, rows), target, parameters, folder)
    version = open_version(previous)
    before = version.state, read_rows(engine, version)
    return write_step(base, migration, before, target, parameters, folder, previous=version)


def write_step(
    base: Base,
    migration: Migration,
    before: tuple[State, Table],
    target: Path,
    parameters: Mapping[str, Any],
    folder: Path,
    *,
    guarded: bool = True,
    previous: Version | None = None,
) -> Version:
    """As `run_stage`, from rows that are at hand. Not `guarded`: they are not the chain's.

    `previous` is the version whose rows they are, as `read_rows` gives them, None if they are of none.
    """
    state, table = before
    applied = apply(base.dataset, migration, state, table, folder, parameters, guarded=guarded)
    check_names(base, applied.state.schema.names, where=migration.path)
    target.parent.mkdir(parents=True, exist_ok=True)
    for left in target.parent.glob(f".{target.name}.*"):  # by a run of this stage that was killed
        shutil.rmtree(left, ignore_errors=True)
    # Beside the target, so that the last step is a rename on one file system.
    work = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    try:
        made = work / "new"
        made.mkdir()
        write_quarantine(applied.quarantine, made / QUARANTINE)
        rows, total = _write_rows(base, migration, applied, table, made, previous)
        write_schema(version_of(made, applied.state, rows, total))
        _exchange(made, target, work / "old")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return open_version(target)


def read_rows(engine: Engine, version: Version) -> Table:
    """The rows of a version."""
    return read_version(engine, version.path, version.state.schema)


def compare(step: PlanStep, version: Version) -> None:
    """Hold a version against what the plan foretold.

    Raises: BrokenPromise: other rows, another schema or other classes.
    """
    name = step.migration.id
    found = (version.rows, version.digest, version.state.classes)
    foretold = (step.after.rows, step.digest, step.classes_after)
    for what, actual, expected in zip(("rows", "row digest", "classes"), found, foretold, strict=True):
        if actual != expected:
            raise BrokenPromise(
                f"{name} gave other {what} than the plan foretold",
                where=str(version.path),
                hint="the data changed in between, or dsv has a bug; see what it would do: dsv migrate plan",
            )


def _write_rows(
    base: Base, migration: Migration, applied: Applied, table: Table, folder: Path, previous: Version | None
) -> tuple[int, int]:
    """Write the rows; gives their number, and the sum of their hashes."""
    if previous is not None:
        parts = PartFiles(table.engine, previous.path, table.schema, view=table.relation)
        if partwise.fits(previous, parts, applied):
            return partwise.rewrite(previous, parts, applied, folder)
    write_version(applied.table, folder, applied.state.key, base.parts)
    written = read_version(table.engine, folder, applied.state.schema)
    check_key(written, applied.state.key, where=migration.path)
    with table.engine.progress.task("hashing rows"):
        return row_sum(written)


def _exchange(made: Path, target: Path, old: Path) -> None:
    """Put a directory in another's place."""
    if target.exists():
        os.replace(target, old)
    os.replace(made, target)
