"""Row indexes: where those of a table are kept, and for which tables they are made."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dsv import __version__
from dsv.api.pairs import Pair, Side, content_id_now
from dsv.api.remembered import FOLDER, entries_folder
from dsv.diff.request import DiffRequest
from dsv.model.dataset import Dataset
from dsv.store.trees import Tree
from dsv.tables.changesets import Changesets
from dsv.tables.rowindex import Indexing

if TYPE_CHECKING:
    from dsv.formats.base import Scan

LOOSE = "md5-dos2unix:"
"""What DVC once recorded of texts, whatever their line ends: equal for bytes that are not."""
SETTING = "DSV_ROW_INDEX"
"""The environment's word: `off`, `always`, or `auto` as if it said nothing."""
LEAST_ROWS = 1_000_000
"""Tables of fewer rows are read in less time than it takes to make their index worth it."""


def indexed_side(scan: Scan, pair: Pair, side: Side) -> Scan:
    """The scan of a side of a diff, whose table knows where its row indexes are kept.

    One that is lacking is made of a committed version: work files and plain files may never be compared again.
    """
    lasting = side.tree is not None and side.tree.revision.commit is not None
    return _indexed(
        scan,
        side.content_id,
        entries_folder(pair),
        lasting=lasting,
        unchanged=lambda: lasting or side.now() == side.content_id,
    )


def index_for_diffs(scan: Scan, content_id: str | None, dataset: Dataset, tree: Tree) -> None:
    """Index a version that is being committed, if it has many rows: the diffs with it then read less.

    `content_id` is that of its bytes before they were scanned.
    """
    from dsv.diff.dataset import index_rows

    if not dataset.key:
        return
    found = _indexed(
        scan,
        content_id,
        tree.repo.cache_folder() / FOLDER,
        lasting=True,
        unchanged=lambda: content_id_now(tree, dataset.path) == content_id,
    )
    surrogates = tuple(name for name in scan.surrogates if name not in dataset.key)
    index_rows(found.table, DiffRequest(key=dataset.key, ignore=scan.context, surrogates=surrogates))


def _indexed(scan: Scan, content_id: str | None, folder: Path, *, lasting: bool, unchanged: Callable[[], bool]) -> Scan:
    """A scan whose table knows where its row indexes are kept: among the entries in a folder.

    `content_id` is equal for equal bytes, and `unchanged` says whether it still is theirs. An index that is lacking
    is made of a table of many rows if its bytes are `lasting`: a version that is kept is compared again, with the
    one before it and the one after it.
    """
    setting = os.environ.get(SETTING, "auto")
    if setting == "off" or content_id is None or content_id.startswith(LOOSE) or scan.snapshot is None:
        return scan
    snapshot, table = scan.snapshot, scan.table
    files = None if snapshot.members is None else [member.path for member in snapshot.members]
    read = [snapshot.format, snapshot.gzip, asdict(snapshot.options), files]
    least = 0 if setting == "always" else LEAST_ROWS if lasting else None
    indexing = Indexing(
        entries=Changesets(folder),
        relation=table.relation,
        content=json.dumps([__version__, content_id, read], sort_keys=True),
        unchanged=unchanged,
        least_rows=least,
    )
    return replace(scan, table=replace(table, indexing=indexing))
