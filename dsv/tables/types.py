"""dsv's type names as a tree, and what each is in DuckDB and in Arrow."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from dsv.errors import SchemaError
from dsv.model.schema import SCALAR_TYPES
from dsv.tables.duckdb import identifier

ENGINE_TYPES = {
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "datetime": "TIMESTAMP",
    "string": "VARCHAR",
    "enum": "VARCHAR",
    "json": "VARCHAR",
    "bytes": "BLOB",
}
_PLAIN_NAME = re.compile(r"[^\s<>,:\"](?:[^<>,:\"]*[^\s<>,:\"])?")
_QUOTED_NAME = re.compile(r'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True, slots=True)
class Scalar:
    """A type of single values."""

    name: str


@dataclass(frozen=True, slots=True)
class List:
    """`list<T>`."""

    item: Type


@dataclass(frozen=True, slots=True)
class Struct:
    """`struct<name: T, …>`."""

    members: tuple[tuple[str, Type], ...]


Type = Scalar | List | Struct


def parse(name: str) -> Type:
    """The tree of a type name. Raises: SchemaError: no such type."""
    found, end = _parse(name, 0)
    if end != len(name):
        raise SchemaError(f"no such type: {name!r}", hint="types: " + ", ".join(SCALAR_TYPES) + ", list<…>, struct<…>")
    return found


@lru_cache(maxsize=1024)
def engine_type(name: str) -> str:
    """The DuckDB type that holds values of a dsv type."""
    return _engine(parse(name))


def spell(tree: Type) -> str:
    """The name of a type."""
    if isinstance(tree, Scalar):
        return tree.name
    if isinstance(tree, List):
        return f"list<{spell(tree.item)}>"
    return "struct<" + ", ".join(f"{_spell_name(name)}: {spell(item)}" for name, item in tree.members) + ">"


def arrow_type(tree: Type) -> Any:
    """The Arrow type that holds values of a dsv type."""
    import pyarrow as pa

    if isinstance(tree, List):
        return pa.list_(arrow_type(tree.item))
    if isinstance(tree, Struct):
        return pa.struct([(name, arrow_type(item)) for name, item in tree.members])
    return {
        "BIGINT": pa.int64(),
        "DOUBLE": pa.float64(),
        "BOOLEAN": pa.bool_(),
        "DATE": pa.date32(),
        "TIMESTAMP": pa.timestamp("us"),
        "VARCHAR": pa.string(),
        "BLOB": pa.binary(),
    }[ENGINE_TYPES[tree.name]]


def columns(pairs: Iterable[tuple[str, str]]) -> str:
    """`{'name': 'TYPE', …}`: an SQL struct of names and engine types, as readers take it."""
    return "{" + ", ".join(f"{_text(name)}: {_text(kind)}" for name, kind in pairs) + "}"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _engine(tree: Type) -> str:
    if isinstance(tree, Scalar):
        return ENGINE_TYPES[tree.name]
    if isinstance(tree, List):
        return _engine(tree.item) + "[]"
    return "STRUCT(" + ", ".join(f"{identifier(name)} {_engine(item)}" for name, item in tree.members) + ")"


def _spell_name(name: str) -> str:
    return name if _PLAIN_NAME.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _parse(text: str, start: int) -> tuple[Type, int]:
    if text.startswith("list<", start):
        item, end = _parse(text, start + 5)
        return List(item), _expect(text, end, ">")
    if text.startswith("struct<", start):
        return _parse_struct(text, start + 7)
    match = re.compile(r"[a-z]+").match(text, start)
    if match is None or match[0] not in SCALAR_TYPES:
        raise SchemaError(f"no such type: {text!r}", hint="types: " + ", ".join(SCALAR_TYPES) + ", list<…>, struct<…>")
    return Scalar(match[0]), match.end()


def _parse_struct(text: str, position: int) -> tuple[Struct, int]:
    members: list[tuple[str, Type]] = []
    while not text.startswith(">", position):
        if members:
            position = _expect(text, position, ", ")
        quoted = _QUOTED_NAME.match(text, position)
        plain = quoted or _PLAIN_NAME.match(text, position)
        if plain is None:
            raise SchemaError(f"a member of a struct has no name: {text!r}")
        name = json.loads(quoted[0]) if quoted else plain[0]
        item, position = _parse(text, _expect(text, plain.end(), ": "))
        members.append((name, item))
    return Struct(tuple(members)), position + 1


def _expect(text: str, position: int, token: str) -> int:
    if not text.startswith(token, position):
        raise SchemaError(f"expected {token!r} at character {position + 1} of the type {text!r}")
    return position + len(token)
