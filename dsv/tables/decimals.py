"""Numbers that are spelled in text, compared as decimals: a double takes some that differ for one."""

from __future__ import annotations

from dsv.tables.duckdb import literal

_FEW_DIGITS = r"[+-]?0*\.?0*(?:[0-9]\.?){0,15}0*\.?0*(?:[eE][+-]?[0-9]{1,2})?"
"""At most 15 significant digits: a double tells apart all such decimals that are neither huge nor tiny."""
_NEITHER_HUGE_NOR_TINY = 100
_LONGEST_DECIMAL = 21
"""The engine's widest decimal holds what is written in so many characters, without an exponent."""
_DECIMAL = "DECIMAL(38, 20)"


def decimal_text(text: str) -> str:
    """SQL for a text that equal decimals share, and no other decimal has, however alike their doubles.

    Of decimals of more than 15 significant digits that are longer than the engine's decimals, or have
    an exponent, another spelling counts as another number. The SQL is short: it goes into queries of
    thousands of fields. What is no number stays as it is.
    """
    few = f"length({text}) <= {_NEITHER_HUGE_NOR_TINY} AND regexp_full_match({text}, {literal(_FEW_DIGITS)})"
    short = f"length({text}) <= {_LONGEST_DECIMAL} AND NOT contains(lower({text}), 'e')"
    # -0.0 and 0.0 are one number.
    double = f"CAST(TRY_CAST({text} AS DOUBLE) + 0.0 AS VARCHAR)"
    decimal = f"CAST(TRY_CAST({text} AS {_DECIMAL}) AS VARCHAR)"
    return f"coalesce(CASE WHEN {few} THEN {double} WHEN {short} THEN {decimal} END, {text})"


def double_text(double: str) -> str:
    """SQL for the one text of a double; a whole one has no decimal point."""
    whole = f"{double} = trunc({double}) AND abs({double}) < 1e38"
    digits = f"CAST(CAST({double} AS HUGEINT) AS VARCHAR)"
    return f"CASE WHEN {whole} THEN {digits} ELSE CAST({double} AS VARCHAR) END"
