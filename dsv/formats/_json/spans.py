"""The members of a JSON object as they are spelled."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_BLANKS = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


class Members:
    """The text of one object, cut at its top-level members."""

    def __init__(self, text: str) -> None:
        """Cut the text of an object. Raises: ValueError: it is not JSON."""
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

    @property
    def escapes(self) -> bool:
        r"""The object spells characters beyond ASCII as `\u` escapes."""
        return self._text.isascii() and "\\u" in self._text

    def value(self, name: str) -> str | None:
        """The text of a member's value; None if there is no such member."""
        return next((self._text[start:end] for key, _, _, start, end in self._members if key == name), None)

    def edited(self, names: Mapping[str, str | None], values: Mapping[str, str]) -> str:
        """The object with members renamed (None: left out) and given other values; new ones last.

        `values` maps final names to JSON text.
        """
        text = self._text
        parts, written = [], set()
        for name, start, key_end, value_start, end in self._members:
            final = names.get(name, name)
            if final is None:
                continue
            written.add(final)
            key = text[start:key_end] if final == name else self._key(final)
            parts.append(key + text[key_end:value_start] + values.get(final, text[value_start:end]))
        parts += [self._key(name) + self._colon() + value for name, value in values.items() if name not in written]
        first = self._members[0][1] if self._members else text.index("{") + 1
        last = self._members[-1][4] if self._members else text.rindex("}")
        return text[:first] + self._joined(parts) + text[last:]

    def _joined(self, parts: list[str]) -> str:
        """Members with the separators that the object has; the first one's where members came or went."""
        if len(parts) != len(self._members) or len(parts) < 2:
            return self._comma().join(parts)
        gaps = [self._text[one[4] : other[1]] for one, other in zip(self._members, self._members[1:], strict=False)]
        return "".join(part + gap for part, gap in zip(parts, [*gaps, ""], strict=True))

    def _key(self, name: str) -> str:
        return json.dumps(name, ensure_ascii=self.escapes)

    def _colon(self) -> str:
        return self._text[self._members[0][2] : self._members[0][3]] if self._members else ": "

    def _comma(self) -> str:
        if len(self._members) < 2:
            return ", " if self._colon().endswith(" ") else ","
        return self._text[self._members[0][4] : self._members[1][1]]

    def _skip(self, place: int) -> int:
        match = _BLANKS.match(self._text, place)
        return match.end() if match is not None else place
