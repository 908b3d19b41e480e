"""Where nothing is declared: which files and folders of a repository may be datasets."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from pathlib import Path

from dsv.api.names import MIGRATIONS, VERSIONS
from dsv.api.snapshots import Files, of_files
from dsv.errors import DataMissing, DsvError
from dsv.store.trees import Tree


def candidates(tree: Tree) -> Iterator[str]:
    """Files that are tables by their names: not dsv's own bases, versions and side files."""
    from dsv.formats.base import is_table_name

    own = _own_paths(tree)
    for path in tree.data_paths():
        if is_table_name(path) and not _is_own(path) and path not in own:
            yield path


def possible(tree: Tree) -> Iterator[str]:
    """Files that are tables if their content is (`.json`), and the folders that DVC keeps, likewise."""
    from dsv.formats.base import may_be_table_name

    own = _own_paths(tree)
    paths = (path for path in tree.data_paths() if may_be_table_name(path))
    for path in (*paths, *tree.kept_folders()):
        if not _is_own(path) and path not in own:
            yield path


def holds_table(path: str, opened: Callable[[], Path], files: Callable[[], Files] | None) -> bool:
    """Say whether the beginning of a file, or what is in a folder (`files`), is of a format.

    If that cannot be told, because the data is not here, it may be one: it is then told so.
    """
    from dsv.formats.base import is_claimed
    from dsv.model.snapshot import Snapshot

    try:
        snapshot = Snapshot(path=Path() if files is not None else opened(), format="", shown_path=path)
        return is_claimed(snapshot if files is None else of_files(snapshot, files()))
    except DsvError as error:
        return isinstance(error, DataMissing)


def _is_own(path: str) -> bool:
    parts = path.split("/")
    return VERSIONS in parts or (len(parts) > 2 and parts[-3] == MIGRATIONS and parts[-1].startswith("m"))


def _own_paths(tree: Tree) -> set[str]:
    from dsv.migrations.base import load as load_base
    from dsv.model.migration import BASE_ID

    bases = [path for path in tree.paths() if posixpath.basename(path) == f"{BASE_ID}.yaml"]
    found = set()
    for path, content in tree.read_many(bases).items():
        project = posixpath.dirname(posixpath.dirname(posixpath.dirname(path)))
        found.add(posixpath.normpath(posixpath.join(project, load_base(content, path).path)))
    return found
