"""Diffs that were made before: kept by what the two sides are and by all that was asked of them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import posixpath
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dsv import __version__
from dsv.api.names import MIGRATIONS, PARAMETERS
from dsv.api.options import DiffOptions
from dsv.api.pairs import Pair, Side
from dsv.errors import DsvError
from dsv.model.diff import DatasetDiff
from dsv.model.finding import Finding
from dsv.store.repository import user_cache_folder
from dsv.tables.duckdb import Engine

if TYPE_CHECKING:
    from dsv.formats.base import Scan
    from dsv.tables.changesets import Changesets

FOLDER = "changesets"
LEAST_BYTES = 4 * 2**20
"""Smaller tables are compared anew in less time than it takes to keep the result."""


def recall(engine: Engine, pair: Pair, options: DiffOptions) -> tuple[DatasetDiff, tuple[Finding, ...]] | None:
    """The diff of these sides and options, and what there was to say of it; None if it is not known."""
    # Most repositories are small, and remember nothing: what names a diff is not worked out for them.
    name = _name(pair, options) if entries_folder(pair).is_dir() else None
    known = None if name is None else _changesets(pair).find(name)
    if known is None:
        return None
    from dsv.diff.stored import load

    try:
        return load(engine, *known)
    except (KeyError, TypeError, ValueError):
        return None


def keep(
    pair: Pair, options: DiffOptions, scans: Sequence[Scan | None], diff: DatasetDiff, findings: Sequence[Finding]
) -> None:
    """Remember a diff and what there is to say of it, if it is worth it and can be written down."""
    if _size(scans) < LEAST_BYTES:
        return
    name = _name(pair, options)
    if name is None:
        return
    # A work file may have changed after it was identified and before it was opened.
    if any(side is None or side.now() != side.content_id for side in (pair.old, pair.new)):
        return
    from dsv.diff.codec import Unstorable
    from dsv.diff.stored import save

    with contextlib.suppress(Unstorable):
        _changesets(pair).add(name, lambda folder: save(diff, findings, folder))


def _changesets(pair: Pair) -> Changesets:
    from dsv.tables.changesets import Changesets

    return Changesets(entries_folder(pair))


def entries_folder(pair: Pair) -> Path:
    """Where changesets and row indexes of these sides are kept."""
    trees = [side.tree for side in (pair.old, pair.new) if side is not None and side.tree is not None]
    return (trees[0].repo.cache_folder() if trees else user_cache_folder()) / FOLDER


def _name(pair: Pair, options: DiffOptions) -> str | None:
    """A name that is another whenever the diff may be another; None where no name can say that much."""
    if pair.old is None or pair.new is None or pair.row is not None or options.where is not None:
        return None
    if pair.old.content_id is None or pair.new.content_id is None:
        return None
    import duckdb

    from dsv.diff.stored import VERSION

    try:
        chains = [_chain(pair, side) for side in (pair.old, pair.new)]
    except DsvError:
        return None
    # Neither what is shown nor the memory that it may take changes a diff; the sides are swapped already.
    asked = replace(options, views=None, memory_bytes=None, reverse=False)
    known = {
        "version": [VERSION, __version__, duckdb.__version__],
        "table": [pair.name, pair.path],
        "sides": [[side.path, side.content_id] for side in (pair.old, pair.new)],
        "chains": chains,
        "declared": None if pair.declared is None else asdict(pair.declared),
        "options": asdict(asked),
    }
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


def _chain(pair: Pair, side: Side) -> str | None:
    """A hash of the migrations of a side, which explain changes; None where there are none."""
    if side.tree is None or pair.declared is None:
        return None
    project = posixpath.dirname(pair.declared.declared_in)
    folder = posixpath.join(project, MIGRATIONS, pair.name) + "/"
    paths = [path for path in side.tree.paths() if path.startswith(folder)]
    if not paths:
        return None
    found: dict[str, Any] = side.tree.read_many([*paths, posixpath.join(project, PARAMETERS)])
    digest = hashlib.sha256()
    for path, content in sorted(found.items()):
        digest.update(f"{path}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _size(scans: Sequence[Scan | None]) -> int:
    found = 0
    for scan in scans:
        snapshot = None if scan is None else scan.snapshot
        if snapshot is not None:
            paths: list[Path] = (
                [snapshot.path] if snapshot.members is None else [member.open() for member in snapshot.members]
            )
            found += sum(path.stat().st_size for path in paths)
    return found
