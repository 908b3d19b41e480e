"""A declared dataset: a DVC artifact with `meta.dsv`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """Files that rows point to: the `field` holds paths below `root` (repository path)."""

    field: str
    root: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A declared table.

    `path` is relative to the repository's top level, with forward slashes, as is `declared_in`,
    the `dvc.yaml` that holds the declaration. `labels` are the fields whose values are classes.
    `format` names the format of a file or folder that is not found by its name or content.
    """

    name: str
    path: str
    declared_in: str = "dvc.yaml"
    description: str | None = None
    key: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    split: str | None = None
    media: Media | None = None
    header: bool = True
    unlabelled: str | None = None
    pii: tuple[str, ...] = ()
    versions: str | None = None
    format: str | None = None
