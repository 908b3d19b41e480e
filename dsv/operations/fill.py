"""Fill cells that are missing or not labelled; what is labelled is never written over."""

from __future__ import annotations

from dataclasses import dataclass

from dsv.errors import SchemaError, did_you_mean
from dsv.model.finding import Finding
from dsv.model.migration import Effect, State
from dsv.model.schema import Field
from dsv.operations import _classes, _conditions, _constants, _fields, _listing, _references, _side
from dsv.operations._cells import only
from dsv.operations._constants import Constant
from dsv.operations._rows import column, rewrite
from dsv.operations.base import Inputs, Operation, Outcome, condition, keyed
from dsv.tables.duckdb import literal
from dsv.tables.table import POSITION, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill(Operation):
    """Fill the cells of `field` that are missing, or hold the value for *not labelled*.

    They get `value`; or the cell of the same row in the field `from`; or what `file` says, which
    has the key fields and one named as `field`. With the SQL condition `where`, only rows for which
    it is true are filled. A cell for which there is nothing to fill in stays as it is.
    """

    name = "fill"
    symbol = "~"

    field: str
    value: Constant = None
    source: str | None = keyed("from", default=None)
    file: str | None = None
    where: str | None = condition(default=None)

    def side_files(self) -> tuple[str, ...]:
        return () if self.file is None else (self.file,)

    def forward_schema(self, state: State, inputs: Inputs) -> State:
        field = _fields.find(state, self.field)
        if field.name in state.key:
            raise SchemaError(f"field {field.name!r} is part of the key", where=field.name)
        if [self.value, self.source, self.file].count(None) != 2:
            raise SchemaError(
                "one thing tells what to fill in", where=field.name, hint="give `value:`, `from:` or `file:`"
            )
        if self.source is not None:
            self._check_source(field, _fields.find(state, self.source))
        if self.value is not None:
            self._check_value(state, field)
        return state

    def forward(self, state: State, table: Table, inputs: Inputs) -> Outcome:
        self.forward_schema(state, inputs)
        bound = self.bind(inputs.parameters) if self.parameters() else self
        table = table.typed_table()
        field = state.schema[self.field]
        empty = _empty(state, field)
        if bound.where is not None:
            matches = _conditions.checked(table, bound.where)
            _conditions.counts(table, [matches], bound.where)
            empty += f" AND {matches}"
        if self.file is not None:
            return self._by_file(state, table, inputs, empty)
        return Outcome(table=rewrite(table, table.schema, {self.field: self._filled(state, table, inputs, empty)}))

    def describe(self, state: State, inputs: Inputs | None = None) -> str:
        limit = "" if self.where is None else f", where {_references.shown(self.where)}"
        if self.file is not None:
            rows = "" if inputs is None else f"{_side.counted(inputs, self.file)} of "
            return f"fill {self.field} from {rows}{self.file}{limit}"
        what = f"field {self.source}" if self.source is not None else _constants.shown(self.value)
        return f"fill {self.field} {'from' if self.source is not None else 'with'} {what}{limit}"

    def effect(self, state: State) -> Effect:
        return Effect(values="filled", evaluation="moved" if self.field == state.split else "same")

    def _by_file(self, state: State, table: Table, inputs: Inputs, empty: str) -> Outcome:
        file = str(self.file)
        edits = _side.read(state, table, inputs, file, [_side.Edit(field=self.field, new=self.field)])
        cell = column(self.field)
        join = f"LEFT JOIN {edits.relation} AS e ON {edits.same_key()}"
        new = f"CASE WHEN e.n0 IS NOT NULL AND {empty} THEN e.n0 ELSE {cell} END"
        kept = f"t.{POSITION} IS NOT NULL AND NOT ({empty}) AND {cell} IS DISTINCT FROM e.n0"
        rows = edits.engine.value(f"SELECT count(*) FROM {edits.pairs(table)} WHERE {kept}")
        filled = rewrite(table, table.schema, {self.field: new}, join=join)
        findings = () if not rows else (self._kept(rows),)
        return Outcome(table=filled, findings=findings, guards=edits.held())

    def _filled(self, state: State, table: Table, inputs: Inputs, empty: str) -> str:
        """SQL for the cell of the row `t`. Raises: SchemaError, MigrationError: it cannot hold that."""
        field = state.schema[self.field]
        if self.source is None:
            new = _constants.sql(table.engine, self.value, field.type, what="value", where=self.field)
            return f"CASE WHEN {empty} THEN {new} ELSE {column(self.field)} END"
        other = column(self.source)
        # What stands for not labelled, here or there, is nothing to fill in.
        told = f"NOT {_empty(state, state.schema[self.source])} AND NOT {_empty(state, field, other)}"
        may = _classes.allowed(state, self.field)
        if may is not None:
            known = only(field, may, other)
            if inputs.guarded:
                _listing.refuse(
                    table,
                    state.key,
                    f"{empty} AND {told} AND NOT {known}",
                    f"with a value that {self.field!r} does not allow",
                    where=self.source,
                    cell=other,
                    hint="add_class or set_field admits it",
                )
            told += f" AND {known}"
        return f"CASE WHEN {empty} AND {told} THEN {other} ELSE {column(self.field)} END"

    def _check_source(self, field: Field, other: Field) -> None:
        if other.name == field.name:
            raise SchemaError("a field is not filled from itself", where=field.name)
        if other.type != field.type and not {other.type, field.type} <= {"string", "enum"}:
            raise SchemaError(
                f"{field.name!r} is {field.type}, and {other.name!r} is {other.type}",
                where=field.name,
                hint="cast_field gives a field another type",
            )

    def _check_value(self, state: State, field: Field) -> None:
        _constants.check(self.value, field.type, what="value", where=field.name)
        may = _classes.allowed(state, field.name)
        found = self.value if isinstance(self.value, tuple | list) else (self.value,)
        unknown = [] if may is None else [item for item in found if item is not None and _text(item) not in may]
        if unknown:
            word = _text(unknown[0])
            raise SchemaError(f"{field.name!r} does not allow {word!r}", where=word, hint=did_you_mean(word, may or ()))
        if _text(self.value) == _classes.unlabelled(state, field.name):
            raise SchemaError(f"{self.value!r} stands for not labelled in {field.name!r}", where=field.name)

    def _kept(self, rows: int) -> Finding:
        text = f"{rows} rows of {self.file} name a cell that has another value, or that `where` leaves out: it stays"
        return Finding(rule="fill-kept", level="info", message=text, count=rows)


def _empty(state: State, field: Field, cell: str | None = None) -> str:
    """SQL: the cell of the row `t`, or another, is missing or not labelled, as the field understands it."""
    cell = column(field.name) if cell is None else cell
    nothing = _classes.unlabelled(state, field.name)
    if nothing is None or _classes.cell_type(field) != field.type:
        return f"({cell} IS NULL)"
    return f"({cell} IS NULL OR CAST({cell} AS VARCHAR) = {literal(nothing)})"


def _text(value: Constant) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


plugin = Fill
