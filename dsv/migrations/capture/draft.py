"""The migration while it is found: its operations so far, and the rows that they make of the old ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsv import registry
from dsv.migrations.capture import sides
from dsv.migrations.writing import slugify
from dsv.model.migration import State
from dsv.operations.base import Inputs, Operation
from dsv.tables.table import Table

_DEEP = 20
"""So many operations are computed at once: each is a query around the one before."""


@dataclass(frozen=True, slots=True)
class Written:
    """An operation of the migration, and the evidence for it in words."""

    operation: Operation
    why: str


class Draft:
    """Operations are done as they are found, so that the next one is found by what is left to do.

    `folder` takes the side files, whose names begin with `id`.
    """

    def __init__(self, id: str, state: State, table: Table, folder: Path) -> None:
        self.id = id
        self.state = state
        self.table = table
        self.folder = folder
        self.written: list[Written] = []
        self.side_files: list[str] = []
        self.notes: list[str] = []
        self._depth = 0

    def do(self, name: str, why: str = "", **parameters: Any) -> None:
        """Add an operation, by its name in documents and its fields. Raises: DsvError: it does not fit."""
        self.add(registry.get("operations", name)(**parameters), why)

    def add(self, operation: Operation, why: str = "") -> None:
        """Add an operation. Raises: DsvError: it does not fit."""
        inputs = Inputs(folder=self.folder)
        table = operation.forward(self.state, self.table, inputs).table
        self.state = operation.forward_schema(self.state, inputs)
        self._depth += 1
        self.table = table.stored("captured") if self._depth % _DEEP == 0 else table
        self.written.append(Written(operation, why))

    def store(self) -> None:
        """Compute the rows now, for they will be read more than once."""
        self.table = self.table.stored("captured")

    def side_file(self, words: str, rows: Table, order: tuple[str, ...]) -> str:
        """Write a side file; its name. `rows` are typed, and go in the order of some of their fields."""
        taken = {name.partition(".")[2].rpartition(".")[0] for name in self.side_files}
        stem, number = slugify(words), 1
        while (stem if number == 1 else f"{stem}_{number}") in taken:
            number += 1
        stem = stem if number == 1 else f"{stem}_{number}"
        name = sides.write(rows, order, self.folder, f"{self.id}.{stem}")
        self.side_files.append(name)
        return name
