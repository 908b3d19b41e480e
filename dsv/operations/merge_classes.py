"""Make one class of several."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dsv.errors import SchemaError
from dsv.model.migration import ClassList, Effect, State
from dsv.model.profile import ClassIdentity
from dsv.operations import _classes
from dsv.operations._cells import mapped
from dsv.operations._rows import rewrite
from dsv.operations.base import Inputs, Operation, Outcome, keyed
from dsv.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeClasses(Operation):
    """Turn every class of `from` into `into`, a class that exists or a new one.

    The classes of `from` are retired; the classes below them move below `into`.
    """

    name = "merge_classes"
    symbol = "~"

    sources: tuple[str, ...] = keyed("from")
    into: str
    field: str | None = None

    def forward_schema(self, state: State, inputs: Inputs) -> State:
        classes = _classes.of(state, self.field)
        sources = self._sources(classes)
        if _classes.lookup(classes, self.into) is None:
            _classes.check_name(state, classes, self.into)
            classes = _new_target(classes, self.into, sources)
        target = _classes.find(classes, self.into)
        if target.group and not all(item.group for item in sources):
            raise SchemaError(f"{self.into!r} is a group, which no cell can hold", where=self.into)
        return _classes.with_classes(state, _merged(classes, sources, target))

    def forward(self, state: State, table: Table, inputs: Inputs) -> Outcome:
        after = self.forward_schema(state, inputs)
        classes = _classes.of(state, self.field)
        target = _classes.find(_classes.of(after, self.field), self.into).name
        names: dict[str, str | None] = {item.name: target for item in self._sources(classes)}
        cells = {classes.field: mapped(state.schema[classes.field], names, merging=True)}
        return Outcome(table=rewrite(table, after.schema, cells))

    def describe(self, state: State, inputs: Inputs | None = None) -> str:
        return f"merge classes {', '.join(self.sources)} -> {self.into}"

    def effect(self, state: State) -> Effect:
        return Effect(class_head="hole", values="corrected")

    def _sources(self, classes: ClassList) -> list[ClassIdentity]:
        target = _classes.lookup(classes, self.into)
        found = {item.key: item for item in (_classes.find(classes, word) for word in self.sources)}
        if target is not None:
            found.pop(target.key, None)
        if not found:
            raise SchemaError("there is no class to merge", where=self.into, hint="name them in `from:`")
        return list(found.values())


def _new_target(classes: ClassList, name: str, sources: list[ClassIdentity]) -> ClassList:
    """The classes and the new one, which keeps what its sources have in common."""
    parents = {item.parent for item in sources}
    coverages = {item.coverage for item in sources}
    return _classes.added(
        classes,
        name,
        name,
        parent=parents.pop() if len(parents) == 1 else None,
        coverage=coverages.pop() if len(coverages) == 1 else "reviewed",
    )


def _merged(classes: ClassList, sources: list[ClassIdentity], target: ClassIdentity) -> ClassList:
    gone = {item.key: item for item in sources}
    parent = target.parent
    while parent in gone:
        parent = gone[parent].parent
    changes = {key: _classes.retired(item, target.key) for key, item in gone.items()}
    for item in _classes.active(classes):
        if item.key not in gone and item.key != target.key and item.parent in gone:
            changes[item.key] = replace(item, parent=target.key)
    changes[target.key] = replace(target, parent=parent)
    return _classes.patched(classes, changes)


plugin = MergeClasses
