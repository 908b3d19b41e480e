"""Some rows of a dataset, by their keys, at several revisions: what they hold, and how they differ."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any

from dsv.api.diff import DiffOptions, compare_sides
from dsv.api.explain import replay_between
from dsv.api.moves import path_at
from dsv.api.pairs import Pair, content_id, repository_pairs
from dsv.api.row_ids import RowId, row_id, spelled
from dsv.api.snapshots import tree_snapshot
from dsv.api.targets import is_row
from dsv.errors import FormatError, SchemaError
from dsv.model.dataset import Dataset
from dsv.model.diff import Cell, RowChange
from dsv.model.progress import SILENT, Progress
from dsv.store.trees import Tree
from dsv.tables.duckdb import Engine, identifier

if TYPE_CHECKING:
    from dsv.diff.replay import Replay
    from dsv.tables.table import Table

Values = tuple[Any, ...]
"""The values of a row's key, in the key's order: as text, or typed as the data is."""

KEPT = 4
"""Revisions whose rows are kept: each is compared with its parents, and then as a parent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """The rows that were asked for, as one revision has them. `context` as in `Scan`; `key` by its names there."""

    table: Table
    key: tuple[str, ...]
    context: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Step:
    """How the rows at a revision differ from those at another one before it.

    `fields` maps the fields that both have from their names after to those before; `key` is named as
    before. `made` gives the migration that wrote a cell of a field that is new, where one did. `repeated` are
    the keys that several rows have at a side: which of them is which, nothing tells.
    """

    changes: tuple[RowChange, ...]
    fields: Mapping[str, str]
    key: tuple[str, ...]
    made: Mapping[tuple[RowId, str], str] = field(default_factory=dict)
    repeated: frozenset[RowId] = frozenset()

    @cached_property
    def by_row(self) -> Mapping[RowId, RowChange]:
        """The changes, but for rows that are gone, by row."""
        return {row_id(change.key.values()): change for change in self.changes if change.kind != "removed"}


