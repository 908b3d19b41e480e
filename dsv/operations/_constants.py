"""Values that documents give for cells: checked against a field's type, and spelled in SQL."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dsv.errors import SchemaError
from dsv.tables.duckdb import Engine, literal
from dsv.tables.types import List, Scalar, Type, engine_type, parse

Constant = str | bool | int | float | tuple[Any, ...] | Mapping[str, Any] | None

_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "string": (str,),
    "enum": (str,),
    "date": (str,),
    "datetime": (str,),
    "json": (str,),
}


def check(value: Constant, type_name: str, *, what: str, where: str) -> None:
    """Check that a value is of a type; `what` is what the value is for. Raises: SchemaError."""
    if not _fits(value, parse(type_name)):
        raise _misfit(value, type_name, what, where)


def sql(engine: Engine, value: Constant, type_name: str, *, what: str, where: str) -> str:
    """SQL for a value that `check` let pass.

    Raises: SchemaError: what only the engine can tell: the date does not exist, the integer has more than 64 bits.
    """
    import duckdb

    spelled = _json(value, parse(type_name)) if isinstance(value, tuple | Mapping) else literal(value)
    cast = f"CAST({spelled} AS {engine_type(type_name)})"
    try:
        engine.value(f"SELECT {cast}")
    except duckdb.Error:
        raise _misfit(value, type_name, what, where) from None
    return cast


def shown(value: Constant) -> str:
    """A value as people read it."""
    return str(value) if _is_scalar(value) else json.dumps(value, ensure_ascii=False)


def _misfit(value: Constant, type_name: str, what: str, where: str) -> SchemaError:
    spelled = repr(value) if _is_scalar(value) else shown(value)
    return SchemaError(f"the {what} {spelled} is no {type_name}", where=where)


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, str | bool | int | float)


def _fits(value: Any, tree: Type) -> bool:
    if value is None:
        return True
    if isinstance(tree, Scalar):
        return type(value) in _PYTHON_TYPES.get(tree.name, ())
    if isinstance(tree, List):
        return isinstance(value, tuple | list) and all(_fits(item, tree.item) for item in value)
    members = dict(tree.members)
    known = isinstance(value, Mapping) and set(value) <= set(members)
    return known and all(_fits(item, members[name]) for name, item in value.items())


def _json(value: Any, tree: Type) -> str:
    return f"CAST({literal(json.dumps(_whole(value, tree), ensure_ascii=False))} AS JSON)"


def _whole(value: Any, tree: Type) -> Any:
    """A value with all members of its structs: the engine wants to be told which are missing."""
    if value is None or isinstance(tree, Scalar):
        return value
    if isinstance(tree, List):
        return [_whole(item, tree.item) for item in value]
    return {name: _whole(value.get(name), item) for name, item in tree.members}
