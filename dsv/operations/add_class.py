"""Add a class that no row has yet."""

from __future__ import annotations

from dataclasses import dataclass

from dsv import registry
from dsv.model.migration import Effect, State
from dsv.operations import _classes
from dsv.operations._rows import rewrite
from dsv.operations.base import Inputs, Operation, Outcome, keyed
from dsv.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class AddClass(Operation):
    """Add a class to the label.

    `name` is what cells will hold (the key, unless given); `parent` a class above it; `coverage`
    says on which rows the class was looked for: all, none or reviewed. A `group` stands above
    other classes and is in no cell.
    """

    name = "add_class"
    symbol = "+"

    key: str
    class_name: str | None = keyed("name", default=None)
    field: str | None = None
    parent: str | None = None
    description: str | None = None
    coverage: str = "all"
    group: bool = False

    def forward_schema(self, state: State, inputs: Inputs) -> State:
        classes = _classes.of(state, self.field)
        name = self.key if self.class_name is None else self.class_name
        _classes.check_key(classes, self.key)
        _classes.check_name(state, classes, name, group=self.group)
        _classes.check_coverage(self.coverage)
        more = _classes.added(
            classes,
            self.key,
            name,
            parent=None if self.parent is None else _classes.find(classes, self.parent).key,
            description=self.description,
            coverage=self.coverage,
            group=self.group,
        )
        return _classes.with_classes(state, more)

    def forward(self, state: State, table: Table, inputs: Inputs) -> Outcome:
        return Outcome(table=rewrite(table, self.forward_schema(state, inputs).schema))

    def inverse(self, state: State) -> Operation | None:
        undo: Operation = registry.get("operations", "remove_class")(key=self.key, field=self.field)
        return undo

    def describe(self, state: State, inputs: Inputs | None = None) -> str:
        name = self.key if self.class_name is None else self.class_name
        return f"add {'group' if self.group else 'class'} {name}" + (f" below {self.parent}" if self.parent else "")

    def effect(self, state: State) -> Effect:
        return Effect() if self.group else Effect(class_head="grow")


plugin = AddClass
