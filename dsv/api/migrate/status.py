"""`dsv migrate status`: applied, pending, and what does not agree."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dsv.api.chains import OpenChain
from dsv.api.migrate._agreement import disagreements, missing_versions, of_error
from dsv.api.migrate._chains import attempted
from dsv.api.opening import Workspace, open_workspace
from dsv.errors import ConflictError, DsvError
from dsv.model.chain import Advice, ChainReport
from dsv.model.finding import Finding


def status(start: Path, *, dataset: str | None = None) -> list[ChainReport]:
    """The migrations of one chain or of all, with what does not agree between files, lock and data.

    Raises: MigrationError: there is no chain. NotARepository, DocumentError.
    """
    workspace = open_workspace(start, dvc=False)
    return [reported(workspace, name, found) for name, found in attempted(workspace, dataset)]


def reported(workspace: Workspace, dataset: str, found: OpenChain | DsvError) -> ChainReport:
    """The report of one chain, also of one that cannot be read."""
    if isinstance(found, DsvError):
        return _unreadable(dataset, found)
    report = ChainReport(dataset=dataset, migrations=found.chain.migrations, lock=found.lock)
    try:
        advice = list(disagreements(workspace, found))
    except DsvError as error:
        return replace(report, advice=(of_error(dataset, error),), exit_code=error.exit_code)
    pushed = workspace.choose(dataset).versions != "local"
    return replace(report, advice=(*advice, *_elsewhere(found, pushed=pushed)))


def _unreadable(dataset: str, error: DsvError) -> ChainReport:
    rule = "chain-conflict" if isinstance(error, ConflictError) else "unreadable"
    return ChainReport(dataset=dataset, advice=(of_error(dataset, error, rule),), exit_code=error.exit_code)


def _elsewhere(found: OpenChain, *, pushed: bool) -> list[Advice]:
    """Versions that are not on this machine: nothing is wrong, but a plan has to make them again."""
    missing = missing_versions(found)
    if not missing:
        return []
    text = f"versions that are not on this machine: {', '.join(missing)}"
    finding = Finding(rule="versions-elsewhere", level="info", message=text, dataset=found.base.dataset)
    commands = ("dvc pull", "or make them again: dvc repro") if pushed else ("where they are needed: dvc repro",)
    return [Advice(finding=finding, commands=commands)]
