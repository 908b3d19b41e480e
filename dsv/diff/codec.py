"""Values of a diff as JSON and back: every type comes back as it was, or is refused."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from dsv.model import counts, diff, finding, labels

KNOWN = {
    name: kind
    for module in (counts, diff, finding, labels)
    for name, kind in vars(module).items()
    if isinstance(kind, type) and dataclasses.is_dataclass(kind)
}


WRITERS: Mapping[type, Callable[[Any], str]] = {
    float: float.hex,
    date: date.isoformat,
    datetime: datetime.isoformat,
    bytes: bytes.hex,
}
READERS: Mapping[str, Callable[[str], Any]] = {
    "float": float.fromhex,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "bytes": bytes.fromhex,
}


class Unstorable(Exception):
    """A value that JSON would not give back as it is."""


def encode(value: Any) -> Any:
    """A value as JSON. Raises: Unstorable: it is of a type that does not belong in a diff."""
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) in WRITERS:
        return {type(value).__name__: WRITERS[type(value)](value)}
    if isinstance(value, tuple | list):
        return {type(value).__name__: [encode(item) for item in value]}
    if type(value) is dict:
        return {"dict": [[encode(name), encode(item)] for name, item in value.items()]}
    if KNOWN.get(type(value).__name__) is type(value):
        fields = dataclasses.fields(value)
        return {f"@{type(value).__name__}": {item.name: encode(getattr(value, item.name)) for item in fields}}
    raise Unstorable(f"a diff holds a value of type {type(value).__name__}")


def decode(value: Any) -> Any:
    """What was encoded. Raises: KeyError, TypeError, ValueError: it was not `encode` that wrote it."""
    if not isinstance(value, Mapping):
        return value
    ((name, inner),) = value.items()
    if name.startswith("@"):
        return KNOWN[name[1:]](**{field: decode(item) for field, item in inner.items()})
    if name in ("tuple", "list"):
        items = [decode(item) for item in inner]
        return tuple(items) if name == "tuple" else items
    if name == "dict":
        return {decode(key): decode(item) for key, item in inner}
    return READERS[name](inner)
