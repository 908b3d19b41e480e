"""Set what is known of classes: what they stand below, their description, their coverage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from dsv.errors import SchemaError
from dsv.model.migration import ClassList, Effect, State
from dsv.operations import _classes
from dsv.operations._rows import rewrite
from dsv.operations.base import Inputs, Operation, Outcome
from dsv.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class SetClass(Operation):
    """Set `parent`, `description` or `coverage` of the class `key`, or the parents of many classes.

    `parents` maps a parent to the classes below it; a parent that is not there yet becomes a
    group. The empty text takes a parent or a description away.
    """

    name = "set_class"
    symbol = "~"

    key: str | None = None
    parent: str | None = None
    description: str | None = None
    coverage: str | None = None
    parents: Mapping[str, tuple[str, ...]] | None = None
    field: str | None = None

    def forward_schema(self, state: State, inputs: Inputs) -> State:
        classes = _classes.of(state, self.field)
        self._check()
        for parent, words in (self.parents or {}).items():
            classes = _with_group(state, classes, parent)
            for word in words:
                classes = _set(classes, word, {"parent": parent})
        if self.key is not None:
            classes = _set(classes, self.key, self._attributes())
        return _classes.with_classes(state, classes)

    def forward(self, state: State, table: Table, inputs: Inputs) -> Outcome:
        return Outcome(table=rewrite(table, self.forward_schema(state, inputs).schema))

    def inverse(self, state: State) -> Operation | None:
        classes = _classes.of(state, self.field)
        if any(parent and _classes.lookup(classes, parent) is None for parent in self.parents or {}):
            return None
        parents: dict[str, tuple[str, ...]] = {}
        for word in (word for words in (self.parents or {}).values() for word in words):
            above = _classes.find(classes, word).parent or ""
            parents[above] = (*parents.get(above, ()), word)
        if self.key is None:
            return SetClass(parents=parents, field=self.field)
        found = _classes.find(classes, self.key)
        old = {name: getattr(found, name) or "" for name in self._attributes()}
        return SetClass(key=self.key, parents=parents or None, field=self.field, **old)

    def describe(self, state: State, inputs: Inputs | None = None) -> str:
        parts = [f"{name} {value or '(none)'}" for name, value in self._attributes().items()]
        if self.parents:
            count = sum(map(len, self.parents.values()))
            parts.append(f"parents of {count} classes: {', '.join(name or '(none)' for name in self.parents)}")
        return f"set class {self.key}: {', '.join(parts)}" if self.key else f"set {', '.join(parts)}"

    def effect(self, state: State) -> Effect:
        return Effect()

    def _attributes(self) -> dict[str, str]:
        given = {"parent": self.parent, "description": self.description, "coverage": self.coverage}
        return {name: value for name, value in given.items() if value is not None}

    def _check(self) -> None:
        if (self.key is not None) != bool(self._attributes()):
            raise SchemaError(
                "`key:` goes with what to set",
                where=self.key,
                hint="give `parent:`, `description:` or `coverage:`",
            )
        if self.key is None and not self.parents:
            raise SchemaError("there is nothing to set", hint="give `key:` and what to set, or `parents:`")
        if self.coverage is not None:
            _classes.check_coverage(self.coverage)
        words = [word for words in (self.parents or {}).values() for word in words]
        twice = next((word for word in words if words.count(word) > 1), None)
        if twice is not None:
            raise SchemaError(f"class {twice!r} is given two parents", where=twice)


def _with_group(state: State, classes: ClassList, name: str) -> ClassList:
    if not name or _classes.lookup(classes, name) is not None:
        return classes
    _classes.check_name(state, classes, name, group=True)
    return _classes.added(classes, name, name, group=True)


def _set(classes: ClassList, word: str, attributes: Mapping[str, str]) -> ClassList:
    found = _classes.find(classes, word)
    values: dict[str, Any] = {name: value or None for name, value in attributes.items()}
    if values.get("parent") is not None:
        values["parent"] = _classes.find(classes, values["parent"]).key
    return _classes.patched(classes, {found.key: replace(found, **values)})


plugin = SetClass
