"""A chain that starts later: the version of a migration becomes the base, in the user's own format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dsv.documents.edit import replace_texts
from dsv.documents.yaml import KeyPath
from dsv.migrations.publish import publish
from dsv.migrations.version import open_version
from dsv.model.migration import BASE_ID, Base
from dsv.model.schema import Schema
from dsv.model.snapshot import Snapshot
from dsv.tables.duckdb import Engine


def squashed_base(engine: Engine, base: Base, base_snapshot: Snapshot, version: Path, target: Path) -> Base:
    """Write the rows of a version to `target` as a base file; gives what pins it.

    Classes keep their keys, ids, indices and history, retired ones too, and ids go on from where they
    were. Untouched cells are spelled as in the base before.

    Raises: DataMissing: the version is not there. FormatError, BrokenPromise: as publishing.
    """
    publish(engine, base, base_snapshot, version, target, None)
    state = open_version(version).state
    fields = tuple(replace(item, origin=item.name) for item in state.schema)
    return replace(base, state=replace(state, schema=Schema(fields=fields)), squashed=version.name)


def first_text(text: str, where: str) -> str:
    """The text of the document that comes first after a squash: it follows the base.

    Raises: DocumentError: the text cannot be edited.
    """

    def change(path: KeyPath, value: str) -> str:
        return BASE_ID if path == ("after",) else value

    return replace_texts(text, change, where)
