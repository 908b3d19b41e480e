"""Lines of YOLO's label files: boxes, polygons and key points, in shares of the picture's size."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from dsv.errors import FormatError
from dsv.formats._annotations.yolo_config import Config
from dsv.formats._shared.bytes import BOM
from dsv.formats._shared.folder import where
from dsv.formats._shared.geometry import around, less_half
from dsv.formats._shared.notes import Notes
from dsv.model.snapshot import Member, Snapshot

_NUMBER = rb"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_LINE = re.compile(rb"\s*+(?:" + _NUMBER + rb"\s++)*+(?:" + _NUMBER + rb")?+\s*+")
_SHORT = 10
_BOX = 5


@dataclass(frozen=True, slots=True)
class Shape:
    """One line. `bbox` is [x, y, width, height] from the left and the top, of a polygon the box around it."""

    class_name: str
    bbox: list[float]
    polygon: list[float] | None
    keypoints: list[float] | None


class LabelReader:
    """Reads label files of one folder; counts what is wrong and was left out because it may be."""

    def __init__(self, snapshot: Snapshot, config: Config, notes: Notes) -> None:
        self._snapshot = snapshot
        self._config = config
        self._notes = notes
        self._classes = {str(index).encode(): name for index, name in config.names.items()}
        self.malformed = 0
        self.first_malformed: str | None = None

    def shapes(self, member: Member) -> Iterator[Shape]:
        """The shapes of a file, in its order. Raises: FormatError: a line is none; names file and line."""
        for _, shape in self.lines(member, member.open().read_bytes().removeprefix(BOM).splitlines()):
            if shape is not None:
                yield shape

    def lines(self, member: Member, raw: list[bytes]) -> Iterator[tuple[bytes, Shape | None]]:
        """Each line, and its shape: None of a blank line, and of one that is left out."""
        seen: set[tuple[bytes, ...]] = set()
        shown = where(self._snapshot, member.path)
        for number, line in enumerate(raw, start=1):
            cells = line.split()
            if not cells:
                yield line, None
                continue
            place = f"{shown}:{number}"
            try:
                shape = self._shape(line, cells, place)
            except ValueError as error:
                self._malformed(str(error), place)
                shape = None
            again = tuple(cells)
            if again in seen:
                self._notes.add("duplicate-lines", "label lines that stand twice in a file", place)
            seen.add(again)
            yield line, shape

    def _malformed(self, problem: str, place: str) -> None:
        if not self._snapshot.options.skip_malformed:
            hint = "mend the line, or leave such lines out: --skip-malformed"
            raise FormatError(problem, where=place, hint=hint)
        self.malformed += 1
        self.first_malformed = self.first_malformed or place

    def _shape(self, line: bytes, cells: list[bytes], place: str) -> Shape:
        """Raises: ValueError: saying why the line is no shape."""
        if not _LINE.fullmatch(line):
            odd = next(cell for cell in cells if not re.fullmatch(_NUMBER, cell))
            raise ValueError(f"{odd[:40].decode('utf-8', 'replace')!r} is no number")
        name = self._classes.get(cells[0]) or self._class(cells[0])
        values = [float(cell) for cell in cells[1:]]
        if not all(map(math.isfinite, values)):
            raise ValueError("a number is too large")
        points, size = self._config.keypoints or (0, 0)
        if len(cells) == _BOX + points * size:
            shares, x, y = values, _corner(cells[1], cells[3]), _corner(cells[2], cells[4])
            keypoints = values[4:] or None
            if size == 3:  # the third number of a key point says how well it is seen
                shares = values[:4] + [value for number, value in enumerate(values[4:]) if number % 3 != 2]
            shape = Shape(name, [x, y, values[2], values[3]], None, keypoints)
        elif not points and len(cells) >= 7 and len(cells) % 2:
            shares, shape = values, Shape(name, around(values), values, None)
        else:
            raise ValueError(f"the line has {len(cells)} columns; {self._expected()}")
        if min(shares) < 0 or max(shares) > 1:
            self._notes.add("outside-image", "label lines with coordinates outside 0-1", place)
        return shape

    def _class(self, cell: bytes) -> str:
        number = float(cell)
        if number.is_integer() and int(number) in self._config.names:
            return self._config.names[int(number)]
        known = f"{self._config.path} names {len(self._config.names)}"
        raise ValueError(f"there is no class {cell[:40].decode()}: {known}")

    def _expected(self) -> str:
        if self._config.keypoints:
            points, size = self._config.keypoints
            return f"by kpt_shape it has {_BOX + points * size}"
        return "a box has 5 and a polygon 1 + 2 for each of 3 or more points"


def _corner(centre: bytes, size: bytes) -> float:
    """Centre less half the size, as the double that is nearest to the decimal result.

    So 0.5 and 0.2 give 0.4, and a box that did not move has one corner however it was written.
    """
    if len(centre) <= _SHORT and len(size) <= _SHORT and b"e" not in (centre + size).lower():
        # So few digits have at most 10 decimals here, which rounding restores exactly.
        return round(float(centre) - float(size) / 2, _SHORT)
    return less_half(centre.decode(), size.decode())
