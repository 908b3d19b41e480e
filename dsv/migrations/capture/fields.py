"""Fields that were renamed, added, dropped or retyped: which is which, asked where the cells do not tell."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from dsv.diff.dataset import diff_tables
from dsv.diff.request import DiffRequest
from dsv.errors import MigrationError, SchemaError
from dsv.migrations.capture.draft import Draft
from dsv.migrations.capture.questions import Choice, Flag, Judge, Question
from dsv.migrations.capture.wanted import Wanted
from dsv.model.diff import DatasetDiff
from dsv.model.migration import State
from dsv.model.schema import Field
from dsv.tables.duckdb import identifier
from dsv.tables.table import POSITION, Table

RENAME, DROP, ADD, LEAVE = "--rename-field", "--drop-field", "--add-field", "--leave"
DOUBTFUL = 0.05
"""Two fields that share more of their cells than this may be one field that was renamed and edited."""
MOST = 0.95
"""A value that at least this share of the rows hold is a new field's default."""
DEFAULTS = ("integer", "number", "boolean", "string", "date", "datetime")
"""Types of which a document can spell a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renaming:
    """What became of fields. `renamed` maps old to new names; `left` stay as they are, on either side."""

    renamed: Mapping[str, str] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    left: frozenset[str] = frozenset()


def told_apart(state: State, old: Table, new: Table, judge: Judge, *, context: Iterable[str], own: bool) -> Renaming:
    """What became of each field of old, and what each field of new is.

    `context` are fields that the format itself derives from where a row stands. `own`: new is a file
    of the dataset; else it is an export, of whose other fields nothing is taken for granted.

    Raises: SchemaError: the key is not among the new fields.
    """
    left = frozenset(_left(state, old, new, judge, context))
    known = {name: name for name in old.schema.names if name in new.schema}
    gone = [name for name in old.schema.names if name not in known and name not in left]
    come = [name for name in new.schema.names if name not in known and name not in left]
    renamed: dict[str, str] = {}
    if gone and come:
        renamed = dict(_renames(state, old, new, gone, come, judge))
    dropped = [name for name in gone if name not in renamed]
    added = [name for name in come if name not in renamed.values()]
    missing = [name for name in state.key if name in dropped]
    if missing:
        raise SchemaError(
            f"the key field {missing[0]!r} is not among the new fields",
            where=", ".join(new.schema.names),
            hint=f"say what it is called now: {RENAME} {missing[0]}=NAME",
        )
    lone = set() if own else set(_lone(dropped, added, judge))
    for option, names in ((DROP, dropped), (ADD, added)):
        for name in names:
            _bear_out(judge, Flag(option, name))
    return Renaming(
        renamed=renamed,
        dropped=tuple(name for name in dropped if name not in lone),
        added=tuple(name for name in added if name not in lone),
        left=left | lone,
    )


def _left(state: State, old: Table, new: Table, judge: Judge, context: Iterable[str]) -> Iterator[str]:
    """Fields that stay as they are because it was said so; those of the format, if they differ, are asked about."""
    for name in dict.fromkeys([*old.schema.names, *new.schema.names]):
        flag = Flag(LEAVE, name)
        if name not in state.key and _bear_out(judge, flag):
            yield name
    for name in context:
        if name not in state.key and Flag(LEAVE, name) not in judge.given and _both(name, old, new):
            if _same_column(state, old, new, name):
                yield name
                continue
            choice = Choice(text="leave it as it was", flags=(Flag(LEAVE, name),))
            judge.decide(
                Question(text=f"{name} differs, which the format keeps outside of its rows", choices=(choice,))
            )
            yield name


def _both(name: str, old: Table, new: Table) -> bool:
    return name in old.schema and name in new.schema


def _same_column(state: State, old: Table, new: Table, name: str) -> bool:
    """Say whether rows that pair hold the same in a field."""
    keys = [key for key in state.key if key in new.schema] or [POSITION]
    on = " AND ".join(f"{_text('t', key)} = {_text('n', key)}" for key in keys)
    differs = f"{_text('t', name)} IS DISTINCT FROM {_text('n', name)}"
    source = f"{old.relation} AS t JOIN {new.relation} AS n ON {on}"
    return not old.engine.value(f"SELECT count(*) FROM {source} WHERE {differs}")


def _text(row: str, name: str) -> str:
    return f"CAST({row}.{identifier(name)} AS VARCHAR)"


def _renames(
    state: State, old: Table, new: Table, gone: list[str], come: list[str], judge: Judge
) -> Iterator[tuple[str, str]]:
    """Pairs of an old and a new name of one field; those that were said, then those that the cells tell of."""
    said = list(_said(gone, come, judge))
    yield from said
    gone = [name for name in gone if name not in dict(said) and Flag(DROP, name) not in judge.given]
    come = [name for name in come if name not in dict(said).values() and Flag(ADD, name) not in judge.given]
    diff = _difference(state, old, new, said)
    telling = {change.field: str(change.to) for change in diff.schema_changes if change.change == "field_renamed"}
    settled: set[str] = set()
    # Names that the diff itself paired come first: no other field is likely to be what they became.
    for name in sorted(gone, key=lambda name: name not in telling):
        open_names = [one for one in come if one not in settled]
        target = telling.get(name)
        share = None
        if target is not None and target in open_names:
            share = _share(diff, target)
        elif target is None:
            target, share = _likest(state, old, new, name, open_names, dict(said))
        if target is None or share is None or share <= DOUBTFUL:
            continue
        settled.add(target)
        if _is_rename(judge, name, target, share):
            yield name, target


def _said(gone: list[str], come: list[str], judge: Judge) -> Iterator[tuple[str, str]]:
    for before in gone:
        for after in come:
            flag = Flag(RENAME, f"{before}={after}")
            if _bear_out(judge, flag):
                yield before, after


def _bear_out(judge: Judge, flag: Flag) -> bool:
    """Say whether a flag was given, which the data bear out."""
    choices = (Choice(text="", flags=(flag,)),)
    return flag in judge.given and judge.decide(Question(text="", choices=choices, evident=0)) is choices[0]


def _is_rename(judge: Judge, before: str, after: str, share: float) -> bool:
    rename = Choice(
        text="it was renamed, and the cells that differ were edited", flags=(Flag(RENAME, f"{before}={after}"),)
    )
    apart = Choice(
        text=f"{before} was dropped, and {after} is another field",
        flags=(Flag(DROP, before), Flag(ADD, after)),
    )
    question = Question(
        text=f"field {before} is gone and {after} is new; {_percent(share)} of their cells are equal",
        choices=(rename, apart),
        evident=0 if share == 1 else None,
    )
    return judge.decide(question) is rename


def _percent(share: float) -> str:
    return f"{min(100 * share, 99.9):.3g} %" if share < 1 else "all"


def _difference(state: State, old: Table, new: Table, renames: list[tuple[str, str]]) -> DatasetDiff:
    by_position = not state.key and old.count() == new.count()
    names = {before: after for before, after in renames}
    request = DiffRequest(
        key=tuple(names.get(name, name) for name in state.key),
        labels=state.labels,
        split=None,
        by_position=by_position,
        renames=tuple(renames),
    )
    try:
        return diff_tables("", "", old, new, request)
    except SchemaError as error:
        raise SchemaError(
            error.message, where=", ".join(new.schema.names), hint=f"say what the key is called now: {RENAME} OLD=NEW"
        ) from None


def _share(diff: DatasetDiff, field_name: str) -> float:
    """The share of paired rows whose cells of a field are equal."""
    paired = (diff.rows.changed or 0) + (diff.rows.unchanged or 0)
    return 1.0 if not paired else 1 - (diff.changed_cells or {}).get(field_name, 0) / paired


def _likest(
    state: State, old: Table, new: Table, name: str, candidates: list[str], renamed: Mapping[str, str]
) -> tuple[str | None, float | None]:
    """The new field that shares most cells with an old one, and how many."""
    best: tuple[str | None, float | None] = (None, None)
    for candidate in candidates:
        diff = _difference(state, old, new, [*renamed.items(), (name, candidate)])
        share = _share(diff, candidate)
        if best[1] is None or share > best[1]:
            best = candidate, share
    return best


def _lone(dropped: Iterable[str], added: Iterable[str], judge: Judge) -> Iterator[str]:
    """Fields that an export lacks, or has beside those of the dataset, and that are left as they are."""
    for names, option, text, other in (
        (dropped, DROP, "the export lacks the field {}", "drop it"),
        (added, ADD, "the export has a field {}, which the dataset lacks", "add it"),
    ):
        for name in names:
            leave = Choice(text="leave it", flags=(Flag(LEAVE, name),))
            act = Choice(text=other, flags=(Flag(option, name),))
            if judge.decide(Question(text=text.format(name), choices=(act, leave))) is leave:
                yield name


def retype(draft: Draft, wanted: Wanted) -> None:
    """Give fields the types that the wanted cells need. Raises: MigrationError: the key would change."""
    for item in draft.state.schema:
        if item.name in wanted.left or item.name not in wanted.table.schema:
            continue
        kind = wanted.table.schema[item.name].type
        if kind != ("string" if item.type == "enum" else item.type):
            _cast(draft, item, kind)
        elif not item.nullable and _misses(wanted.table, item.name):
            draft.do("set_field", field_name=item.name, nullable=True)


def _cast(draft: Draft, item: Field, kind: str) -> None:
    """Cast a field; where its cells cannot be, they are missing, to be set with the others."""
    if item.name in draft.state.key:
        raise MigrationError(
            f"the key field {item.name!r} has another form: {item.type} became {kind}",
            where=item.name,
            hint="keys must stay as they are spelled, or no row is known again; was the file saved by a spreadsheet?",
        )
    for on_error in ("fail", "null"):
        with suppress(MigrationError, SchemaError):
            draft.do("cast_field", field_name=item.name, to=kind, on_error=on_error)
            return
    draft.do("drop_field", f"{item.type} cannot become {kind}", field_name=item.name)
    draft.do("add_field", new_field=item.name, type=kind)


def _misses(table: Table, name: str) -> bool:
    return bool(table.engine.value(f"SELECT count(*) - count({identifier(name)}) FROM {table.relation} AS w"))


def add(draft: Draft, wanted: Wanted, name: str) -> None:
    """Add a field; what nearly all rows hold becomes its default, and the rest is set with the other cells."""
    field = wanted.table.schema[name]
    default, why = _default(wanted.table, name)
    draft.do("add_field", why, new_field=name, type=field.type, default=default)


def _default(table: Table, name: str) -> tuple[str | int | float | bool | None, str]:
    """The value that nearly all rows hold, as a document spells it, and how many do; None where there is none."""
    kind = table.schema[name].type
    if kind not in DEFAULTS:
        return None, ""
    column = identifier(name)
    cell = f"CAST({column} AS VARCHAR)" if kind in ("date", "datetime") else column
    found = table.engine.rows(
        f"SELECT {cell} AS v, count(*) AS n, sum(count(*)) OVER () AS total FROM {table.relation} AS w "
        f"GROUP BY v ORDER BY n DESC, v LIMIT 1"
    )
    if not found or found[0][0] is None or found[0][1] < MOST * found[0][2]:
        return None, ""
    value, rows, total = found[0]
    if isinstance(value, float) and not math.isfinite(value):
        return None, ""
    return value, f"{rows:,} of {int(total):,} rows hold {value!r}"
