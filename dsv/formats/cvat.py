"""CVAT for images and for video, 1.1: one XML file of shapes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from dsv.errors import FormatError
from dsv.formats._annotations.cvat_shapes import TEXTS, read_shape
from dsv.formats._shared.bytes import open_bytes
from dsv.formats._shared.geometry import number
from dsv.formats._shared.json_text import canonical
from dsv.formats._shared.loader import Loader, schema
from dsv.formats._shared.notes import Notes
from dsv.formats._shared.xml import Element, elements, head, root_tag
from dsv.formats.base import Format, Part, ReadOnly, Scan
from dsv.model.identity import Rung
from dsv.model.snapshot import Snapshot
from dsv.tables.duckdb import Engine

SHAPES = schema(
    image="string",
    split="string",
    **{"class": "string"},
    shape="string",
    bbox="list<number>",
    points="list<number>",
    rle="string",
    track="string",
    **dict.fromkeys(TEXTS, "string"),
    attributes="json",
    other="json",
)
IMAGES = schema(
    image="string",
    split="string",
    id="string",
    task="string",
    width="number",
    height="number",
    shapes="integer",
    other="json",
)
LABELS = schema(name="string", color="string", type="string", attributes="json", other="json")
META = schema(name="string", value="string")
IDENTITY = (
    Rung(fields=("image", "shape", "class", "bbox")),
    Rung(fields=("image", "shape", "bbox")),
    Rung(fields=("image", "shape", "class"), boxes="bbox"),
    Rung(fields=("image", "shape"), boxes="bbox"),
    Rung(fields=("image", "class"), boxes="bbox"),
    Rung(fields=("image",), boxes="bbox"),
)
"""Other attributes; another class; the shape was moved a little; both; it is of another kind, a polygon for a box."""
_IMAGE_TEXTS = ("name", "subset", "id", "task_id", "width", "height")
_LABEL_TEXTS = ("name", "color", "type", "attributes")


class Cvat(ReadOnly):
    """Annotations as CVAT exports them: rows are shapes, those of a track one a frame.

    The box of a tag is the whole image. A frame is called as CVAT calls it when it exports images.
    """

    name = "cvat"
    suffixes = ()
    shared_suffixes = (".xml",)
    generic = False

    def claims(self, snapshot: Snapshot) -> bool:
        """Say whether the root is <annotations>."""
        if snapshot.members is not None:
            return False
        try:
            with open_bytes(snapshot) as stream:
                return root_tag(head(stream)) == "annotations"
        except FormatError:
            return False

    def scan(self, engine: Engine, snapshot: Snapshot) -> Scan:
        """Read the file. Raises: FormatError: it is no CVAT file, or a shape is broken; names the line."""
        reader = _Reader(engine, snapshot)
        with open_bytes(snapshot) as stream:
            reader.read(elements(stream, snapshot.shown_path))
        key = ("image",) if max(reader.names.values(), default=0) <= 1 else ("split", "task", "image")
        return Scan(
            table=reader.shapes.table(),
            malformed=reader.malformed,
            first_malformed=reader.first_malformed,
            identity=IDENTITY,
            surrogates=("track",),
            labels=("class",),
            split="split",
            parts={
                "images": Part(table=reader.images.table(), key=key, surrogates=("id",)),
                "labels": Part(table=reader.labels.table(), key=("name",)),
                "meta": Part(table=reader.meta.table(), key=("name",)),
            },
            findings=reader.notes.findings(),
        )


class _Reader:
    """Loads what one file holds."""

    def __init__(self, engine: Engine, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.shapes, self.images = Loader(engine, SHAPES), Loader(engine, IMAGES)
        self.labels, self.meta = Loader(engine, LABELS), Loader(engine, META)
        self.notes = Notes()
        self.names: Counter[str] = Counter()
        self.malformed = 0
        self.first_malformed: str | None = None
        self._known: set[str] = set()

    def read(self, parts: Iterator[Element]) -> None:
        """Read all elements. Raises: FormatError: the root is another one, or a shape is broken."""
        root = next(parts)
        if root.tag != "annotations":
            raise self._error(f"the root is <{root.tag}>, not <annotations>", root)
        described: Counter[str] = Counter()
        for item in parts:
            if item.tag == "image":
                self._image(item)
            elif item.tag == "track":
                self._track(item)
            else:
                self._describe(item, item.tag, described)

    def _image(self, item: Element) -> None:
        attributes = dict(item.attributes)
        name, subset, number_, task, *sides = (attributes.pop(text, None) for text in _IMAGE_TEXTS)
        if not name:
            raise self._error("the image has no name", item)
        try:
            width, height = (None if side is None else number(side) for side in sides)
        except ValueError as error:
            raise self._error(f"the size of the image: {error}", item) from None
        whole = None if width is None or height is None else [0.0, 0.0, width, height]
        for shape in item.children:
            self._shape(shape, name, subset, None, {}, whole)
        self.names[name] += 1
        other = canonical(attributes) if attributes else None
        self.images.add((name, subset, number_, task, width, height, len(item.children), other))

    def _track(self, item: Element) -> None:
        outer = dict(item.attributes)
        track, subset = outer.pop("id", None), outer.pop("subset", None)
        for shape in item.children:
            frame = shape.attributes.pop("frame", "")
            if not re.fullmatch(r"[0-9]{1,9}", frame):
                self._malformed("the shape of a track has no frame", shape)
                continue
            self._shape(shape, f"frame_{int(frame):06d}", subset, track, outer, None)

    def _shape(
        self,
        item: Element,
        image: str,
        subset: str | None,
        track: str | None,
        outer: dict[str, str],
        whole: list[float] | None,
    ) -> None:
        try:
            shape = read_shape(item, outer, whole)
        except ValueError as error:
            self._malformed(str(error), item)
            return
        if self._known and shape.label not in self._known:
            self.notes.add("unknown-class", "shapes whose label is not in <labels>", self._place(item))
        geometry = shape.kind, shape.bbox, shape.points, shape.rle
        self.shapes.add((image, subset, shape.label, *geometry, track, *shape.texts, shape.attributes, shape.other))

    def _describe(self, item: Element, path: str, seen: Counter[str]) -> None:
        """What is neither image nor track: the labels, and all else by its path."""
        if item.tag == "label" and item.child("name") is not None:
            self._label(item)
        elif item.children:
            for child in item.children:
                self._describe(child, f"{path}.{child.tag}", seen)
        else:
            seen[path] += 1
            again = f"[{seen[path]}]" if seen[path] > 1 else ""
            self.meta.add((path + again, item.text))

    def _label(self, item: Element) -> None:
        name, color, kind = (item.text_of(tag) for tag in _LABEL_TEXTS[:3])
        attributes = item.child("attributes")
        other = {child.tag: child.value() for child in item.children if child.tag not in _LABEL_TEXTS}
        self._known.add(name or "")
        self.labels.add(
            (
                name,
                color,
                kind,
                canonical(attributes.value()) if attributes is not None and attributes.children else None,
                canonical(other) if other else None,
            )
        )

    def _malformed(self, problem: str, item: Element) -> None:
        if not self._snapshot.options.skip_malformed:
            raise self._error(problem, item)
        self.malformed += 1
        self.first_malformed = self.first_malformed or self._place(item)

    def _place(self, item: Element) -> str:
        return f"{self._snapshot.shown_path}:{item.line}"

    def _error(self, problem: str, item: Element) -> FormatError:
        return FormatError(
            f"{problem} (<{item.tag}>)", where=self._place(item), hint="mend the file, or export it again"
        )


plugin: Format = Cvat()
