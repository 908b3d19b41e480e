"""Take exact duplicates out, one of each staying; duplicates whose labels differ are never dropped in silence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from dsv.errors import MigrationError, SchemaError
from dsv.model.finding import Finding
from dsv.model.migration import Effect, State
from dsv.model.schema import is_nested
from dsv.operations import _aside, _fields, _listing
from dsv.operations._rows import column
from dsv.operations.base import Inputs, Operation, Outcome
from dsv.tables.duckdb import literal
from dsv.tables.table import POSITION, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Dedupe(Operation):
    """Take out rows that are duplicates: equal in all of `fields`, or in all fields but the key.

    Missing cells are equal; a row in which all of `fields` are missing is no duplicate. Of each group
    one row stays: one of a split in `protect` (whose rows all stay), else one of the first split in
    `prefer`, else the `keep` (first, last) by the field `by`, then by key; without a key, by content.
    `conflicts` says what becomes of a group whose labels differ, where a missing label is another one:
    `fail`, `keep` them all, or `quarantine` them all. `mode` quarantine keeps the duplicates readable
    in the version, delete does not. With `expect`, exactly that many rows must go.
    """

    name = "dedupe"
    symbol = "-"

    fields: tuple[str, ...] | None = None
    keep: Literal["first", "last"] = "first"
    by: str | None = None
    prefer: tuple[str, ...] = ()
    protect: tuple[str, ...] = ()
    conflicts: Literal["fail", "keep", "quarantine"] = "fail"
    mode: Literal["quarantine", "delete"] = "quarantine"
    expect: int | None = None

    @property
    def rowwise(self) -> bool:
        """A row is a duplicate of others."""
        return False

    def forward_schema(self, state: State, inputs: Inputs) -> State:
        _aside.check_protect(state, self.protect)
        if self.prefer and state.split is None:
            raise SchemaError("`prefer:` names splits, and the dataset has no split field", where="prefer")
        if self.fields is not None and (not self.fields or len(set(self.fields)) != len(self.fields)):
            raise SchemaError("`fields:` names each field to compare once", where="fields")
        for name in self._compared(state):
            _fields.find(state, name)
        if not self._compared(state):
            raise SchemaError("all fields are part of the key, so no row is a duplicate", where="fields")
        if self.by is not None and is_nested(_fields.find(state, self.by).type):
            raise SchemaError(f"{self.by!r} is {state.schema[self.by].type}, which has no order", where="by")
        return state

    def forward(self, state: State, table: Table, inputs: Inputs) -> Outcome:
        self.forward_schema(state, inputs)
        table = table.typed_table()
        members = self._members(state, table, inputs)
        if self.conflicts == "fail" and inputs.guarded:
            self._refuse_conflicts(state, table, members)
        test, reason = self._gone(table, members)
        guards = _aside.expected(_aside.count(table, test), self.expect, inputs, where="expect")
        aside = test
        if self.mode == "delete":
            aside = f"(t.{POSITION} IN (SELECT p FROM {members} WHERE conflict) AND {test})"
        told = self._findings(state, table, members)
        return _aside.outcome(table, test, reason, aside, tuple(told), guards)

    def describe(self, state: State, inputs: Inputs | None = None) -> str:
        verb = "set aside" if self.mode == "quarantine" else "delete"
        what = "all but the key" if self.fields is None and state.key else ", ".join(self._compared(state))
        first = [f"one of {', '.join(self.prefer)}"] if self.prefer else []
        order = self.by or ", ".join(state.key) or "content"
        stays = ", else ".join([*first, f"the {self.keep} by {order}"])
        kept = f", keeping all of {', '.join(self.protect)}" if self.protect else ""
        return f"{verb} duplicates in {what}, but {stays}{kept}"

    def effect(self, state: State) -> Effect:
        return Effect(values="removed")

    def _compared(self, state: State) -> tuple[str, ...]:
        if self.fields is not None:
            return self.fields
        return tuple(name for name in state.schema.names if name not in state.key)

    def _members(self, state: State, table: Table, inputs: Inputs) -> str:
        """A table of the rows that have duplicates.

        It has the position `p`, the number of the group `g`, the `place` in the group (1 stays),
        `told` for what people call the row, and whether it is `protected` and the labels `conflict`.
        """
        engine, groups, name = table.engine, table.engine.fresh("groups"), table.engine.fresh("duplicates")
        cells = [column(field) for field in self._compared(state)]
        nothing = " AND ".join(f"{cell} IS NULL" for cell in cells)
        engine.execute(
            f"CREATE TABLE {groups} AS SELECT g, unnest(ps) AS p FROM (SELECT row_number() OVER () AS g, "
            f"list(t.{POSITION}) AS ps FROM {table.relation} AS t WHERE NOT ({nothing}) "
            f"GROUP BY {', '.join(cells)} HAVING count(*) > 1)"
        )
        labels = [label for label in state.labels if label not in self._compared(state)]
        packed = ", ".join(f"l{place} := {column(label)}" for place, label in enumerate(labels)) or "l := 0"
        split = "NULL" if state.split is None else f"CAST({column(state.split)} AS VARCHAR)"
        protected = _aside.protected(state, table, self.protect, inputs)
        rows = (
            f"SELECT g, p, {protected} AS protected, {split} AS split, struct_pack({packed}) AS labels, "
            f"{_listing.key_text(state.key)} AS told, "
            f"row_number() OVER (PARTITION BY g ORDER BY {self._order(state, protected, split)}) AS place "
            f"FROM {groups} JOIN {table.relation} AS t ON t.{POSITION} = p"
        )
        facts = "SELECT g, count(DISTINCT labels) > 1 AS conflict, count(DISTINCT split) > 1 AS across"
        engine.execute(
            f"CREATE TABLE {name} AS WITH dsv_rows AS ({rows}) "
            f"SELECT * FROM dsv_rows JOIN ({facts} FROM dsv_rows GROUP BY g) USING (g)"
        )
        return name

    def _order(self, state: State, protected: str, split: str) -> str:
        """SQL that sorts the row that stays before the others of its group."""
        order = [f"NOT {protected}"]
        order += [f"coalesce({split} <> {literal(name)}, true)" for name in self.prefer]
        direction = "ASC" if self.keep == "first" else "DESC"
        if self.by is not None:
            order.append(f"{column(self.by)} {direction} NULLS LAST")
        order += [f"{column(name)} {direction}" for name in state.key or state.schema.names]
        return ", ".join([*order, f"t.{POSITION}"])

    def _gone(self, table: Table, members: str) -> tuple[str, str]:
        """SQL: the row `t` goes; and why."""
        whole = "conflict" if self.conflicts == "quarantine" else "false"
        kept = f"SELECT g, told AS kept FROM {members} WHERE place = 1"
        why = (
            f"CASE WHEN conflict THEN {literal(f'{self.name}: its duplicates have other labels')} "
            f"ELSE {literal(f'{self.name}: equals ')} || kept END"
        )
        name = table.engine.fresh("gone")
        table.engine.execute(
            f"CREATE TABLE {name} AS SELECT p, {why} AS reason FROM {members} JOIN ({kept}) USING (g) "
            f"WHERE NOT protected AND ({whole} OR (place > 1 AND NOT conflict))"
        )
        return (
            f"(t.{POSITION} IN (SELECT p FROM {name}))",
            f"(SELECT reason FROM {name} WHERE p = t.{POSITION})",
        )

    def _refuse_conflicts(self, state: State, table: Table, members: str) -> None:
        found = f"SELECT g, string_agg(told, ', ' ORDER BY place) AS told FROM {members} WHERE conflict GROUP BY g"
        total = table.engine.value(f"SELECT count(*) FROM ({found})")
        if not total:
            return
        first = table.engine.rows(f"SELECT told FROM ({found}) ORDER BY told LIMIT {_listing.SHOWN_ROWS}")
        listed = [row for (row,) in first]
        problem = f"of duplicates whose labels differ ({_labels(state)})"
        raise MigrationError(
            _listing.message(total, problem, listed, noun="group"),
            hint="settle their labels first (relabel), or say `conflicts: keep` or `conflicts: quarantine`",
        )

    def _findings(self, state: State, table: Table, members: str) -> Iterator[Finding]:
        counts = table.engine.rows(
            f"SELECT count(*) FILTER (conflict AND place = 1), count(*) FILTER (across AND place = 1), "
            f"count(*) FILTER (protected AND place > 1 AND NOT conflict) FROM {members}"
        )[0]
        conflicts, across, protected = map(int, counts)
        if conflicts:
            fate = "set aside" if self.conflicts == "quarantine" else "left alone"
            message = f"groups of duplicates whose labels differ ({_labels(state)}), {fate}: {conflicts}"
            yield Finding(rule="dedupe-conflicts", level="warning", message=message, count=conflicts)
        if across:
            message = f"groups of duplicates with rows in several splits: {across}"
            yield Finding(rule="dedupe-across-splits", level="info", message=message, count=across)
        one, many = "is a duplicate", "are duplicates"
        yield from _aside.protected_finding("dedupe-protected", protected, one, many, self.protect)


def _labels(state: State) -> str:
    return ", ".join(state.labels)


plugin = Dedupe
