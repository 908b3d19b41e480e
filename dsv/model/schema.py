"""Fields and schemas, in dsv's own type names (never an engine's dtype)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

SCALAR_TYPES = ("integer", "number", "string", "boolean", "date", "datetime", "bytes", "enum", "json")
NUMERIC_TYPES = ("integer", "number")


def is_nested(type_name: str) -> bool:
    """Say whether a type holds several values: `list<…>` or `struct<…>`."""
    return type_name.startswith(("list<", "struct<"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a schema.

    `type` is a scalar type, `list<T>` or `struct<name: T, …>`. `json` stands for a field whose
    values have several JSON types. `values` are the allowed values of an `enum`. `unlabelled`
    is the value that counts as *not labelled*. `origin` is the name of the base field that this
    field's cells come from, in a dataset with a chain (None: the field is not in the base).
    `description` is for people.
    """

    name: str
    type: str
    nullable: bool = True
    values: tuple[str, ...] | None = None
    unlabelled: str | None = None
    origin: str | None = None
    description: str | None = None


@dataclass(frozen=True, kw_only=True)
class Schema:
    """The fields of a table, in their order."""

    fields: tuple[Field, ...] = field(default=())

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Field names, in order."""
        return tuple(item.name for item in self.fields)

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> Field:
        """The field of that name. Raises: KeyError."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[object, Field]:
        """The first field of each name."""
        return {item.name: item for item in reversed(self.fields)}


WIDENINGS = {("integer", "number"), ("date", "datetime"), ("enum", "string")}
"""Types and the types that hold all their values. `string` and `json` hold those of every scalar."""


def widens(old_type: str, new_type: str) -> bool:
    """Say whether values of the new type hold all values of the old one."""
    scalar = not old_type.startswith(("list<", "struct<"))
    return (old_type, new_type) in WIDENINGS or new_type == "json" or (scalar and new_type == "string")
