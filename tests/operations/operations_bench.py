"""A small dataset in an engine, with awkward class names, for the tests of operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dsv.model.dataset import Media
from dsv.model.migration import ClassList, State
from dsv.model.profile import ClassIdentity
from dsv.model.schema import Field, Schema
from dsv.operations.base import Inputs, Operation, Outcome
from dsv.tables.duckdb import Engine, identifier
from dsv.tables.table import POSITION, Table
from dsv.tables.types import engine_type

AWKWARD = ("no", "NA", "null", "1e3", "010", "a.b")
CLASSES = ("car", "bus", *AWKWARD)
TAGS = ("red", "blue", "a.b")
MOODS = ("unseen", "calm", "no")

Row = dict[str, Any]


def class_list(name: str, names: Sequence[str]) -> ClassList:
    identities = tuple(ClassIdentity(key=text, id=index, index=index, name=text) for index, text in enumerate(names))
    return ClassList(field=name, classes=identities, next_id=len(identities))


RETIRED = replace(
    class_list("mood", MOODS[1:]),
    classes=(
        *class_list("mood", MOODS[1:]).classes,
        ClassIdentity(key="glum", id=2, index=None, name="glum", retired=True),
    ),
    next_id=3,
)
"""The classes of mood, one of which no row may have any more."""
STATE = State(
    schema=Schema(
        fields=(
            Field(name="id", type="integer", nullable=False, origin="id"),
            Field(name="class", type="string", origin="class"),
            Field(name="tags", type="list<string>", origin="tags"),
            Field(name="level", type="integer", origin="level"),
            Field(name="mood", type="enum", values=MOODS, unlabelled="unseen", origin="mood"),
            Field(name="split", type="string", origin="split"),
            Field(name="score", type="number", origin="score"),
            Field(name="image", type="string", origin="image"),
        )
    ),
    key=("id",),
    labels=("class", "tags", "level"),
    split="split",
    media=Media(field="image", root="images"),
    unlabelled="?",
    classes=(
        class_list("class", CLASSES),
        class_list("tags", TAGS),
        class_list("level", ("0", "1", "2")),
        RETIRED,
    ),
)


def row(id: int, **cells: Any) -> Row:
    usual = {
        "id": id,
        "class": "car",
        "tags": ["red"],
        "level": 0,
        "mood": "calm",
        "split": "train",
        "score": 0.5,
        "image": f"{id}.png",
    }
    return {**usual, **cells}


ROWS = [
    row(1),
    row(2, **{"class": "bus", "tags": ["blue", "red"], "level": 1, "split": "test"}),
    row(3, **{"class": "no", "tags": [], "level": 2, "mood": "unseen", "score": 0.1}),
    row(4, **{"class": None, "tags": None, "level": None, "mood": None, "score": None, "split": None}),
    row(5, **{"class": "?", "tags": ["a.b", None], "mood": "no"}),
    *(row(10 + index, **{"class": name, "score": index / 10}) for index, name in enumerate(AWKWARD)),
]


@dataclass(frozen=True)
class Example:
    """An operation that fits `STATE` and some rows, and the side files that it reads."""

    operation: Operation
    files: Mapping[str, str] = field(default_factory=dict)


def make_table(engine: Engine, rows: Sequence[Row], schema: Schema = STATE.schema) -> Table:
    name = engine.fresh("rows")
    columns = ", ".join(f"{identifier(item.name)} {engine_type(item.type)}" for item in schema)
    engine.execute(f"CREATE TABLE {name} ({columns}, {POSITION} BIGINT)")
    if rows:
        marks = ", ".join(["(" + ", ".join("?" * (len(schema.fields) + 1)) + ")"] * len(rows))
        values = [[*(cells[item.name] for item in schema), place] for place, cells in enumerate(rows, 1)]
        engine.execute(f"INSERT INTO {name} VALUES {marks}", [cell for cells in values for cell in cells])
    return Table(engine=engine, relation=name, schema=schema)


def read_table(table: Table, *, positions: bool = False) -> list[Row]:
    names = [*table.schema.names, *([POSITION] if positions else [])]
    columns = ", ".join(map(identifier, names))
    found = table.engine.rows(f"SELECT {columns} FROM {table.relation} ORDER BY {POSITION}")
    return [dict(zip(names, cells, strict=True)) for cells in found]


@dataclass(frozen=True)
class Bench:
    """Runs operations on `ROWS`."""

    engine: Engine
    folder: Path

    def inputs(self, files: Mapping[str, str] | None = None, **parameters: Any) -> Inputs:
        for name, text in (files or {}).items():
            (self.folder / name).write_text(text, encoding="utf-8", newline="")
        return Inputs(folder=self.folder, parameters=parameters)

    def run(
        self,
        operation: Operation,
        rows: Sequence[Row] = ROWS,
        *,
        state: State = STATE,
        files: Mapping[str, str] | None = None,
        **parameters: Any,
    ) -> Outcome:
        table = make_table(self.engine, rows, state.schema)
        return operation.forward(state, table, self.inputs(files, **parameters))

    def rows(self, operation: Operation, rows: Sequence[Row] = ROWS, **options: Any) -> list[Row]:
        return read_table(self.run(operation, rows, **options).table)

    def after(self, operation: Operation, state: State = STATE) -> State:
        return operation.forward_schema(state, self.inputs())


Make = Callable[[Sequence[Row]], Example]
