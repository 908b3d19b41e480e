"""Set cells by a Python function over batches of rows, in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from dsv.errors import DsvError, MigrationError, SchemaError
from dsv.files import inside
from dsv.model.finding import Finding
from dsv.model.migration import Effect, State
from dsv.model.schema import Field
from dsv.operations import _classes, _code, _fields, _listing
from dsv.operations._rows import column, rewrite
from dsv.operations.base import Inputs, Operation, Outcome, tuned
from dsv.tables.duckdb import literal
from dsv.tables.table import POSITION, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Apply(Operation):
    """Set the fields `writes` by the Python function `function` of `file`, given the fields `reads`.

    It is called with a pandas DataFrame of `batch` rows in the order of their keys, which are its
    index, and `arguments` by name; it returns one with the same rows and the fields of `writes`. It
    sees nothing but its file and `files`, and must give the same cells each time: the first and the
    last batch are given twice, to two processes. Comparing and reviewing never run it.
    """

    name = "apply"
    symbol = "~"
    runs_code: ClassVar[bool] = True

    file: str
    function: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...]
    arguments: Mapping[str, str | bool | int | float | None] = tuned(default_factory=dict)
    files: tuple[str, ...] = ()
    batch: int = 5000

    @property
    def rowwise(self) -> bool:
        """What a function makes of a row may depend on its batch."""
        return False

    def side_files(self) -> tuple[str, ...]:
        return (self.file, *self.files)

    def forward_schema(self, state: State, inputs: Inputs) -> State:
        if not self.file.endswith(".py") or not self.function.isidentifier():
            raise SchemaError("`file:` is a Python file, and `function:` a name in it", where=self.file)
        if self.batch < 1:
            raise SchemaError(f"a batch has at least one row, not {self.batch}", where=self.file)
        if not self.writes:
            raise SchemaError("`writes:` names the fields that the function sets", where=self.file)
        for names in (self.reads, self.writes):
            if len(set(names)) != len(names):
                raise SchemaError("`reads:` and `writes:` name each field once", where=self.file)
            for name in names:
                _fields.find(state, name)
        key = next((name for name in self.writes if name in state.key), None)
        if key is not None:
            raise SchemaError(f"field {key!r} is part of the key", where=self.file)
        return state

    def forward(self, state: State, table: Table, inputs: Inputs) -> Outcome:
        self.forward_schema(state, inputs)
        bound = self.bind(inputs.parameters) if self.parameters() else self
        table = table.typed_table()
        cells = _code.called(table.engine, bound._call(state, inputs), self._rows(state, table))
        new = {name: f"c.w{place}" for place, name in enumerate(self.writes)}
        for name in self.writes:
            if state.schema[name].type == "number":
                # pandas has one NaN for a missing number and for one that is none.
                new[name] = (
                    f"CASE WHEN {new[name]} IS NULL AND isnan({column(name)}) THEN {column(name)} ELSE {new[name]} END"
                )
        join = f"JOIN {cells.relation} AS c ON c.p = t.{POSITION}"
        after = rewrite(table, state.schema, new, join=join)
        for name in self.writes:
            self._check(state, after, state.schema[name])
        return Outcome(table=after, findings=tuple(self._findings(cells)))

    def describe(self, state: State, inputs: Inputs | None = None) -> str:
        read = f" (reads {', '.join(self.reads)})" if self.reads else ""
        given = ", ".join(f"{name}={value}" for name, value in self.arguments.items())
        return f"set {', '.join(self.writes)} by {self.function}({given}) of {self.file}{read}"

    def effect(self, state: State) -> Effect:
        return Effect(values="corrected", evaluation="moved" if state.split in self.writes else "same")

    def _call(self, state: State, inputs: Inputs) -> _code.Call:
        """Raises: MigrationError: a file is not there."""
        found = {}
        for name in self.side_files():
            try:
                found[name] = inside(inputs.folder, name)
            except DsvError as error:
                raise MigrationError(error.message, where=name) from None
            if not found[name].is_file():
                raise MigrationError("the side file is not there", where=name, hint="it stands beside its document")
        return _code.Call(
            file=found[self.file],
            name=self.file,
            function=self.function,
            files={name: found[name] for name in self.files},
            reads=self.reads,
            writes=self.writes,
            key=state.key,
            schema=state.schema,
            arguments=self.arguments,
            batch=self.batch,
        )

    def _rows(self, state: State, table: Table) -> str:
        """SQL for what the function gets, in the order in which it gets it."""
        cells = [f"{column(name)} AS k{place}" for place, name in enumerate(state.key)]
        cells += [f"{column(name)} AS r{place}" for place, name in enumerate(self.reads)]
        order = ", ".join([*map(column, state.key), f"t.{POSITION}"])
        listed = ", ".join([f"t.{POSITION}", *cells])
        return f"SELECT {listed} FROM {table.relation} AS t ORDER BY {order}"

    def _check(self, state: State, after: Table, field: Field) -> None:
        """Require that cells hold what their field may hold. Raises: MigrationError: naming rows."""
        cell, where = column(field.name), f"{self.file}: {self.function}"
        if not field.nullable:
            problem = f"without a value for {field.name!r}, which needs one"
            _listing.refuse(after, state.key, f"{cell} IS NULL", problem, where=where)
        if field.type == "json":
            problem = f"with a value for {field.name!r} that is no JSON"
            _listing.refuse(after, state.key, f"NOT json_valid({cell})", problem, where=where, cell=cell)
        known = _classes.allowed(state, field.name)
        if known is None:
            return
        names = ", ".join(map(literal, known)) or "NULL"
        single = _classes.cell_type(field) == field.type
        held = f"[CAST({cell} AS VARCHAR)]" if single else f"CAST({cell} AS VARCHAR[])"
        stray = f"len(list_filter({held}, lambda x: x IS NOT NULL AND (x IN ({names})) IS NOT TRUE)) > 0"
        problem = f"with a class that {field.name!r} does not have"
        _listing.refuse(after, state.key, f"coalesce({stray}, false)", problem, where=where, cell=cell)

    def _findings(self, cells: _code.Cells) -> Iterator[Finding]:
        if cells.batched is not None:
            message = (
                f"what {self.function} makes of a row depends on the others of its batch: {cells.batched} in a half"
            )
            yield Finding(rule="apply-batches", level="warning", message=message, count=1)
        if cells.printed:
            rest = len(cells.printed) - 1
            more = "" if not rest else f" (and {'1 more line' if rest == 1 else f'{rest} more lines'})"
            message = f"{self.function} printed: {cells.printed[0]}{more}"
            yield Finding(rule="apply-printed", level="info", message=message, count=len(cells.printed))


def _cell(field: Field, new: str) -> str:
    """SQL for a cell of the row `t`, given what the function made of it."""
    if field.type != "number":
        return new
    # pandas has one NaN for a number that is missing and for one that is none: what it was, it stays.
    return f"CASE WHEN {new} IS NULL AND isnan({column(field.name)}) THEN {column(field.name)} ELSE {new} END"


plugin = Apply
