"""Classes of a field as a value: found, added, renamed, retired. Ids and indices are never dealt twice."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from dsv.errors import SchemaError, did_you_mean
from dsv.model.migration import ClassList, State
from dsv.model.profile import ClassIdentity
from dsv.model.schema import Field
from dsv.operations import _fields
from dsv.tables.types import List, parse, spell

COVERAGES = ("all", "none", "reviewed")
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")


def of(state: State, field: str | None) -> ClassList:
    """The classes that an operation is about; `field` None stands for the first label.

    Raises: SchemaError: no such field, or one that has no classes.
    """
    name = field if field is not None else _default_field(state)
    _fields.find(state, name)
    found = state.class_list(name)
    if found is None:
        known = [item.field for item in state.classes]
        raise SchemaError(f"field {name!r} has no classes", where=name, hint=did_you_mean(name, known))
    return found


def find(classes: ClassList, word: str) -> ClassIdentity:
    """The class of that name, or else of that key. Raises: SchemaError: there is none."""
    found = lookup(classes, word)
    if found is not None:
        return found
    retired = next((item for item in classes.classes if item.retired and word in (item.key, item.name)), None)
    if retired is not None:
        raise SchemaError(f"class {word!r} of {classes.field!r} is retired", where=word)
    raise SchemaError(
        f"field {classes.field!r} has no class {word!r}",
        where=word,
        hint=did_you_mean(word, [item.name for item in active(classes)]),
    )


def lookup(classes: ClassList, word: str) -> ClassIdentity | None:
    """The class in use of that name, or else of that key; None if there is none."""
    named = [item for item in active(classes) if item.name == word]
    return next(iter(named or [item for item in active(classes) if item.key == word]), None)


def active(classes: ClassList) -> list[ClassIdentity]:
    """The classes in use, groups included."""
    return [item for item in classes.classes if not item.retired]


def names(classes: ClassList) -> list[str]:
    """What cells may hold: the names of the classes in use that are no groups."""
    return [item.name for item in active(classes) if not item.group]


def unlabelled(state: State, field: str) -> str | None:
    """The value of a field that counts as not labelled, None if only a missing cell does.

    The dataset's own such value stands for the labels whose cells can hold it.
    """
    described = state.schema[field]
    if described.unlabelled is not None or state.unlabelled is None or field not in state.labels:
        return described.unlabelled
    return state.unlabelled if fits(state.unlabelled, cell_type(described)) else None


def emptied(state: State, field: str, *, where: str) -> str | None:
    """What a cell holds once its class is taken away: the value for not labelled; None: nothing.

    A list has one class less. Raises: SchemaError: every cell must have a value, and there is none.
    """
    described = state.schema[field]
    if cell_type(described) != described.type:
        return None
    nothing = unlabelled(state, field)
    if nothing is None and not described.nullable:
        raise SchemaError(f"every cell of {field!r} must have a value", where=where, hint="give its rows another class")
    return nothing


def allowed(state: State, field: str) -> list[str] | None:
    """The texts that a field's cells may hold; None where any value of its type may stand."""
    classes = state.class_list(field)
    if classes is None:
        values = state.schema[field].values
        return None if values is None else list(values)
    nothing = unlabelled(state, field)
    return names(classes) + ([] if nothing is None else [nothing])


def check_name(state: State, classes: ClassList, name: str, *, group: bool = False) -> None:
    """Check a name for a class; a group is in no cell, so its name need not fit the field's type.

    Raises: SchemaError: the name is empty or taken, or no value of the field's type.
    """
    if any(item.name == name for item in active(classes)):
        raise SchemaError(f"field {classes.field!r} has a class {name!r} already", where=name)
    if name == unlabelled(state, classes.field):
        raise SchemaError(f"{name!r} stands for not labelled in {classes.field!r}", where=name)
    type_name = cell_type(state.schema[classes.field])
    if not name:
        raise SchemaError("a class needs a name", where=classes.field)
    if not group and not fits(name, type_name):
        raise SchemaError(f"{name!r} is no {type_name}, as the cells of {classes.field!r} are", where=name)


def check_key(classes: ClassList, key: str) -> None:
    """Check a key for a class. Raises: SchemaError: it is in use, or was once."""
    taken = next((item for item in classes.classes if item.key == key), None)
    if taken is None:
        return
    state = "is retired, and its key stays its own" if taken.retired else "exists already"
    raise SchemaError(f"class {key!r} of {classes.field!r} {state}", where=key, hint="give another `key:`")


