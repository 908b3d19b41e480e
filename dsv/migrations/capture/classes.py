"""Classes that were renamed, merged or split: as operations, where the rows tell; asked where they are mixed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from dsv.diff.dataset import diff_tables
from dsv.diff.request import DiffRequest
from dsv.errors import MigrationError
from dsv.migrations.capture.draft import Draft
from dsv.migrations.capture.edits import edit_file
from dsv.migrations.capture.questions import Choice, Flag, Judge, Question
from dsv.migrations.capture.wanted import Wanted
from dsv.model.labels import Inferred, LabelDiff
from dsv.model.migration import State
from dsv.operations import _classes
from dsv.operations.split_class import NewClass
from dsv.tables.duckdb import identifier, literal
from dsv.tables.table import Table

RENAME, MERGE, SPLIT, RELABEL = "--rename-class", "--merge-class", "--split-class", "--relabel"
SHOWN = 4
FEW = 5
"""So many rows at least tell that a class as a whole became another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A class operation that was decided on. `fresh` are the classes that only new has, to which its rows went."""

    field: str
    found: Inferred
    fresh: tuple[str, ...]
    text: str


def operations(draft: Draft, wanted: Wanted, judge: Judge) -> None:
    """Do the class operations that turn the draft's labels into the wanted ones, as far as classes go.

    What single rows differ in is left. Rows without a key pair by position, which needs as many rows.
    """
    names = [item.field for item in draft.state.classes if item.field in wanted.table.schema]
    names = [name for name in names if name not in wanted.left]
    for name in names:
        _check_names(draft, wanted, name)
    if not names or (not draft.state.key and draft.table.count() != wanted.table.count()):
        return
    steps = [step for label in _compared(draft, wanted, names) for step in _decided(draft.state, label, judge)]
    judge.settle()
    for operation in ("rename_class", "merge_classes", "split_class"):
        for step in steps:
            if step.found.operation == operation:
                _DO[operation](draft, wanted, step)
    if steps:
        draft.store()


def _check_names(draft: Draft, wanted: Wanted, field: str) -> None:
    """Require that the wanted cells of a label hold names. Raises: MigrationError: one is an empty text."""
    allowed = _classes.allowed(draft.state, field)
    if allowed is None or "" in allowed:
        return
    cells = f"SELECT {class_of(wanted.table, field, 'w')} AS name FROM {wanted.table.relation} AS w"
    if draft.table.engine.value(f"SELECT count(*) FROM ({cells}) WHERE name = ''"):
        raise MigrationError(
            f"a cell of {field!r} holds an empty text, which is no name of a class",
            where=field,
            hint="leave the cell missing where the row has no label",
        )


def admit(draft: Draft, cells: str, name: str) -> None:
    """Add the classes that cells of a label will hold and that are not there yet. `cells` are SQL rows of them."""
    known = _classes.allowed(draft.state, name)
    if known is None:
        return
    listed = ", ".join(literal(one) for one in known) or "NULL"
    found = draft.table.engine.rows(
        f"SELECT name, count(*) FROM ({cells}) WHERE name IS NOT NULL AND (name IN ({listed})) IS NOT TRUE "
        "GROUP BY name ORDER BY name"
    )
    for new, rows in found:
        key = _free_key(draft, name, new)
        draft.do(
            "add_class",
            f"{rows:,} {'row has' if rows == 1 else 'rows have'} it",
            key=key,
            class_name=None if key == new else new,
            field=name,
            coverage="reviewed",
        )


def emptied(draft: Draft, before: Table, field: str) -> list[str]:
    """Classes in use that rows had before, and that no row has any more."""
    classes = draft.state.class_list(field)
    if classes is None or field not in before.schema:
        return []
    had, has = (_held(table, field) for table in (before, draft.table))
    return [item.name for item in _classes.active(classes) if item.name in had - has]


def _held(table: Table, field: str) -> set[str]:
    names = _names(table, field)
    return {name for (name,) in table.engine.rows(f"SELECT DISTINCT name FROM ({names})") if name is not None}


def _names(table: Table, field: str) -> str:
    """SQL rows `name` of the classes in the cells of a label."""
    return f"SELECT {class_of(table, field, 't')} AS name FROM {table.relation} AS t"


def class_of(table: Table, field: str, row: str) -> str:
    """SQL for the classes of a row's cell as texts; a list gives a row for each."""
    column = f"{row}.{identifier(field)}"
    described = table.schema[field]
    nested = _classes.cell_type(described) != described.type
    return f"unnest(CAST({column} AS VARCHAR[]))" if nested else f"CAST({column} AS VARCHAR)"


