"""Add a field, with a default in every row."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dsv import registry
from dsv.errors import SchemaError
from dsv.model.migration import ClassList, Effect, State
from dsv.model.profile import ClassIdentity
from dsv.model.schema import Field, Schema
from dsv.operations import _constants, _fields
from dsv.operations._constants import Constant
from dsv.operations._rows import rewrite
from dsv.operations.base import Inputs, Operation, Outcome, keyed
from dsv.tables.table import Table
from dsv.tables.types import parse


@dataclass(frozen=True, slots=True, kw_only=True)
class AddField(Operation):
    """Add the field `name` after the others.

    `values` are the allowed values of an `enum`, whose classes they become. Every row gets
    `default`; with `unlabelled: true` that default counts as *not labelled* and is no class.
    `label: true` makes the field one of the labels.
    """

    name = "add_field"
    symbol = "+"

    new_field: str = keyed("name")
    type: str
    values: tuple[str, ...] | None = None
    default: Constant = None
    nullable: bool = True
    unlabelled: bool = False
    label: bool = False

    def forward_schema(self, state: State, inputs: Inputs) -> State:
        _fields.check_new(self.new_field, state.schema.names)
        self._check_values()
        self._check_default()
        if self.label and self.type != "enum":
            raise SchemaError("only an enum can be added as a label", where=self.new_field)
        field = Field(
            name=self.new_field,
            type=self.type,
            nullable=self.nullable,
            values=self.values,
            unlabelled=str(self.default) if self.unlabelled else None,
        )
        return replace(
            state,
            schema=Schema(fields=(*state.schema.fields, field)),
            labels=(*state.labels, self.new_field) if self.label else state.labels,
            classes=state.classes if self.values is None else (*state.classes, self._classes()),
        )

    def forward(self, state: State, table: Table, inputs: Inputs) -> Outcome:
        after = self.forward_schema(state, inputs)
        value = _constants.sql(table.engine, self.default, self.type, what="default", where=self.new_field)
        return Outcome(table=rewrite(table, after.schema, {self.new_field: value}))

    def inverse(self, state: State) -> Operation | None:
        undo: Operation = registry.get("operations", "drop_field")(field_name=self.new_field)
        return undo

    def describe(self, state: State, inputs: Inputs | None = None) -> str:
        line = f"add field {self.new_field} ({self.type})"
        if self.default is None:
            return line
        return f"{line}, {_constants.shown(self.default)} in every row" + (", not labelled" if self.unlabelled else "")

    def effect(self, state: State) -> Effect:
        return Effect(schema="add")

    def _check_values(self) -> None:
        try:
            parse(self.type)
        except SchemaError as error:
            raise SchemaError(error.message, where=self.new_field, hint=error.hint) from None
        if (self.type == "enum") != (self.values is not None):
            raise SchemaError("`values:` goes with `type: enum`", where=self.new_field)
        values = self.values or ()
        if self.values is not None and (len(set(values)) != len(values) or not all(values)):
            raise SchemaError("the values of an enum are unequal and not empty", where=self.new_field)
        if self.unlabelled and (self.default is None or self.type not in ("enum", "string")):
            raise SchemaError("`unlabelled: true` goes with a text as the default", where=self.new_field)

    def _check_default(self) -> None:
        if self.default is None:
            if not self.nullable:
                raise SchemaError("a field that is not nullable needs a default", where=self.new_field)
            return
        _constants.check(self.default, self.type, what="default", where=self.new_field)
        if self.values is not None and self.default not in self.values:
            raise SchemaError(
                f"the default {self.default!r} is none of the values",
                where=self.new_field,
                hint=f"add {self.default!r} to `values:`",
            )

    def _classes(self) -> ClassList:
        named = [value for value in self.values or () if not (self.unlabelled and value == self.default)]
        coverage = "none" if self.unlabelled or self.default is None else "all"
        identities = tuple(
            ClassIdentity(key=value, id=index, index=index, name=value, coverage=coverage)
            for index, value in enumerate(named)
        )
        return ClassList(field=self.new_field, classes=identities, next_id=len(identities))


plugin = AddField
