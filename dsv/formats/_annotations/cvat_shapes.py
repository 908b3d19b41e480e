"""Shapes of CVAT's XML: what an element says, with its geometry as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dsv.formats._shared.geometry import around, between, ellipse, number
from dsv.formats._shared.json_text import canonical
from dsv.formats._shared.xml import Element

TEXTS = ("source", "occluded", "outside", "keyframe", "z_order", "group_id", "rotation")
"""Attributes of shapes that are kept as they are written, each a field."""
_CORNERS = ("xtl", "ytl", "xbr", "ybr")
_AXES = ("cx", "cy", "rx", "ry")
_RECTANGLE = ("left", "top", "width", "height")
_GEOMETRY = {"box": _CORNERS, "ellipse": _AXES, "mask": (*_RECTANGLE, "rle")}
_CUBOID = tuple(
    f"{axis}{corner}" for corner in ("tl1", "bl1", "tr1", "br1", "tl2", "bl2", "tr2", "br2") for axis in "xy"
)


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape. `texts` are as in `TEXTS`; `attributes` and `other` are JSON, the latter all that has no field."""

    kind: str
    label: str
    bbox: list[float] | None
    points: list[float] | None
    rle: str | None
    texts: tuple[str | None, ...]
    attributes: str | None
    other: str | None


def read_shape(item: Element, outer: dict[str, str], whole: list[float] | None) -> Shape:
    """Read a shape. `outer` are attributes of its track, `whole` is the box that a tag stands for.

    Raises: ValueError: it has no label, or its geometry makes no sense; says why.
    """
    attributes = {**outer, **item.attributes}
    label = attributes.pop("label", "")
    if not label:
        raise ValueError("the shape has no label")
    used = _GEOMETRY.get(item.tag, _CUBOID if item.tag == "cuboid" else ("points",))
    geometry = {name: attributes.pop(name) for name in used if name in attributes}
    points = _points(item, geometry)
    texts = tuple(attributes.pop(name, None) for name in TEXTS)
    more: dict[str, Any] = {f"@{name}": value for name, value in attributes.items()}
    for child in item.children:
        if child.tag != "attribute":
            more.setdefault(child.tag, []).append(child.value())
    return Shape(
        kind=item.tag,
        label=label,
        bbox=whole if item.tag == "tag" else _bbox(item, geometry, points),
        points=points,
        rle=geometry.get("rle"),
        texts=texts,
        attributes=_named_texts(item),
        other=canonical(more) if more else None,
    )


def _named_texts(item: Element) -> str | None:
    """The values of a shape's attributes by their names; those of one name together."""
    found: dict[str, list[str]] = {}
    for child in item.children:
        if child.tag == "attribute":
            found.setdefault(child.attributes.get("name", ""), []).append(child.text)
    return canonical({name: texts if len(texts) > 1 else texts[0] for name, texts in found.items()}) if found else None


def _points(item: Element, geometry: dict[str, str]) -> list[float] | None:
    """All points as [x, y, x, y, …]; those of a skeleton are in its children."""
    if item.tag == "cuboid":
        return [number(_get(geometry, name)) for name in _CUBOID]
    if item.tag == "skeleton":
        parts = [child.attributes.get("points", "") for child in item.children if child.tag == "points"]
        return [value for text in parts for value in _pairs(text)] or None
    return _pairs(geometry["points"]) if "points" in geometry else None


def _pairs(text: str) -> list[float]:
    values = []
    for pair in text.split(";"):
        x, comma, y = pair.partition(",")
        if not comma:
            raise ValueError(f"{pair[:40]!r} is no point x,y")
        values += [number(x), number(y)]
    return values


def _bbox(item: Element, geometry: dict[str, str], points: list[float] | None) -> list[float] | None:
    if item.tag == "box":
        return between(*(_get(geometry, name) for name in _CORNERS))
    if item.tag == "ellipse":
        return ellipse(*(_get(geometry, name) for name in _AXES))
    if item.tag == "mask":
        return [number(_get(geometry, name)) for name in _RECTANGLE]
    return around(points) if points else None


def _get(geometry: dict[str, str], name: str) -> str:
    if name not in geometry:
        raise ValueError(f"the shape has no {name}")
    return geometry[name]
