"""When two cells are equal: every cell becomes an SQL value that can be compared with the other side's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsv.model.schema import NUMERIC_TYPES, is_nested
from dsv.tables.decimals import decimal_text, double_text
from dsv.tables.duckdb import identifier, literal
from dsv.tables.json_values import json_text

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

BLANKS = r"[\s\x0B\x1C-\x1F\x{85}\p{Z}]+"
"""One or more blanks of any alphabet, for the engine's regular expressions."""

TEXT_TYPES = ("string", "enum")
FLOATING = ("float", "double")
_JSON_NUMBER = "-?[0-9][-+.eE0-9]*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How one side stores a field: dsv's type, the engine's, and whether it is text as the file spells it."""

    name: str
    type: str
    engine: DuckDBPyType
    text: bool

    @property
    def numeric(self) -> bool:
        """An integer or a number."""
        return self.type in NUMERIC_TYPES

    @property
    def decimal(self) -> bool:
        """The engine stores it as a decimal."""
        return not self.text and self.engine.id == "decimal"

    @property
    def floating(self) -> bool:
        """A number that holds no more than a double does."""
        return not self.text and self.engine.id in FLOATING


def comparable(column: str, mine: Form, other: Form) -> str:
    """SQL for a cell as a value that equals the other side's exactly when the cells are equal.

    Cells of one type compare as they are. A number that is spelled in text, and a number against
    an integer, compare by value: as decimals, or as doubles where one side has no more. Nested values
    of two types compare member by member, a member that one type lacks as missing. All else compares
    as canonical text.
    """
    if mine.numeric and other.numeric:
        same = mine.text == other.text and mine.type == other.type and str(mine.engine) == str(other.engine)
        if same and not (mine.text and mine.type == "number"):
            return column
        return _decimal_text(column, mine) if _as_decimals(mine, other) else numeric_text(column, mine)
    if mine.text and (other.text or other.type in TEXT_TYPES):
        return column
    if is_nested(mine.type) and is_nested(other.type):
        return _nested(column, mine.engine, other.engine, 0)
    if mine.type == other.type == "json" and not mine.text and not other.text:
        # Lists and objects come in one spelling; scalars as they are.
        number = f"regexp_full_match({column}, {literal(_JSON_NUMBER)})"
        return f"CASE WHEN {number} THEN {decimal_text(column)} ELSE {column} END"
    if mine.type == other.type and not mine.text and not other.text and mine.type not in TEXT_TYPES:
        return column if str(mine.engine) == str(other.engine) else canonical_text(column, mine)
    if mine.type == other.type == "boolean" and mine.text:
        # The other side has no spelling of its own.
        return f"lower({column})"
    if "json" in (mine.type, other.type) and mine.type != other.type and not mine.text:
        return _json_text(column, mine, other)
    return canonical_text(column, mine)


def compares_as_text(mine: Form, other: Form) -> bool:
    """Say whether `comparable` gives text whose blanks and case are part of the value."""
    if (mine.numeric and other.numeric) or is_nested(mine.type) or is_nested(other.type):
        return False
    textual = (*TEXT_TYPES, "json")
    return mine.text or other.text or mine.type != other.type or mine.type in textual


def canonical_text(column: str, form: Form) -> str:
    """SQL for a cell as text: numbers in their shortest form, nested values as JSON."""
    if form.numeric:
        return numeric_text(column, form)
    if form.text or str(form.engine) == "VARCHAR":
        return column
    if is_nested(form.type):
        return f"CAST(to_json({column}) AS VARCHAR)"
    return f"CAST({column} AS VARCHAR)"


def numeric_text(column: str, form: Form) -> str:
    """SQL for a numeric cell as the one text that all its spellings and types share, as a double has it."""
    if form.text:
        if form.type == "integer":
            return column
        long_integer = f"length({column}) > 15 AND regexp_full_match({column}, '-?[0-9]+')"
        value = double_text(f"TRY_CAST({column} AS DOUBLE)")
        return f"CASE WHEN {long_integer} THEN {column} ELSE coalesce({value}, {column}) END"
    if form.decimal:
        return _trimmed(f"CAST({column} AS VARCHAR)")
    if form.type == "integer":
        return f"CAST({column} AS VARCHAR)"
    return double_text(f"CAST({column} AS DOUBLE)")


