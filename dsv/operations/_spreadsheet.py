"""What spreadsheets do to keys: `004512` becomes 4512, 123456 becomes 1.23E+05, and 2026-03-04 becomes 4/3/2026."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from dsv.model.migration import State
from dsv.operations._rows import column
from dsv.tables.duckdb import Engine, literal
from dsv.tables.table import Table

_SCIENTIFIC = "[0-9]([.,][0-9]+)?E[+][0-9]{2,}"
_ISO, _DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}.*", "[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2,4}( .*)?"
_HINT = "export the file again with its keys as text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """Why keys look damaged, for people, and an SQL test of the side rows `e` whose keys do."""

    problem: str
    test: str
    hint: str


class SideRows(Protocol):
    """The rows of a side file, with the key as `k0`, `k1`, …."""

    @property
    def engine(self) -> Engine: ...
    @property
    def relation(self) -> str: ...
    @property
    def key(self) -> tuple[str, ...]: ...
    def key_text(self) -> str: ...
    def refuse(self, problem: str, query: str, *, hint: str | None = None) -> None: ...


def refuse(state: State, rows: SideRows, table: Table) -> None:
    """Stop at keys that a spreadsheet damaged. Raises: MigrationError."""
    found = damage(state, rows, table)
    if found is not None:
        query = f"SELECT e.line, {rows.key_text()} AS text FROM {rows.relation} AS e WHERE {found.test}"
        rows.refuse(found.problem, query, hint=found.hint)


def damage(state: State, rows: SideRows, table: Table) -> Damage | None:
    """What is wrong with the keys of a side file, by what the dataset's keys are like; None if nothing is."""
    for index, name in enumerate(rows.key):
        if state.schema[name].type != "string":
            continue
        for found in _suspicions(f"e.k{index}", column(name), table):
            if rows.engine.value(f"SELECT count(*) FROM {rows.relation} AS e WHERE {found.test}"):
                return found
    return None


def hint(state: State, rows: SideRows, table: Table) -> str | None:
    """What may be wrong with the keys of a side file of which the dataset lacks some; None if nothing looks so."""
    found = damage(state, rows, table)
    if found is not None:
        return found.hint
    for index, name in enumerate(rows.key):
        other = _swapped(f"e.k{index}", state.schema[name].type)
        if other is None:
            continue
        keys = [f"{column(part)} = e.k{place}" for place, part in enumerate(rows.key)]
        turned = [*keys[:index], f"{column(name)} = {other}", *keys[index + 1 :]]
        there = f"SELECT 1 FROM {table.relation} AS t WHERE {{}}"
        tests = f"NOT EXISTS ({there.format(' AND '.join(keys))}) AND EXISTS ({there.format(' AND '.join(turned))})"
        if rows.engine.value(f"SELECT count(*) FROM {rows.relation} AS e WHERE {tests}"):
            return f"{_HINT}: day and month of {name!r} are swapped"
    return None


def _swapped(cell: str, type_name: str) -> str | None:
    """SQL for a date with day and month exchanged, NULL where that is none; None for other types."""
    if type_name == "date":
        return f"CASE WHEN day({cell}) <= 12 THEN make_date(year({cell}), day({cell}), month({cell})) END"
    if type_name != "string":
        return None
    parts = f"substr({cell}, 1, 5) || substr({cell}, 9, 2) || '-' || substr({cell}, 6, 2) || substr({cell}, 11)"
    return f"CASE WHEN regexp_full_match({cell}, {literal(_ISO)}) THEN {parts} END"


def _suspicions(cell: str, known: str, table: Table) -> list[Damage]:
    digits, scientific, zero, shortest, longest, iso = table.engine.rows(
        f"SELECT bool_and(regexp_full_match({known}, '[0-9]+')), "
        f"bool_or(regexp_full_match({known}, {literal(_SCIENTIFIC)})), bool_or({known} LIKE '0%'), "
        f"min(length({known})), max(length({known})), "
        f"bool_and(regexp_full_match({known}, {literal(_ISO)})) FROM {table.relation} AS t"
    )[0]
    found = []
    if not scientific:
        found.append(
            Damage(
                problem="with a key that a spreadsheet rounded",
                test=f"regexp_full_match({cell}, {literal(_SCIENTIFIC)})",
                hint=_HINT,
            )
        )
    if digits and zero and shortest == longest:
        found.append(
            Damage(
                problem=f"with a key that lost its leading zeros (the dataset's have {longest} digits)",
                test=f"regexp_full_match({cell}, '[0-9]+') AND length({cell}) < {longest}",
                hint=f"{_HINT}: the dataset's have {longest} digits, and these lost their leading zeros",
            )
        )
    if iso:
        found.append(
            Damage(
                problem="with a key whose date a spreadsheet respelled (the dataset's begin with YYYY-MM-DD)",
                test=f"regexp_full_match({cell}, {literal(_DAY)})",
                hint=_HINT,
            )
        )
    return found
