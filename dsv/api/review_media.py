"""The image files of a review's rows, as far as they are on this machine."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dsv.api.pairs import Pair
from dsv.api.review_sides import Between
from dsv.errors import DsvError
from dsv.model.dataset import Media
from dsv.model.diff import Cell, RowChange
from dsv.store import objects
from dsv.store.trees import Tree

if TYPE_CHECKING:
    from dsv.renderers._report.thumbnails import Thumbnails


def media_files(between: Between, pairs: Sequence[Pair]) -> Thumbnails:
    """What gives the files of a dataset's row before and after; None for what is not there, or not here."""
    known = {pair.name: pair.declared.media for pair in pairs if pair.declared and pair.declared.media}

    def files(dataset: str, change: RowChange) -> tuple[Path | None, Path | None]:
        media = known.get(dataset)
        if media is None:
            return None, None
        cell = change.cells.get(media.field) or change.context.get(media.field)
        if cell is None and media.field in change.key:
            cell = Cell(old=change.key[media.field], new=change.key[media.field])
        if cell is None:
            return None, None
        before = None if change.kind == "added" else _file(between.start, media, cell.old)
        return before, None if change.kind == "removed" else _file(between.head, media, cell.new)

    return files


def _file(tree: Tree, media: Media, name: object) -> Path | None:
    if not isinstance(name, str) or "\0" in name:
        return None
    path = posixpath.normpath(posixpath.join(media.root, name))
    if not path.startswith(f"{media.root}/"):
        return None
    with suppress(DsvError, OSError):
        located = tree.find(path)
        if located is not None and not located.is_folder and objects.is_here(tree.repo, located):
            return objects.materialise(tree.repo, located)
    return None
