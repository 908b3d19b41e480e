"""Take rows out by a condition: set aside in quarantine, or deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dsv.errors import MigrationError, SchemaError, did_you_mean
from dsv.model.finding import Finding
from dsv.model.migration import Effect, State
from dsv.model.schema import Field, Schema
from dsv.operations import _conditions, _references
from dsv.operations._rows import column, rewrite
from dsv.operations.base import REASON, Inputs, Operation, Outcome, condition
from dsv.tables.duckdb import literal
from dsv.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class DropRows(Operation):
    """Take the rows out for which the SQL condition `where` is true.

    `mode` quarantine keeps them readable in the version, delete does not. Rows of the splits in
    `protect` stay. With `expect`, exactly that many rows must go. A row for which the condition is
    neither true nor false (a missing cell) stays.
    """

    name = "drop_rows"
    symbol = "-"

    where: str = condition()
    mode: Literal["quarantine", "delete"] = "quarantine"
    protect: tuple[str, ...] = ()
    expect: int | None = None

    def forward_schema(self, state: State, inputs: Inputs) -> State:
        if self.protect and state.split is None:
            raise SchemaError("`protect:` names splits, and the dataset has no split field", where="protect")
        return state

    def forward(self, state: State, table: Table, inputs: Inputs) -> Outcome:
        self.forward_schema(state, inputs)
        bound = self.bind(inputs.parameters) if self.parameters() else self
        table = table.typed_table()
        return bound._split(state, table, inputs)

    def describe(self, state: State, inputs: Inputs | None = None) -> str:
        verb = "set aside" if self.mode == "quarantine" else "delete"
        kept = f", but none of {', '.join(self.protect)}" if self.protect else ""
        return f"{verb} rows where {_references.shown(self.where)}{kept}"

    def effect(self, state: State) -> Effect:
        return Effect(values="removed")

    def _split(self, state: State, table: Table, inputs: Inputs) -> Outcome:
        """The rows that stay and those that go; `where` is bound. Raises: MigrationError."""
        matches = _conditions.checked(table, self.where)
        protected = self._protected(state, table, inputs)
        gone = f"({matches} AND NOT {protected})"
        rows, kept = _conditions.counts(table, [gone, f"({matches} AND {protected})"], self.where)
        if inputs.guarded and self.expect is not None and rows != self.expect:
            raise MigrationError(
                f"{rows} rows would go, not {self.expect} as expected",
                where=_references.shown(self.where),
                hint="look at them with `dsv migrate plan`, then set `expect:`",
            )
        findings = () if not kept else (_protected_finding(kept, self.protect),)
        held = inputs.guarded and self.expect is not None
        guards = (f"rows that meet the condition and go: {rows:,}, as `expect:` says",) if held else ()
        remaining = rewrite(table, table.schema, where=f"NOT {gone}")
        if self.mode == "delete":
            return Outcome(table=remaining, findings=findings, guards=guards)
        reason = literal(f"{self.name}: {_references.shown(self.where)}")
        fields = (*table.schema.fields, Field(name=REASON, type="string", nullable=False))
        aside = rewrite(table, Schema(fields=fields), {REASON: reason}, where=gone)
        return Outcome(table=remaining, quarantine=aside, findings=findings, guards=guards)

    def _protected(self, state: State, table: Table, inputs: Inputs) -> str:
        """SQL: the row is in a protected split. Raises: MigrationError: there is no such split."""
        if not self.protect or state.split is None:
            return "false"
        split = f"CAST({column(state.split)} AS VARCHAR)"
        known = [name for (name,) in table.engine.rows(f"SELECT DISTINCT {split} FROM {table.relation} AS t") if name]
        for name in self.protect:
            if inputs.guarded and name not in known:
                raise MigrationError(
                    f"no row is in the split {name!r}",
                    where="protect",
                    hint=did_you_mean(name, sorted(known)),
                )
        return f"coalesce({split} IN ({', '.join(map(literal, self.protect))}), false)"


def _protected_finding(rows: int, splits: tuple[str, ...]) -> Finding:
    message = f"{rows} rows meet the condition and stay, being in {', '.join(splits)}"
    return Finding(rule="drop-rows-protected", level="info", message=message, count=rows)


plugin = DropRows
