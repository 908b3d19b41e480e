"""Rows that go: set aside in quarantine or deleted, and those of protected splits, which stay."""

from __future__ import annotations

from collections.abc import Sequence

from dsv.errors import MigrationError, SchemaError, did_you_mean
from dsv.model.finding import Finding
from dsv.model.migration import State
from dsv.model.schema import Field, Schema
from dsv.operations._rows import column, rewrite
from dsv.operations.base import REASON, Inputs, Outcome
from dsv.tables.duckdb import literal
from dsv.tables.table import POSITION, Table


def check_protect(state: State, protect: Sequence[str]) -> None:
    """Check that there are splits to protect. Raises: SchemaError: the dataset has no split field."""
    if protect and state.split is None:
        raise SchemaError("`protect:` names splits, and the dataset has no split field", where="protect")


def protected(state: State, table: Table, protect: Sequence[str], inputs: Inputs) -> str:
    """SQL: the row `t` is in a protected split. Raises: MigrationError: no row is in one of them."""
    return in_splits(state, table, protect, inputs, where="protect")


def in_splits(state: State, table: Table, names: Sequence[str], inputs: Inputs, *, where: str) -> str:
    """SQL: the row `t` is in one of some splits. Raises: MigrationError: no row is in one of them."""
    if not names or state.split is None:
        return "false"
    split = f"CAST({column(state.split)} AS VARCHAR)"
    known = [name for (name,) in table.engine.rows(f"SELECT DISTINCT {split} FROM {table.relation} AS t") if name]
    for name in names:
        if inputs.guarded and name not in known:
            raise MigrationError(
                f"no row is in the split {name!r}",
                where=where,
                hint=did_you_mean(name, sorted(known)),
            )
    return f"coalesce({split} IN ({', '.join(map(literal, names))}), false)"


def protected_finding(rule: str, rows: int, one: str, many: str, protect: Sequence[str]) -> tuple[Finding, ...]:
    """Tell of rows that stay for being in a protected split; nothing if there are none.

    `one` and `many` say of a row and of rows why they would have gone.
    """
    if not rows:
        return ()
    words = f"1 row {one} and stays" if rows == 1 else f"{rows} rows {many} and stay"
    message = f"{words}, being in {', '.join(protect)}"
    return (Finding(rule=rule, level="info", message=message, count=rows),)


def outcome(
    table: Table,
    gone: str,
    reason: str,
    aside: str | None,
    findings: tuple[Finding, ...],
    guards: tuple[str, ...] = (),
) -> Outcome:
    """The rows `t` of a typed table without those for which the SQL `gone` is true; it is never NULL.

    Those of them that meet the SQL test `aside` go to quarantine, with the SQL `reason`; None: there is none.
    """
    remaining = rewrite(table, table.schema, where=f"NOT {gone}")
    if aside is None:
        return Outcome(table=remaining, findings=findings, guards=guards)
    fields = (*table.schema.fields, Field(name=REASON, type="string", nullable=False))
    quarantine = rewrite(table, Schema(fields=fields), {REASON: reason}, where=aside)
    return Outcome(table=remaining, quarantine=quarantine, findings=findings, guards=guards)


def expected(rows: int, expect: int | None, inputs: Inputs, *, where: str) -> tuple[str, ...]:
    """Check the number of rows that go, and say so. Raises: MigrationError: it is not the expected one."""
    if not inputs.guarded or expect is None:
        return ()
    if rows != expect:
        raise MigrationError(
            f"{'1 row' if rows == 1 else f'{rows} rows'} would go, not {expect} as expected",
            where=where,
            hint="look at them with `dsv migrate plan`, then set `expect:`",
        )
    return (f"rows that go: {rows:,}, as `expect:` says",)


def stored(table: Table, positions: str) -> str:
    """SQL: the row `t` is at one of the positions that a query gives, as `p`; they are computed now, once."""
    name = table.engine.fresh("gone")
    table.engine.execute(f"CREATE TABLE {name} AS SELECT p FROM ({positions})")
    return f"(t.{POSITION} IN (SELECT p FROM {name}))"


def count(table: Table, test: str) -> int:
    """Number of rows `t` that meet an SQL test."""
    return int(table.engine.value(f"SELECT count(*) FROM {table.relation} AS t WHERE {test}"))
