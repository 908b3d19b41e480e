"""The state of a chain as documents hold it: fields, key, labels, classes. Names stand in lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from dsv.documents import yaml
from dsv.documents.decode import Problems, decode_into
from dsv.errors import SchemaError, did_you_mean
from dsv.migrations.encode import encode
from dsv.model.dataset import Media
from dsv.model.migration import ClassList, State
from dsv.model.profile import Guideline
from dsv.model.schema import Field, Schema
from dsv.tables.types import parse


@dataclass(frozen=True, slots=True, kw_only=True)
class StateDocument:
    """The part of `m0000_base.yaml` and of a version's `schema.yaml` that is the state."""

    fields: tuple[Field, ...]
    key: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    split: str | None = None
    media: Media | None = None
    unlabelled: str | None = None
    classes: tuple[ClassList, ...] = ()
    guidelines: tuple[Guideline, ...] = ()


D = TypeVar("D", bound=StateDocument)


def load(kind: type[D], text: str | bytes, where: str) -> D:
    """Read a document that holds a state, and more.

    Raises: DocumentError: all that is wrong with it, with lines.
    """
    value, lines = yaml.load_mapping(text, where)
    problems = Problems(where, lines)
    document: Any = decode_into(problems, kind, value, ())
    problems.check()
    _check_state(problems, document)
    problems.check()
    return document  # type: ignore[no-any-return]


def state_of(document: StateDocument) -> State:
    """The state that a document holds."""
    return State(
        schema=Schema(fields=document.fields),
        key=document.key,
        labels=document.labels,
        split=document.split,
        media=document.media,
        unlabelled=document.unlabelled,
        classes=document.classes,
        guidelines=document.guidelines,
    )


def dump(head: Mapping[str, Any], state: State) -> str:
    """The text of a document that holds `head` and a state: one field a line, and one class."""
    given = {name: getattr(state, name) for name in ("key", "labels", "split", "media", "unlabelled")}
    rest = {key: encode(value) for key, value in given.items() if value not in (None, ())}
    text = yaml.dump(head) + "fields:\n" + "".join(map(_line, state.schema))
    text += yaml.dump(rest) if rest else ""
    text += "guidelines:\n" + "".join(map(_line, state.guidelines)) if state.guidelines else ""
    return text + ("classes:\n" + "".join(map(_class_lines, state.classes)) if state.classes else "")


def _line(value: Any) -> str:
    return f"- {yaml.dump_flow(encode(value))}\n"


def _class_lines(classes: ClassList) -> str:
    given = {"field": classes.field, "next_id": classes.next_id, "next_index": classes.next_index}
    head = yaml.dump([{key: value for key, value in given.items() if value is not None}])
    if not classes.classes:
        return head + "  classes: []\n"
    return head + "  classes:\n" + "".join(f"  {_line(item)}" for item in classes.classes)


def _check_state(problems: Problems, document: StateDocument) -> None:
    """Note what does not fit together: names of fields that are not there, types and classes."""
    names = [item.name for item in document.fields]
    for place in _repeated(names):
        problems.add(("fields", place, "name"), f"there are two fields {names[place]!r}")
    for place, field in enumerate(document.fields):
        _check_type(problems, place, field)
    _check_roles(problems, document, names)
    for place in _repeated([item.field for item in document.classes]):
        problems.add(("classes", place, "field"), f"field {document.classes[place].field!r} has two lists of classes")
    for place, classes in enumerate(document.classes):
        _check_field(problems, ("classes", place, "field"), classes.field, names)
        _check_classes(problems, ("classes", place), classes)


def _check_roles(problems: Problems, document: StateDocument, names: list[str]) -> None:
    """Note where key, labels, split, media and guidelines name a field that is not there."""
    for part in ("key", "labels"):
        for place, name in enumerate(getattr(document, part)):
            _check_field(problems, (part, place), name, names)
    if document.split is not None:
        _check_field(problems, ("split",), document.split, names)
    if document.media is not None:
        _check_field(problems, ("media", "field"), document.media.field, names)
    for place, item in enumerate(document.guidelines):
        if item.field is not None:
            _check_field(problems, ("guidelines", place, "field"), item.field, names)


def _check_type(problems: Problems, place: int, field: Field) -> None:
    try:
        parse(field.type)
    except SchemaError as error:
        problems.add(("fields", place, "type"), error.message, error.hint)
    if (field.type == "enum") != (field.values is not None):
        problems.add(("fields", place), f"field {field.name!r}: `values` go with `type: enum`")


def _check_field(problems: Problems, path: tuple[str | int, ...], name: str, names: Iterable[str]) -> None:
    if name not in names:
        problems.add(path, f"there is no field {name!r}", did_you_mean(name, names))


def _check_classes(problems: Problems, path: tuple[str | int, ...], classes: ClassList) -> None:
    members = classes.classes
    in_use = [None if item.retired else item.name for item in members]
    columns: dict[str, list[Any]] = {
        "key": [item.key for item in members],
        "id": [item.id for item in members],
    }
    columns |= {"index": [item.index for item in members], "name": in_use}
    for attribute, values in columns.items():
        for place in _repeated(values):
            problems.add((*path, "classes", place, attribute), f"two classes have the {attribute} {values[place]!r}")
    keys = columns["key"]
    for place, item in enumerate(members):
        if item.id >= classes.next_id:
            problems.add((*path, "next_id"), f"class {item.key!r} has the id {item.id}, which is not below next_id")
        if item.parent is not None and item.parent not in keys:
            problems.add((*path, "classes", place, "parent"), f"there is no class {item.parent!r}")
    parents = {item.key: item.parent for item in members}
    for place, item in enumerate(members):
        if item.key in _above(parents, item.key):
            problems.add((*path, "classes", place, "parent"), f"class {item.key!r} stands above itself")


def _above(parents: Mapping[str, str | None], key: str) -> list[str]:
    """The classes above one, from its parent on; a circle is gone round once."""
    found: list[str] = []
    above = parents.get(key)
    while above is not None and above not in found:
        found.append(above)
        above = parents.get(above)
    return found


def _repeated(values: Iterable[object]) -> list[int]:
    """Places of values that stood before; None may repeat."""
    seen: set[object] = set()
    places = []
    for place, value in enumerate(values):
        if value is not None and value in seen:
            places.append(place)
        seen.add(value)
    return places
