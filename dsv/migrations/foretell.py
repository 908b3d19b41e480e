"""The states of a chain, migration by migration, foretold without reading rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsv.migrations.apply import follow, located
from dsv.model.migration import Effect, Migration, State
from dsv.operations.base import Inputs, worst

Parameters = Callable[[str], Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Foretold:
    """A migration and the states before and after it.

    `fields` maps the fields before to those after that hold the same cells; `lines` are the
    operations in words, with their signs; `effect` is what they say of themselves, no rows read.
    """

    migration: Migration
    before: State
    after: State
    fields: Mapping[str, str]
    lines: tuple[tuple[str, str], ...]
    effect: Effect


def foretell(
    dataset: str,
    state: State,
    migrations: Iterable[Migration],
    folder: Path,
    parameters: Parameters,
    *,
    guarded: bool = True,
) -> Iterator[Foretold]:
    """The migrations one after the other, from `state` on.

    `folder` holds their documents and side files; `parameters` gives what `params.yaml` has for one.

    Raises: SchemaError, MigrationError: one does not fit the chain before it; `where` has its place.
    """
    for migration in migrations:
        inputs = Inputs(folder=folder, parameters=parameters(migration.id), guarded=guarded)
        before, fields = state, {name: name for name in state.schema.names}
        lines: list[tuple[str, str]] = []
        effects: list[Effect] = []
        for position, unbound in enumerate(migration.operations):
            with located(migration, position):
                operation = unbound.bind(inputs.parameters, path=f"migrations.{dataset}.{migration.id}")
                after = operation.forward_schema(state, inputs)
                lines.append((operation.symbol, operation.describe(state, None)))
                effects.append(operation.effect(state))
                fields = follow(fields, state, after, effects[-1])
            state = after
        yield Foretold(
            migration=migration,
            before=before,
            after=state,
            fields=fields,
            lines=tuple(lines),
            effect=worst(effects),
        )
