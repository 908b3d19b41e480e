"""Give a field another name."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dsv.model.migration import Effect, State
from dsv.model.schema import Schema
from dsv.operations import _fields
from dsv.operations._rows import column, rewrite
from dsv.operations.base import Inputs, Operation, Outcome, keyed
from dsv.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameField(Operation):
    """Rename the field `from` to the free name `to`; its place and its cells stay."""

    name = "rename_field"
    symbol = "~"

    source: str = keyed("from")
    to: str

    def forward_schema(self, state: State, inputs: Inputs) -> State:
        _fields.find(state, self.source)
        _fields.check_new(self.to, [name for name in state.schema.names if name != self.source])
        media = state.media
        if media is not None:
            media = replace(media, field=self._new(media.field))
        return replace(
            state,
            schema=Schema(fields=tuple(replace(item, name=self._new(item.name)) for item in state.schema)),
            key=tuple(map(self._new, state.key)),
            labels=tuple(map(self._new, state.labels)),
            split=None if state.split is None else self._new(state.split),
            media=media,
            classes=tuple(replace(item, field=self._new(item.field)) for item in state.classes),
            guidelines=tuple(
                item if item.field is None else replace(item, field=self._new(item.field)) for item in state.guidelines
            ),
        )

    def forward(self, state: State, table: Table, inputs: Inputs) -> Outcome:
        schema = self.forward_schema(state, inputs).schema
        return Outcome(table=rewrite(table, schema, {self.to: column(self.source)}))

    def inverse(self, state: State) -> Operation | None:
        return RenameField(source=self.to, to=self.source)

    def describe(self, state: State, inputs: Inputs | None = None) -> str:
        return f"rename field {self.source} -> {self.to}"

    def effect(self, state: State) -> Effect:
        return Effect(schema="rename")

    def _new(self, name: str) -> str:
        return self.to if name == self.source else name


plugin = RenameField
