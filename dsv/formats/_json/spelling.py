"""Spells changed JSON objects: members that did not change keep their bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dsv.errors import FormatError
from dsv.formats._json.lines import Line
from dsv.formats._json.spans import Members
from dsv.formats._shared import spelling
from dsv.formats._shared.changes import Changes


class Speller:
    """Spells the objects of a published file. The added ones are in the style of `like`, the base's last."""

    def __init__(self, changes: Changes) -> None:
        kept = {origin: name for name, origin in changes.kept.items()}
        self._changes = changes
        self._names = {origin: kept.get(origin) for origin in changes.base.schema.names}
        self._types = {item.name: item.type for item in changes.final.schema}
        self._model = Members("{}")

    def like(self, line: Line, body: bytes) -> None:
        """Take an object of the base as the model of those that are added."""
        self._model = self._members(line, body)

    def edited(self, line: Line, body: bytes, values: Mapping[str, Any]) -> bytes:
        """An object of the base (its bytes are `body`) with other values, and the final fields.

        Raises: FormatError: the engine reads it, and it is not JSON by the book.
        """
        if not values and self._changes.same_fields:
            return body
        members = self._members(line, body)
        return members.edited(self._names, self._texts(values, members)).encode("utf-8")

    def added(self, row: Mapping[str, Any]) -> bytes:
        """An object that the base does not have."""
        nothing = dict.fromkeys(self._names)
        return self._model.edited(nothing, self._texts(row, self._model)).encode("utf-8")

    def _members(self, line: Line, body: bytes) -> Members:
        try:
            return Members(body.decode("utf-8"))
        except (ValueError, IndexError):
            raise FormatError(
                f"the {line.noun} is not JSON by the book, and so it cannot be changed in place",
                where=f"{self._changes.publication.base.shown_path}:{line.number}",
                hint="a comma may be too many",
            ) from None

    def _texts(self, values: Mapping[str, Any], members: Members) -> dict[str, str]:
        return {name: self._text(name, value, members.escapes) for name, value in values.items()}

    def _text(self, name: str, value: Any, escapes: bool) -> str:
        if value is not None and self._types[name] == "json":
            return str(value)
        return json.dumps(value, ensure_ascii=escapes, default=spelling.plain)
