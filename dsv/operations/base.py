"""What an operation is: an immutable value that changes a table and foretells the change.

A new operation is one file in this folder: a frozen dataclass that derives from `Operation`, and
`plugin = ThatClass`. Its module's name is the word that migration documents use. Fields are the
parameters, with plain types (str, bool, int, float, tuples, mappings, Literal, `X | None`).
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from dsv.model.finding import Finding
from dsv.model.migration import Effect, State
from dsv.operations import _references
from dsv.tables.table import Table

REASON = "_dsv_reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What an operation reads beside the table.

    `folder` is where side files are; `parameters` are the values that `params.yaml` holds for
    the migration, by name. Not `guarded`: the rows may be others than those that the migration was
    written for, as in a replay. What guards expect of rows need not hold then: what can be done is
    done, and the rest is let be.
    """

    folder: Path
    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    guarded: bool = True


NO_INPUTS = Inputs(folder=Path())
"""For operations that read nothing beside the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The table after an operation.

    `quarantine` holds the rows that were set aside: the fields of the input, `REASON` and the
    row's position. `findings` say what was left undone on purpose (skipped conflicts), `guards`
    what was checked of the rows and holds.
    """

    table: Table
    quarantine: Table | None = None
    findings: tuple[Finding, ...] = ()
    guards: tuple[str, ...] = ()


class Operation(ABC):
    """The base of all operations.

    `name` is the word in documents, `version` that of the operation's meaning, `symbol` the sign
    that a plan prints. `runs_code`: it runs code of the repository's authors, which a diff never does.
    """

    __slots__ = ()

    name: ClassVar[str]
    version: ClassVar[int] = 1
    symbol: ClassVar[Literal["+", "-", "~"]]
    runs_code: ClassVar[bool] = False

    @property
    def rowwise(self) -> bool:
        """What becomes of a row depends on that row alone, not on the rows beside it."""
        return True

    def side_files(self) -> tuple[str, ...]:
        """Names of the files that the operation reads, relative to its document."""
        return ()

    def parameters(self) -> tuple[str, ...]:
        """Names that the operation refers to as `${name}`, each once, in order."""
        found = [name for text in _sql_fields(self) for name in _references.names(getattr(self, text))]
        found += [name for value in _tuned_fields(self) for name in _references.names_in(getattr(self, value))]
        return tuple(dict.fromkeys(found))

    def bind(self, parameters: Mapping[str, Any], *, path: str = "migrations") -> Self:
        """The operation with each `${name}` replaced by its value; in SQL by a literal of its type.

        `path` is where `params.yaml` holds the values, such as `migrations.signs.m0004_prune`.

        Raises: MigrationError: a name has no value there, or one that is no single value.
        """
        bound = {name: _references.bind(getattr(self, name), parameters, path) for name in _sql_fields(self)}
        bound |= {name: _references.bind_in(getattr(self, name), parameters, path) for name in _tuned_fields(self)}
        return dataclasses.replace(self, **bound) if bound else self  # type: ignore[type-var]

    @abstractmethod
    def forward_schema(self, state: State, inputs: Inputs) -> State:
        """The state after the operation. Reads no rows.

        Raises: SchemaError: a field or class is not there, or cannot be what is asked for.
        """

    @abstractmethod
    def forward(self, state: State, table: Table, inputs: Inputs) -> Outcome:
        """The rows after the operation: guards are checked now, the rows are computed when read.

        `state` is the state before the operation; the result's schema is that of
        `forward_schema`, every field a value of its type.

        Raises: MigrationError: a guard does not hold. SchemaError: as forward_schema.
        """

    def inverse(self, state: State) -> Operation | None:
        """The operation that undoes this one from the state after it; None if that takes data.

        `state` is the state before this operation.
        """
        return None

    @abstractmethod
    def describe(self, state: State, inputs: Inputs | None = None) -> str:
        """One short line, such as `rename class bike -> bicycle`; with `inputs`, side rows are counted."""

    @abstractmethod
    def effect(self, state: State) -> Effect:
        """What the operation changes, on the four axes."""


def keyed(key: str, *, default: Any = dataclasses.MISSING) -> Any:
    """A dataclass field that documents spell `key`, where the attribute cannot have that name."""
    return dataclasses.field(default=default, metadata={"key": key})


def condition(*, default: Any = dataclasses.MISSING) -> Any:
    """A dataclass field that holds an SQL condition, in which `${name}` refers to `params.yaml`."""
    return dataclasses.field(default=default, metadata={"sql": True})


def tuned(*, default: Any = dataclasses.MISSING, default_factory: Any = dataclasses.MISSING) -> Any:
    """A dataclass field that holds values, or a mapping of them, any of which may be `${name}` of `params.yaml`."""
    metadata = {"tuned": True}
    made: Any = dataclasses.field(default=default, default_factory=default_factory, metadata=metadata)
    return made


def worst(effects: Iterable[Effect]) -> Effect:
    """The effect of several operations: on each axis the value that matters most."""
    found = [Effect(), *effects]
    axes = {}
    for axis, ranked in _RANKS.items():
        axes[axis] = max((getattr(effect, axis) for effect in found), key=ranked.index)
    return Effect(**axes)


_RANKS: dict[str, tuple[Any, ...]] = {
    "schema": ("same", "widen", "add", "rename", "narrow", "drop"),
    "class_head": ("same", "grow", "hole", "remap"),
    "values": ("same", "filled", "corrected", "added", "removed"),
    "evaluation": ("same", "moved"),
}


def _sql_fields(operation: Operation) -> list[str]:
    """Names of the fields that hold a condition."""
    return [name for name in _marked(operation, "sql") if getattr(operation, name) is not None]


def _tuned_fields(operation: Operation) -> list[str]:
    """Names of the fields whose values may stand in `params.yaml`."""
    return _marked(operation, "tuned")


def _marked(operation: Operation, mark: str) -> list[str]:
    if not dataclasses.is_dataclass(operation):
        raise TypeError("an operation is a dataclass")
    return [item.name for item in dataclasses.fields(operation) if item.metadata.get(mark)]
