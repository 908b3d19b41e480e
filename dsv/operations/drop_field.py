"""Drop a field and its cells."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dsv.errors import SchemaError
from dsv.model.migration import Effect, State
from dsv.model.schema import Schema
from dsv.operations import _fields
from dsv.operations._rows import rewrite
from dsv.operations.base import Inputs, Operation, Outcome, keyed
from dsv.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class DropField(Operation):
    """Drop the field `name`. Key, split and media fields are refused."""

    name = "drop_field"
    symbol = "-"

    field_name: str = keyed("name")

    def forward_schema(self, state: State, inputs: Inputs) -> State:
        _fields.find(state, self.field_name)
        roles = {"key": state.key, "split": (state.split,), "media": (state.media and state.media.field,)}
        role = next((role for role, names in roles.items() if self.field_name in names), None)
        if role is not None:
            raise SchemaError(f"field {self.field_name!r} is the dataset's {role}", where=self.field_name)
        if len(state.schema.fields) == 1:
            raise SchemaError(f"field {self.field_name!r} is the only one", where=self.field_name)
        return replace(
            state,
            schema=Schema(fields=tuple(item for item in state.schema if item.name != self.field_name)),
            labels=tuple(name for name in state.labels if name != self.field_name),
            classes=tuple(item for item in state.classes if item.field != self.field_name),
            guidelines=tuple(item for item in state.guidelines if item.field != self.field_name),
        )

    def forward(self, state: State, table: Table, inputs: Inputs) -> Outcome:
        return Outcome(table=rewrite(table, self.forward_schema(state, inputs).schema))

    def describe(self, state: State, inputs: Inputs | None = None) -> str:
        return f"drop field {self.field_name}"

    def effect(self, state: State) -> Effect:
        return Effect(schema="drop")


plugin = DropField
