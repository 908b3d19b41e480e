"""`dsv migrate plan`: what the pending migrations would do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dsv.api.chains import OpenChain, base_snapshot
from dsv.api.migrate._chains import check_lock, chosen
from dsv.api.names import PIPELINE
from dsv.api.opening import Workspace, changing, open_workspace
from dsv.api.running import is_fresh
from dsv.documents import pipeline
from dsv.files import write_text
from dsv.migrations import expect
from dsv.migrations import plan as planning
from dsv.model.migration import Plan, PlanStep
from dsv.tables.duckdb import Engine


def plan(start: Path, to: str | None, *, dataset: str | None = None) -> list[Plan]:
    """What the pending migrations would do, of one chain or of all. Writes nothing.

    Raises: DsvError: a migration does not fit; names the document.
    """
    workspace = open_workspace(start, dvc=False)
    return [foretell(workspace, opened, to) for opened in chosen(workspace, dataset)]


def pin(start: Path, to: str | None, *, dataset: str | None = None) -> list[Plan]:
    """Plan, and write into each pending document what it must come to; `up` holds it to that.

    Gives the plans with the pins in. Raises: DsvError: as `plan`; nothing is written then.
    """
    with changing(start, "migrate plan --pin") as workspace:
        chains = chosen(workspace, dataset)
        plans = [foretell(workspace, opened, to) for opened in chains]
        steps = [(opened, step) for opened, found in zip(chains, plans, strict=True) for step in found.steps]
        paths = [opened.project.path(step.migration.path) for opened, step in steps]
        with workspace.restoring(paths):
            for (opened, step), path in zip(steps, paths, strict=True):
                name = step.migration.path
                write_text(path, expect.pin(opened.project.text(name), expect.pinned(step), name))
        return [replace(found, steps=tuple(map(_pinned, found.steps))) for found in plans]


def _pinned(step: PlanStep) -> PlanStep:
    """The step once its document is pinned to what it comes to."""
    told = tuple(item for item in step.findings if item.rule != "pin-differs")
    return replace(step, migration=replace(step.migration, expect=expect.pinned(step)), findings=told)


def foretell(workspace: Workspace, opened: OpenChain, to: str | None) -> Plan:
    """What the pending migrations of one chain would do, up to `to`, with the stages that will rerun."""
    target = opened.chain.find(to) if to is not None else opened.chain.last
    check_lock(opened)
    found = planned(workspace, opened, opened.lock.head, target)
    text = opened.project.text(PIPELINE)
    return replace(found, downstream=pipeline.downstream(text, [opened.base.publishes]))


def planned(workspace: Workspace, opened: OpenChain, head: str, target: str) -> Plan:
    """What the migrations after `head` up to `target` do, from the versions that are here and up to date."""
    project, base = opened.project, opened.base
    # A version that is left over from before `down` may be of another input.
    applied = {entry.id for entry in opened.lock.entries} if is_fresh(workspace, opened) else set()
    with Engine() as engine:
        return planning.plan(
            engine,
            opened.chain,
            head,
            target,
            base_snapshot(project, base),
            lambda name: path if name in applied and (path := project.version(base, name)).is_dir() else None,
            project.path(project.documents(base.dataset)),
            lambda name: project.parameters(base.dataset, name),
        )