def _compared(draft: Draft, wanted: Wanted, names: list[str]) -> tuple[LabelDiff, ...]:
    kept = {*names, *draft.state.key}
    others = {*draft.state.schema.names, *wanted.table.schema.names} - kept
    request = DiffRequest(
        key=draft.state.key,
        by_position=not draft.state.key,
        labels=tuple(names),
        unlabelled=draft.state.unlabelled,
        ignore=tuple(sorted(others)),
    )
    return diff_tables("", "", draft.table, wanted.table, request).labels


def _decided(state: State, label: LabelDiff, judge: Judge) -> Iterator[Step]:
    """The operations of one label; rows that are to be relabelled one by one are in none."""
    found = sorted((_possible(state, label, _renamed(label, item)) for item in label.inferred or ()), key=_is_split)
    claimed = {target for item in found if not _is_split(item) for target in item.targets}
    for item in found:
        fresh = [name for name in _fresh(label, item) if name not in claimed]
        if _is_split(item) and not fresh:
            # Rows moved between classes that stay, or to one that has another origin.
            continue
        question = _question(label, item, fresh, bool(state.key))
        if judge.decide(question) is question.choices[0]:
            text = f"{item.support:,} of {item.total:,} rows went that way"
            yield Step(field=label.field, found=item, fresh=tuple(fresh), text=text)


def _is_split(found: Inferred) -> bool:
    return found.operation == "split_class"


def _renamed(label: LabelDiff, found: Inferred) -> Inferred:
    """A split that left no row with the class, and made one new class of most: as a rename with strays."""
    fresh = _fresh(label, found)
    stayed = any(item.name in found.sources and item.new for item in label.classes)
    if not _is_split(found) or stayed or len(fresh) != 1 or 2 * _moved(label, found, fresh) <= found.total:
        return found
    moves = [item for item in label.transitions or () if item.source in found.sources]
    return replace(
        found,
        operation="rename_class",
        targets=tuple(fresh),
        support=sum(item.rows for item in moves if item.target in fresh),
        strays=tuple(item for item in moves if item.target not in fresh),
    )


def _possible(state: State, label: LabelDiff, found: Inferred) -> Inferred:
    """A rename to a class in use, that just no row had: as the merge that it is."""
    in_use = {item.name for item in _classes.active(_classes.of(state, label.field))}
    if found.operation == "rename_class" and in_use.issuperset(found.targets):
        return replace(found, operation="merge_classes")
    return found


def _question(label: LabelDiff, found: Inferred, fresh: list[str], keyed: bool) -> Question:
    mixed = _mixed(label, found, fresh)
    if keyed and not mixed and found.operation != "rename_class" and _moved(label, found, fresh) < FEW:
        mixed = ["so few may as well be labels that were put right"]
    row_by_row = Choice(
        text="relabel its rows one by one",
        flags=tuple(Flag(RELABEL, f"{label.field}={source}") for source in found.sources),
        broad=Flag(RELABEL, label.field),
    )
    if _is_split(found):
        (source,) = found.sources
        text = f"split {listed(fresh)} out of {source}"
        flags: tuple[Flag, ...] = (Flag(SPLIT, source),)
    else:
        (target,) = found.targets
        text = f"{'rename' if found.operation == 'rename_class' else 'merge'} {listed(found.sources)} -> {target}"
        option = RENAME if found.operation == "rename_class" else MERGE
        flags = tuple(Flag(option, f"{source}={target}") for source in found.sources)
    if found.support < found.total:
        text += ", and relabel the others"
    became = f"{found.support:,} of {found.total:,} rows of {listed(found.sources)} became {listed(found.targets)}"
    return Question(
        text=f"{label.field}: {'; '.join([became, *mixed])}",
        choices=(Choice(text=text, flags=flags), row_by_row),
        evident=None if mixed else 0,
    )