class SingleRows:
    """Reads some rows of a dataset at revisions, each file once; what is around them is let go. Use `with`."""

    def __init__(self, dataset: Dataset, first: str | None, progress: Progress = SILENT) -> None:
        """`first` is the path that the dataset was declared at first, None if it has always been where it is."""
        self.engine = Engine(progress=progress)
        self._wanted: Values | str | None = None
        self._dataset = dataset
        self._first = first
        self._known: dict[tuple[str, tuple[str, ...]], Picked] = {}
        self._renamed: dict[tuple[str | None, ...], tuple[tuple[str, str], ...]] = {}

    def __enter__(self) -> SingleRows:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.engine.close()

    def want(self, values: Values) -> None:
        """Say which row is read from now on, perhaps as somebody typed its key."""
        self._wanted = values

    def want_those(self, picked: Picked, positions: Sequence[int]) -> None:
        """Say that the rows are read from now on that have the keys of those at positions."""
        from dsv.tables.table import POSITION

        table = f"memory.main.{self.engine.fresh('wanted')}"
        keys = ", ".join(f"{spelled(picked.table, name)} AS {_nth(place)}" for place, name in enumerate(picked.key))
        chosen = "(SELECT unnest(CAST(? AS BIGINT[])) AS place) AS c"
        rows = f"SELECT {keys} FROM {picked.table.relation} AS t SEMI JOIN {chosen} ON {POSITION} = place"
        self.engine.execute(f"CREATE TABLE {table} AS {rows}", [list(positions)])
        self._wanted = table

    def among(self, tree: Tree, key: tuple[str, ...], where: str) -> Picked | None:
        """The rows of a revision for which a condition is true; None where it lacks the dataset.

        Raises: UsageError, SchemaError: the condition is none. DataMissing, IntegrityError, FormatError.
        """
        from dsv.diff.where import meeting

        return self._read(tree, key, lambda table: _at_positions(table, meeting(table, where)))

    def at(self, tree: Tree, key: tuple[str, ...]) -> Picked | None:
        """The wanted rows as a revision has them; None where it lacks the dataset.

        Raises: SchemaError: a field of the key is not there. DataMissing, IntegrityError, FormatError.
        """
        located = tree.find(path_at(tree, self._dataset, self._first))
        name = None if located is None else content_id(tree, located)
        # Taken out and put in again: those asked for last are kept.
        found = None if name is None else self._known.pop((name, key), None)
        if found is None:
            found = self._read(tree, key, lambda table: replace(table, relation=self._picked(table, key)))
        if found is not None and name is not None:
            self._keep((name, key), found)
        return found

    def _keep(self, name: tuple[str, tuple[str, ...]], picked: Picked) -> None:
        self._known[name] = picked
        if len(self._known) > KEPT:
            oldest = self._known.pop(next(iter(self._known)))
            self.engine.execute(f"DROP TABLE {oldest.table.relation}")

    def _read(self, tree: Tree, key: tuple[str, ...], pick: Callable[[Table], Table]) -> Picked | None:
        from dsv.formats.base import scan
        from dsv.tables.table import POSITION, Table

        located = tree.find(path_at(tree, self._dataset, self._first))
        if located is None:
            return None
        engine, declared = self.engine, self._dataset
        snapshot = tree_snapshot(tree, located, given=declared.format, header=declared.header)
        name = f"memory.main.{engine.fresh('picked')}"
        try:
            with engine.aside():
                found = scan(engine, snapshot)
                table: Table = found.table
                lost = next((one for one in key if one not in table.schema), None)
                if lost is not None:
                    raise SchemaError(f"{self._dataset.name} has no field {lost!r} at {tree.revision.name}")
                columns = ", ".join(map(identifier, (*table.schema.names, POSITION)))
                engine.execute(f"CREATE TABLE {name} AS SELECT {columns} FROM {pick(table).relation} AS t")
                found.check()
        except Exception as error:
            if not engine.is_damage(error):
                raise
            reason = str(error).splitlines()[0]
            where = f"{located.path} at {tree.revision.name}"
            raise FormatError(f"the data cannot be read to its end: {reason}", where=where) from None
        rows = Table(engine=engine, relation=name, schema=table.schema, text_fields=table.text_fields)
        return Picked(table=rows, key=key, context=found.context)

    def _picked(self, table: Table, key: tuple[str, ...]) -> str:
        if not isinstance(self._wanted, str):
            return f"(SELECT * FROM {table.relation} AS t WHERE {is_row(table, key, self._wanted or ())})"
        same = " AND ".join(f"{spelled(table, name)} = w.{_nth(place)}" for place, name in enumerate(key))
        return f"(SELECT t.* FROM {table.relation} AS t SEMI JOIN {self._wanted} AS w ON {same})"

    def values(self, picked: Picked, limit: int | None = None) -> list[RowChange]:
        """What rows hold: every row as if it were added."""
        return self._alone(None, picked.table, picked.key, limit)

    def _alone(
        self, old: Table | None, new: Table | None, key: tuple[str, ...], limit: int | None = None
    ) -> list[RowChange]:
        from dsv.diff.dataset import diff_tables
        from dsv.diff.request import DiffRequest

        diff = diff_tables(self._dataset.name, self._dataset.path, old, new, DiffRequest(key=key))
        return [] if diff.changes is None else list(diff.changes.rows(limit=limit))

    def between(self, before: Tree, after: Tree, key: tuple[str, ...]) -> Step | None:
        """How the rows of a revision differ from those of one before it; None where they are the same.

        `key` is named as after. Raises: DataMissing, IntegrityError, FormatError: a side cannot be read.
        """
        (pair,) = repository_pairs(before, after, [self._word(before, after)], lambda word: word)
        if pair.identical:
            return None
        if pair.old is None or pair.new is None:
            return self._one_side(before, after, key)
        replay, _ = replay_between(self.engine, pair)
        renames = () if replay is None else replay.renames
        if replay is not None and replay.backwards:
            renames = tuple((one, other) for other, one in renames)
        now = self.at(after, key)
        told = {new_name: old_name for old_name, new_name in renames}
        try:
            then = self.at(before, tuple(told.get(name, name) for name in key))
        except SchemaError as error:
            try:
                renames = self._inferred(pair, before, after)
            except SchemaError:
                raise error from None
            told = {new_name: old_name for old_name, new_name in renames}
            then = self.at(before, tuple(told.get(name, name) for name in key))
        if now is None or then is None:
            return self._one_side(before, after, key)
        names = now.table.schema.names
        come = [name for name in names if name not in then.table.schema and name not in told]
        gone = [name for name in then.table.schema.names if name not in names and name not in told.values()]
        if come and gone and replay is None:
            renames = self._inferred(pair, before, after)
            told = {new_name: old_name for old_name, new_name in renames}
        taken = set(told.values())
        fields = {
            name: told.get(name, name)
            for name in names
            if name in told or (name in then.table.schema and name not in taken)
        }
        same_schema = len(fields) == len(names) == len(then.table.schema.names)
        if replay is None and same_schema and _equal(then, now, fields):
            renamed = any(name != before for name, before in fields.items())
            return Step(changes=(), fields=fields, key=then.key) if renamed else None
        step = self._compared(then, now, fields, replay)
        return step if same_schema else replace(step, changes=tuple(self._with_fields(then, now, step)))

    def _compared(self, then: Picked, now: Picked, fields: Mapping[str, str], replay: Replay | None) -> Step:
        from dsv.diff.dataset import diff_tables
        from dsv.diff.request import DiffRequest

        request = DiffRequest(
            key=now.key,
            key_source="declared",
            ignore=tuple(name for name in now.context if name not in now.key),
            renames=tuple((old, new) for new, old in fields.items() if new != old),
            infer_renames=False,
        )
        dataset = self._dataset
        diff = diff_tables(dataset.name, dataset.path, then.table, now.table, request, replay)
        come = [name for name in now.table.schema.names if name not in fields]
        made = {} if replay is None or replay.backwards or not come else dict(_made(replay, then, come))
        changes = () if diff.changes is None else tuple(diff.changes.rows())
        repeated = frozenset(_repeated(then)) | frozenset(_repeated(now))
        return Step(changes=changes, fields=fields, key=then.key, made=made, repeated=repeated)

    def _with_fields(self, then: Picked, now: Picked, step: Step) -> Iterator[RowChange]:
        """The changes, with the cells of fields that came or went in rows that both sides have."""
        before, after = (
            {row_id(row.key.values()): row for row in self._alone(None, side.table, side.key)} for side in (then, now)
        )
        known = {row_id(change.key.values()): change for change in step.changes if change.kind == "changed"}
        yield from (change for change in step.changes if change.kind != "changed")
        for row in (row for row in after if row in before):
            come = {
                name: Cell(old=None, new=cell.new, migration=step.made.get((row, name)))
                for name, cell in after[row].cells.items()
                if name not in step.fields and cell.new is not None
            }
            gone = {
                name: Cell(old=cell.new, new=None)
                for name, cell in before[row].cells.items()
                if name not in step.fields.values() and name not in after[row].cells and cell.new is not None
            }
            change = known.get(row)
            if change is not None:
                yield replace(change, cells={**change.cells, **come, **gone})
            elif come or gone:
                yield RowChange(
                    kind="changed",
                    key=after[row].key,
                    cells={**come, **gone},
                    old_position=before[row].new_position,
                    new_position=after[row].new_position,
                )

    def _one_side(self, before: Tree, after: Tree, key: tuple[str, ...]) -> Step | None:
        now = self.at(after, key)
        if now is not None:
            return Step(changes=tuple(self.values(now)), fields={}, key=key)
        then = self.at(before, key)
        return None if then is None else Step(changes=tuple(self._alone(then.table, None, key)), fields={}, key=key)

    def _word(self, before: Tree, after: Tree) -> str:
        """What names the dataset at both sides; before it was declared that is its path."""
        name = self._dataset.name
        declared = any(item.name == name for tree in (before, after) for item in tree.declared())
        return name if declared else self._first or self._dataset.path

    def _inferred(self, pair: Pair, before: Tree, after: Tree) -> tuple[tuple[str, str], ...]:
        """Fields under another name, as all rows tell them: (name before, name after)."""
        ids = tuple(None if side is None else side.content_id for side in (pair.old, pair.new))
        if ids not in self._renamed:
            with compare_sides((before, after), [pair], DiffOptions()) as comparison:
                changes = [item for diff in comparison.result.datasets for item in diff.schema_changes]
            self._renamed[ids] = tuple(
                (item.field, item.to) for item in changes if item.change == "field_renamed" and item.to is not None
            )
        return self._renamed[ids]


