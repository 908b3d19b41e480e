"""Give a class another name; key, id and index stay."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dsv.model.migration import Effect, State
from dsv.operations import _classes
from dsv.operations._cells import mapped
from dsv.operations._rows import rewrite
from dsv.operations.base import Inputs, Operation, Outcome, keyed
from dsv.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameClass(Operation):
    """Rename the class `from`, in every cell that holds it, to the free name `to`."""

    name = "rename_class"
    symbol = "~"

    source: str = keyed("from")
    to: str
    field: str | None = None

    def forward_schema(self, state: State, inputs: Inputs) -> State:
        classes = _classes.of(state, self.field)
        found = _classes.find(classes, self.source)
        _classes.check_name(state, classes, self.to)
        changed = _classes.patched(classes, {found.key: replace(found, name=self.to)})
        return _classes.with_classes(state, changed, {found.name: self.to})

    def forward(self, state: State, table: Table, inputs: Inputs) -> Outcome:
        after = self.forward_schema(state, inputs)
        classes = _classes.of(state, self.field)
        name = _classes.find(classes, self.source).name
        cells = {classes.field: mapped(state.schema[classes.field], {name: self.to})}
        return Outcome(table=rewrite(table, after.schema, cells))

    def inverse(self, state: State) -> Operation | None:
        name = _classes.find(_classes.of(state, self.field), self.source).name
        return RenameClass(source=self.to, to=name, field=self.field)

    def describe(self, state: State, inputs: Inputs | None = None) -> str:
        return f"rename class {self.source} -> {self.to}"

    def effect(self, state: State) -> Effect:
        # Whoever reads classes by name has to follow; a trained head fits as it is.
        return Effect(schema="rename")


plugin = RenameClass
