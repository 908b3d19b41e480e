"""Progress of a child's child: dsv runs DVC, which runs dsv in a stage; that one tells how far it is, line by line."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from dsv.model.progress import Progress, Task

_MARK = "dsv-progress "
_EVERY_S = 0.2


class Told:
    """Progress as lines, given to `write` each, not too often."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._depth = 0

    @contextmanager
    def task(self, title: str, total: int | None = None) -> Iterator[_ToldTask]:
        """Tell of a task that begins, and of its end."""
        self.line({"depth": self._depth, "title": title, "total": total})
        task = _ToldTask(self, self._depth)
        self._depth += 1
        try:
            yield task
        finally:
            self._depth -= 1
            self.line({"depth": self._depth, "end": True})

    def line(self, said: dict[str, object]) -> None:
        """Write one line."""
        self._write(_MARK + json.dumps(said))


@dataclass(slots=True)
class _ToldTask:
    told: Told
    depth: int
    waiting: int = 0
    last: float = 0.0

    def advance(self, done: int = 1) -> None:
        """Tell of units that are finished, those since the last line together."""
        self.waiting += done
        if time.monotonic() - self.last >= _EVERY_S:
            self.told.line({"depth": self.depth, "done": self.waiting})
            self.waiting, self.last = 0, time.monotonic()


@dataclass(slots=True)
class Heard:
    """The tasks that such lines tell of, shown in a progress of this process."""

    progress: Progress
    _open: list[tuple[ExitStack, Task]] = field(default_factory=list)

    def hear(self, line: str) -> bool:
        """Take a line in; False if it is none of progress. What cannot be read is left out."""
        if not line.startswith(_MARK):
            return False
        try:
            said = json.loads(line.removeprefix(_MARK))
            depth = int(said["depth"])
        except (ValueError, KeyError, TypeError):
            return True
        if "title" in said:
            self._end(depth)
            stack, total = ExitStack(), said.get("total")
            shown = self.progress.task(str(said["title"]), total if isinstance(total, int) else None)
            self._open.append((stack, stack.enter_context(shown)))
        elif "end" in said:
            self._end(depth)
        elif depth < len(self._open) and isinstance(said.get("done"), int):
            self._open[depth][1].advance(said["done"])
        return True

    def close(self) -> None:
        """End what is open: whoever told of it is gone."""
        self._end(0)

    def _end(self, depth: int) -> None:
        while len(self._open) > max(0, depth):
            self._open.pop()[0].close()
