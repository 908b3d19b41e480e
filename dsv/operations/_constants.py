"""Values that documents give for cells: checked against a field's type, and spelled in SQL."""

from __future__ import annotations

from dsv.errors import SchemaError
from dsv.tables.duckdb import Engine, literal
from dsv.tables.types import Scalar, engine_type, parse

Constant = str | bool | int | float | None

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
    tree = parse(type_name)
    known = _PYTHON_TYPES.get(tree.name, ()) if isinstance(tree, Scalar) else ()
    if value is not None and type(value) not in known:
        raise SchemaError(f"the {what} {value!r} is no {type_name}", where=where)


def sql(engine: Engine, value: Constant, type_name: str, *, what: str, where: str) -> str:
    """SQL for a value that `check` let pass.

    Raises: SchemaError: what only the engine can tell: the date does not exist, the integer has more than 64 bits.
    """
    spelled = f"{literal(value)} AS {engine_type(type_name)})"
    if value is not None and engine.value(f"SELECT TRY_CAST({spelled}") is None:
        raise SchemaError(f"the {what} {value!r} is no {type_name}", where=where)
    return f"CAST({spelled}"
