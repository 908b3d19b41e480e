"""Rows added, removed and changed by a commit: as it recorded them, or counted where its data is at hand."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from dsv.api.diff import compare_trees
from dsv.api.moves import path_at
from dsv.api.pairs import recorded_profile
from dsv.errors import DsvError
from dsv.model.dataset import Dataset
from dsv.model.history import RowDelta
from dsv.store import objects
from dsv.store.hashes import load_json, save_json
from dsv.store.located import Located
from dsv.store.repository import Repository
from dsv.store.trees import Tree

COUNTED_BYTES = 64 * 2**20
"""Larger data is not read for a line of the log."""
REMEMBERED = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What is known of one dataset at one commit; None where it is not known on this machine."""

    delta: RowDelta | None
    rows: int | None


def count(
    repository: Repository,
    before: Tree,
    tree: Tree,
    dataset: Dataset,
    told: RowDelta | None,
    *,
    first: str | None = None,
) -> Counted:
    """The rows of a commit (`tree`), and how they differ from those of its first parent (`before`).

    What the commit told of itself stands, unless the profiles of both sides contradict it, as after
    a rebase. Else the data is compared, if all of it is here; nothing is ever fetched. `first` is
    the path that the dataset was declared at first, where that is not the one that it has now.
    """
    try:
        sides = [side.find(path_at(side, dataset, first)) for side in (before, tree)]
    except DsvError:
        # A damaged pointer, or a list of files that is elsewhere: what the commit tells cannot be held against it.
        return Counted(delta=told, rows=None)
    rows = [_rows(side, located) for side, located in zip((before, tree), sides, strict=True)]
    old, new = rows
    if told is not None and (old is None or new is None or old + told.added - told.removed == new):
        return Counted(delta=told, rows=new)
    if sides == [None, None] or not all(located is None or _is_handy(repository, located) for located in sides):
        return Counted(delta=None, rows=new)
    return _remembered(repository, (before, tree), dataset, sides, first or dataset.path)


def _rows(tree: Tree, located: Located | None) -> int | None:
    """The number of rows, by the profile of exactly these bytes; nothing is fetched to know them."""
    if located is None:
        return 0
    if not objects.is_here(tree.repo, located) and located.md5 is None:
        return None
    try:
        profile = recorded_profile(tree, located)
    except DsvError:
        return None
    return None if profile is None else profile.rows


def _is_handy(repository: Repository, located: Located) -> bool:
    if located.is_folder or not objects.is_here(repository, located):
        return False
    try:
        return objects.materialise(repository, located).stat().st_size <= COUNTED_BYTES
    except DsvError:
        return False


def _remembered(
    repository: Repository, trees: tuple[Tree, Tree], dataset: Dataset, sides: list[Located | None], path: str
) -> Counted:
    place = repository.cache_folder() / "counts.json"
    ids = [None if located is None else objects.content_id(repository, located) for located in sides]
    name = json.dumps([1, *ids, dataset.key, dataset.header, dataset.format])
    known = load_json(place)
    found = _decoded(known.get(name))
    if found is None:
        found = _compared(trees, dataset, path)
        if found.delta is not None:
            known[name] = [asdict(found.delta), found.rows]
            save_json(place, dict(list(known.items())[-REMEMBERED:]))
    return found


def _decoded(entry: Any) -> Counted | None:
    try:
        delta, rows = entry
        return Counted(
            delta=RowDelta(**{name: int(delta[name]) for name in ("added", "removed", "changed")}), rows=rows
        )
    except (TypeError, ValueError, KeyError):
        return None


def _compared(trees: tuple[Tree, Tree], dataset: Dataset, path: str) -> Counted:
    declared = any(item.name == dataset.name for tree in trees for item in tree.declared())
    try:
        with compare_trees(trees, dataset.name if declared else path) as comparison:
            rows = comparison.result.datasets[0].rows
    except DsvError:
        return Counted(delta=None, rows=None)
    if rows.added is None or rows.removed is None or rows.changed is None:
        return Counted(delta=None, rows=rows.new)
    return Counted(delta=RowDelta(added=rows.added, removed=rows.removed, changed=rows.changed), rows=rows.new)
