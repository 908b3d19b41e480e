"""The row digest: 32 hexadecimal digits that are equal for equal rows, in any order, format or engine.

A row's bytes are a struct of its values, in the order of the fields' names:

    text       01, each byte plus one, 00        (string and enum; json as its text)
    integer    01, 16 bytes, big-endian, plus 2^127
    number     01, 8 bytes: IEEE 754, big-endian, all bits inverted where it is negative, else the sign;
               0 of either sign as 0.0, inf ff…fe, -inf 00…00, nan ff…ff
    boolean    01, 00 or 01
    date       01, 4 bytes: days since 1970, big-endian, plus 2^31
    datetime   01, 8 bytes: microseconds since 1970, in UTC where it has a zone, big-endian, plus 2^63
    bytes      01, each byte, behind 01 if it is 00 or 01, and 00
    list       01, values, 00
    struct     01, values, by the names of its members
    missing    02; behind that of a struct, its members, as missing ones

Those are DuckDB's sort keys, ascending with missing values last, of values of these types.

The digest is the MD5 of `dsv.rows/2`, the fields with their types, the number of rows and the sum, modulo
2^128, of the MD5 of every row's bytes, read as little-endian numbers.

What a version of a chain has is doubles and microseconds. So there is a second digest, of the rows as their
file has them: where a decimal is not that of its double, or an instant has nanoseconds, the row's bytes are
followed by the text of what they lack.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from dsv.errors import DsvError
from dsv.model.schema import Schema
from dsv.tables.decimals import beyond_double, scientific
from dsv.tables.duckdb import Engine, identifier, literal
from dsv.tables.native import children
from dsv.tables.table import Table
from dsv.tables.types import List, Scalar, Struct, Type, parse, spell

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

MASK = (1 << 128) - 1
_HALF = (1 << 64) - 1
_TYPES = {
    "integer": "HUGEINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "string": "VARCHAR",
    "enum": "VARCHAR",
    "json": "VARCHAR",
    "bytes": "BLOB",
}
_SAMPLE = (
    "'é' || chr(0), CAST(-2 AS HUGEINT), [CAST(1.5 AS DOUBLE), -1.5, -0.0, 'nan', 'inf', '-inf', NULL], [true, false], "
    "DATE '1960-01-01', TIMESTAMP '2020-01-01 00:00:00.000001', CAST('\\x00\\x01\\xFF' AS BLOB), "
    "CAST([] AS VARCHAR[]), [[''], NULL], row(NULL, row('a')), CASE WHEN false THEN row(row('a')) END"
)
_SAMPLE_MD5 = "1229bc4613003569ad5391f271966656"


def row_digest(table: Table) -> str:
    """The digest of all rows of a table, as a version holds them. `POSITION` is no part of it."""
    return fold(table.schema, *row_sum(table))


def exact_digest(table: Table) -> str:
    """The digest of all rows of a table, as its file has them: decimals and nanoseconds exactly."""
    return fold(table.schema, *_sum(table, exact_bytes(table)))


def row_sum(table: Table) -> tuple[int, int]:
    """The number of rows and the sum, modulo 2^128, of the hashes of their bytes: what `row_digest` is made of."""
    return _sum(table, row_bytes(table))


def _sum(table: Table, content: str) -> tuple[int, int]:
    _check(table.engine)
    hashed = f"SELECT md5_number({content}) AS hash FROM {table.relation}"
    # Summing two 64-bit halves stays exact in a HUGEINT; DuckDB sums 128-bit numbers as DOUBLE.
    count, low, high = table.engine.rows(
        f"SELECT count(*), sum((hash & {_HALF}::UHUGEINT)::UBIGINT), sum((hash >> 64)::UBIGINT) FROM ({hashed})"
    )[0]
    return int(count), (int(low or 0) + (int(high or 0) << 64)) & MASK


def fold(schema: Schema, count: int, total: int) -> str:
    """The digest of `count` rows of a schema whose hashes add up to `total`; its fields may have any order."""
    fields = "".join(f"{_measured(name)}{spell(_plain(parse(schema[name].type)))}\n" for name in sorted(schema.names))
    content = f"dsv.rows/2\n{fields}{count}\n{total:032x}".encode()
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def row_bytes(table: Table) -> str:
    """SQL for the bytes of a row as a version holds it."""
    return _key(_plain_value(table.typed(name), parse(table.schema[name].type), 0) for name in _names(table))


def exact_bytes(table: Table) -> str:
    """SQL for the bytes of a row as its file has it."""
    natives = table.engine.columns(table.relation)
    lacks = list(_rests(table, natives))
    if not lacks:
        return row_bytes(table)
    rest = f"CASE WHEN coalesce({', '.join(lacks)}) IS NOT NULL THEN {_joined(lacks, ';')} ELSE '' END"
    return f"{row_bytes(table)} || encode({rest})"


def _rests(table: Table, natives: dict[str, DuckDBPyType]) -> Iterator[str]:
    for name in _names(table):
        tree = parse(table.schema[name].type)
        if name not in table.text_fields:
            found = _rest(identifier(name), tree, natives[name], 0)
        else:
            found = _decimal_rest(identifier(name)) if tree == Scalar("number") else None
        if found is not None:
            yield found


def _names(table: Table) -> list[str]:
    return sorted(table.schema.names)


def _measured(name: str) -> str:
    return f"{len(name.encode('utf-8'))}:{name}"


def _plain(tree: Type) -> Type:
    """The type as far as its values' bytes tell it: an enum is text, and members have no order."""
    if isinstance(tree, List):
        return List(_plain(tree.item))
    if isinstance(tree, Struct):
        return Struct(tuple((name, _plain(member)) for name, member in _members(tree)))
    return Scalar("string") if tree.name == "enum" else tree


