"""Give rows another label, from a file that also holds the label that its author saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dsv.errors import SchemaError
from dsv.model.migration import Effect, State
from dsv.operations import _fields, _reviewers, _side
from dsv.operations.base import Inputs, Operation, Outcome
from dsv.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Relabel(Operation):
    """Set the label of the rows of `file`, where it still is what the file expects.

    The file has the key fields and, in the fields that `expect` and `new` name, the label seen
    and the label to set. A row that already has the new label stays as it is. One that has
    neither is an error, or with `on_conflict: skip` is left alone and told.
    `reviewers` asks for so many names in the file's fields `reviewer`, `reviewer_2`, … for rows of a
    split, such as `{test: 2}`; `*` stands for all rows.
    """

    name = "relabel"
    symbol = "~"

    file: str
    field: str | None = None
    expect: str = "old"
    new: str = "new"
    on_conflict: Literal["error", "skip"] = "error"
    reviewers: Mapping[str, int] | None = None

    def side_files(self) -> tuple[str, ...]:
        return (self.file,)

    def forward_schema(self, state: State, inputs: Inputs) -> State:
        self._field(state)
        _reviewers.check(state, self.reviewers, where=self.file)
        return state

    def forward(self, state: State, table: Table, inputs: Inputs) -> Outcome:
        self.forward_schema(state, inputs)
        table = table.typed_table()
        edit = _side.Edit(field=self._field(state), new=self.new, old=self.expect)
        edits = _side.read(state, table, inputs, self.file, [edit], beside=_reviewers.names_people)
        signed = _reviewers.signed(state, table, edits, self.reviewers)
        findings = edits.settle(
            "without the expected label",
            edits.conflicts(table, 0),
            on_conflict=self.on_conflict,
            rule="relabel-skipped",
            skipped="they have neither the expected nor the new label",
        )
        held = () if findings else edits.held()
        return Outcome(table=edits.applied(table), findings=findings, guards=(*held, *signed))

    def describe(self, state: State, inputs: Inputs | None = None) -> str:
        rows = "rows" if inputs is None else f"{_side.counted(inputs, self.file)}"
        return f"relabel {rows} from {self.file}"

    def effect(self, state: State) -> Effect:
        moved = self._field(state) == state.split
        return Effect(values="corrected", evaluation="moved" if moved else "same")

    def _field(self, state: State) -> str:
        if self.field is None and not state.labels:
            raise SchemaError("the dataset has no label field", where=self.file, hint="name it with `field:`")
        name = state.labels[0] if self.field is None else self.field
        if _fields.find(state, name).name in state.key:
            raise SchemaError(f"field {name!r} is part of the key", where=self.file)
        return name


plugin = Relabel