def check_coverage(coverage: str) -> None:
    """Check what is said about coverage. Raises: SchemaError."""
    if coverage not in COVERAGES:
        raise SchemaError(f"no such coverage: {coverage!r}", where=coverage, hint=did_you_mean(coverage, COVERAGES))


def added(
    classes: ClassList,
    key: str,
    name: str,
    *,
    parent: str | None = None,
    description: str | None = None,
    coverage: str = "all",
    group: bool = False,
    split_from: str | None = None,
) -> ClassList:
    """The classes and one more, with the next id and, unless it is a group, the next index.

    Raises: SchemaError: the key was used before.
    """
    check_key(classes, key)
    identity = ClassIdentity(
        key=key,
        id=classes.next_id,
        index=None if group else next_index(classes),
        name=name,
        parent=parent,
        description=description,
        coverage=coverage,
        group=group,
        split_from=split_from,
    )
    after = None if classes.next_index is None else classes.next_index + (0 if group else 1)
    return replace(classes, classes=(*classes.classes, identity), next_id=classes.next_id + 1, next_index=after)


def patched(classes: ClassList, changes: Mapping[str, ClassIdentity]) -> ClassList:
    """The classes with those of some keys replaced. Raises: SchemaError: a class is above itself."""
    patch = replace(classes, classes=tuple(changes.get(item.key, item) for item in classes.classes))
    _check_tree(patch)
    return patch


def retired(identity: ClassIdentity, into: str | None = None) -> ClassIdentity:
    """The class once no row may have it: key and id stay taken, the index is left as a hole.

    `into` is the key of the class that its rows now have, None if there is no one such.
    """
    return replace(identity, index=None, parent=None, retired=True, into=into)


def without(classes: ClassList, gone: Sequence[ClassIdentity], *, into: str | None = None) -> ClassList:
    """The classes with some retired; `into` is the key of the class that took their rows.

    Raises: SchemaError: one of them stands above others.
    """
    keys = {item.key for item in gone}
    for found in gone:
        below = [item.name for item in children(classes, found.key) if item.key not in keys]
        if below:
            raise SchemaError(
                f"class {found.name!r} stands above others: {', '.join(below[:10])}",
                where=found.name,
                hint="give them another parent with set_class first",
            )
    return patched(classes, {item.key: retired(item, into) for item in gone})


def children(classes: ClassList, key: str) -> list[ClassIdentity]:
    """The classes in use right below a class."""
    return [item for item in active(classes) if item.parent == key]


def with_classes(state: State, classes: ClassList, renamed: Mapping[str, str] | None = None) -> State:
    """The state with a field's classes replaced; an enum's values follow, in their order."""
    others = tuple(classes if item.field == classes.field else item for item in state.classes)
    field = state.schema[classes.field]
    if field.values is None:
        return replace(state, classes=others)
    may = allowed(replace(state, classes=others), field.name) or []
    kept = [(renamed or {}).get(value, value) for value in field.values]
    values = tuple(dict.fromkeys([value for value in kept if value in may] + may))
    schema = _fields.replaced(state.schema, replace(field, values=values))
    return replace(state, schema=schema, classes=others)


def cell_type(field: Field) -> str:
    """The type of a single class in a cell: of the elements where the field is a list."""
    tree = parse(field.type)
    return spell(tree.item) if isinstance(tree, List) else field.type


def _default_field(state: State) -> str:
    if state.labels:
        return state.labels[0]
    if len(state.classes) == 1:
        return state.classes[0].field
    raise SchemaError("the dataset has no label field", hint="name the field with `field:`")


def next_index(classes: ClassList) -> int:
    """The index of the next class: one more than was dealt since the last time that all were dealt anew.

    Every class that is no group got one.
    """
    if classes.next_index is not None:
        return classes.next_index
    used = [item.index for item in classes.classes if item.index is not None]
    return max([len([item for item in classes.classes if not item.group]), *(index + 1 for index in used)])


def _check_tree(classes: ClassList) -> None:
    parents = {item.key: item.parent for item in active(classes)}
    for key in parents:
        above: str | None = parents[key]
        seen = {key}
        while above is not None:
            if above in seen:
                raise SchemaError(f"class {key!r} would stand above itself", where=key)
            seen.add(above)
            above = parents.get(above)


def fits(text: str, type_name: str) -> bool:
    """Say whether a text may name a class in cells of a type."""
    if type_name == "integer":
        return _INTEGER.fullmatch(text) is not None
    if type_name == "boolean":
        return text in ("true", "false")
    return type_name in ("string", "enum")
