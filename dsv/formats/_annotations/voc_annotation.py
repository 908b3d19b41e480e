"""One annotation of Pascal VOC: what it says of its picture, and the objects in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dsv.errors import FormatError
from dsv.formats._shared.geometry import between, number
from dsv.formats._shared.json_text import canonical
from dsv.formats._shared.xml import Element, elements, spelled
from dsv.model.snapshot import Member

FLAGS = ("pose", "truncated", "difficult", "occluded")
CORNERS = ("xmin", "ymin", "xmax", "ymax")
_SIZE = ("width", "height", "depth")
_OF_PICTURE = ("folder", "filename", "segmented")

Note = Callable[[str, str, str], None]


@dataclass(frozen=True, slots=True)
class Object:
    """An object: its class, [x, y, width, height] in pixels, its flags as written, and all else as JSON."""

    class_name: str
    bbox: list[float] | None
    flags: tuple[str | None, ...]
    other: str | None


@dataclass(frozen=True, slots=True)
class Annotation:
    """`picture` are width, height and depth in pixels, folder, filename and segmented, then all else as JSON."""

    picture: tuple[float | str | None, ...]
    objects: tuple[Object, ...]


def read_annotation(member: Member, shown: str, note: Note) -> Annotation:
    """Read an annotation; `note` takes rule, what and where of faults that leave it readable.

    Raises: FormatError: it is none; names file and line.
    """
    with member.open().open("rb") as stream:
        root, *parts = elements(stream, shown)
    if root.tag != "annotation":
        raise FormatError(
            f"the root is <{root.tag}>, not <annotation>",
            where=f"{shown}:{root.line}",
            hint="take it out of the folder",
        )
    size = next((item for item in parts if item.tag == "size"), None)
    sides = [_side(size, name, shown) for name in _SIZE]
    texts = [_first_text(parts, name) for name in _OF_PICTURE]
    other = _others(parts, (*_OF_PICTURE, "size", "object"))
    other += [] if size is None else _others(size.children, _SIZE)
    objects = []
    seen: set[str] = set()
    for item in parts:
        if item.tag == "object":
            objects.append(_object(item, shown))
            _examine(objects[-1], sides, f"{shown}:{item.line}", note)
            content = canonical(item.value())
            if content in seen:
                note("duplicate-objects", "objects that stand twice in an annotation", f"{shown}:{item.line}")
            seen.add(content)
    return Annotation((*sides, *texts, spelled(other)), tuple(objects))


def _object(item: Element, shown: str) -> Object:
    name = item.text_of("name")
    if name is None or not name.strip():
        raise FormatError("the object has no name", where=f"{shown}:{item.line}", hint="<name>class</name>")
    box = item.child("bndbox")
    other = _others(item.children, ("name", "bndbox", *FLAGS))
    other += [] if box is None else _others(box.children, CORNERS)
    return Object(
        class_name=name,
        bbox=None if box is None else _bbox(box, shown),
        flags=tuple(item.text_of(flag) for flag in FLAGS),
        other=spelled(other),
    )


def _bbox(box: Element, shown: str) -> list[float]:
    texts = [box.text_of(corner) for corner in CORNERS]
    if None in texts:
        missing = CORNERS[texts.index(None)]
        raise FormatError(f"the box has no {missing}", where=f"{shown}:{box.line}")
    try:
        return between(*(text or "" for text in texts))
    except ValueError as error:
        raise FormatError(f"a corner of the box: {error}", where=f"{shown}:{box.line}") from None


def _side(size: Element | None, name: str, shown: str) -> float | None:
    text = None if size is None else size.text_of(name)
    if size is None or text is None or not text.strip():
        return None
    try:
        return number(text)
    except ValueError as error:
        raise FormatError(f"the {name} of the picture: {error}", where=f"{shown}:{size.line}") from None


def _first_text(parts: Iterable[Element], tag: str) -> str | None:
    return next((item.text for item in parts if item.tag == tag), None)


def _others(parts: Iterable[Element], known: tuple[str, ...]) -> list[Element]:
    """The elements that are not known, and of the known ones all but the first where one is expected."""
    left, found = set(known), []
    for item in parts:
        if item.tag == "object" and "object" in known:
            continue
        if item.tag in left:
            left.discard(item.tag)
        else:
            found.append(item)
    return found


def _examine(item: Object, sides: list[float | None], shown: str, note: Note) -> None:
    if item.bbox is None:
        return
    x, y, width, height = item.bbox
    if width <= 0 or height <= 0:
        note("empty-boxes", "boxes whose far corner is not beyond the near one", shown)
    if sides[0] and sides[1] and (x < 0 or y < 0 or x + width > sides[0] or y + height > sides[1]):
        note("outside-image", "boxes that reach out of the picture", shown)
