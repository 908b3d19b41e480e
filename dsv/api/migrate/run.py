"""`dsv migrate run`: what the stage of a migration does: its declared dependencies in, its version out."""

from __future__ import annotations

from pathlib import Path

from dsv.api.chains import Project, base_snapshot, open_base, open_migration
from dsv.migrations import run as running
from dsv.model.migration import BASE_ID
from dsv.model.progress import SILENT, Progress
from dsv.tables.duckdb import Engine


def run(folder: Path, dataset: str, migration: str, *, progress: Progress = SILENT) -> str:
    """Make a migration's version from the one before. `folder` is that of the `dvc.yaml`.

    Gives a sentence about what was written. Raises: DsvError: nothing is half-written.
    """
    project = Project(folder=folder)
    base = open_base(project, dataset)
    document = open_migration(project, dataset, migration)
    previous = None if document.after == BASE_ID else project.version(base, document.after)
    with Engine(progress=progress) as engine:
        version = running.run_stage(
            engine,
            base,
            base_snapshot(project, base),
            document,
            previous,
            project.version(base, migration),
            project.parameters(dataset, migration),
            project.path(project.documents(dataset)),
        )
    return f"{migration}: {version.rows:,} rows"
