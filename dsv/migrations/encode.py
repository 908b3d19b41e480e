"""Frozen dataclasses into plain values for YAML: the way back from `documents.decode`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any


def encode(value: Any) -> Any:
    """A dataclass as a mapping, in the order of its fields, without those that have their default value.

    A field's metadata `{"key": NAME}` names its key. Tuples become lists.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            str(item.metadata.get("key", item.name)): encode(getattr(value, item.name))
            for item in dataclasses.fields(value)
            if not _is_default(item, getattr(value, item.name))
        }
    if isinstance(value, Mapping):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    return value


def _is_default(item: dataclasses.Field[Any], value: Any) -> bool:
    if item.default is not dataclasses.MISSING:
        return type(value) is type(item.default) and bool(value == item.default)
    return item.default_factory is not dataclasses.MISSING and value == item.default_factory()
