"""Files that a chain shares with others, put together from the three versions that Git keeps of a conflict."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from dsv.api.chains import Project
from dsv.api.migrate._sides import Sides
from dsv.api.names import IGNORE, PARAMETERS, PIPELINE, PIPELINE_LOCK
from dsv.documents import pipeline, resolve
from dsv.documents.edit import remove_entry, set_entry
from dsv.documents.resolve import Versions
from dsv.errors import MigrationError
from dsv.migrations.rebase import Fork
from dsv.model.migration import Base
from dsv.store import merging, objects
from dsv.store.pointers import lock_outputs
from dsv.store.repository import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """Texts of files that were in conflict, by repository path; stages that are to run again."""

    texts: Mapping[str, str]
    again: tuple[str, ...]


def shared_documents(repository: Repository, sides: Sides, datasets: Sequence[str]) -> Shared:
    """`dvc.yaml`, `dvc.lock` and `.gitignore` files in conflict, with theirs chains of the datasets.

    Raises: ConflictError: both sides changed more than the chains.
    """
    merge = partial(merging.merge_text, repository)
    texts: dict[str, str] = {}
    again: list[str] = []
    for path in sides.conflicts:
        versions = _versions(sides, path)
        name = posixpath.basename(path)
        if name == PIPELINE:
            texts[path] = resolve.resolved_pipeline(versions, datasets, merge)
        elif name == PIPELINE_LOCK:
            texts[path], dropped = resolve.resolved_lock(versions, datasets)
            again += dropped
        elif name == IGNORE:
            texts[path] = resolve.resolved_lines(versions)
    return Shared(texts=texts, again=tuple(again))


def _versions(sides: Sides, path: str) -> Versions:
    base, mine, theirs = sides.versions(path) or ("", "", "")
    return Versions(base=base, mine=mine, theirs=theirs, where=path)


def moved_parameters(text: str, sides: Sides, path: str, dataset: str, fork: Fork, ids: Mapping[str, str]) -> str:
    """The text of `params.yaml` with theirs parameters of theirs migrations, and mine at their new ids.

    `path` is its repository path; `text` is what is in the work tree, or was put together from a conflict.

    Raises: ConflictError: both sides changed the same one.
    """
    mine, theirs = (files.text(path) for files in (sides.mine, sides.theirs))
    # Once rebased, the work tree has them at their new ids, and the commit still at the old ones.
    committed = (sides.mine.tree.read(path) or b"").decode("utf-8", "surrogateescape")
    values = {
        new: pipeline.parameters(mine, dataset, old) or pipeline.parameters(committed, dataset, old)
        for old, new in ids.items()
    }
    for old in ids:
        text = pipeline.remove_parameters(text, dataset, old)
    for item in fork.theirs:
        text = _set(text, dataset, item.id, pipeline.parameters(theirs, dataset, item.id))
    if path in sides.conflicts:
        base = _versions(sides, path).base
        for item in fork.shared:
            three = [pipeline.parameters(side, dataset, item.id) for side in (base, mine, theirs)]
            text = _set(text, dataset, item.id, resolve.merged_parameters(three[0], three[1], three[2], path))
    for name, found in values.items():
        text = _set(text, dataset, name, found)
    return text


def parameters(repository: Repository, sides: Sides, project: Project, datasets: Sequence[str]) -> str:
    """The text of `params.yaml` to go on from. Raises: ConflictError: both sides changed more than the chains."""
    path = repository.relative(project.path(PARAMETERS))
    if path not in sides.conflicts:
        return project.text(PARAMETERS)
    merge = partial(merging.merge_text, repository)
    return resolve.resolved_parameters(_versions(sides, path), datasets, merge)


def _set(text: str, dataset: str, migration: str, values: Mapping[str, Any]) -> str:
    keys = ("migrations", dataset, migration)
    return set_entry(text, keys, dict(values), PARAMETERS) if values else remove_entry(text, keys, PARAMETERS)


def check_published(repository: Repository, sides: Sides, project: Project, base: Base) -> None:
    """Refuse to publish over a file that a hand edited: it is neither side's.

    Raises: MigrationError.
    """
    path = project.path(base.publishes)
    shown = repository.relative(path)
    in_git = bool(merging.tracked(repository, [shown]))
    if not path.exists() or (in_git and sides.merge is not None):
        return
    lock = repository.relative(project.path(PIPELINE_LOCK))
    recorded = {_recorded(files.text(lock), base.publishes) for files in (sides.mine, sides.theirs)}
    if recorded != {None} and objects.workspace_md5(repository, path) not in recorded:
        raise MigrationError(
            f"{shown} was edited by hand since it was published",
            where=shown,
            hint=f"put it back first: {'git checkout --' if in_git else 'dvc checkout --force'} {shown}",
        )


def _recorded(text: str, path: str) -> str | None:
    outputs = lock_outputs(text.encode("utf-8", "surrogateescape"), PIPELINE_LOCK, None) if text else ()
    return next((item.md5 for item in outputs if item.path == path), None)
