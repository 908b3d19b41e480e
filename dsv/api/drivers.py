"""What Git runs to compare two versions of a file that holds a dataset, or points to one."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from dsv.api.diff import Comparison, DiffOptions, compare_pairs
from dsv.api.pairs import Pair, Side
from dsv.api.summaries import HANDY_BYTES, Profiles, in_cache, outputs_of
from dsv.errors import DataMissing
from dsv.model.dataset import Dataset
from dsv.model.profile import Profile
from dsv.model.revision import Revision
from dsv.store.hashes import file_md5
from dsv.store.pointers import Output, is_pointer
from dsv.store.repository import Repository
from dsv.store.revisions import workspace
from dsv.store.trees import Tree

VIEWS = frozenset({"stat", "schema", "labels"})


def compare_files(start: Path, path: str, old: Path | None, new: Path | None) -> Comparison | None:
    """The diff of a dataset's file at two revisions, as Git hands them over; None if no dataset differs.

    `path` is its repository path; `old` and `new` are files with its content, None where it is not there.
    Nothing is fetched, and what is not here or large is compared by its profiles.

    Raises: DsvError: it cannot be compared.
    """
    repository = Repository.discover(start)
    declared = Tree(repository, workspace()).declared()
    if is_pointer(path):
        pairs = _pointed(repository, declared, path, old, new)
    else:
        sides = [None if file is None else _table(repository, path, file) for file in (old, new)]
        dataset = next((item for item in declared if item.path == path), None)
        name = path if dataset is None else dataset.name
        pairs = [Pair(name=name, path=path, declared=dataset, old=sides[0], new=sides[1])]
    pairs = [pair for pair in pairs if not pair.identical]
    if not pairs:
        return None
    large = any(_is_large(side) for pair in pairs for side in (pair.old, pair.new) if side is not None)
    options = DiffOptions(views=VIEWS, profiles=True) if large else DiffOptions(views=frozenset())
    return compare_pairs((Revision(name=f"a/{path}"), Revision(name=f"b/{path}")), pairs, options)


def _is_large(side: Side) -> bool:
    return not side.here() or side.open().stat().st_size > HANDY_BYTES


def _pointed(
    repository: Repository, declared: Sequence[Dataset], path: str, old: Path | None, new: Path | None
) -> list[Pair]:
    """The declared datasets among the outputs on both sides; where none is declared, all outputs that are files."""
    sides = [
        {} if file is None else {item.path: item for item in outputs_of(file.read_bytes(), path)} for file in (old, new)
    ]
    known = {item.path: item for item in declared}
    among = [place for place in dict.fromkeys((*sides[1], *sides[0])) if place in known or path.endswith(".dvc")]
    found = []
    for place in among:
        before, after = (None if place not in side else _output(repository, side[place]) for side in sides)
        dataset = known.get(place)
        name = place if dataset is None else dataset.name
        found.append(Pair(name=name, path=place, declared=dataset, old=before, new=after))
    return found


def _output(repository: Repository, output: Output) -> Side:
    def opened() -> Path:
        file = in_cache(repository, output)
        if file is None:
            raise DataMissing(
                f"the data of {output.path!r} is not in the cache", where=f"md5 {output.md5}", hint="dvc fetch"
            )
        return file

    return Side(
        path=output.path,
        content_id=None if output.md5 is None else f"md5:{output.md5}",
        open=opened,
        profile=partial(_profile, repository, str(output.md5)),
        here=lambda: in_cache(repository, output) is not None,
    )


def _profile(repository: Repository, md5: str) -> Profile | None:
    return Profiles(repository).of(md5)


def _table(repository: Repository, path: str, file: Path) -> Side:
    md5 = file_md5(file)
    return Side(
        path=posixpath.normpath(path),
        content_id=f"md5:{md5}",
        open=lambda: file,
        profile=partial(_profile, repository, md5),
    )
