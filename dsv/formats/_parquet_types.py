"""The dsv types of DuckDB's types."""

from __future__ import annotations

import re

from dsv.model.schema import Field
from dsv.tables.types import List, Scalar, Struct, Type, spell

_SCALARS = {
    "integer": [
        "TINYINT",
        "SMALLINT",
        "INTEGER",
        "BIGINT",
        "HUGEINT",
        "UTINYINT",
        "USMALLINT",
        "UINTEGER",
        "UBIGINT",
        "UHUGEINT",
    ],
    "number": ["FLOAT", "DOUBLE", "DECIMAL"],
    "boolean": ["BOOLEAN"],
    "date": ["DATE"],
    "bytes": ["BLOB"],
}
_BY_NAME = {name: kind for kind, names in _SCALARS.items() for name in names}


def field_of(name: str, native: str) -> Field:
    """A field of a DuckDB column."""
    return Field(name=name, type=spell(_tree(native)))


def _tree(native: str) -> Type:
    array = re.fullmatch(r"(.*)\[\d*\]", native, re.DOTALL)
    if array:
        return List(_tree(array[1]))
    if native.startswith("STRUCT("):
        return Struct(tuple(_members(native[7:-1])))
    if native.startswith("MAP("):
        key, value = _split(native[4:-1])
        return List(Struct((("key", _tree(key)), ("value", _tree(value)))))
    word = re.split(r"[( ]", native, maxsplit=1)[0]
    if word.startswith("TIMESTAMP"):
        return Scalar("datetime")
    return Scalar(_BY_NAME.get(word, "string"))


def _members(text: str) -> list[tuple[str, Type]]:
    found = []
    for part in _split(text):
        match = re.match(r'"((?:[^"]|"")*)" (.*)|(\S+) (.*)', part, re.DOTALL)
        if match is None:
            raise ValueError(f"not a member of a struct: {part!r}")
        name = match[1].replace('""', '"') if match[1] is not None else match[3]
        found.append((name, _tree(match[2] if match[1] is not None else match[4])))
    return found


def _split(text: str) -> list[str]:
    """Parts between commas that stand in no bracket and no quotes."""
    parts, depth, start, quoted = [], 0, 0, False
    for place, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif not quoted:
            depth += (character in "([") - (character in ")]")
            if character == "," and depth == 0:
                parts.append(text[start:place].strip())
                start = place + 1
    return [*parts, text[start:].strip()]
