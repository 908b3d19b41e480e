"""Take rows out by a condition, pinned scores or a reviewed file: set aside in quarantine, or deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dsv.errors import MigrationError, SchemaError, did_you_mean
from dsv.model.finding import Finding
from dsv.model.migration import Effect, State
from dsv.model.schema import NUMERIC_TYPES, Schema
from dsv.operations import _aside, _classes, _conditions, _references, _side
from dsv.operations._floor import Floor
from dsv.operations._rows import column
from dsv.operations.base import Inputs, Operation, Outcome, condition, tuned
from dsv.tables.duckdb import identifier, literal
from dsv.tables.table import POSITION, Table

_OLD = "old_"

Chosen = tuple[str, tuple[Finding, ...], tuple[str, ...]]
"""SQL that is true for the chosen rows `t`; what was left alone; what was checked, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropRows(Operation):
    """Take rows out: those for which the SQL condition `where` is true, or those of a reviewed `file`.

    `scores` is a file with the key and scores, which `where` may use; a row without scores stays.
    With `floor`, each class of the label `field` keeps that many rows outside of protected splits,
    or all it has: those with the `keep` (highest, lowest) value of the field `by` (the only score,
    unless given), ties by key. `file` has the key fields, and the row must still hold what it says in
    `old_<field>` (`on_conflict: skip` leaves others alone); without a key it has all fields, and
    each line takes out one row that equals it.
    `mode` quarantine keeps rows readable in the version, delete does not. Rows of the splits in
    `protect` stay. With `expect`, exactly that many rows must go. A row for which the condition is
    neither true nor false (a missing cell) stays.
    """

    name = "drop_rows"
    symbol = "-"

    where: str | None = condition(default=None)
    file: str | None = None
    scores: str | None = None
    floor: int | str | None = tuned(default=None)
    field: str | None = None
    keep: Literal["highest", "lowest"] = "highest"
    by: str | None = None
    mode: Literal["quarantine", "delete"] = "quarantine"
    protect: tuple[str, ...] = ()
    expect: int | None = None
    on_conflict: Literal["error", "skip"] = "error"

    @property
    def rowwise(self) -> bool:
        """Which rows a floor keeps depends on the others; so does, without a key, which of equal rows go."""
        return self.floor is None and self.file is None

    def side_files(self) -> tuple[str, ...]:
        return tuple(name for name in (self.file, self.scores) if name is not None)

    def forward_schema(self, state: State, inputs: Inputs) -> State:
        _aside.check_protect(state, self.protect)
        if (self.where is None) == (self.file is None):
            raise SchemaError("either a condition or a file says which rows go", hint="give `where:` or `file:`")
        if self.file is not None and (self.scores is not None or self.floor is not None):
            raise SchemaError("`scores:` and `floor:` go with `where:`, not with a reviewed file", where=self.file)
        if self.floor is None and (self.by is not None or self.field is not None):
            raise SchemaError("`by:` and `field:` say which rows a `floor:` keeps, and there is none", where="floor")
        if self.floor is not None:
            _classes.of(state, self.field)
        return state

    def forward(self, state: State, table: Table, inputs: Inputs) -> Outcome:
        self.forward_schema(state, inputs)
        bound = self.bind(inputs.parameters) if self.parameters() else self
        table = table.typed_table()
        if bound.file is not None:
            return bound._by_file(state, table, inputs, bound.file)
        return bound._by_condition(state, table, inputs, str(bound.where))

    def describe(self, state: State, inputs: Inputs | None = None) -> str:
        verb = "set aside" if self.mode == "quarantine" else "delete"
        staying = [f"{self.floor} of each class"] if self.floor is not None else []
        staying += [f"all of {', '.join(self.protect)}"] if self.protect else []
        kept = f", keeping {' and '.join(staying)}" if staying else ""
        if self.file is not None:
            rows = "rows" if inputs is None else _side.counted(inputs, self.file)
            return f"{verb} {rows} of {self.file}{kept}"
        scored = f" (scores of {self.scores})" if self.scores is not None else ""
        return f"{verb} rows where {_references.shown(str(self.where))}{scored}{kept}"

    def effect(self, state: State) -> Effect:
        return Effect(values="removed")

    def _by_condition(self, state: State, table: Table, inputs: Inputs, where: str) -> Outcome:
        """`where` is bound. Raises: MigrationError."""
        wide, findings = self._with_scores(state, table, inputs)
        matches = _conditions.checked(wide, where)
        protected = _aside.protected(state, wide, self.protect, inputs)
        gone = f"({matches} AND NOT {protected})"
        rows, kept = _conditions.counts(wide, [gone, f"({matches} AND {protected})"], where)
        findings += _aside.protected_finding(
            "drop-rows-protected", kept, "meets the condition", "meet the condition", self.protect
        )
        if self.floor is not None or wide is not table:
            positions = f"SELECT t.{POSITION} AS p FROM {wide.relation} AS t WHERE {gone}"
            if self.floor is not None:
                floor = self._floor(state, wide)
                positions += f" AND t.{POSITION} NOT IN ({floor.kept(state, wide, gone, f'NOT {protected}')})"
            gone = _aside.stored(table, positions)
            left = _aside.count(table, gone)
            findings += self._floor_finding(rows - left)
            rows = left
        words = _references.shown(where)
        guards = _aside.expected(rows, self.expect, inputs, where=words)
        return self._outcome(table, gone, words, findings, guards)

    def _with_scores(self, state: State, table: Table, inputs: Inputs) -> tuple[Table, tuple[Finding, ...]]:
        """The rows with the scores as further fields, and what the file of scores lacks."""
        if self.scores is None:
            return table, ()
        scores = _side.read_beside(state, table, inputs, self.scores)
        absent = _aside.count(table, f"NOT EXISTS (SELECT 1 FROM {scores.relation} AS e WHERE {scores.same_key()})")
        cells = "".join(f", e.x{index} AS {identifier(item.name)}" for index, item in enumerate(scores.beside))
        relation = f"(SELECT t.*{cells} FROM {table.relation} AS t LEFT JOIN {scores.relation} AS e "
        wide = Table(
            engine=table.engine,
            relation=relation + f"ON {scores.same_key()})",
            schema=Schema(fields=(*table.schema.fields, *scores.beside)),
        )
        words = "1 row has" if absent == 1 else f"{absent} rows have"
        message = f"{words} no scores in {self.scores}, and {'stays' if absent == 1 else 'stay'}"
        finding = Finding(rule="drop-rows-unscored", level="warning", message=message, count=absent)
        return wide, (finding,) if absent else ()

    def _floor(self, state: State, wide: Table) -> Floor:
        """Raises: MigrationError, SchemaError: it is no number of rows, or `by` is no number."""
        if not isinstance(self.floor, int) or isinstance(self.floor, bool) or self.floor < 0:
            raise MigrationError(f"a floor is a number of rows, not {self.floor!r}", where="floor")
        added = wide.schema.names[len(state.schema.names) :]
        by = added[0] if self.by is None and len(added) == 1 else self.by
        if by is not None and by not in wide.schema:
            raise SchemaError(f"there is no field {by!r}", where="by", hint=did_you_mean(by, wide.schema.names))
        if by is not None and wide.schema[by].type not in NUMERIC_TYPES:
            raise SchemaError(
                f"the field {by!r} is {wide.schema[by].type}, and rows are ranked by a number", where="by"
            )
        return Floor(field=_classes.of(state, self.field).field, rows=self.floor, keep=self.keep, by=by)

    def _floor_finding(self, rows: int) -> tuple[Finding, ...]:
        if not rows:
            return ()
        words = "1 row meets the condition and stays" if rows == 1 else f"{rows} rows meet the condition and stay"
        message = f"{words}, so that each class has {self.floor} rows"
        return (Finding(rule="drop-rows-floor", level="info", message=message, count=rows),)

    def _by_file(self, state: State, table: Table, inputs: Inputs, file: str) -> Outcome:
        choose = self._by_key if state.key else _by_content
        test, findings, guards = choose(state, table, inputs, file)
        protected = _aside.protected(state, table, self.protect, inputs)
        kept = _aside.count(table, f"{test} AND {protected}")
        findings += _aside.protected_finding(
            "drop-rows-protected", kept, f"is in {file}", f"are in {file}", self.protect
        )
        gone = f"({test} AND NOT {protected})"
        guards += _aside.expected(_aside.count(table, gone), self.expect, inputs, where=file)
        return self._outcome(table, gone, file, findings, guards)

    def _outcome(
        self, table: Table, gone: str, why: str, findings: tuple[Finding, ...], guards: tuple[str, ...]
    ) -> Outcome:
        aside = gone if self.mode == "quarantine" else None
        return _aside.outcome(table, gone, literal(f"{self.name}: {why}"), aside, findings, guards)

    def _by_key(self, state: State, table: Table, inputs: Inputs, file: str) -> Chosen:
        """The rows that the file names, and that still hold what it expects."""
        edits = _side.read_expected(state, table, inputs, file, lambda names: _expectations(state, names, file))
        findings: tuple[Finding, ...] = ()
        same = [f"{column(edit.field)} IS NOT DISTINCT FROM e.n{index}" for index, edit in enumerate(edits.edits)]
        if same:
            findings = edits.settle(
                "without the expected cells",
                f"SELECT e.line, {edits.key_text()} || ': ' || {edits.unlike()} AS text FROM {edits.pairs(table)} "
                f"WHERE t.{POSITION} IS NOT NULL AND NOT ({' AND '.join(same)})",
                on_conflict=self.on_conflict,
                rule="drop-rows-skipped",
                skipped="they no longer hold what it expects",
            )
        on = " AND ".join([edits.same_key(), *same])
        positions = f"SELECT t.{POSITION} AS p FROM {table.relation} AS t JOIN {edits.relation} AS e ON {on}"
        return _aside.stored(table, positions), findings, () if findings else edits.held()


