"""The media files of a dataset at both sides, by the hashes that DVC and Git know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dsv.api.pairs import Pair, Side
from dsv.api.snapshots import tree_files
from dsv.errors import DataMissing, IntegrityError, RepositoryError
from dsv.model.finding import Finding
from dsv.store import folders

if TYPE_CHECKING:
    from dsv.diff.media import MediaFiles

NOT_COMPARED = "not-compared"


def media_between(pair: Pair) -> tuple[MediaFiles | None, list[Finding]]:
    """The listings of both sides; None where the dataset declares no media, or they cannot be had.

    A root that a side lacks has no files. Findings say why a listing cannot be had.
    """
    media = None if pair.declared is None else pair.declared.media
    if media is None or all(side is None or side.tree is None for side in (pair.old, pair.new)):
        return None, []
    from dsv.diff.media import MediaFiles

    try:
        old, new = _listing(pair.old, media.root), _listing(pair.new, media.root)
    except (DataMissing, IntegrityError, RepositoryError) as error:
        message = f"the media in {media.root} cannot be compared: {error.message}"
        return None, [Finding(rule=NOT_COMPARED, level="error", message=message, dataset=pair.name)]
    return MediaFiles(field=media.field, root=media.root, old=old, new=new), []


def same_media(pair: Pair) -> bool:
    """Say whether both sides are known to have the same media files, none declared included."""
    media = None if pair.declared is None else pair.declared.media
    if media is None or pair.old is None or pair.new is None:
        return True
    old, new = _content_id(pair.old, media.root), _content_id(pair.new, media.root)
    return old is not None and old == new


def _listing(side: Side | None, root: str) -> Mapping[str, str]:
    located = None if side is None or side.tree is None else side.tree.find(root)
    if located is None or side is None or side.tree is None:
        return {}
    return {member.path: member.md5() for member in tree_files(side.tree, located).members}


def _content_id(side: Side, root: str) -> str | None:
    located = None if side.tree is None else side.tree.find(root)
    return None if located is None or side.tree is None else folders.content_id(side.tree, located)
