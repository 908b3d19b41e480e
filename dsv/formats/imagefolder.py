"""A folder of pictures with a folder a class, maybe inside a folder a split: `train/cat/1.jpg`."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from dsv.errors import FormatError
from dsv.formats._annotations.image_metadata import is_metadata, with_metadata
from dsv.formats._shared.folder import SPLITS, is_image, members, where
from dsv.formats._shared.loader import Loader, schema
from dsv.formats._shared.notes import Notes
from dsv.formats.base import Format, ReadOnly, Scan
from dsv.model.identity import Rung
from dsv.model.snapshot import Member, Snapshot
from dsv.tables.duckdb import Engine, identifier
from dsv.tables.table import Table

IMAGES = schema(file="string", **{"class": "string"}, split="string", md5="string")
LABELS = ("class", "label")
"""The folders' classes, and what metadata commonly calls its own."""
IDENTITY = (
    Rung(fields=("file", "md5")),
    Rung(fields=("split", "class", "md5")),
    Rung(fields=("class", "md5")),
    Rung(fields=("md5",)),
    Rung(fields=("file",)),
)
"""A picture is its content: it was renamed, moved to another split, to another class; or its content was replaced."""


class ImageFolder(ReadOnly):
    """Folders of pictures: rows are files, told apart by their content, which is never opened."""

    name = "imagefolder"
    suffixes = ()
    shared_suffixes = ()
    generic = True

    def claims(self, snapshot: Snapshot) -> bool:
        """Say whether there is a picture in the folder."""
        return any(is_image(item.path) for item in snapshot.members or ())

    def scan(self, engine: Engine, snapshot: Snapshot) -> Scan:
        """List the pictures. Raises: FormatError: there is none, or the metadata is broken."""
        notes = Notes()
        files = sorted(members(snapshot), key=lambda item: item.path)
        images = [item for item in files if is_image(item.path)]
        if not images:
            raise FormatError("there are no pictures in the folder", where=snapshot.shown_path)
        splits = split_folders([item.path for item in images])
        loader = Loader(engine, IMAGES)
        loader.extend(_row(item, splits) for item in images)
        described = [item for item in files if is_metadata(item)]
        for item in files:
            if not is_image(item.path) and not is_metadata(item):
                notes.add("other-files", "files that are no pictures", where(snapshot, item.path), "info")
        table = with_metadata(snapshot, loader.table(), described, notes)
        labels = [name for name in LABELS if name in table.schema]
        return Scan(
            table=table,
            identity=IDENTITY,
            labels=tuple(name for name in labels if _has_values(table, name)),
            split="split",
            findings=notes.findings(),
        )


def split_folders(paths: Sequence[str]) -> set[str]:
    """Those of the uppermost folders that are splits.

    They are called like one, and have folders of classes in them or only such folders beside them:
    `test/1.jpg` beside `control/1.jpg` is a class.
    """
    parts = [path.split("/") for path in paths]
    firsts = {item[0] for item in parts if len(item) > 1}
    named = {name for name in firsts if name.lower() in SPLITS}
    deep = {item[0] for item in parts if len(item) > 2}
    return named if named == firsts else named & deep


def _row(member: Member, splits: Collection[str]) -> tuple[str, str | None, str | None, str]:
    folders = member.path.split("/")[:-1]
    split = folders.pop(0) if folders and folders[0] in splits else None
    return member.path, folders[0] if folders else None, split, member.md5()


def _has_values(table: Table, field: str) -> bool:
    return bool(table.engine.value(f"SELECT count({identifier(field)}) FROM {table.relation}"))


plugin: Format = ImageFolder()
