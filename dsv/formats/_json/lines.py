"""Objects of a JSON file, read one by one: slower than the engine, and exact about what is wrong."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any, ClassVar

from dsv.errors import FormatError
from dsv.formats._shared.bytes import BOM, MARKER, marker_error, open_bytes
from dsv.model.snapshot import Snapshot

_LONGEST_LOOKED_AT = 16 * 1024 * 1024


@dataclass(slots=True)
class Line:
    """A line with its end, without a byte order mark; `number` counts from 1."""

    raw: bytes
    number: int
    noun: ClassVar[str] = "line"

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How a file holds its objects: what the engine calls it, and a reader of one after the other."""

    name: str
    read: Callable[[Snapshot, IO[bytes]], Iterator[Line]]


LINES = Shape(name="newline_delimited", read=lambda snapshot, stream: numbered(stream))


def problem(snapshot: Snapshot, line: Line) -> FormatError | None:
    """Why a line is no row; None if it is one. Raises: FormatError: it is a merge marker."""
    if line.raw.startswith(MARKER):
        raise marker_error(snapshot, line.number)
    try:
        line.value()
    except ValueError as error:
        reason, number = str(error), line.number
        if isinstance(error, json.JSONDecodeError):
            reason, number = error.msg, line.number + error.lineno - 1
        return FormatError(
            f"the {line.noun} is no JSON object: {reason}",
            where=f"{snapshot.shown_path}:{number}",
            hint=f"mend the {line.noun}, or leave such {line.noun}s out: --skip-malformed",
        )
    return None


def rows(snapshot: Snapshot, stream: IO[bytes], shape: Shape = LINES) -> Iterator[tuple[Line, bool]]:
    """Lines of a file that was scanned, each with whether it is a row."""
    skip = snapshot.options.skip_malformed
    for line in shape.read(snapshot, stream):
        yield line, not line.blank and not (skip and problem(snapshot, line) is not None)


def looks_like(snapshot: Snapshot) -> bool:
    """Say whether the first two lines of a file that are not blank are objects. Never fails."""
    try:
        with open_bytes(snapshot) as stream:
            head = (Line(raw, 1) for raw in iter(lambda: stream.readline(_LONGEST_LOOKED_AT), b""))
            first = list(itertools.islice((line for line in head if not line.blank), 2))
            return len(first) == 2 and all(line.value() is not None for line in first)
    except (FormatError, OSError, ValueError):
        return False


def _apart(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        raise ValueError(f"the name {twice!r} stands twice in an object")
    return found
