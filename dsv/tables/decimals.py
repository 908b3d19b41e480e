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


_SURE_DIGITS = 15
"""A double tells apart all decimals of so many characters that have no exponent."""


def beyond_double(text: str) -> str:
    """SQL: the text of a number means another decimal than the double that it gives does in its shortest text."""
    double = f"CAST(CAST({text} AS DOUBLE) AS VARCHAR)"
    sure = f"length({text}) <= {_SURE_DIGITS} AND NOT contains(lower({text}), 'e')"
    few = f"length({text}) <= {_NEITHER_HUGE_NOR_TINY} AND regexp_full_match({text}, {literal(_FEW_DIGITS)})"
    # What costs least comes first: whole files of numbers are tested.
    return (
        f"CASE WHEN {sure} OR {double} = {text} OR {few} THEN false ELSE {scientific(text)} <> {scientific(double)} END"
    )


def scientific(text: str) -> str:
    """SQL for the one text of a decimal, exactly: its digits without zeros at the ends, `e`, where the point is.

    `12.50` is `125e2`: 0.125 times 10 to the power of 2; every zero is `0`.
    """
    written = f"ltrim(regexp_extract({text}, '^[^eE]*'), '+-')"
    digits = f"rtrim(replace({written}, '.', ''), '0')"
    exponent = f"coalesce(TRY_CAST(regexp_extract({text}, '[eE](.*)', 1) AS BIGINT), 0)"
    point = f"{exponent} + length(split_part({written}, '.', 1)) - length({digits}) + length(ltrim({digits}, '0'))"
    sign = f"CASE WHEN starts_with({text}, '-') THEN '-' ELSE '' END"
    return f"CASE WHEN {digits} = '' THEN '0' ELSE {sign} || ltrim({digits}, '0') || 'e' || ({point}) END"
