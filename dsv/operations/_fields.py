"""Fields by name, for operations: found, or refused with the nearest name."""

from __future__ import annotations

from collections.abc import Iterable

from dsv.errors import SchemaError, did_you_mean
from dsv.model.migration import State
from dsv.model.schema import Field, Schema

_RESERVED = "_dsv_"


def find(state: State, name: str) -> Field:
    """The field of that name. Raises: SchemaError: there is none."""
    if name not in state.schema:
        raise SchemaError(f"there is no field {name!r}", where=name, hint=did_you_mean(name, state.schema.names))
    return state.schema[name]


def check_new(name: str, taken: Iterable[str]) -> None:
    """Check a name for a field. Raises: SchemaError: it is empty, reserved or taken."""
    if not name or "\0" in name:
        raise SchemaError("a field needs a name", where=name)
    if name.lower().startswith(_RESERVED):
        raise SchemaError(f"names that begin with {_RESERVED} are dsv's own: {name!r}", where=name)
    for other in taken:
        if other == name:
            raise SchemaError(f"there is a field {name!r} already", where=name)
        if other.lower() == name.lower():
            raise SchemaError(f"the name {name!r} differs from {other!r} only in case", where=name)


def replaced(schema: Schema, field: Field) -> Schema:
    """The schema with the field of that name replaced."""
    return Schema(fields=tuple(field if item.name == field.name else item for item in schema))
