"""Lines of a JSON Lines file, read one by one: slower than the engine, and exact about what is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from dsv.errors import FormatError
from dsv.formats._bytes import BOM, MARKER, marker_error
from dsv.model.snapshot import Snapshot

_HINT = "mend the line, or leave such lines out: --skip-malformed"


@dataclass(slots=True)
class Line:
    """A line with its end, without a byte order mark; `number` counts from 1."""

    raw: bytes
    number: int

    @property
    def blank(self) -> bool:
        """Nothing but blanks: no row."""
        return not self.raw.strip()

    def value(self) -> dict[str, Any]:
        """The object. Raises: ValueError: saying why the line is none."""
        try:
            found = json.loads(self.raw, object_pairs_hook=_apart)
            json.dumps(found, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError("half a surrogate pair stands alone") from None
        except RecursionError:
            raise ValueError("its values are nested too deep") from None
        if not isinstance(found, dict):
            raise ValueError("it is not an object")
        return found


def numbered(stream: IO[bytes]) -> Iterator[Line]:
    """Lines of a file; a byte order mark is left out."""
    for number, raw in enumerate(stream, start=1):
        yield Line(raw.removeprefix(BOM) if number == 1 else raw, number)


def problem(snapshot: Snapshot, line: Line) -> FormatError | None:
    """Why a line is no row; None if it is one. Raises: FormatError: it is a merge marker."""
    if line.raw.startswith(MARKER):
        raise marker_error(snapshot, line.number)
    try:
        line.value()
    except ValueError as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        where = f"{snapshot.shown_path}:{line.number}"
        return FormatError(f"the line is no JSON object: {reason}", where=where, hint=_HINT)
    return None


def rows(snapshot: Snapshot, stream: IO[bytes]) -> Iterator[tuple[Line, bool]]:
    """Lines of a file that was scanned, each with whether it is a row."""
    skip = snapshot.options.skip_malformed
    for line in numbered(stream):
        yield line, not line.blank and not (skip and problem(snapshot, line) is not None)


def _apart(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        raise ValueError(f"the name {twice!r} stands twice in an object")
    return found
