"""Set what a field may hold, and what is known of it; its cells stay."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dsv.errors import SchemaError
from dsv.model.migration import ClassList, Effect, State
from dsv.model.profile import ClassIdentity
from dsv.model.schema import Field
from dsv.operations import _classes, _fields, _listing
from dsv.operations._cells import has
from dsv.operations._rows import column, rewrite
from dsv.operations.base import NO_INPUTS, Inputs, Operation, Outcome, keyed
from dsv.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class SetField(Operation):
    """Set attributes of the field `name`; those that are not given stay.

    `nullable: false` asks that every cell has a value. `values` are all allowed values of an
    `enum`: those that are new become classes, those that are gone are retired and may be in no
    cell. `unlabelled` is the value that counts as *not labelled*; a class of that name is
    retired. The empty text takes `unlabelled` or `description` away.
    """

    name = "set_field"
    symbol = "~"

    field_name: str = keyed("name")
    nullable: bool | None = None
    values: tuple[str, ...] | None = None
    unlabelled: str | None = None
    description: str | None = None

    def forward_schema(self, state: State, inputs: Inputs) -> State:
        field = _fields.find(state, self.field_name)
        if all(item is None for item in (self.nullable, self.values, self.unlabelled, self.description)):
            raise SchemaError(
                "there is nothing to set",
                where=self.field_name,
                hint="give `nullable:`, `values:`, `unlabelled:` or `description:`",
            )
        if self.nullable is not None:
            field = replace(field, nullable=self.nullable)
        if self.description is not None:
            field = replace(field, description=self.description or None)
        state = replace(state, schema=_fields.replaced(state.schema, field))
        if self.unlabelled is not None:
            state = self._with_unlabelled(state)
        return state if self.values is None else self._with_values(state)

    def forward(self, state: State, table: Table, inputs: Inputs) -> Outcome:
        after = self.forward_schema(state, inputs)
        table = table.typed_table()
        guards = self._checked(state, after, table) if inputs.guarded else ()
        return Outcome(table=rewrite(table, after.schema), guards=guards)

    def inverse(self, state: State) -> Operation | None:
        field = state.schema[self.field_name]
        after = self.forward_schema(state, NO_INPUTS)
        if any(item.retired for item in _new_or_changed(state, after, self.field_name)):
            return None
        return SetField(
            field_name=self.field_name,
            nullable=None if self.nullable is None else field.nullable,
            values=None if field.values == after.schema[field.name].values else field.values,
            unlabelled=None if self.unlabelled is None else field.unlabelled or "",
            description=None if self.description is None else field.description or "",
        )

    def describe(self, state: State, inputs: Inputs | None = None) -> str:
        parts = []
        if self.nullable is not None:
            parts.append("cells may be missing" if self.nullable else "every cell has a value")
        if self.values is not None:
            parts.append(_difference(state.schema[self.field_name].values or (), self.values))
        if self.unlabelled is not None:
            parts.append(f"not labelled is {self.unlabelled or 'a missing cell'}")
        if self.description is not None:
            parts.append(f"description {self.description or '(none)'}")
        return f"set field {self.field_name}: {'; '.join(parts)}"

    def effect(self, state: State) -> Effect:
        after = self.forward_schema(state, NO_INPUTS)
        narrow = state.schema[self.field_name].nullable and self.nullable is False
        changed = _new_or_changed(state, after, self.field_name)
        if any(item.retired for item in changed):
            return Effect(schema="narrow" if narrow else "same", class_head="hole")
        return Effect(schema="narrow" if narrow else "same", class_head="grow" if changed else "same")

    def _with_unlabelled(self, state: State) -> State:
        field, classes = state.schema[self.field_name], state.class_list(self.field_name)
        value = self.unlabelled or None
        if value is not None and not _classes.fits(value, _classes.cell_type(field)):
            raise SchemaError(f"{value!r} is no {_classes.cell_type(field)}", where=self.field_name)
        state = replace(state, schema=_fields.replaced(state.schema, replace(field, unlabelled=value)))
        if classes is None:
            return state
        renamed = None if field.unlabelled is None or value is None else {field.unlabelled: value}
        found = None if value is None else _classes.lookup(classes, value)
        if found is not None and found.name == value:
            classes = _classes.without(classes, [found])
        return _classes.with_classes(state, classes, renamed)

    def _with_values(self, state: State) -> State:
        field, values = state.schema[self.field_name], self.values or ()
        if field.values is None:
            raise SchemaError(
                f"only an enum lists its values, and {field.name!r} is {field.type}",
                where=field.name,
                hint="classes of a label change with add_class and remove_class; cast_field makes an enum",
            )
        if len(set(values)) != len(values) or not all(values):
            raise SchemaError("the values of an enum are unequal and not empty", where=field.name)
        if field.unlabelled is not None and field.unlabelled not in values:
            raise SchemaError(
                f"{field.unlabelled!r} stands for not labelled in {field.name!r}, and is one of its values",
                where=field.name,
                hint="take it away with `unlabelled: ''`",
            )
        state = replace(state, schema=_fields.replaced(state.schema, replace(field, values=values)))
        classes = state.class_list(field.name)
        return state if classes is None else _with_exactly(state, classes, field, values)

    def _checked(self, state: State, after: State, table: Table) -> tuple[str, ...]:
        """Require that no cell holds what it may not hold; what was checked, in words.

        Raises: MigrationError: naming the rows.
        """
        checked = []
        before, field = state.schema[self.field_name], after.schema[self.field_name]
        if not field.nullable and before.nullable:
            _listing.refuse(
                table,
                state.key,
                f"{column(field.name)} IS NULL",
                f"with no value for {field.name!r}",
                where=field.name,
                hint="give them one with fill first",
            )
            checked.append(f"every row has a value for {field.name}")
        then, now = _classes.allowed(state, field.name), _classes.allowed(after, field.name)
        gone = [] if then is None or now is None else [name for name in then if name not in now]
        if gone:
            _listing.refuse(
                table,
                state.key,
                has(before, gone),
                f"with a value that {field.name!r} would no longer allow",
                where=field.name,
                cell=column(field.name),
                hint="give them another value first: relabel, fill or remove_class",
            )
            checked.append(f"no row has {', '.join(gone)} for {field.name}")
        return tuple(checked)


def _with_exactly(state: State, classes: ClassList, field: Field, values: tuple[str, ...]) -> State:
    """The state with the values as the classes in use, groups aside, besides the one for not labelled."""
    named = [value for value in values if value != field.unlabelled]
    gone = [item for item in _classes.active(classes) if not item.group and item.name not in named]
    classes = _classes.without(classes, gone)
    for value in named:
        if value not in _classes.names(classes):
            _classes.check_name(state, classes, value)
            classes = _classes.added(classes, value, value, coverage="none")
    return _classes.with_classes(state, classes)


def _new_or_changed(state: State, after: State, field: str) -> list[ClassIdentity]:
    """Classes that the operation adds or retires."""
    before, now = state.class_list(field), after.class_list(field)
    if before is None or now is None:
        return []
    return [item for item in now.classes if item not in before.classes]


def _difference(old: tuple[str, ...], new: tuple[str, ...]) -> str:
    signs = [f"+{value}" for value in new if value not in old] + [f"-{value}" for value in old if value not in new]
    return f"values {', '.join(signs)}" if signs else "values in another order"


plugin = SetField
