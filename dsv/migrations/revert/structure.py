"""Fields and classes as they were before a migration: names, types, classes that it retired, added or renamed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from dsv.errors import MigrationError, SchemaError
from dsv.migrations.capture.draft import Draft
from dsv.migrations.revert.conflicts import Conflicts
from dsv.model.migration import ClassList, State
from dsv.model.profile import ClassIdentity
from dsv.model.schema import Field
from dsv.operations import _classes

Names = Mapping[str, str]


def undo_fields(before: State, draft: Draft, made: Names, since: Names, conflicts: Conflicts) -> Names:
    """Give fields their names again, and bring back those that are gone.

    `made` maps the fields before to those after, `since` those after to those of now. Gives what each
    field before is called in the draft, as far as it is there.
    """
    found: dict[str, str] = {}
    for field in before.schema:
        then = made.get(field.name)
        now = None if then is None else since.get(then)
        if then is None:
            if _bring_back(draft, before, field, conflicts):
                found[field.name] = field.name
        elif now is not None:
            found[field.name] = _named_again(draft, field.name, then, now, conflicts)
    return found


def _bring_back(draft: Draft, before: State, field: Field, conflicts: Conflicts) -> bool:
    if field.name in draft.state.schema:
        conflicts.add(f"there is another field {field.name} now")
        return False
    classes = before.class_list(field.name)
    if field.name in before.labels and classes is not None and _classes.cell_type(field) == field.type:
        values = tuple(_classes.names(classes))
        draft.do("add_field", new_field=field.name, type="enum", values=values, label=True)
    else:
        kind = "string" if field.type == "enum" else field.type
        draft.do("add_field", new_field=field.name, type=kind)
    return True


def _named_again(draft: Draft, name: str, then: str, now: str, conflicts: Conflicts) -> str:
    if then == name:
        return now
    if then != now or name in draft.state.schema:
        conflicts.add(f"the field {then}, which was {name}, is called {now} now")
        return now
    draft.do("rename_field", source=now, to=name)
    return name


def undo_types(before: State, after: State, draft: Draft, names: Names, made: Names) -> list[str]:
    """Give fields their types again, where all cells fit them; what does not, in words.

    Cells of another type may have to be undone first, or last: so this is done before, and after.
    """
    left = []
    for old, name in names.items():
        field, now = before.schema[old], draft.state.schema[name]
        then = after.schema[made[old]] if old in made else field
        if field.type in (then.type, now.type):
            continue
        if now.type == then.type:
            values = field.values if field.type == "enum" else None
            with suppress(MigrationError, SchemaError):
                draft.do("cast_field", field_name=name, to=field.type, values=values)
                continue
        left.append(f"the field {name} was {field.type}, and is {now.type} now")
    return left


def undo_old_classes(
    before: State, after: State, draft: Draft, names: Names, made: Names, conflicts: Conflicts
) -> None:
    """Give classes their names again, and bring back those that were retired. `names` is what `undo_fields` gave."""
    for old, new, now in _lists(before, after, draft, names, made):
        for identity in _classes.active(old):
            then, current = _of(new, identity.key), _of(now, identity.key)
            if then is None or current is None:
                continue
            if then.retired and current.retired:
                _revive(draft, now.field, identity, conflicts)
            elif not then.retired and then.name != identity.name:
                _rename(draft, now.field, identity.name, then.name, current, conflicts)


def _revive(draft: Draft, field: str, identity: ClassIdentity, conflicts: Conflicts) -> None:
    """With the training index that it had, if nothing has it now; below its parent, if that is there."""
    classes = _classes.of(draft.state, field)
    parent = None if identity.parent is None else _of(classes, identity.parent)
    free = all(item.index != identity.index for item in classes.classes)
    try:
        draft.do(
            "revive_class",
            key=identity.key,
            class_name=identity.name,
            index=identity.index if free else None,
            parent=None if parent is None or parent.retired else parent.name,
            field=field,
        )
    except SchemaError as error:
        conflicts.add(f"class {identity.name} of {field} cannot come back: {error.message}")


def _rename(draft: Draft, field: str, name: str, then: str, current: ClassIdentity, conflicts: Conflicts) -> None:
    if current.retired or current.name != then:
        state = "is retired" if current.retired else f"is called {current.name}"
        conflicts.add(f"class {then} of {field}, which was {name}, {state} now")
        return
    try:
        draft.do("rename_class", source=then, to=name, field=field)
    except SchemaError as error:
        conflicts.add(f"class {then} of {field} cannot be called {name} again: {error.message}")


def undo_new_classes(
    before: State, after: State, draft: Draft, names: Names, made: Names, conflicts: Conflicts
) -> None:
    """Retire the classes that the migration brought, now that its rows have others."""
    for old, new, now in _lists(before, after, draft, names, made):
        for identity in _classes.active(new):
            current = _of(now, identity.key)
            if _of(old, identity.key) is None and current is not None and not current.retired:
                try:
                    draft.do("remove_class", key=identity.key, field=now.field)
                except (MigrationError, SchemaError) as error:
                    conflicts.add(f"class {current.name} of {now.field} stays: {error.message}")


def _lists(
    before: State, after: State, draft: Draft, names: Names, made: Names
) -> Iterator[tuple[ClassList, ClassList, ClassList]]:
    """The classes of each label before and after, and in the draft."""
    for old in before.classes:
        new = after.class_list(made.get(old.field, ""))
        now = draft.state.class_list(names.get(old.field, ""))
        if new is not None and now is not None:
            yield old, new, now


def _of(classes: ClassList, key: str) -> ClassIdentity | None:
    return next((item for item in classes.classes if item.key == key), None)
