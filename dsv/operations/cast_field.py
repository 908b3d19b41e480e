"""Give a field another type; a value that it cannot hold is never rounded, trimmed or guessed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from dsv.errors import SchemaError
from dsv.model.finding import Finding
from dsv.model.migration import ClassList, Effect, State
from dsv.model.profile import ClassIdentity
from dsv.model.schema import Field, Schema, widens
from dsv.operations import _classes, _fields, _listing
from dsv.operations._cells import only
from dsv.operations._rows import column, rewrite
from dsv.operations.base import NO_INPUTS, REASON, Inputs, Operation, Outcome, keyed
from dsv.tables import casts
from dsv.tables.duckdb import literal
from dsv.tables.table import Table
from dsv.tables.types import parse


@dataclass(frozen=True, slots=True, kw_only=True)
class CastField(Operation):
    """Give the field `name` the type `to`.

    `values` are the allowed values where that is an `enum`, whose classes they become; a field that
    has classes keeps them. A text becomes a number, a truth value or a date only where it is the
    spelling of one: `007` is no integer.
    `on_error` says what becomes of a cell that the type cannot hold: `fail` (there must be none),
    `null` (it is missing then), or `quarantine` (its row is set aside).
    """

    name = "cast_field"
    symbol = "~"

    field_name: str = keyed("name")
    to: str
    values: tuple[str, ...] | None = None
    on_error: Literal["fail", "null", "quarantine"] = "fail"

    def forward_schema(self, state: State, inputs: Inputs) -> State:
        field = _fields.find(state, self.field_name)
        self._check(state, field)
        values = self._values(state)
        kept = field.unlabelled is not None and _classes.fits(field.unlabelled, _classes.cell_type(self._cast(field)))
        made = replace(self._cast(field), values=values, unlabelled=field.unlabelled if kept else None)
        after = replace(state, schema=_fields.replaced(state.schema, made))
        if values is None or state.class_list(field.name) is not None:
            return after
        return replace(after, classes=(*after.classes, _new_classes(field.name, values)))

    def forward(self, state: State, table: Table, inputs: Inputs) -> Outcome:
        after = self.forward_schema(state, inputs)
        table = table.typed_table()
        cell = column(self.field_name)
        new = self._sql(state, after)
        lost = f"({cell} IS NOT NULL AND ({new}) IS NULL)"
        if self.on_error == "quarantine":
            return self._quarantined(state, after, table, new, lost)
        if self.on_error == "fail" and inputs.guarded:
            _listing.refuse(
                table,
                state.key,
                lost,
                f"with a value that {self.to} cannot hold",
                where=self.field_name,
                cell=cell,
                hint="mend them first, or say `on_error: null` or `on_error: quarantine`",
            )
        guards = (f"{self.to} holds every value of {self.field_name}",)
        told = guards if self.on_error == "fail" and inputs.guarded else ()
        cast = rewrite(table, after.schema, {self.field_name: new})
        return Outcome(table=cast, findings=self._respelled(state), guards=told)

    def inverse(self, state: State) -> Operation | None:
        field = state.schema[self.field_name]
        after = self.forward_schema(state, NO_INPUTS)
        same_classes = len(after.classes) == len(state.classes)
        same_values = after.schema[field.name].unlabelled == field.unlabelled
        exact = casts.lossless(field.type, self.to) and same_classes and same_values
        if not exact or self.on_error != "fail":
            return None
        return CastField(field_name=self.field_name, to=field.type, values=field.values)

    def describe(self, state: State, inputs: Inputs | None = None) -> str:
        what = {"fail": "", "null": "; what does not fit is missing", "quarantine": "; what does not fit is set aside"}
        return f"cast field {self.field_name} ({state.schema[self.field_name].type}) -> {self.to}{what[self.on_error]}"

    def effect(self, state: State) -> Effect:
        wider = widens(state.schema[self.field_name].type, self.to)
        if self.on_error == "quarantine":
            return Effect(schema="widen" if wider else "narrow", values="removed")
        return Effect(schema="widen" if wider else "narrow", values="same" if self.on_error == "fail" else "corrected")

    def _cast(self, field: Field) -> Field:
        return replace(field, type=self.to)

    def _check(self, state: State, field: Field) -> None:
        """Check that there is such a cast of the field. Raises: SchemaError."""
        parse(self.to)
        roles = {"key": state.key, "media": (state.media and state.media.field,)}
        role = next((role for role, names in roles.items() if field.name in names), None)
        if role is not None:
            raise SchemaError(f"field {field.name!r} is the dataset's {role}", where=field.name)
        if field.type == self.to:
            raise SchemaError(f"field {field.name!r} is {self.to} already", where=field.name)
        if casts.cast("x", field.type, self.to) is None:
            raise SchemaError(
                f"{field.type} cannot be cast to {self.to}",
                where=field.name,
                hint="write the new cells with set_values into a field that add_field makes",
            )
        if self.on_error == "null" and not field.nullable:
            raise SchemaError(f"every cell of {field.name!r} must have a value", where=field.name)
        classes = state.class_list(field.name)
        kind = _classes.cell_type(self._cast(field))
        for name in _classes.names(classes) if classes is not None else ():
            if not _classes.fits(name, kind):
                raise SchemaError(f"the class {name!r} is no {kind}", where=field.name)

    def _values(self, state: State) -> tuple[str, ...] | None:
        """The allowed values of the new enum; None: it is none. Raises: SchemaError."""
        if self.to != "enum":
            if self.values is not None:
                raise SchemaError("`values:` goes with `to: enum`", where=self.field_name)
            return None
        found = _classes.allowed(state, self.field_name)
        if found is not None:
            if self.values is not None and sorted(self.values) != sorted(found):
                raise SchemaError("the field has classes, which are its values", where=self.field_name)
            return self.values or tuple(found)
        if not self.values or len(set(self.values)) != len(self.values) or not all(self.values):
            raise SchemaError("an enum has values, unequal and not empty", where=self.field_name, hint="give `values:`")
        return self.values

    def _sql(self, state: State, after: State) -> str:
        """SQL for the new cell of the row `t`, NULL where it cannot be held."""
        field = after.schema[self.field_name]
        new = casts.cast(column(field.name), state.schema[field.name].type, self.to) or "NULL"
        may = _classes.allowed(after, field.name)
        # Types that tell no class from another (True and true) must not make new ones.
        return new if may is None else f"CASE WHEN {only(field, may, f'({new})')} THEN {new} END"

    def _respelled(self, state: State) -> tuple[Finding, ...]:
        """Values know nothing of how a text file spells them."""
        examples = {"number": "0.50 is 0.5 then", "boolean": "True is true then", "datetime": "a blank is a T then"}
        example = examples.get(state.schema[self.field_name].type)
        if example is None or self.to not in ("string", "enum"):
            return ()
        text = (
            f"{self.field_name} becomes text as dsv spells it ({example}); to keep the spelling of a text file, "
            "say `type: string` of the field in m0000_base.yaml instead"
        )
        return (Finding(rule="cast-respelled", level="warning", message=text),)

    def _quarantined(self, state: State, after: State, table: Table, new: str, lost: str) -> Outcome:
        kept = rewrite(table, after.schema, {self.field_name: new}, where=f"NOT {lost}")
        fields = (*table.schema.fields, Field(name=REASON, type="string", nullable=False))
        reason = literal(f"{self.name}: {self.field_name} is no {self.to}")
        aside = rewrite(table, Schema(fields=fields), {REASON: reason}, where=lost)
        return Outcome(table=kept, quarantine=aside, findings=self._respelled(state))


def _new_classes(field: str, values: tuple[str, ...]) -> ClassList:
    identities = tuple(ClassIdentity(key=name, id=at, index=at, name=name) for at, name in enumerate(values))
    return ClassList(field=field, classes=identities, next_id=len(identities))


plugin = CastField
