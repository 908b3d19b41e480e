"""Results of Label Studio: each region, choice or text of an annotation as one row for each of its classes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from dsv.formats._shared.geometry import around
from dsv.formats._shared.json_text import canonical

_SHOWN = 60
_BOX = ("x", "y", "width", "height")
_SPAN = ("start", "end")
_ELLIPSE = ("x", "y", "radiusX", "radiusY")
_CLASSES = ("choices", "labels", "taxonomy", "selected")
_OWN = ("id", "from_name", "to_name", "type", "value", "score")
WHOLE_TASK = "task"
_WHOLE = ("choices", "textarea", "taxonomy", "rating", "number", "datetime", "pairwise", "ranker")


class Result(NamedTuple):
    """A row without its task and annotation.

    `bbox` is in percent of the picture, `span` is [start, end] in characters or seconds. `scope` is
    "task" where the answer is about all of the task, None of a shape or a span. `value` and `other`
    are JSON: what has no field of its own.
    """

    from_name: str | None
    to_name: str | None
    kind: str | None
    class_name: str | None
    scope: str | None
    bbox: list[float] | None
    span: list[float] | None
    text: str | None
    value: str | None
    score: float | None
    region: str | None
    other: str | None


def read_result(item: Any, shapes: set[str]) -> Iterator[Result]:
    """The rows of a result. `shapes` are the ids of the annotation's shapes and spans.

    Raises: ValueError: it is no result; says why.
    """
    if not isinstance(item, dict):
        raise ValueError("a result is no object")
    value = item.get("value", {})
    if not isinstance(value, dict):
        raise ValueError("the value of a result is no object")
    kind, region = _text(item.get("type")), _text(item.get("id"))
    rest = dict(value)
    classes = _take_classes(rest, kind, item)
    bbox = _take_bbox(rest)
    span = _take_numbers(rest, _SPAN)
    text = _take_text(rest)
    other = {name: held for name, held in item.items() if name not in _OWN and not (name == "labels" and classes)}
    named: list[str | None] = [*classes] or [None]
    for name in named:
        yield Result(
            from_name=_text(item.get("from_name")),
            to_name=_text(item.get("to_name")),
            kind=kind,
            class_name=name,
            scope=WHOLE_TASK if kind in _WHOLE and region not in shapes else None,
            bbox=bbox,
            span=span,
            text=text,
            value=canonical(rest) if rest else None,
            score=float(item["score"]) if _is_number(item.get("score")) else None,
            region=region,
            other=canonical(other) if other else None,
        )


def shape_ids(results: list[Any]) -> set[str]:
    """Ids of the results that are shapes or spans; an answer about one of them has its id."""
    return {str(item.get("id")) for item in results if isinstance(item, dict) and item.get("type") not in _WHOLE}


def task_name(data: Mapping[str, Any]) -> str:
    """What a task is about, from its data alone: ids are dealt afresh where tasks are imported again."""
    texts = [value for _, value in sorted(data.items()) if isinstance(value, str)]
    if len(data) == 1 and texts and len(texts[0]) <= _SHOWN:
        return texts[0]
    digest = hashlib.md5(canonical(data).encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()[:12]
    return f"{texts[0][:_SHOWN] if texts else ''} #{digest}".strip()


def _take_classes(value: dict[str, Any], kind: str | None, item: Mapping[str, Any]) -> list[str]:
    """The classes of a result, taken out of its value; those of a relation stand beside it."""
    for name in (kind, *_CLASSES):
        found = value.get(name) if name else None
        listed = found if isinstance(found, list) else [found]
        if name and name in value and name not in ("textarea", "text") and all(map(_is_class, listed)):
            del value[name]
            return [" / ".join(path) if isinstance(path, list) else str(path) for path in listed]
    labels = item.get("labels")
    return [str(label) for label in labels] if isinstance(labels, list) and all(map(_is_class, labels)) else []


def _is_class(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(part, str) for part in value))


def _take_bbox(value: dict[str, Any]) -> list[float] | None:
    box = _take_numbers(value, _BOX)
    if box is not None:
        return box
    if all(_is_number(value.get(name)) for name in _ELLIPSE):
        x, y, across, down = (float(value[name]) for name in _ELLIPSE)
        return [x - across, y - down, 2 * across, 2 * down]
    points = value.get("points")
    if isinstance(points, list) and points and all(_is_point(point) for point in points):
        return around([float(number) for point in points for number in point])
    return None


def _is_point(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))


def _is_number(value: Any) -> bool:
    """Say whether it is a number that a double holds."""
    return isinstance(value, float) or (type(value) is int and abs(value) < 2**63)


def _take_numbers(value: dict[str, Any], names: tuple[str, ...]) -> list[float] | None:
    """The numbers of these names, taken out; None where one of them is no number."""
    if not all(_is_number(value.get(name)) for name in names):
        return None
    return [float(value.pop(name)) for name in names]


def _take_text(value: dict[str, Any]) -> str | None:
    """The text of a span or of an answer; an answer of several texts stays what it is."""
    found = value.get("text")
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    if not isinstance(found, str):
        return None
    del value["text"]
    return found


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
