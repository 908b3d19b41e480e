"""What differs between two files of JSON lines and changes no value: spelling of numbers and texts, order, blanks."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from dsv.formats._json.lines import numbered
from dsv.formats._shared.bytes import line_end
from dsv.formats._shared.spelling_diff import Content, contents, layout_differences, left_over, other_ends, pairs
from dsv.model.diff import Formatting
from dsv.model.snapshot import Snapshot

MOST_LINES = 100_000
_TOKENS = re.compile(rb'(?P<text>"(?:[^"\\]|\\.)*")|(?P<blank>[ \t\r\n]+)|(?P<number>-?[0-9][0-9.eE+-]*)')


@dataclass(frozen=True, slots=True)
class _Line:
    """A line, and its value."""

    raw: bytes
    value: Any

    def tokens(self) -> dict[str, Counter[bytes]]:
        """Its texts, blanks and numbers as they are spelled."""
        found: dict[str, Counter[bytes]] = {"text": Counter(), "blank": Counter(), "number": Counter()}
        for match in _TOKENS.finditer(self.raw):
            found[str(match.lastgroup)][match.group()] += 1
        return found


def compare(old: Snapshot, new: Snapshot, *, respelled: bool) -> Formatting:
    """Count lines (of numbers: numbers) of equal values that are spelled otherwise; not `respelled`: there are none."""
    found = contents(old, new)
    if found is None:
        return Formatting()
    whole = replace(layout_differences(*found), line_ends=_line_ends(*found))
    if not respelled:
        return replace(whole, number_spelling=0, key_order=0, whitespace=0, escapes=0)
    rest = left_over(*found)
    if max(len(side) for side in rest) > MOST_LINES:
        return whole
    before, after = ([*_parsed(side)] for side in rest)
    same = list(pairs(before, after))
    tokens = [(left.tokens(), right.tokens()) for left, right in same]
    return replace(
        whole,
        number_spelling=sum((left["number"] - right["number"]).total() for left, right in tokens),
        key_order=sum(json.dumps(left.value) != json.dumps(right.value) for left, right in same),
        whitespace=sum(left["blank"] != right["blank"] for left, right in tokens),
        escapes=sum(left["text"] != right["text"] for left, right in tokens),
    )


def _line_ends(old: Content, new: Content) -> int:
    if len(old.ends | new.ends) < 2:
        return 0
    before, after = (
        [(line.raw.removesuffix(line_end(line.raw)), line_end(line.raw)) for line in numbered(io.BytesIO(side.data))]
        for side in (old, new)
    )
    return other_ends(before, after)


def _parsed(lines: Counter[bytes]) -> Iterator[tuple[Hashable, _Line]]:
    """Lines that are JSON, each under the one text that all spellings of its value share."""
    for raw, count in lines.items():
        try:
            value = _plain(json.loads(raw))
        except (ValueError, RecursionError):
            continue
        line = _Line(raw, value)
        for _ in range(count):
            yield json.dumps(value, sort_keys=True), line


def _plain(value: Any) -> Any:
    """A value with its whole numbers as integers: 1.0 and 1 are one value."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
