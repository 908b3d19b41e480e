"""Retire a class, and say what becomes of its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dsv.errors import MigrationError, SchemaError
from dsv.model.migration import Effect, State
from dsv.model.profile import ClassIdentity
from dsv.operations import _classes
from dsv.operations._cells import has, mapped
from dsv.operations._rows import rewrite
from dsv.operations.base import Inputs, Operation, Outcome
from dsv.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveClass(Operation):
    """Retire the class `key`; its key and id are never used again.

    `rows` says what becomes of the rows that have it: `forbid` (there must be none), `drop`,
    `unlabelled` (they lose the label), or `relabel_to` the class that `relabel_to` names.
    """

    name = "remove_class"
    symbol = "-"

    key: str
    rows: Literal["forbid", "drop", "unlabelled", "relabel_to"] = "forbid"
    relabel_to: str | None = None
    field: str | None = None

    def forward_schema(self, state: State, inputs: Inputs) -> State:
        classes = _classes.of(state, self.field)
        found = _classes.find(classes, self.key)
        self._target(state)
        heir = None if self.relabel_to is None else _classes.find(classes, self.relabel_to).key
        return _classes.with_classes(state, _classes.without(classes, [found], into=heir))

    def forward(self, state: State, table: Table, inputs: Inputs) -> Outcome:
        after = self.forward_schema(state, inputs)
        classes = _classes.of(state, self.field)
        found = _classes.find(classes, self.key)
        if found.group:
            return Outcome(table=rewrite(table, after.schema))
        name, field = found.name, state.schema[classes.field]
        if self.rows == "forbid":
            if inputs.guarded:
                self._forbid(table, has(field, [name]))
            return Outcome(table=rewrite(table, after.schema))
        if self.rows == "drop":
            return Outcome(table=rewrite(table, after.schema, where=f"NOT {has(field, [name])}"))
        cells = {field.name: mapped(field, {name: self._target(state)}, merging=True)}
        return Outcome(table=rewrite(table, after.schema, cells))

    def describe(self, state: State, inputs: Inputs | None = None) -> str:
        what = {
            "forbid": "that has no rows",
            "drop": "and drop its rows",
            "unlabelled": "and leave its rows without a label",
            "relabel_to": f"and relabel its rows to {self.relabel_to}",
        }
        return f"remove class {self.key} {what[self.rows]}"

    def effect(self, state: State) -> Effect:
        if self._found(state).group:
            return Effect()
        if self.rows == "forbid":
            return Effect(class_head="hole")
        return Effect(class_head="hole", values="removed" if self.rows == "drop" else "corrected")

    def _found(self, state: State) -> ClassIdentity:
        return _classes.find(_classes.of(state, self.field), self.key)

    def _target(self, state: State) -> str | None:
        """What cells hold in place of the class; None: nothing. Raises: SchemaError: they cannot."""
        classes = _classes.of(state, self.field)
        if (self.rows == "relabel_to") != (self.relabel_to is not None):
            raise SchemaError("`relabel_to:` names a class, and goes with `rows: relabel_to`", where=self.key)
        if self.relabel_to is not None:
            target = _classes.find(classes, self.relabel_to)
            if target.group or target.key == self._found(state).key:
                raise SchemaError(f"rows cannot be relabelled to {self.relabel_to!r}", where=self.relabel_to)
            return target.name
        return _classes.emptied(state, classes.field, where=self.key) if self.rows == "unlabelled" else None

    def _forbid(self, table: Table, holds: str) -> None:
        count = table.engine.value(f"SELECT count(*) FROM {table.typed_table().relation} AS t WHERE {holds}")
        if count:
            raise MigrationError(
                f"class {self.key!r} has {count} {'row' if count == 1 else 'rows'}",
                where=self.key,
                hint="say what becomes of them with `rows: drop`, `unlabelled` or `relabel_to`",
            )


plugin = RemoveClass
