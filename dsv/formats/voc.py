"""Pascal VOC: a folder with an XML file of objects for each picture."""

from __future__ import annotations

import posixpath
from collections import Counter
from itertools import islice

from dsv.errors import FormatError
from dsv.formats._annotations.voc_annotation import FLAGS, Annotation, read_annotation
from dsv.formats._annotations.voc_layout import Layout, Picture
from dsv.formats._shared.folder import is_image, members, stem, where
from dsv.formats._shared.loader import Loader, schema
from dsv.formats._shared.notes import Notes
from dsv.formats._shared.xml import head, root_tag
from dsv.formats.base import Format, Part, ReadOnly, Scan
from dsv.model.identity import Rung
from dsv.model.snapshot import Member, Snapshot
from dsv.tables.duckdb import Engine

OBJECTS = schema(
    image="string",
    split="string",
    **{"class": "string"},
    bbox="list<number>",
    **dict.fromkeys(FLAGS, "string"),
    other="json",
)
IMAGES = schema(
    image="string",
    split="string",
    file="string",
    md5="string",
    annotated="boolean",
    objects="integer",
    width="number",
    height="number",
    depth="number",
    folder="string",
    filename="string",
    segmented="string",
    other="json",
)
UNANNOTATED = Annotation((None,) * 7, ())
IDENTITY = (
    Rung(fields=("image", "class", "bbox")),
    Rung(fields=("split", "image", "bbox")),
    Rung(fields=("split", "image", "class"), boxes="bbox"),
    Rung(fields=("split", "image"), boxes="bbox"),
    Rung(fields=("image", "bbox")),
    Rung(fields=("image", "class"), boxes="bbox"),
    Rung(fields=("image",), boxes="bbox"),
)
"""The object went with its image to another split, or has other flags; another class; was moved a little; both; all."""
_LOOKED_AT = 20


class Voc(ReadOnly):
    """Folders of Pascal VOC annotations: rows are objects, their boxes in pixels."""

    name = "voc"
    suffixes = ()
    shared_suffixes = ()
    generic = False

    def claims(self, snapshot: Snapshot) -> bool:
        """Say whether an XML file in the folder is an annotation; looks at the first few of them."""
        files = (item for item in snapshot.members or () if item.path.endswith(".xml"))
        return any(_is_annotation(item) for item in islice(files, _LOOKED_AT))

    def scan(self, engine: Engine, snapshot: Snapshot) -> Scan:
        """Read all annotations. Raises: FormatError: one is broken; names file and line."""
        if not any(item.path.endswith(".xml") for item in members(snapshot)):
            raise FormatError("there are no annotations", where=snapshot.shown_path, hint="they are *.xml files")
        snapshot.fetch([item.path for item in members(snapshot) if item.path.endswith((".xml", ".txt"))])
        reader = _Reader(engine, snapshot)
        reader.read()
        key = ("image",) if max(reader.names.values()) == 1 else ("split", "image")
        return Scan(
            table=reader.objects.table(),
            malformed=reader.malformed,
            first_malformed=reader.first_malformed,
            identity=IDENTITY,
            labels=("class",),
            split="split",
            parts={"images": Part(table=reader.images.table(), key=key)},
            findings=reader.notes.findings(),
        )


class _Reader:
    """Loads the pictures of one folder and their objects."""

    def __init__(self, engine: Engine, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.notes = Notes()
        self.objects, self.images = Loader(engine, OBJECTS), Loader(engine, IMAGES)
        self.names: Counter[str] = Counter()
        self.malformed = 0
        self.first_malformed: str | None = None

    def read(self) -> None:
        """Read all files. Raises: FormatError: an annotation is broken, and is not to be skipped."""
        layout = Layout(self._snapshot, self.notes)
        for picture in layout.pictures():
            self.names[picture.name] += 1
            if picture.annotation is None:
                self._load(picture, UNANNOTATED)
                continue
            shown = where(self._snapshot, picture.annotation.path)
            try:
                annotation = read_annotation(picture.annotation, shown, self.notes.add)
            except FormatError as error:
                if not self._snapshot.options.skip_malformed:
                    raise
                self.malformed += 1
                self.first_malformed = self.first_malformed or error.where
                continue
            self._load(picture, annotation)
            self._compare_names(picture, annotation, shown, layout.has_images)

    def _load(self, picture: Picture, annotation: Annotation) -> None:
        image = picture.image
        for item in annotation.objects:
            self.objects.add((picture.name, picture.split, item.class_name, item.bbox, *item.flags, item.other))
        self.images.add(
            (
                picture.name,
                picture.split,
                None if image is None else image.path,
                None if image is None else image.md5(),
                picture.annotation is not None,
                len(annotation.objects),
                *annotation.picture,
            )
        )

    def _compare_names(self, picture: Picture, annotation: Annotation, shown: str, has_images: bool) -> None:
        filename = str(annotation.picture[4] or "").strip().replace("\\", "/")
        named = stem(filename) if is_image(filename) else filename
        if filename and posixpath.basename(named) != posixpath.basename(picture.name):
            self.notes.add("other-filename", "annotations whose <filename> is that of another picture", shown)
        if picture.image is None and has_images:
            self.notes.add("annotation-without-image", "annotations without a picture", shown)


def _is_annotation(member: Member) -> bool:
    with member.open().open("rb") as stream:
        return root_tag(head(stream)) == "annotation"


plugin: Format = Voc()
