"""Deal the training indexes of a label's classes anew, without holes; ids and rows stay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from dsv.errors import SchemaError, did_you_mean
from dsv.model.migration import ClassList, Effect, State
from dsv.model.profile import ClassIdentity
from dsv.operations import _classes
from dsv.operations._rows import rewrite
from dsv.operations.base import Inputs, Operation, Outcome
from dsv.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class ReindexClasses(Operation):
    """Give the classes in use the training indexes 0, 1, 2, … in an order.

    `order` is that of the present `index` (so that only the holes of retired classes go), of `id`, of
    `name` (by number where all names are numbers), or `listed`: then `classes` lists every class in use.
    """

    name = "reindex_classes"
    symbol = "~"

    order: Literal["index", "id", "name", "listed"] = "index"
    classes: tuple[str, ...] | None = None
    field: str | None = None

    def forward_schema(self, state: State, inputs: Inputs) -> State:
        classes = _classes.of(state, self.field)
        ordered = self._ordered(classes)
        changes = {item.key: replace(item, index=index) for index, item in enumerate(ordered)}
        return _classes.with_classes(state, replace(_classes.patched(classes, changes), next_index=len(ordered)))

    def forward(self, state: State, table: Table, inputs: Inputs) -> Outcome:
        return Outcome(table=rewrite(table, self.forward_schema(state, inputs).schema))

    def inverse(self, state: State) -> Operation | None:
        before = _indexed(_classes.of(state, self.field))
        # Holes are what no order gives back.
        if [item.index for item in before] != list(range(_classes.next_index(_classes.of(state, self.field)))):
            return None
        return ReindexClasses(order="listed", classes=tuple(item.name for item in before), field=self.field)

    def describe(self, state: State, inputs: Inputs | None = None) -> str:
        classes = _classes.of(state, self.field)
        order = "as listed" if self.order == "listed" else f"in the order of {self.order}"
        count = self._changed(classes)
        return f"reindex classes of {classes.field} {order}: {'1 index' if count == 1 else f'{count} indexes'} changed"

    def effect(self, state: State) -> Effect:
        return Effect(class_head="remap" if self._changed(_classes.of(state, self.field)) else "same")

    def _changed(self, classes: ClassList) -> int:
        return sum(item.index != index for index, item in enumerate(self._ordered(classes)))

    def _ordered(self, classes: ClassList) -> list[ClassIdentity]:
        """The classes that have an index, in the order asked for. Raises: SchemaError: the list is not complete."""
        if (self.order == "listed") != (self.classes is not None):
            raise SchemaError("`classes:` lists classes, and goes with `order: listed`", where=classes.field)
        if self.classes is not None:
            return _listed(classes, self.classes)
        orders: dict[str, Callable[[ClassIdentity], Any]] = {
            "index": lambda item: item.index,
            "id": lambda item: item.id,
            "name": _by_name(classes),
        }
        return sorted(_indexed(classes), key=orders[self.order])


def _indexed(classes: ClassList) -> list[ClassIdentity]:
    """The classes in use that are no groups, by index."""
    found = [item for item in _classes.active(classes) if not item.group]
    return sorted(found, key=lambda item: -1 if item.index is None else item.index)


def _by_name(classes: ClassList) -> Callable[[ClassIdentity], Any]:
    numbers = all(_classes.fits(name, "integer") for name in _classes.names(classes))
    return lambda item: int(item.name) if numbers else item.name


def _listed(classes: ClassList, words: tuple[str, ...]) -> list[ClassIdentity]:
    found = [_classes.find(classes, word) for word in words]
    keys = [item.key for item in found]
    twice = next((item.name for item in found if keys.count(item.key) > 1), None)
    if twice is not None:
        raise SchemaError(f"class {twice!r} is listed twice", where=classes.field)
    missing = [item.name for item in _indexed(classes) if item.key not in keys]
    if missing:
        raise SchemaError(
            f"{len(missing)} classes of {classes.field!r} are not listed: {', '.join(missing[:10])}",
            where=classes.field,
            hint="list every class in use, or retire one with remove_class",
        )
    group = next((item.name for item in found if item.group), None)
    if group is not None:
        names = _classes.names(classes)
        raise SchemaError(f"{group!r} is a group, which has no index", where=group, hint=did_you_mean(group, names))
    return found


plugin = ReindexClasses
