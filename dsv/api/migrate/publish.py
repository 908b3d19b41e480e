"""`dsv migrate publish`: what the publish stage does: a version in, the dataset and its profile out."""

from __future__ import annotations

from pathlib import Path

from dsv.api.chains import Project, base_snapshot, open_base
from dsv.migrations import publish as publishing
from dsv.model.migration import BASE_ID
from dsv.model.profile import counts_path, profile_path
from dsv.model.progress import SILENT, Progress
from dsv.tables.duckdb import Engine


def publish(folder: Path, dataset: str, migration: str, *, progress: Progress = SILENT) -> str:
    """Write a version (or, for the base's id, the base) to the dataset's path, with its profile and counts.

    Gives a sentence about what was written. Raises: DsvError: nothing is half-written.
    """
    project = Project(folder=folder)
    base = open_base(project, dataset)
    version = None if migration == BASE_ID else project.version(base, migration)
    with Engine(progress=progress) as engine:
        profile = publishing.publish(
            engine,
            base,
            base_snapshot(project, base),
            version,
            project.path(base.publishes),
            project.path(profile_path(base.publishes)),
            project.path(counts_path(base.publishes)),
        )
    return f"{base.publishes}: {profile.rows:,} rows"
