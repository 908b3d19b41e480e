"""What a chain knows of its dataset's labels: those that migrations added, and what counts as not labelled."""

from __future__ import annotations

import contextlib
import posixpath

from dsv.api.names import CHAIN_LOCK, MIGRATIONS
from dsv.api.pairs import Pair, Side
from dsv.errors import DocumentError
from dsv.model.profile import profile_path


def chain_labels(pair: Pair) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Labels, and pairs of a field and its value for not labelled, as the profiles of both sides tell.

    Nothing where there is no chain: there the declaration says it all.
    """
    labels: dict[str, None] = {}
    unlabelled: dict[tuple[str, str], None] = {}
    for side in (pair.new, pair.old):
        text = None if side is None else _profile(pair, side)
        if side is None or text is None:
            continue
        from dsv.profiles.document import roles

        # A profile that is damaged is told where it is used for more than this.
        with contextlib.suppress(DocumentError):
            found = roles(text, profile_path(side.path))
            labels.update(dict.fromkeys(found.labels))
            unlabelled.update(dict.fromkeys(found.unlabelled))
    return tuple(labels), tuple(unlabelled)


def _profile(pair: Pair, side: Side) -> bytes | None:
    """The text of a side's profile, None if it has no chain or no profile."""
    if side.tree is None or pair.declared is None:
        return None
    folder = posixpath.join(posixpath.dirname(pair.declared.declared_in), MIGRATIONS, pair.name)
    if side.tree.find(f"{folder}/{CHAIN_LOCK}") is None:
        return None
    return side.tree.read(profile_path(side.path))
