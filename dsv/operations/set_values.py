"""Set cells of one or more fields, from a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dsv.errors import MigrationError, SchemaError, did_you_mean
from dsv.model.migration import Effect, State
from dsv.operations import _fields, _reviewers, _side
from dsv.operations.base import Inputs, Operation, Outcome
from dsv.tables.table import Table

_OLD = "old_"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetValues(Operation):
    """Set `fields` of the rows of `file`, which has the key fields and a field for each of them.

    `only_null` leaves every cell that has a value. Where the file has a field `old_<field>`, the
    cell must still hold that value (or already the new one).
    `reviewers` asks for so many names in the file's fields `reviewer`, `reviewer_2`, … for rows of a
    split, such as `{test: 2}`; `*` stands for all rows.
    """

    name = "set_values"
    symbol = "~"

    file: str
    fields: tuple[str, ...]
    only_null: bool = False
    reviewers: Mapping[str, int] | None = None

    def side_files(self) -> tuple[str, ...]:
        return (self.file,)

    def forward_schema(self, state: State, inputs: Inputs) -> State:
        if not self.fields or len(set(self.fields)) != len(self.fields):
            raise SchemaError("`fields:` names each field to set once", where=self.file)
        for name in self.fields:
            if _fields.find(state, name).name in state.key:
                raise SchemaError(f"field {name!r} is part of the key", where=self.file)
        _reviewers.check(state, self.reviewers, where=self.file)
        return state

    def forward(self, state: State, table: Table, inputs: Inputs) -> Outcome:
        self.forward_schema(state, inputs)
        table = table.typed_table()
        wanted = [
            _side.Edit(field=name, new=name, old=_OLD + name, old_optional=True, only_null=self.only_null)
            for name in self.fields
        ]
        edits = _side.read(state, table, inputs, self.file, wanted, beside=_reviewers.names_people)
        signed = _reviewers.signed(state, table, edits, self.reviewers)
        self._check_names(state, edits.names)
        for index, edit in enumerate(edits.edits):
            if edit.old is not None:
                edits.refuse_rows(f"without the expected {edit.field!r}", edits.conflicts(table, index))
        return Outcome(table=edits.applied(table), guards=(*edits.held(), *signed))

    def describe(self, state: State, inputs: Inputs | None = None) -> str:
        rows = "rows" if inputs is None else f"{_side.counted(inputs, self.file)}"
        where = ", where missing" if self.only_null else ""
        return f"set {', '.join(self.fields)} of {rows} from {self.file}{where}"

    def effect(self, state: State) -> Effect:
        moved = state.split in self.fields
        return Effect(values="filled" if self.only_null else "corrected", evaluation="moved" if moved else "same")

    def _check_names(self, state: State, names: tuple[str, ...]) -> None:
        """Refuse an expectation for a field that is not set: a misspelt one would not be checked."""
        used = {*state.key, *self.fields, *(_OLD + name for name in self.fields)}
        stray = next((name for name in names if name.startswith(_OLD) and name not in used), None)
        if stray is not None:
            raise MigrationError(
                f"the side file expects {stray!r} of a field that is not set",
                where=self.file,
                hint=did_you_mean(stray.removeprefix(_OLD), self.fields),
            )


plugin = SetValues