def _expectations(state: State, names: Sequence[str], file: str) -> list[_side.Edit]:
    """What the file says that fields hold: `old_<field>`."""
    found = []
    for name in names:
        field = name.removeprefix(_OLD)
        if field == name or name in state.schema:
            continue
        if field not in state.schema:
            raise MigrationError(
                f"the side file expects {name!r} of a field that is not there",
                where=file,
                hint=did_you_mean(field, state.schema.names),
            )
        found.append(_side.Edit(field=field, new=name))
    return found


def _by_content(state: State, table: Table, inputs: Inputs, file: str) -> Chosen:
    """The rows that equal a row of the file; as many of equal rows as the file has, the last ones."""
    rows = _side.read_rows(state, table, inputs, file)
    lacking = next((name for name in state.schema.names if name not in rows.names), None)
    if lacking is not None:
        raise MigrationError(
            f"the side file has no field {lacking!r}",
            where=file,
            hint="the dataset has no key, so a row is told by all its fields",
        )
    cells = {edit.field: f"n{index}" for index, edit in enumerate(rows.edits)}
    equal = " AND ".join(f"{column(name)} IS NOT DISTINCT FROM e.{cell}" for name, cell in cells.items())
    side = f"SELECT *, row_number() OVER (PARTITION BY {', '.join(cells.values())} ORDER BY line) AS place"
    mine = f"PARTITION BY {', '.join(map(identifier, cells))} ORDER BY {POSITION} DESC"
    pairs = (
        f"(SELECT *, row_number() OVER ({mine}) AS dsv_place FROM {table.relation} AS t) AS t "
        f"RIGHT JOIN ({side} FROM {rows.relation}) AS e ON e.place = t.dsv_place AND {equal}"
    )
    rows.refuse_rows("not in the dataset", f"SELECT e.line, '' AS text FROM {pairs} WHERE t.{POSITION} IS NULL")
    test = _aside.stored(table, f"SELECT t.{POSITION} AS p FROM {pairs} WHERE t.{POSITION} IS NOT NULL")
    return test, (), rows.held()


plugin = DropRows
