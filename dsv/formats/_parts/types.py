"""Fields that part files share: those that some lack, and the type that holds what all of them have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dsv.errors import FormatError
from dsv.formats._parts.files import PartFile
from dsv.formats._shared.names import check_names_apart
from dsv.model.finding import Finding, Level
from dsv.model.schema import Field, Schema
from dsv.tables.duckdb import Engine, identifier
from dsv.tables.types import List, Scalar, Struct, Type, engine_type, parse, spell

_MIXED = ("jsonl",)
"""Formats in which a field of one file may hold values of several types: they are JSON together, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """A field of one file: the type of its column, which the engine calls `native`.

    `told` is the type for people: text is typed by what it spells.
    """

    type: str = "string"
    native: str = "VARCHAR"
    told: str = "string"


@dataclass(slots=True)
class _Known:
    """A field so far, and in which file each type was met first. `values`: it is not missing everywhere."""

    type: str
    native: str
    seen: dict[str, PartFile] = field(default_factory=dict)
    files: int = 0
    values: bool = False


class Fields:
    """The fields of a relation that grows file by file; the relation's columns follow."""

    def __init__(self, engine: Engine, relation: str) -> None:
        self._engine = engine
        self._relation = relation
        self._known: dict[str, _Known] = {}
        self._parts: list[tuple[PartFile, frozenset[str]]] = []

    def meet(self, part: PartFile, own: Mapping[str, Own], given: Sequence[str], rows: str) -> None:
        """Make room for a file's own fields (its `rows` are what goes after FROM) and those its folders give.

        Raises: FormatError: it has no field in common with the files before, or one of another type.
        """
        names = [*own, *given]
        if self._known and not any(name in self._known for name in own):
            first = self._parts[0][0]
            raise FormatError(
                f"the file has no field in common with {first.member.path}, so they are not parts of one table",
                where=part.shown,
                hint="name one of the files, or a folder of equal ones",
            )
        self._parts.append((part, frozenset(names)))
        check_names_apart([*self._known, *(name for name in names if name not in self._known)], part.shown)
        counts = ", ".join(f"count({identifier(name)})" for name in own)
        filled = dict(zip(own, self._engine.rows(f"SELECT {counts} FROM {rows}")[0], strict=True))
        for name in names:
            self._meet(part, name, own.get(name, Own()), bool(filled.get(name, 1)))

    def cast(self, name: str, own: Own) -> str:
        """SQL for a file's cell in the type that the field has by now."""
        known = self._known[name]
        column = identifier(name)
        if (own.type, own.native) == (known.type, known.native):
            return column
        if known.type == "json":
            return _json(column, own.type)
        return f"CAST({column} AS {known.native})"

    def schema(self) -> Schema:
        """The fields in the order in which they were met."""
        return Schema(fields=tuple(Field(name=name, type=known.type) for name, known in self._known.items()))

    def findings(self, schema: Schema) -> tuple[Finding, ...]:
        """What was done to make one table of the files; `schema` has the types that text got at the end."""
        found = []
        for name, known in self._known.items():
            lacking = [part for part, names in self._parts if name not in names]
            if lacking:
                message = (
                    f"field {name!r} is in {known.files} of {len(self._parts)} files and read as missing "
                    f"in the others, first {lacking[0].shown}"
                )
                found.append(Finding(rule="missing-field", level="warning", message=message, count=len(lacking)))
            final = schema[name].type
            others = {kind: part for kind, part in known.seen.items() if kind != final}
            if others:
                each = ", ".join(f"{kind} in {part.shown}" for kind, part in known.seen.items())
                message = f"field {name!r} is of several types and read as {final}: {each}"
                level: Level = "info" if final == "number" else "warning"
                found.append(Finding(rule="widened-field", level=level, message=message, count=len(others)))
        return tuple(found)

    def _meet(self, part: PartFile, name: str, own: Own, filled: bool) -> None:
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = _Known(own.type, own.native)
            self._add_column(name, own.native)
        elif (known.type, known.native) != (own.type, own.native) and filled:
            self._widen(part, name, known, own)
        known.files += 1
        if filled:
            known.values = True
            known.seen.setdefault(own.told, part)

    def _add_column(self, name: str, native: str) -> None:
        column = f"{identifier(name)} {native}"
        if len(self._known) == 1:
            self._engine.execute(f"CREATE TABLE {self._relation} ({column})")
        else:
            self._engine.execute(f"ALTER TABLE {self._relation} ADD COLUMN {column}")

    def _widen(self, part: PartFile, name: str, known: _Known, own: Own) -> None:
        column = identifier(name)
        if not known.values:
            # What went before was missing cells only, which have any type.
            self._retype(name, known, own.type, own.native, f"CAST(NULL AS {own.native})")
            return
        if known.type == own.type:
            both = f"(SELECT CAST(NULL AS {known.native}) AS a UNION ALL SELECT CAST(NULL AS {own.native}))"
            wider = str(self._engine.columns(both)["a"])
            self._retype(name, known, own.type, wider, f"CAST({column} AS {wider})")
            return
        merged = _merged(parse(known.type), parse(own.type))
        if merged is not None:
            kind = spell(merged)
            self._retype(name, known, kind, engine_type(kind), f"CAST({column} AS {engine_type(kind)})")
        elif part.format in _MIXED:
            self._retype(name, known, "json", "VARCHAR", _json(column, known.type))
        else:
            first = next(iter(known.seen.values()))
            raise FormatError(
                f"field {name!r} is of type {own.told} here, and {known.type} in {first.member.path}",
                where=part.shown,
                hint="write the files with one type",
            )

    def _retype(self, name: str, known: _Known, type_name: str, native: str, value: str) -> None:
        column = identifier(name)
        self._engine.execute(f"ALTER TABLE {self._relation} ALTER COLUMN {column} TYPE {native} USING {value}")
        known.type, known.native = type_name, native


def _json(column: str, type_name: str) -> str:
    """SQL for a cell as JSON text; a missing one stays missing."""
    if type_name == "json":
        return column
    return f"CASE WHEN {column} IS NOT NULL THEN CAST(to_json({column}) AS VARCHAR) END"


def _merged(one: Type, other: Type) -> Type | None:
    """The type that holds the values of both without loss; None if there is none but text."""
    if one == other:
        return one
    if isinstance(one, List) and isinstance(other, List):
        item = _merged(one.item, other.item)
        return None if item is None else List(item)
    if isinstance(one, Struct) and isinstance(other, Struct):
        return _merged_structs(dict(one.members), dict(other.members))
    names = {item.name for item in (one, other) if isinstance(item, Scalar)}
    for pair, wider in ((("integer", "number"), "number"), (("date", "datetime"), "datetime")):
        if names == set(pair):
            return Scalar(wider)
    return None


def _merged_structs(one: Mapping[str, Type], other: Mapping[str, Type]) -> Type | None:
    members = []
    for name in dict.fromkeys([*one, *other]):
        found = _merged(one.get(name, other.get(name)), other.get(name, one.get(name)))  # type: ignore[arg-type]
        if found is None:
            return None
        members.append((name, found))
    return Struct(tuple(members))
