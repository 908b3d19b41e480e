"""A version directory: `rows/part-*.parquet`, `schema.yaml`, and `quarantine/` with the rows set aside."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dsv.errors import DataMissing, DocumentError
from dsv.files import write_text
from dsv.migrations.state import StateDocument, dump, load, state_of
from dsv.model.migration import State, Version
from dsv.profiles.digest import fold

SCHEMA_FILE = "schema.yaml"
VERSION = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionDocument(StateDocument):
    """`schema.yaml`: the state, how many rows there are, their digest, and the sum of hashes that it is made of."""

    dsv: int
    rows: int
    digest: str
    total: str


def write_schema(version: Version) -> None:
    """Write a version's `schema.yaml`."""
    head = {"dsv": VERSION, "rows": version.rows, "digest": version.digest, "total": f"{version.total:032x}"}
    write_text(version.path / SCHEMA_FILE, dump(head, version.state))


def open_version(folder: Path) -> Version:
    """What a version directory says of itself; no rows are read.

    Raises: DataMissing: it is not there. DocumentError: its `schema.yaml` is damaged.
    """
    path = folder / SCHEMA_FILE
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise DataMissing(
            f"the version {folder.name} is not there",
            where=str(folder),
            hint="fetch it: dvc pull, or make it: dvc repro",
        ) from None
    try:
        document = load(VersionDocument, text, str(path))
        if document.dsv != VERSION:
            raise DocumentError(f"not a version of the form {VERSION}: dsv {document.dsv}", where=str(path))
    except DocumentError as error:
        error.hint = "damaged, or written by another dsv; make it again: dvc repro --force"
        raise
    return Version(
        path=folder,
        state=state_of(document),
        rows=document.rows,
        digest=document.digest,
        total=int(document.total, 16),
    )


def made(folder: Path, state: State, rows: int, total: int) -> Version:
    """A version of so many rows, whose hashes add up to `total`."""
    return Version(path=folder, state=state, rows=rows, digest=fold(state.schema, rows, total), total=total)