def _at_positions(table: Table, positions: str) -> Table:
    from dsv.tables.table import POSITION

    return replace(
        table, relation=f"(SELECT * FROM {table.relation} AS r WHERE {POSITION} IN (SELECT id FROM {positions}))"
    )


def _repeated(picked: Picked) -> Iterator[RowId]:
    key = ", ".join(map(identifier, picked.key))
    query = f"SELECT {key} FROM {picked.table.relation} AS t GROUP BY {key} HAVING count(*) > 1"
    return (row_id(values) for values in picked.table.engine.rows(query))


def _equal(then: Picked, now: Picked, fields: Mapping[str, str]) -> bool:
    """Say whether the cells of fields are spelled the same, and of the same types, in the same rows."""
    sides = []
    for picked, names in ((then, list(fields.values())), (now, list(fields))):
        schema = picked.table.schema
        sides.append([(schema[name].type, name in picked.table.text_fields) for name in names])
    if sides[0] != sides[1] or then.table.count() != now.table.count():
        return False
    before, after = _cells(then, [*then.key, *fields.values()]), _cells(now, [*now.key, *fields])
    return not now.table.engine.rows(f"({before} EXCEPT ALL {after}) LIMIT 1")


def _cells(picked: Picked, names: Collection[str]) -> str:
    return f"SELECT {', '.join(map(identifier, names))} FROM {picked.table.relation} AS t"


def _nth(place: int) -> str:
    return f"k{place}"


def _made(replay: Replay, then: Picked, come: Sequence[str]) -> Iterator[tuple[tuple[RowId, str], str]]:
    """The migrations that wrote the cells of new fields last."""
    from dsv.diff.replay import authorship
    from dsv.tables.table import POSITION

    replayed = replay.run(then.table, True)
    known = authorship(replayed)
    names = [name for name in come if name in known.names]
    authors = ", ".join(["k.p", *(f"k.{known.column(name)}" for name in names)])
    where = dict(
        (position, row_id(values))
        for position, *values in then.table.engine.rows(
            f"SELECT {', '.join([POSITION, *map(identifier, then.key)])} FROM {then.table.relation} AS t"
        )
    )
    for position, *numbers in then.table.engine.rows(f"SELECT {authors} FROM {known.table} AS k"):
        for name, number in zip(names, numbers, strict=True):
            if number is not None and position in where:
                yield (where[position], name), replayed.steps[number - 1].migration
