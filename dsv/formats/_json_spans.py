"""The members of a JSON object as they are spelled."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_BLANKS = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


class Members:
    """The text of one object, cut at its top-level members."""

    def __init__(self, text: str) -> None:
        """Cut the text of an object, which has been parsed before."""
        self._text = text
        self._members: list[tuple[str, int, int, int, int]] = []
        place = self._skip(self._skip(0) + 1)
        while text[place] != "}":
            name, key_end = _DECODER.raw_decode(text, place)
            start = self._skip(self._skip(key_end) + 1)
            _, end = _DECODER.raw_decode(text, start)
            self._members.append((name, place, key_end, start, end))
            place = self._skip(end)
            if text[place] == ",":
                place = self._skip(place + 1)

    def edited(self, names: Mapping[str, str | None], values: Mapping[str, Any]) -> str:
        """The object with members renamed (None: left out) and given other values; new ones last."""
        text = self._text
        if not self._members:
            return json.dumps(dict(values), ensure_ascii=False, default=str)
        ascii_only = text.isascii()
        parts, written = [], set()
        for name, start, key_end, value_start, end in self._members:
            final = names.get(name, name)
            if final is None:
                continue
            written.add(final)
            key = text[start:key_end] if final == name else json.dumps(final, ensure_ascii=ascii_only)
            value = self._dump(values[final], ascii_only) if final in values else text[value_start:end]
            parts.append(key + text[key_end:value_start] + value)
        colon = text[self._members[0][2] : self._members[0][3]]
        for name, value in values.items():
            if name not in written and value is not None:
                parts.append(json.dumps(name, ensure_ascii=ascii_only) + colon + self._dump(value, ascii_only))
        return text[: self._members[0][1]] + self._comma().join(parts) + text[self._members[-1][4] :]

    def _comma(self) -> str:
        if len(self._members) < 2:
            return ", "
        return self._text[self._members[0][4] : self._members[1][1]]

    def _dump(self, value: Any, ascii_only: bool) -> str:
        return json.dumps(value, ensure_ascii=ascii_only, default=str)

    def _skip(self, place: int) -> int:
        match = _BLANKS.match(self._text, place)
        return match.end() if match is not None else place
