"""Features of `datasets`: class numbers become class names, the bytes of pictures and sounds their hash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dsv.errors import FormatError
from dsv.formats._parts.files import PartFile
from dsv.model.schema import Field, Schema
from dsv.tables import native
from dsv.tables.duckdb import identifier, literal
from dsv.tables.native import children
from dsv.tables.table import POSITION, Table

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

LISTS = ("Sequence", "List", "LargeList")
MEDIA = ("Image", "Audio", "Video", "Pdf")
BAD_CLASS = "dsv: a class number has no name"
"""How the engine is made to say that a cell is not readable."""


def is_label(feature: Any) -> bool:
    """Say whether a field's values are classes, or lists of them."""
    if _kind(feature) in LISTS:
        return is_label(feature.get("feature"))
    return _kind(feature) == "ClassLabel"


def with_meaning(part: PartFile, table: Table, features: Mapping[str, Any]) -> Table:
    """The rows of one data file with names in place of class numbers and hashes in place of media.

    Raises: FormatError: a feature does not fit its column.
    """
    found = table.engine.columns(table.relation)
    cells = {}
    for name in table.schema.names:
        try:
            cells[name] = _cell(identifier(name), features.get(name), found[name])
        except (KeyError, TypeError, AttributeError):
            raise FormatError(
                f"the feature of {name!r} does not fit its column, which is {table.schema[name].type}",
                where=part.shown,
                hint="save the dataset again: save_to_disk",
            ) from None
    listed = ", ".join(f"{cell or identifier(name)} AS {identifier(name)}" for name, cell in cells.items())
    relation = f"(SELECT {listed}, {POSITION} FROM {table.relation})"
    types = table.engine.columns(relation)
    fields = (item if cells[item.name] is None else _retyped(item, types[item.name]) for item in table.schema)
    return Table(
        engine=table.engine, relation=relation, schema=Schema(fields=tuple(fields)), zoned_fields=table.zoned_fields
    )


def _retyped(field: Field, kind: DuckDBPyType) -> Field:
    return Field(name=field.name, type=native.type_of(kind))


def _cell(cell: str, feature: Any, kind: DuckDBPyType) -> str | None:
    """SQL for a cell with meaning; None where the cell has it already."""
    name = _kind(feature)
    if name == "ClassLabel":
        return _class_name(cell, feature["names"])
    if name in MEDIA and kind.id == "struct":
        return _hashed(cell, kind)
    if name in LISTS:
        return _items(cell, feature["feature"], kind)
    if name is None and isinstance(feature, Mapping):
        return _members(cell, feature, kind)
    if name is None and isinstance(feature, list) and len(feature) == 1:
        return _items(cell, feature[0], kind)
    return None


def _kind(feature: Any) -> str | None:
    """What a feature is; None of a mapping of members, one of which may be called `_type`."""
    found = feature.get("_type") if isinstance(feature, Mapping) else None
    return found if isinstance(found, str) else None


def _class_name(cell: str, names: list[str]) -> str:
    """The name; -1 is how `datasets` spells *not labelled*. A number without a name is an error of the engine."""
    listed = ", ".join(literal(str(name)) for name in names)
    return (
        f"CASE WHEN {cell} IS NULL OR {cell} = -1 THEN NULL WHEN {cell} NOT BETWEEN 0 AND {len(names) - 1} "
        f"THEN error({literal(BAD_CLASS)}) ELSE ([{listed}]::VARCHAR[])[{cell} + 1] END"
    )


def _hashed(cell: str, kind: DuckDBPyType) -> str:
    members = children(kind)
    if "bytes" not in members:
        raise KeyError("bytes")
    path = f"struct_extract({cell}, 'path')" if "path" in members else "CAST(NULL AS VARCHAR)"
    made = f"{{'path': {path}, 'md5': md5(struct_extract({cell}, 'bytes'))}}"
    return f"CASE WHEN {cell} IS NOT NULL THEN {made} END"


def _items(cell: str, feature: Any, kind: DuckDBPyType) -> str | None:
    if kind.id == "struct" and isinstance(feature, Mapping):
        # A sequence of mappings is stored as a mapping of sequences.
        return _members(cell, {name: {"_type": "List", "feature": item} for name, item in feature.items()}, kind)
    if kind.id not in ("list", "array"):
        raise TypeError(kind.id)
    item = f"item_{cell.count('list_transform')}"
    inner = _cell(item, feature, children(kind)["child"])
    return None if inner is None else f"list_transform({cell}, lambda {item}: {inner})"


def _members(cell: str, features: Mapping[str, Any], kind: DuckDBPyType) -> str | None:
    parts, changed = [], False
    for name, part in children(kind).items():
        own = f"struct_extract({cell}, {literal(name)})"
        inner = _cell(own, features.get(name), part)
        changed = changed or inner is not None
        parts.append(f"{identifier(name)} := {inner or own}")
    return f"CASE WHEN {cell} IS NOT NULL THEN struct_pack({', '.join(parts)}) END" if changed else None
