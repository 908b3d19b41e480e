"""Progress: how a long piece of work tells how far it is. The command line shows it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeVar

Item = TypeVar("Item")
PROGRESS_LINES = "DSV_PROGRESS_LINES"
"""The environment variable by which a dsv asks those that it starts to tell it their progress, line by line."""


class Task(Protocol):
    """A piece of work that is being done."""

    def advance(self, done: int = 1) -> None:
        """Say that `done` more units are finished."""


class Progress(Protocol):
    """Tells the user how far a long piece of work is. The command line fulfils it."""

    def task(self, title: str, total: int | None = None) -> AbstractContextManager[Task]:
        """Begin a piece of work of `total` units (None: unknown). Tasks inside a task are its parts."""


class Silent:
    """Progress that nobody sees."""

    @contextmanager
    def task(self, title: str, total: int | None = None) -> Iterator[Silent]:
        """Do the work and say nothing."""
        yield self

    def advance(self, done: int = 1) -> None:
        """Say nothing."""


SILENT = Silent()


def each(progress: Progress, title: str, items: Collection[Item]) -> Iterator[Item]:
    """The items, as a task that is one unit further with each that is done."""
    with progress.task(title, len(items)) as task:
        for item in items:
            yield item
            task.advance()
