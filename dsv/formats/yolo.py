"""YOLO: a folder with `data.yaml`, pictures in `images/` and a text file of boxes for each in `labels/`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from dsv.errors import FormatError
from dsv.formats._annotations.yolo_config import Config, find_config, read_config
from dsv.formats._annotations.yolo_labels import LabelReader
from dsv.formats._annotations.yolo_layout import Layout, Picture
from dsv.formats._shared.folder import members, where
from dsv.formats._shared.loader import Loader, schema
from dsv.formats._shared.notes import Notes
from dsv.formats.base import Format, Part, ReadOnly, Scan
from dsv.model.identity import Rung
from dsv.model.snapshot import Snapshot
from dsv.tables.duckdb import Engine
from dsv.tables.table import Table

SHAPES = schema(
    image="string",
    split="string",
    **{"class": "string"},
    bbox="list<number>",
    polygon="list<number>",
    keypoints="list<number>",
)
IMAGES = schema(image="string", split="string", file="string", md5="string", labels="boolean", shapes="integer")
CLASSES = schema(name="string", index="integer")
IDENTITY = (
    Rung(fields=("image", "class", "bbox")),
    Rung(fields=("split", "image", "bbox")),
    Rung(fields=("split", "image", "class"), boxes="bbox"),
    Rung(fields=("split", "image"), boxes="bbox"),
    Rung(fields=("image", "bbox")),
    Rung(fields=("image", "class"), boxes="bbox"),
    Rung(fields=("image",), boxes="bbox"),
)
"""The shape went with its image to another split; has another class; was moved a little; both; all."""


class Yolo(ReadOnly):
    """Folders as YOLO's trainers read them: rows are shapes, classes go by name.

    An oriented box is a polygon of four points: its line is the same.
    """

    name = "yolo"
    suffixes = ()
    shared_suffixes = ()
    generic = False

    def claims(self, snapshot: Snapshot) -> bool:
        """Say whether a file names classes and a folder `labels` has text files."""
        if snapshot.members is None:
            return False
        has_labels = any("labels/" in item.path and item.path.endswith(".txt") for item in snapshot.members)
        try:
            return has_labels and find_config(snapshot) is not None
        except FormatError:
            return True

    def scan(self, engine: Engine, snapshot: Snapshot) -> Scan:
        """Read all label files. Raises: FormatError: names file and line."""
        members(snapshot)
        notes = Notes()
        config = read_config(snapshot, notes)
        layout = Layout(snapshot, config, notes)
        if not layout.label_files:
            raise FormatError("there are no label files", where=snapshot.shown_path, hint="they are in labels/**/*.txt")
        snapshot.fetch(layout.label_files)
        reader = LabelReader(snapshot, config, notes)
        shapes, images = Loader(engine, SHAPES), Loader(engine, IMAGES)
        names: Counter[str] = Counter()
        for picture in layout.pictures():
            names[picture.name] += 1
            images.add(_read(picture, reader, shapes))
            if picture.image is None and picture.labels is not None and layout.has_images:
                place = where(snapshot, picture.labels.path)
                notes.add("labels-without-image", "label files without an image", place)
        key = ("image",) if max(names.values()) == 1 else ("split", "image")
        return Scan(
            table=shapes.table(),
            malformed=reader.malformed,
            first_malformed=reader.first_malformed,
            identity=IDENTITY,
            labels=("class",),
            split="split",
            parts={
                "images": Part(table=images.table(), key=key),
                "classes": Part(table=_classes(engine, config), key=("name",)),
            },
            findings=notes.findings(),
        )


def _read(picture: Picture, reader: LabelReader, shapes: Loader) -> Sequence[Any]:
    """Load the shapes of a picture; the picture's own row."""
    count = 0
    for shape in reader.shapes(picture.labels) if picture.labels else ():
        count += 1
        shapes.add((picture.name, picture.split, shape.class_name, shape.bbox, shape.polygon, shape.keypoints))
    image = picture.image
    return (
        picture.name,
        picture.split,
        None if image is None else image.path,
        None if image is None else image.md5(),
        picture.labels is not None,
        count,
    )


def _classes(engine: Engine, config: Config) -> Table:
    loader = Loader(engine, CLASSES)
    loader.extend((name, index) for index, name in sorted(config.names.items()))
    return loader.table()


plugin: Format = Yolo()
