"""Rows after each of some migrations, and which of the migrations wrote each of their cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from dsv.diff.equality import Form
from dsv.diff.fields import FieldPair, forms
from dsv.diff.rows import drop
from dsv.tables.duckdb import Engine, identifier
from dsv.tables.table import POSITION, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The rows after one migration. `fields` maps the fields before to those that hold the same cells."""

    migration: str
    title: str
    table: Table
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """The rows of old as the chain types them, and after each migration. Positions are those of old."""

    start: Table
    steps: tuple[Step, ...]

    @property
    def final(self) -> Table:
        """The rows after the last migration."""
        return self.steps[-1].table if self.steps else self.start

    def trail(self, field: str) -> tuple[str | None, ...]:
        """The names of a field of the start, there and after each migration; None from where it is gone."""
        names: list[str | None] = [field if field in self.start.schema else None]
        for step in self.steps:
            last = names[-1]
            names.append(None if last is None else step.fields.get(last))
        return tuple(names)

    def origin(self, field: str) -> tuple[str | None, ...]:
        """The names of a field of the final table, likewise; None as long as it was not there."""
        names: list[str | None] = [field if field in self.final.schema else None]
        for step in reversed(self.steps):
            before = {after: name for name, after in step.fields.items()}
            last = names[-1]
            names.append(None if last is None else before.get(last))
        return tuple(reversed(names))


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """How to replay migrations on rows of old.

    `run` takes rows as old's file holds them, and whether to compute the rows of each step once and
    keep them, or whenever they are read. Of `rowwise` migrations any part of the rows will do.
    `renames` are the fields that got another name: (name before, name after). `backwards`: they lie
    between new and old, and `run` takes rows of new. Raises: DsvError: `run` does, where the
    migrations cannot be replayed.
    """

    run: Callable[[Table, bool], Replayed]
    rowwise: bool
    renames: tuple[tuple[str, str], ...] = ()
    backwards: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorship:
    """Which migration (numbers from 1, NULL for none) did what to each row.

    `table` has the columns `p` (position), `gone` (took the row out), `changed` (added it, or
    changed a cell of it, last) and for each field of the final table a `column` (wrote the cell last).
    """

    table: str
    names: tuple[str, ...]

    def column(self, field: str) -> str:
        """SQL for the migration that wrote a field's cell last."""
        return f"w{self.names.index(field)}"


def authorship(replayed: Replayed) -> Authorship:
    """Go through the migrations, and note what each changed."""
    engine = replayed.start.engine
    before = replayed.start
    known = Authorship(table=engine.fresh("authors"), names=before.schema.names)
    nobody = "".join(f", CAST(NULL AS INTEGER) AS {known.column(name)}" for name in known.names)
    engine.execute(
        f"CREATE TABLE {known.table} AS SELECT {POSITION} AS p, CAST(NULL AS INTEGER) AS gone, "
        f"CAST(NULL AS INTEGER) AS changed{nobody} FROM {before.relation} AS dsv_table"
    )
    for number, step in enumerate(replayed.steps, 1):
        known = _after(engine, known, before, step, number)
        before = step.table
    return known


def _after(engine: Engine, known: Authorship, before: Table, step: Step, number: int) -> Authorship:
    """The authorship after one more migration."""
    names = step.table.schema.names
    found = Authorship(table=engine.fresh("authors"), names=names)
    changed = dict(_changed(before, step))
    new_row, stays = "c.p IS NULL", f"a.{POSITION} IS NOT NULL"
    any_change = " OR ".join(changed.values()) or "false"
    columns = [
        f"coalesce(a.{POSITION}, c.p) AS p",
        f"CASE WHEN a.{POSITION} IS NULL THEN coalesce(c.gone, {number}) END AS gone",
        f"CASE WHEN {new_row} OR ({stays} AND ({any_change})) THEN {number} ELSE c.changed END AS changed",
    ]
    origins = {after: name for name, after in step.fields.items()}
    for name in names:
        if name in origins:
            wrote = f"{new_row} OR ({stays} AND {changed[name]})"
            columns.append(
                f"CASE WHEN {wrote} THEN {number} ELSE c.{known.column(origins[name])} END AS {found.column(name)}"
            )
        else:
            columns.append(f"{number} AS {found.column(name)}")
    engine.execute(
        f"CREATE TABLE {found.table} AS SELECT {', '.join(columns)} FROM {step.table.relation} AS a "
        f"FULL JOIN {known.table} AS c ON a.{POSITION} = c.p "
        f"LEFT JOIN {before.relation} AS b ON b.{POSITION} = c.p"
    )
    drop(engine, known.table)
    return found


def _changed(before: Table, step: Step) -> Iterator[tuple[str, str]]:
    """Fields after a migration that were there before it, and SQL that is true where their cells differ."""
    old, new = forms(before), forms(step.table)
    for name, after in step.fields.items():
        pair = FieldPair(old=old[name], new=new[after])
        yield after, f"({pair.differs(_cell('b', pair.old), _cell('a', pair.new), None)})"


def _cell(row: str, form: Form) -> str:
    return f"{row}.{identifier(form.name)}"
