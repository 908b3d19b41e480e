"""The paths of Git's that change with a dataset, there and where it was before."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence

from dsv.api.names import MIGRATIONS
from dsv.model.dataset import Dataset
from dsv.model.profile import profile_path


def paths_of(dataset: Dataset, places: Sequence[str]) -> list[str]:
    """The files that change with a dataset alone, there and at the `places` where it was before."""
    own = [(path, f"{path}.dvc", profile_path(path)) for path in dict.fromkeys((dataset.path, *places))]
    return [*(path for paths in own for path in paths), documents_of(dataset)]


def documents_of(dataset: Dataset) -> str:
    """The folder of a dataset's migrations."""
    return posixpath.join(posixpath.dirname(dataset.declared_in), MIGRATIONS, dataset.name)


def first_path(dataset: Dataset, places: Sequence[str]) -> str | None:
    """The path of the first declaration, None if there never was another than now."""
    return places[-1] if set(places) - {dataset.path} else None


def outer_pointers(path: str) -> Iterator[str]:
    """Where a pointer may be that holds a path among others: of a folder that it is in, or of a stage."""
    folder = posixpath.dirname(path)
    while folder:
        yield f"{folder}.dvc"
        yield f"{folder}/dvc.lock"
        folder = posixpath.dirname(folder)
    yield "dvc.lock"


def covered(path: str, paths: Iterable[str]) -> bool:
    """Say whether a path is one of others, or below one."""
    return any(path == other or path.startswith(other + "/") for other in paths)