def _members(tree: Struct) -> list[tuple[str, Type]]:
    return sorted(tree.members, key=lambda item: item[0])


def _key(values: Iterable[str]) -> str:
    """SQL for the bytes of a struct of values."""
    listed = ", ".join(values)
    return f"create_sort_key(row({listed}), 'ASC NULLS LAST')" if listed else "CAST('' AS BLOB)"


def _plain_value(column: str, tree: Type, depth: int) -> str:
    """SQL for a value in the types that the bytes are of; `depth` numbers the variables of nested lambdas."""
    cast = _cast(tree)
    if cast is not None:
        return f"CAST({column} AS {cast})"
    if isinstance(tree, List):
        variable = f"e{depth}"
        return f"list_transform({column}, lambda {variable}: {_plain_value(variable, tree.item, depth + 1)})"
    if isinstance(tree, Struct):
        members = (f"struct_extract({column}, {literal(name)})" for name, _ in _members(tree))
        values = (_plain_value(member, item, depth) for member, (_, item) in zip(members, _members(tree), strict=True))
        return f"CASE WHEN {column} IS NOT NULL THEN row({', '.join(values)}) END"
    return f"make_timestamp(epoch_us({column}))"


def _cast(tree: Type) -> str | None:
    """The type that a cast brings a value to; None where it takes more than a cast."""
    if isinstance(tree, Scalar):
        return _TYPES.get(tree.name)
    inner = _cast(tree.item) if isinstance(tree, List) else None
    return None if inner is None else f"{inner}[]"


def _rest(column: str, tree: Type, native: DuckDBPyType | None, depth: int) -> str | None:
    """SQL for the text of what a value's bytes lack, NULL where they say it all; None where all do."""
    if native is None:
        return None
    if isinstance(tree, List):
        return _list_rest(column, tree, native, depth)
    if isinstance(tree, Struct):
        members = (
            _rest(f"struct_extract({column}, {literal(name)})", item, _part(native, name), depth)
            for name, item in _members(tree)
        )
        found = [text for text in members if text is not None]
        return f"CASE WHEN coalesce({', '.join(found)}) IS NOT NULL THEN {_joined(found, '|')} END" if found else None
    if tree.name == "number" and native.id == "decimal":
        return _decimal_rest(f"CAST({column} AS VARCHAR)")
    if tree.name == "datetime" and native.id == "timestamp_ns":
        return f"CASE WHEN epoch_ns({column}) % 1000 <> 0 THEN CAST(epoch_ns({column}) % 1000 AS VARCHAR) END"
    return None


def _list_rest(column: str, tree: List, native: DuckDBPyType, depth: int) -> str | None:
    variable = f"e{depth}"
    inner = _rest(variable, tree.item, _part(native, "child"), depth + 1)
    if inner is None:
        return None
    texts = f"list_transform({column}, lambda {variable}: coalesce({inner}, ''))"
    return (
        f"CASE WHEN list_sum(list_transform({texts}, lambda t: length(t))) > 0 THEN array_to_string({texts}, ',') END"
    )


def _decimal_rest(text: str) -> str:
    """SQL for a number that is spelled in text, exactly, where its double is not that decimal."""
    return f"CASE WHEN {beyond_double(text)} THEN {scientific(text)} END"


def _joined(texts: list[str], mark: str) -> str:
    filled = ", ".join(f"coalesce({text}, '')" for text in texts)
    return f"concat_ws({literal(mark)}, {filled})"


def _part(native: DuckDBPyType | None, name: str) -> DuckDBPyType | None:
    return None if native is None else children(native).get(name)


def _check(engine: Engine) -> None:
    """Refuse an engine whose sort keys are others: its digests would be of no use to anybody else.

    Raises: DsvError.
    """
    found = engine.value(f"SELECT md5({_key([_SAMPLE])})")
    if found != _SAMPLE_MD5:
        raise DsvError(
            "this version of DuckDB writes values in other bytes than the row digest is made of",
            hint="install the version of DuckDB that dsv was released with",
        )