def _moved(label: LabelDiff, found: Inferred, fresh: list[str]) -> int:
    """The rows that speak for a merge, or for a split into new classes."""
    targets = fresh if _is_split(found) else found.targets
    moves = label.transitions or ()
    return sum(item.rows for item in moves if item.source in found.sources and item.target in targets)


def _fresh(label: LabelDiff, found: Inferred) -> list[str]:
    """The classes that only new has, to which rows of the sources went."""
    before = {item.name for item in label.classes if item.old}
    went = [item.target for item in label.transitions or () if item.source in found.sources]
    return sorted({name for name in went if name is not None and name not in before})


def _mixed(label: LabelDiff, found: Inferred, fresh: list[str]) -> list[str]:
    """What speaks against a plain operation, in words: rows that went elsewhere, or came from elsewhere."""
    said = [
        f"{item.rows:,} {'became' if item.target not in found.sources else 'stayed'} {_name(item.target)}"
        for item in found.strays
    ]
    moves = label.transitions or ()
    came = {"rename_class": found.targets, "split_class": fresh}.get(found.operation, ())
    if came:
        said += [
            f"{item.rows:,} of {_name(item.source)} became {item.target} too"
            for item in moves
            if item.target in came and item.source not in found.sources
        ]
    if found.operation == "merge_classes":
        said += [
            f"{item.rows:,} of {item.source} became {_name(item.target)}"
            for item in moves
            if item.source in found.targets
        ]
    return [*said[:SHOWN], f"and {len(said) - SHOWN} more"] if len(said) > SHOWN else said


def listed(names: Sequence[str]) -> str:
    """Some names, the first few of many."""
    shown = ", ".join(names[:SHOWN])
    return f"{shown} and {len(names) - SHOWN} more" if len(names) > SHOWN else shown


def _name(name: str | None) -> str:
    return "unlabelled" if name is None else name


def _rename(draft: Draft, wanted: Wanted, step: Step) -> None:
    (source,), (target,) = step.found.sources, step.found.targets
    draft.do("rename_class", step.text, source=source, to=target, field=step.field)


def _merge(draft: Draft, wanted: Wanted, step: Step) -> None:
    (target,) = step.found.targets
    classes = _classes.of(draft.state, step.field)
    if _classes.lookup(classes, target) is None and any(item.key == target for item in classes.classes):
        # The name was that of a class that is retired, whose key stays its own.
        key = _free_key(draft, step.field, target)
        draft.do("add_class", key=key, class_name=target, field=step.field, coverage="reviewed")
    draft.do("merge_classes", step.text, sources=step.found.sources, into=target, field=step.field)


def _split(draft: Draft, wanted: Wanted, step: Step) -> None:
    """Split the classes out that are still new; rows that went to others are left."""
    (source,) = step.found.sources
    known = {item.name for item in _classes.active(_classes.of(draft.state, step.field))}
    fresh = [name for name in step.fresh if name not in known]
    field = draft.state.schema[step.field]
    if not fresh or not draft.state.key or _classes.cell_type(field) != field.type:
        return
    column = f"CAST({{}}.{identifier(step.field)} AS VARCHAR)"
    where = f"{column.format('t')} = {literal(source)} AND {column.format('w')} IN ({', '.join(map(literal, fresh))})"
    file, old, new = edit_file(draft, wanted, step.field, where)
    keys = [_free_key(draft, step.field, name) for name in fresh]
    draft.do(
        "split_class",
        step.text,
        source=source,
        into=tuple(
            name if key == name else NewClass(key=key, class_name=name) for key, name in zip(keys, fresh, strict=True)
        ),
        file=file,
        rest="keep",
        expect=old,
        new=new,
        field=step.field,
    )


def _free_key(draft: Draft, field: str, name: str) -> str:
    """A key for a class of that name, which no class has or had."""
    taken = {item.key for item in _classes.of(draft.state, field).classes}
    names = {item.name for item in _classes.active(_classes.of(draft.state, field))} - {name}
    key, number = name, 1
    while key in taken or key in names:
        number += 1
        key = f"{name}_{number}"
    return key


_DO = {"rename_class": _rename, "merge_classes": _merge, "split_class": _split}
