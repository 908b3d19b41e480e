"""Add rows from a file, checked against the schema; none of them may be there already."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dsv import registry
from dsv.errors import MigrationError, SchemaError, did_you_mean
from dsv.model.finding import Finding
from dsv.model.migration import Effect, State
from dsv.model.schema import Field
from dsv.operations import _classes, _constants, _fields, _side
from dsv.operations._constants import Constant
from dsv.operations._side import Edits
from dsv.operations.base import Inputs, Operation, Outcome
from dsv.tables.duckdb import identifier
from dsv.tables.table import POSITION, Table

ROOM = 1 << 32
"""Positions of added rows begin at the next multiple: none takes the place of a row that was there once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddRows(Operation):
    """Add the rows of `file`, a table of any format that dsv reads; it has the key and fields of the dataset.

    A field that the file lacks gets its value of `values`, as in `{split: train}`; else it is *not
    labelled*, or missing. With `expect`, the file must have exactly that many rows.
    """

    name = "add_rows"
    symbol = "+"

    file: str
    values: Mapping[str, Constant] = dataclasses.field(default_factory=dict)
    expect: int | None = None

    def side_files(self) -> tuple[str, ...]:
        return (self.file,)

    def forward_schema(self, state: State, inputs: Inputs) -> State:
        for name, value in self.values.items():
            field = _fields.find(state, name)
            if name in state.key:
                raise SchemaError(f"field {name!r} is part of the key, which the file gives", where=self.file)
            if value is None:
                raise SchemaError(f"a field without a value needs no entry in `values:`: {name!r}", where=self.file)
            _constants.check(value, field.type, what=f"value of {name!r}", where=self.file)
            known = _classes.allowed(state, name)
            words = [str(item) for item in (value if isinstance(value, tuple) else (value,))]
            stray = None if known is None else next((word for word in words if word not in known), None)
            if known is not None and stray is not None:
                hint = did_you_mean(stray, known)
                raise SchemaError(f"field {name!r} has no class {stray!r}", where=self.file, hint=hint)
        return state

    def forward(self, state: State, table: Table, inputs: Inputs) -> Outcome:
        self.forward_schema(state, inputs)
        table = table.typed_table()
        rows = _side.read_rows(state, table, inputs, self.file)
        twice = next((name for name in self.values if name in rows.names), None)
        if twice is not None:
            raise MigrationError(f"`values:` has a value for {twice!r}, and the file has that field", where=self.file)
        count = int(table.engine.count(rows.relation))
        if self.expect is not None and count != self.expect:
            raise MigrationError(f"the file has {_rows(count)}, not {self.expect} as expected", where=self.file)
        absent = [item for item in state.schema if item.name not in (*rows.names, *self.values)]
        return Outcome(
            table=self._joined(state, table, rows),
            findings=tuple(self._absent(state, absent, count)) if count else (),
            guards=_held(rows, count),
        )

    def inverse(self, state: State) -> Operation | None:
        if not state.key:
            return None
        undo: Operation = registry.get("operations", "drop_rows")(file=self.file, mode="delete")
        return undo

    def describe(self, state: State, inputs: Inputs | None = None) -> str:
        rows = "rows" if inputs is None else _side.counted(inputs, self.file)
        given = ", ".join(f"{name} {_constants.shown(value)}" for name, value in self.values.items())
        return f"add {rows} from {self.file}" + (f", {given}" if given else "")

    def effect(self, state: State) -> Effect:
        return Effect(values="added")

    def _joined(self, state: State, table: Table, rows: Edits) -> Table:
        """The rows of the table, and those of the file after them in the order of their keys."""
        columns = ", ".join(map(identifier, (*state.schema.names, POSITION)))
        cells = [f"{self._cell(state, field, rows)} AS {identifier(field.name)}" for field in state.schema]
        order = ", ".join([*(f"k{index}" for index in range(len(rows.key))), "line"])
        last = f"(SELECT coalesce(max({POSITION}), 0) FROM {table.relation} AS t)"
        place = f"({last} // {ROOM} + 1) * {ROOM} + row_number() OVER (ORDER BY {order})"
        added = f"SELECT {', '.join(cells)}, {place} AS {POSITION} FROM {rows.relation} AS e"
        if not rows.guarded and rows.key:
            # The rows are others than the chain's: one that is there stays as it is.
            added += f" ANTI JOIN {table.relation} AS t ON {rows.same_key()}"
        relation = f"(SELECT {columns} FROM {table.relation} AS t UNION ALL {added})"
        return Table(engine=table.engine, relation=relation, schema=state.schema)

    def _cell(self, state: State, field: Field, rows: Edits) -> str:
        """SQL for a field of an added row."""
        if field.name in rows.key:
            return f"e.k{rows.key.index(field.name)}"
        place = next((place for place, edit in enumerate(rows.edits) if edit.field == field.name), None)
        if place is not None:
            return f"e.n{place}"
        value = self.values.get(field.name, _nothing(state, field))
        if value is None and not field.nullable:
            raise MigrationError(
                f"every row needs a value for {field.name!r}, and the file lacks that field",
                where=self.file,
                hint=f"add the field to the file, or give all its rows one value: values: {{{field.name}: …}}",
            )
        return _constants.sql(rows.engine, value, field.type, what=f"value of {field.name!r}", where=self.file)

    def _absent(self, state: State, fields: list[Field], count: int) -> Iterator[Finding]:
        """What the file says nothing about."""
        unlabelled = [item.name for item in fields if _nothing(state, item) is not None]
        missing = [item.name for item in fields if item.name not in unlabelled]
        for names, what in ((unlabelled, "not labelled"), (missing, "missing")):
            if names:
                message = f"{self.file} has no field {', '.join(names)}: {what} in {_rows(count, 'added ')}"
                yield Finding(rule="add-rows-fields-absent", level="warning", message=message, count=count)


def _rows(count: int, kind: str = "") -> str:
    return f"1 {kind}row" if count == 1 else f"{count} {kind}rows"


def _held(rows: Edits, count: int) -> tuple[str, ...]:
    known = "are new" if rows.key else "fit the schema"
    return (f"the rows of {rows.file} ({count:,}) {known}, and their fields, types and classes the dataset's",)


def _nothing(state: State, field: Field) -> str | None:
    """What a cell holds that nobody gave a value: the value for not labelled; None where a missing cell says so."""
    return _classes.unlabelled(state, field.name) if _classes.cell_type(field) == field.type else None


plugin = AddRows
