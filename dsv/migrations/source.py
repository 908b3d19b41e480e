"""Rows of a base, read as `m0000_base.yaml` pins them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dsv.errors import FormatError, MigrationError
from dsv.formats.base import scan
from dsv.model.migration import Base, ClassList, Migration
from dsv.model.schema import Field, Schema, is_nested
from dsv.model.snapshot import ReadOptions, Snapshot
from dsv.model.values import shown
from dsv.operations.base import Inputs
from dsv.tables.duckdb import Engine, identifier, literal
from dsv.tables.table import POSITION, Table


def pinned(base: Base, snapshot: Snapshot) -> Snapshot:
    """The snapshot of a base file, to be read with the base's own schema, format and dialect."""
    header = base.dialect.header if base.dialect is not None else True
    options = ReadOptions(header=header, schema=base.state.schema, dialect=base.dialect)
    return replace(snapshot, format=base.format, gzip=base.gzip, options=options)


def base_rows(engine: Engine, base: Base, snapshot: Snapshot, first: Migration | None) -> Table:
    """The rows of a base, typed. `first` is the migration that follows it, None if there is none.

    Raises: FormatError: the file is malformed, or a row does not fit: a value of the wrong type, a
        class that neither the base nor an `add_class` of the first migration knows. MigrationError:
        the key is missing or repeated.
    """
    exact = pinned(base, snapshot)
    table = scan(engine, exact).table.typed_table()
    for classes in base.state.classes:
        _check_classes(engine, base, exact, table, classes, first)
    check_key(table, base.state.key, where=snapshot.shown_path)
    return table


def check_key(table: Table, key: tuple[str, ...], *, where: str) -> None:
    """Require that every row has a key of its own.

    Raises: MigrationError: naming how many rows have none, or share one, and an example.
    """
    if not key:
        return
    columns = [identifier(name) for name in key]
    listed = ", ".join(columns)
    missing = " OR ".join(f"{column} IS NULL" for column in columns)
    nulls = table.engine.value(f"SELECT count(*) FROM {table.relation} WHERE {missing}")
    if nulls:
        raise MigrationError(
            f"{_rows(nulls)} no key ({', '.join(key)})", where=where, hint="give every row a key of its own"
        )
    repeated = table.engine.rows(
        f"SELECT {listed}, count(*) AS n FROM {table.relation} GROUP BY {listed} HAVING n > 1 ORDER BY {listed}"
    )
    if repeated:
        *values, times = repeated[0]
        example = ", ".join(f"{name} {shown(value)}" for name, value in zip(key, values, strict=True))
        raise MigrationError(
            f"the key is not unique: {len(repeated)} keys repeat, such as {example} ({times} times)",
            where=where,
            hint="take the repeated rows out, or declare a key that tells the rows apart",
        )


def check_names(base: Base, fields: Sequence[str], *, where: str) -> None:
    """Require that the published file can hold the fields' names.

    Raises: MigrationError: it has no header line, and a field is not named by its place.
    """
    if base.dialect is None or base.dialect.header:
        return
    for place, name in enumerate(fields, start=1):
        if name != f"field_{place}":
            raise MigrationError(
                f"a file without a header line cannot tell that its field {place} is {name!r}",
                where=where,
                hint=f"name it field_{place}, or give the base a header line before the chain begins",
            )


def class_names(column: str, field: Field) -> str:
    """SQL for the classes that a label's cell holds, as a list of texts."""
    if field.type.startswith("list<"):
        return f"CAST({column} AS VARCHAR[])"
    return f"[CAST({column} AS VARCHAR)]"


def _rows(count: int) -> str:
    return "1 row has" if count == 1 else f"{count} rows have"


def _check_classes(
    engine: Engine, base: Base, snapshot: Snapshot, table: Table, classes: ClassList, first: Migration | None
) -> None:
    field = base.state.schema[classes.field]
    known = _known(base, classes, first)
    cells = (
        f"SELECT unnest({class_names(identifier(field.name), field)}) AS name, {POSITION} AS position "
        f"FROM {table.relation} WHERE {identifier(field.name)} IS NOT NULL"
    )
    listed = ", ".join(literal(name) for name in known) or "NULL"
    found = engine.rows(
        f"SELECT name, position FROM ({cells}) WHERE name IS NOT NULL AND (name IN ({listed})) IS NOT TRUE "
        "ORDER BY position, name LIMIT 1"
    )
    if found:
        name, position = found[0]
        follower = first.id if first is not None else "the first migration"
        raise FormatError(
            f"field {field.name!r} holds {shown(name)}, which is no class of the base",
            where=_locate(engine, snapshot, field, known) or f"{snapshot.shown_path} (row {position})",
            hint=f"mend the row, or admit the class by an operation `add_class` (field: {field.name}, "
            f"name: {shown(name)}) at the beginning of {follower}",
        )


def _known(base: Base, classes: ClassList, first: Migration | None) -> list[str]:
    """What cells may hold: classes of the base, those that the first migration adds, *not labelled*."""
    names = [item.name for item in classes.classes if not item.retired and not item.group]
    field = base.state.schema[classes.field]
    names += [value for value in (base.state.unlabelled, field.unlabelled) if value is not None]
    state = base.state
    for operation in first.operations if first is not None else ():
        if operation.name != "add_class":
            break
        state = operation.forward_schema(state, Inputs(folder=Path()))
        after = state.class_list(classes.field)
        names += [item.name for item in after.classes if not item.group] if after is not None else []
    return list(dict.fromkeys(names))


def _locate(engine: Engine, snapshot: Snapshot, field: Field, known: list[str]) -> str | None:
    """The line of the first cell that holds none of the known classes; None where only rows are counted."""
    if is_nested(field.type) or snapshot.options.schema is None:
        return None
    fields = [
        replace(item, values=tuple(known)) if item.name == field.name else item for item in snapshot.options.schema
    ]
    options = replace(snapshot.options, schema=Schema(fields=tuple(fields)))
    try:
        scan(engine, replace(snapshot, options=options))
    except FormatError as error:
        return error.where
    return None