def _as_decimals(one: Form, other: Form) -> bool:
    """Say whether two numeric fields compare as decimals: neither is a double, or one is the engine's decimal."""
    if one.type == other.type == "integer":
        return False
    return one.decimal or other.decimal or not (one.floating or other.floating)


def _decimal_text(column: str, form: Form) -> str:
    if form.text:
        return decimal_text(column)
    text = f"CAST({column} AS VARCHAR)"
    return decimal_text(_trimmed(text) if form.decimal else text)


def _trimmed(text: str) -> str:
    return f"CASE WHEN contains({text}, '.') THEN rtrim(rtrim({text}, '0'), '.') ELSE {text} END"


def numeric_depth(type_name: str) -> int:
    """How many lists deep the numbers of a type stand; 0 for a type that is no list of numbers."""
    depth = 0
    while type_name.startswith("list<"):
        type_name, depth = type_name[5:-1], depth + 1
    return depth if type_name in NUMERIC_TYPES else 0


def without_blanks(sql: str) -> str:
    """SQL for a text with all its blanks left out."""
    return f"regexp_replace({sql}, {literal(BLANKS)}, '', 'g')"


def _json_text(column: str, mine: Form, other: Form) -> str:
    if mine.type == "json":
        if not other.numeric:
            return column
        value = double_text(f"TRY_CAST({column} AS DOUBLE)")
        is_number = f"regexp_full_match({column}, '-?[0-9]+[.eE][-+.eE0-9]*')"
        return f"CASE WHEN {is_number} THEN coalesce({value}, {column}) ELSE {column} END"
    if mine.numeric or mine.type == "boolean":
        return canonical_text(column, mine)
    return json_text(column, mine.engine)


LISTS = ("list", "array")


def _nested(column: str, mine: DuckDBPyType, other: DuckDBPyType, depth: int) -> str:
    if str(mine) == str(other):
        return column
    if mine.id in LISTS and other.id in LISTS:
        item = f"dsv_item_{depth}"
        inner = _nested(item, _children(mine)["child"], _children(other)["child"], depth + 1)
        items = column if mine.id == "list" else f"CAST({column} AS {_children(mine)['child']}[])"
        return f"list_transform({items}, lambda {item}: {inner})"
    if mine.id == other.id == "struct":
        return _struct(column, _children(mine), _children(other), depth)
    if mine.id in (*LISTS, "struct", "map") or other.id in (*LISTS, "struct", "map"):
        return f"CAST(to_json({column}) AS VARCHAR)"
    return canonical_text(column, _scalar_form(mine))


def _struct(column: str, mine: dict[str, DuckDBPyType], other: dict[str, DuckDBPyType], depth: int) -> str:
    members = []
    for name in sorted({*mine, *other}):
        if name not in mine:
            value = f"CAST(NULL AS {other[name]})"
        else:
            value = f"struct_extract({column}, {literal(name)})"
            value = _nested(value, mine[name], other.get(name, mine[name]), depth)
        members.append(f"{identifier(name)} := {value}")
    return f"CASE WHEN {column} IS NOT NULL THEN struct_pack({', '.join(members)}) END"


def _children(engine: DuckDBPyType) -> dict[str, DuckDBPyType]:
    return {name: child for name, child in engine.children if not isinstance(child, int | list)}


INTEGERS = (
    "tinyint",
    "smallint",
    "integer",
    "bigint",
    "hugeint",
    "utinyint",
    "usmallint",
    "uinteger",
    "ubigint",
    "uhugeint",
)
NUMBERS = (*FLOATING, "decimal")


def _scalar_form(engine: DuckDBPyType) -> Form:
    type_name = "integer" if engine.id in INTEGERS else "number" if engine.id in NUMBERS else "string"
    return Form(name="", type=type_name, engine=engine, text=False)
