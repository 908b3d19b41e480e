"""The row digest: 32 hexadecimal digits that are equal for equal rows, in any order, format or engine.

A row's canonical text is, for each field in the order of names, the name and the value:

    text       s<bytes>:<text>      (string and enum; j for json; field names have no letter)
    integer    i<decimal>;
    number     d<17 significant digits, as 1.0000000000000001e-01>;   0 (of either sign), nan, inf, -inf
               a decimal that a double does not hold, exactly: d<digits>e<exponent>; (0.<digits> times 10^<exponent>)
    boolean    t or f
    date       D<YYYY-MM-DD>;
    datetime   T<YYYY-MM-DDTHH:MM:SS.ffffff>;    UTC where it has a zone; 9 digits where 6 do not hold it
    bytes      b<hexadecimal>;
    list       l<length>:<values>
    struct     r<fields>:<name and value of each, by name>
    missing    n

The digest is the MD5 of `dsv.rows/1`, the number of rows and the sum, modulo 2^128, of the MD5 of
every row's text, read as little-endian numbers.

What a version of a chain has is doubles and microseconds. So there is a second digest, of the rows as
a version holds them: it takes decimals and nanoseconds that share a double or a microsecond for one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from dsv.tables.decimals import beyond_double, scientific
from dsv.tables.duckdb import identifier, literal
from dsv.tables.native import children
from dsv.tables.table import Table
from dsv.tables.types import List, Scalar, Struct, Type, parse

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

MASK = (1 << 128) - 1
_HALF = (1 << 64) - 1
_DATE = "strftime({0}, '%Y-%m-%d')"
_INSTANT = "make_timestamp(epoch_us({0}))"
_SCALARS = {
    "integer": "'i' || CAST({0} AS VARCHAR) || ';'",
    "number": "CASE WHEN {0} = 0 THEN 'd0;' WHEN isnan(CAST({0} AS DOUBLE)) THEN 'dnan;'"
    " WHEN isinf(CAST({0} AS DOUBLE)) THEN CASE WHEN {0} > 0 THEN 'dinf;' ELSE 'd-inf;' END"
    " ELSE 'd' || format('{{:.16e}}', CAST({0} AS DOUBLE)) || ';' END",
    "string": "'s' || strlen(CAST({0} AS VARCHAR)) || ':' || CAST({0} AS VARCHAR)",
    "enum": "'s' || strlen(CAST({0} AS VARCHAR)) || ':' || CAST({0} AS VARCHAR)",
    "json": "'j' || strlen({0}) || ':' || {0}",
    "boolean": "CASE {0} WHEN true THEN 't' WHEN false THEN 'f' END",
    "date": f"'D' || {_DATE} || ';'",
    "datetime": f"'T' || strftime({_INSTANT}, '%Y-%m-%dT%H:%M:%S.%f') || ';'",
    "bytes": "'b' || hex({0}) || ';'",
}


def row_digest(table: Table) -> str:
    """The digest of all rows of a table, as a version holds them. `POSITION` is no part of it."""
    return fold(*row_sum(table))


def exact_digest(table: Table) -> str:
    """The digest of all rows of a table, as its file has them: decimals and nanoseconds exactly."""
    return fold(*_sum(table, exact_text(table)))


def row_sum(table: Table) -> tuple[int, int]:
    """The number of rows and the sum, modulo 2^128, of the hashes of their texts: what `row_digest` is made of."""
    return _sum(table, canonical_text(table))


def _sum(table: Table, text: str) -> tuple[int, int]:
    hashed = f"SELECT md5_number({text}) AS hash FROM {table.relation}"
    # Summing two 64-bit halves stays exact in a HUGEINT; DuckDB sums 128-bit numbers as DOUBLE.
    count, low, high = table.engine.rows(
        f"SELECT count(*), sum((hash & {_HALF}::UHUGEINT)::UBIGINT), sum((hash >> 64)::UBIGINT) FROM ({hashed})"
    )[0]
    return int(count), (int(low or 0) + (int(high or 0) << 64)) & MASK


def fold(count: int, total: int) -> str:
    """The digest of `count` rows whose hashes add up to `total`."""
    content = f"dsv.rows/1\n{count}\n{total:032x}".encode("ascii")
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def canonical_text(table: Table) -> str:
    """SQL for the canonical text of a row as a version holds it."""
    return _row({name: _value(table.typed(name), parse(table.schema[name].type), None, 0) for name in _names(table)})


def exact_text(table: Table) -> str:
    """SQL for the canonical text of a row as its file has it."""
    natives = table.engine.columns(table.relation)
    texts = {}
    for name in _names(table):
        tree = parse(table.schema[name].type)
        if name not in table.text_fields:
            texts[name] = _value(identifier(name), tree, natives[name], 0)
        elif tree == Scalar("number"):
            texts[name] = _exact_number(identifier(name))
        else:
            texts[name] = _value(table.typed(name), tree, None, 0)
    return _row(texts)


def _names(table: Table) -> list[str]:
    return sorted(table.schema.names)


def _row(texts: Mapping[str, str]) -> str:
    parts = [f"{literal(_measured(name))}, {text}" for name, text in texts.items()]
    # One call puts all parts together; each `||` would copy what stands before it.
    return f"concat('', {', '.join(parts)})" if parts else "''"


def _measured(name: str) -> str:
    return f"{len(name.encode('utf-8'))}:{name}"


def _value(column: str, tree: Type, native: DuckDBPyType | None, depth: int) -> str:
    """SQL for a value's canonical text; `depth` numbers the variables of nested lambdas.

    `native` is the engine's type where values are to be told exactly.
    """
    if isinstance(tree, Scalar):
        text = _scalar(column, tree, native)
    elif isinstance(tree, List):
        text = _list(column, tree, native, depth)
    else:
        text = _struct(column, tree, native, depth)
    # Each text is NULL for a missing value. Asking the value first, in a CASE, takes a list apart twice.
    return f"coalesce({text}, 'n')"


def _scalar(column: str, tree: Scalar, native: DuckDBPyType | None) -> str:
    if native is not None and tree.name == "number" and native.id == "decimal":
        return _exact_number(f"CAST({column} AS VARCHAR)")
    text = _SCALARS[tree.name].format(column)
    if native is not None and tree.name == "datetime" and native.id == "timestamp_ns":
        finer = f"'T' || strftime({column}, '%Y-%m-%dT%H:%M:%S.%n') || ';'"
        return f"CASE WHEN epoch_ns({column}) % 1000 <> 0 THEN {finer} ELSE {text} END"
    return text


def _exact_number(text: str) -> str:
    """SQL for the canonical text of a number that is spelled in text; NULL where there is none."""
    held = _SCALARS["number"].format(f"CAST({text} AS DOUBLE)")
    return f"coalesce(CASE WHEN {beyond_double(text)} THEN 'd' || {scientific(text)} || ';' ELSE {held} END, 'n')"


def _list(column: str, tree: List, native: DuckDBPyType | None, depth: int) -> str:
    variable = f"e{depth}"
    inner = _value(variable, tree.item, _part(native, "child"), depth + 1)
    # Of an empty list some versions make NULL.
    items = f"coalesce(array_to_string(list_transform({column}, lambda {variable}: {inner}), ''), '')"
    return f"'l' || len({column}) || ':' || {items}"


def _struct(column: str, tree: Struct, native: DuckDBPyType | None, depth: int) -> str:
    parts = [f"CASE WHEN {column} IS NOT NULL THEN 'r{len(tree.members)}:' END"]
    for name, member in sorted(tree.members, key=lambda item: item[0]):
        value = _value(f"struct_extract({column}, {literal(name)})", member, _part(native, name), depth)
        parts.append(f"{literal(_measured(name))} || {value}")
    return " || ".join(parts)


def _part(native: DuckDBPyType | None, name: str) -> DuckDBPyType | None:
    return None if native is None else children(native).get(name)
