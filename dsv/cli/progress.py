"""Progress on stderr: one display of bars, shown only when the work takes a while, gone when it ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dsv.renderers._clean import clean

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

DELAY_S = 0.5
COUNTED = 100_000
"""Of more units than this, such as bytes, the share that is done says more than their number."""


class Bars:
    """Progress as bars; tasks inside a task are shown below it."""

    def __init__(self, *, color: bool) -> None:
        self._color = color
        self._lock = threading.RLock()
        self._open: list[Bar] = []
        self._display: Progress | None = None

    @contextmanager
    def task(self, title: str, total: int | None = None) -> Iterator[Bar]:
        """Show a bar while the block runs, if it runs for more than half a second."""
        bar = Bar(self, clean(title), total)
        timer = threading.Timer(DELAY_S, self._show)
        timer.daemon = True
        with self._lock:
            self._open.append(bar)
            if self._display is not None:
                bar.show(self._display)
        timer.start()
        try:
            yield bar
        finally:
            timer.cancel()
            self._end(bar)

    def _show(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        with self._lock:
            if self._display is not None or not self._open:
                return
            self._display = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=30),
                TextColumn("{task.fields[count]}", markup=False),
                TimeElapsedColumn(),
                console=Console(stderr=True, no_color=not self._color),
                transient=True,
            )
            for bar in self._open:
                bar.show(self._display)
            self._display.start()

    def _end(self, bar: Bar) -> None:
        with self._lock:
            self._open.remove(bar)
            bar.hide()
            if self._display is not None and not self._open:
                self._display.stop()
                self._display = None

    def advance(self, bar: Bar, done: int) -> None:
        """Count work done on a bar, shown or not."""
        with self._lock:
            bar.count(done)


class Bar:
    """One task: counts from the start, and shows the count once there is a display."""

    def __init__(self, bars: Bars, title: str, total: int | None) -> None:
        self._bars = bars
        self._title = title
        self._total = total
        self._done = 0
        self._display: Progress | None = None
        self._id: TaskID | None = None

    def advance(self, done: int = 1) -> None:
        """Say that `done` more units are finished."""
        self._bars.advance(self, done)

    def count(self, done: int) -> None:
        """Add to the count."""
        self._done += done
        if self._display is not None and self._id is not None:
            self._display.update(self._id, completed=self._done, count=self._counted())

    def show(self, display: Progress) -> None:
        """Join a display."""
        self._display = display
        self._id = display.add_task(self._title, total=self._total, completed=self._done, count=self._counted())

    def _counted(self) -> str:
        if self._total is None:
            return ""
        if self._total > COUNTED:
            return f"{min(1, self._done / self._total):.0%}"
        return f"{self._done:,}/{self._total:,}"

    def hide(self) -> None:
        """Leave the display, if there is one."""
        if self._display is not None and self._id is not None:
            self._display.remove_task(self._id)
            self._display = None
