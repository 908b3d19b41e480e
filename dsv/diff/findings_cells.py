"""What happened to cells by mistake: a program took them for something else, or hid changes among blanks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from dsv.diff.cells import CellCounts, Differences
from dsv.diff.equality import Form
from dsv.diff.fields import FieldPair
from dsv.diff.findings import named
from dsv.model.finding import Finding
from dsv.tables.duckdb import literal

FEW = 10
"""So few rows that differ in blanks only hide nothing."""
MISSING_WORDS = ("NA", "N/A", "n/a", "NaN", "nan", "None", "none", "NULL", "null", "<NA>", "#N/A", "-", "")
NOT_FINITE = ("nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity")
NO_FRACTION = "[.]0+$"


@dataclass(frozen=True, slots=True)
class Coercion:
    """A kind of damage. `test` makes SQL over the texts before and after of a cell that differs."""

    rule: str
    what: str
    test: Callable[[str, str], str]


def _matches(text: str, pattern: str) -> str:
    return f"regexp_full_match({text}, {literal(pattern)})"


def _missing(a: str, b: str) -> str:
    return f"{b} IS NULL AND {a} IN ({', '.join(map(literal, MISSING_WORDS))})"


def _zeros(a: str, b: str) -> str:
    whole = f"regexp_replace({b}, {literal(NO_FRACTION)}, '')"
    return f"{_matches(a, '0+[0-9]+')} AND {whole} = coalesce(nullif(ltrim({a}, '0'), ''), '0')"


def _decimal(a: str, b: str) -> str:
    return f"{_matches(a, '-?[1-9][0-9]*|0')} AND {b} = {a} || '.0'"


def _boolean(a: str, b: str) -> str:
    words = (("true", 1), ("false", 0))
    return " OR ".join(f"(lower({a}) = '{word}' AND {b} IN ('{digit}', '{digit}.0'))" for word, digit in words)


def _time(a: str, b: str) -> str:
    rest = _matches(f"substr({b}, 11)", "[ T]00:00(:00([.]0+)?)?Z?")
    return f"{_matches(a, '[0-9]{4}-[0-9]{2}-[0-9]{2}')} AND starts_with({b}, {a}) AND {rest}"


def _digits(a: str, b: str) -> str:
    rounded = _matches(b, "-?[0-9]+([.][0-9]+)?[eE][+]?[0-9]+")
    return f"{_matches(a, '-?[0-9]{16,}')} AND {rounded} AND TRY_CAST({a} AS DOUBLE) = TRY_CAST({b} AS DOUBLE)"


COERCIONS = (
    Coercion("coerced-missing", "a word for missing (NA, null, None, …) became a missing cell", _missing),
    Coercion("coerced-zeros", "leading zeros were dropped, as in 007 -> 7", _zeros),
    Coercion("coerced-decimal", "whole numbers got a decimal point, as in 925 -> 925.0", _decimal),
    Coercion("coerced-boolean", "truth values became numbers, as in True -> 1", _boolean),
    Coercion("coerced-time", "days got a time of day, as in 2026-01-31 -> 2026-01-31 00:00:00", _time),
    Coercion("coerced-digits", "long numbers lost digits, as in 12345678901234567 -> 1.2345678901234568e+16", _digits),
)


def of_cells(differences: Differences, counts: CellCounts) -> Iterator[Finding]:
    """Findings about cells that differ."""
    if sum(counts.whitespace_only.values()) >= FEW:
        yield from _hidden(differences, counts.changed)
    pairs = {
        number: pair
        for number, pair in differences.differing.items()
        if not pair.nested and (pair.spelled or pair.name in counts.cells)
    }
    if pairs:
        yield from _coerced(differences, pairs)
    yield from _not_finite(differences)


def _hidden(differences: Differences, changed: int) -> Iterator[Finding]:
    """Real changes among many of blanks only."""
    blank = int(
        differences.engine.value(
            f"SELECT count(*) FROM {differences.table} WHERE kind = 'changed' AND {differences.blanks_only}"
        )
    )
    real = changed - blank
    if real and blank >= max(FEW, real):
        rest = "1 does not, and is" if real == 1 else f"{real:,} do not, and are"
        message = f"{blank:,} of {changed:,} changed rows differ in whitespace only; {rest} shown first"
        yield Finding(rule="whitespace-hides", level="warning", message=message, count=real)


def _coerced(differences: Differences, pairs: Mapping[int, FieldPair]) -> Iterator[Finding]:
    asked = [(kind, number, pair) for kind in COERCIONS for number, pair in pairs.items()]
    sums = [_count(differences, number, pair, kind) for kind, number, pair in asked]
    counts = differences.engine.aggregates(differences.table, sums)
    found: dict[str, dict[str, int]] = {}
    for (kind, _, pair), count in zip(asked, counts, strict=True):
        if count:
            found.setdefault(kind.rule, {})[pair.name] = count
    for kind in COERCIONS:
        if kind.rule in found:
            yield _listed(kind.rule, kind.what, found[kind.rule])


def _count(differences: Differences, number: int, pair: FieldPair, kind: Coercion) -> str:
    old, new = differences.columns(pair)
    differing = f"(d{number} OR s{number})" if pair.spelled else f"d{number}"
    test = kind.test(f"CAST({old} AS VARCHAR)", f"CAST({new} AS VARCHAR)")
    return f"count(*) FILTER ({differing} AND ({test}))"


def _not_finite(differences: Differences) -> Iterator[Finding]:
    """Numbers that became not-a-number or infinite, and such in added rows."""
    asked = (pair for pair in differences.compared if pair.old.numeric or pair.new.numeric)
    pairs = [pair for pair in asked if pair.new.type != "integer"]
    if not pairs:
        return
    columns = {pair.name: differences.columns(pair) for pair in pairs}
    sums = [
        f"count(*) FILTER ({_not_finite_cell(columns[pair.name][1], pair.new)} "
        f"AND NOT {_not_finite_cell(columns[pair.name][0], pair.old)})"
        for pair in pairs
    ]
    counts = differences.engine.aggregates(differences.table, sums)
    found = {name: count for name, count in zip(columns, counts, strict=True) if count}
    if found:
        yield _listed("not-finite", "numbers are not-a-number or infinite that were not", found)


def _not_finite_cell(column: str, form: Form) -> str:
    if str(form.engine) in ("FLOAT", "DOUBLE"):
        return f"coalesce(NOT isfinite({column}), false)"
    words = ", ".join(map(literal, NOT_FINITE))
    return f"coalesce(lower(CAST({column} AS VARCHAR)) IN ({words}), false)"


def _listed(rule: str, what: str, counts: Mapping[str, int]) -> Finding:
    total = sum(counts.values())
    ordered = sorted(counts, key=lambda name: (-counts[name], name))
    cells = "1 cell" if total == 1 else f"{total:,} cells"
    where = named(f"{name} {counts[name]:,}" for name in ordered)
    return Finding(rule=rule, level="warning", message=f"{what}: {cells} ({where})", count=total)
