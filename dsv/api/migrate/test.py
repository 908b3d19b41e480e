"""`dsv migrate test`: the laws of migrations, and the tests that documents bring."""

from __future__ import annotations

from pathlib import Path

from dsv.api.chains import OpenChain, base_snapshot
from dsv.api.migrate._chains import chosen
from dsv.api.opening import open_workspace
from dsv.migrations.trials import Place, try_chain
from dsv.model.progress import SILENT, Progress, each
from dsv.model.trial import TrialReport
from dsv.scratch import scratch
from dsv.tables.duckdb import Engine


def test(
    start: Path,
    name: str | None,
    *,
    dataset: str | None = None,
    sample: int | None = None,
    progress: Progress = SILENT,
) -> list[TrialReport]:
    """Try the migrations of one chain or of all (`name`: that one) on the base's rows; writes nothing that stays.

    `sample`: on about so many rows. Pending migrations are tried too.

    Raises: DsvError: a chain cannot be read, or its migrations do not fit each other.
    """
    workspace = open_workspace(start, dvc=False)
    chains = chosen(workspace, dataset)
    return [_tried(opened, name, sample) for opened in each(progress, "trying migrations", chains)]


def _tried(opened: OpenChain, name: str | None, sample: int | None) -> TrialReport:
    project, base = opened.project, opened.base
    only = None if name is None else opened.chain.migration(name).id
    with scratch("test") as work, Engine() as engine:
        place = Place(
            folder=project.path(project.documents(base.dataset)),
            parameters=lambda identifier: project.parameters(base.dataset, identifier),
            work=work,
        )
        return try_chain(engine, opened.chain, base_snapshot(project, base), place, only=only, sample=sample)
