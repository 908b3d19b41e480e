"""Names that a shell may complete: datasets, revisions, fields, classes and migrations."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from dsv.api.places import documents_of
from dsv.errors import DsvError
from dsv.model.profile import Profile, profile_path
from dsv.profiles import document as profiles
from dsv.store.repository import Repository
from dsv.store.revisions import names, workspace
from dsv.store.trees import Tree

Kind = Literal["dataset", "revision", "field", "class", "migration"]


def completions(start: Path, kind: Kind) -> list[str]:
    """Names of a kind, sorted, each once. Fields and classes are those of the profiles: no data is opened.

    Raises: NotARepository. DocumentError: a `dvc.yaml` is wrong.
    """
    repository = Repository.discover(start)
    if kind == "revision":
        return sorted({"HEAD", *names(repository)})
    tree = Tree(repository, workspace())
    if kind == "dataset":
        return sorted(dataset.name for dataset in tree.declared())
    if kind == "migration":
        return sorted(_migrations(tree))
    found = _profiles(tree)
    if kind == "field":
        return sorted({item.field.name for profile in found for item in profile.fields})
    return sorted({name for profile in found for label in profile.labels for name in label.classes})


def _migrations(tree: Tree) -> Iterator[str]:
    """The ids of all chains' migrations, by the names of their documents."""
    folders = {documents_of(dataset) for dataset in tree.declared()}
    for path in tree.paths():
        folder, name = posixpath.split(path)
        if folder in folders and name.startswith("m") and name.endswith(".yaml"):
            yield name.removesuffix(".yaml")


def _profiles(tree: Tree) -> Iterator[Profile]:
    """The profiles that can be read: a damaged one is no reason to complete nothing."""
    for path in (profile_path(dataset.path) for dataset in tree.declared()):
        content = tree.read(path)
        try:
            if content is not None:
                yield profiles.load(content, path)
        except DsvError:
            continue
