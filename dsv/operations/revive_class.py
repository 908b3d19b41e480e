"""Bring a retired class back, as a revert does: with the key and the id that stayed its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dsv import registry
from dsv.errors import SchemaError, did_you_mean
from dsv.model.migration import Effect, State
from dsv.model.profile import ClassIdentity
from dsv.operations import _classes
from dsv.operations._rows import rewrite
from dsv.operations.base import Inputs, Operation, Outcome, keyed
from dsv.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviveClass(Operation):
    """Bring the retired class `key` back; no row has it yet.

    It keeps its id, and its name unless another is given. `index` is the training index that it had,
    which must be a hole; without it, it gets the next one. `parent` is a class above it.
    """

    name = "revive_class"
    symbol = "+"

    key: str
    class_name: str | None = keyed("name", default=None)
    index: int | None = None
    parent: str | None = None
    field: str | None = None

    def forward_schema(self, state: State, inputs: Inputs) -> State:
        classes = _classes.of(state, self.field)
        found = self._found(state)
        name = found.name if self.class_name is None else self.class_name
        _classes.check_name(state, classes, name, group=found.group)
        back = replace(
            found,
            name=name,
            index=None if found.group else self._index(state),
            parent=None if self.parent is None else _classes.find(classes, self.parent).key,
            retired=False,
            into=None,
        )
        patched = _classes.patched(classes, {found.key: back})
        if classes.next_index is not None and back.index is not None:
            patched = replace(patched, next_index=max(classes.next_index, back.index + 1))
        return _classes.with_classes(state, patched)

    def forward(self, state: State, table: Table, inputs: Inputs) -> Outcome:
        return Outcome(table=rewrite(table, self.forward_schema(state, inputs).schema))

    def inverse(self, state: State) -> Operation | None:
        undo: Operation = registry.get("operations", "remove_class")(key=self.key, field=self.field)
        return undo

    def describe(self, state: State, inputs: Inputs | None = None) -> str:
        return f"bring class {self.class_name or self._found(state).name} back"

    def effect(self, state: State) -> Effect:
        return Effect() if self._found(state).group else Effect(class_head="grow")

    def _found(self, state: State) -> ClassIdentity:
        classes = _classes.of(state, self.field)
        retired = {item.key: item for item in classes.classes if item.retired}
        if self.key not in retired:
            raise SchemaError(
                f"field {classes.field!r} has no retired class {self.key!r}",
                where=self.key,
                hint=did_you_mean(self.key, sorted(retired)),
            )
        return retired[self.key]

    def _index(self, state: State) -> int:
        classes = _classes.of(state, self.field)
        if self.index is None:
            return _classes.next_index(classes)
        if self.index < 0 or any(item.index == self.index for item in classes.classes):
            raise SchemaError(f"the index {self.index} is not free", where=self.key, hint="leave `index:` out")
        return self.index


plugin = ReviveClass
