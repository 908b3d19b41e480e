"""A dataset's diff written down and read back: what was counted as JSON, the rows that differ as Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dsv.diff.cells import Credits, Differences
from dsv.diff.changes import PairedChanges
from dsv.diff.codec import Unstorable, decode, encode
from dsv.diff.equality import Form
from dsv.diff.fields import Alignment, FieldPair, Side
from dsv.model.diff import DatasetDiff
from dsv.tables.duckdb import Engine, literal

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

    from dsv.model.finding import Finding

VERSION = 6
"""Of the way a diff is written down, and of what it says: raise it when either changes."""
ROW_GROUP = 8192
SIDES: tuple[Side, Side] = ("old", "new")


def save(diff: DatasetDiff, findings: Sequence[Finding], folder: Path) -> dict[str, Any]:
    """Write the rows that differ into a folder; what else there is to keep.

    Raises: Unstorable: a value, or a column's type, would not come back as it is.
    """
    rows: list[Any] = []
    bare = _without_changes(diff, rows, folder)
    return {"diff": encode(bare), "findings": encode(tuple(findings)), "rows": rows}


def load(engine: Engine, content: Mapping[str, Any], folder: Path) -> tuple[DatasetDiff, tuple[Finding, ...]]:
    """The diff that was saved; its rows are read from the folder while they are wanted.

    Raises: KeyError, TypeError, ValueError: it was not `save` that wrote it.
    """
    rows = iter(content["rows"])
    diff = _with_changes(engine, decode(content["diff"]), rows, folder)
    return diff, decode(content["findings"])


def _without_changes(diff: DatasetDiff, rows: list[Any], folder: Path) -> DatasetDiff:
    """The diff and those of its other tables without their rows, which go to files, in this order."""
    if isinstance(diff.changes, PairedChanges):
        path = folder / f"rows-{len(rows)}.parquet"
        rows.append({"file": path.name, **_written(diff.changes, path)})
    elif diff.changes is None:
        rows.append(None)
    else:
        raise Unstorable("the rows of one side are the table itself")
    tables = {name: _without_changes(table, rows, folder) for name, table in diff.tables.items()}
    return replace(diff, changes=None, tables=tables)


def _with_changes(engine: Engine, diff: DatasetDiff, rows: Iterator[Any], folder: Path) -> DatasetDiff:
    state = next(rows)
    changes = None if state is None else _read(engine, state, folder / state["file"])
    tables = {name: _with_changes(engine, table, rows, folder) for name, table in diff.tables.items()}
    return replace(diff, changes=changes, tables=tables)


def _written(changes: PairedChanges, path: Path) -> dict[str, Any]:
    if changes.only is not None:
        raise Unstorable("the rows were narrowed by a condition")
    differences, fields = changes.differences, changes.fields
    engine = differences.engine
    options = f"FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE {ROW_GROUP}"
    engine.execute(f"COPY (SELECT * FROM {differences.table}) TO {literal(str(path))} ({options})")
    kinds = _kinds(engine, differences.table)
    if _kinds(engine, _reader(path)) != kinds:
        raise Unstorable("a Parquet file would give a column another type")
    return {
        "kinds": kinds,
        "old": list(differences.old_fields),
        "new": list(differences.new_fields),
        "key": _names(differences.key),
        "compared": _names(differences.compared),
        "matched": differences.matched,
        "credits": None
        if differences.credits is None
        else [list(differences.credits.migrations), list(differences.credits.fields)],
        "pairs": _names(fields.pairs),
        "only": [[form.name for form in fields.only_old], [form.name for form in fields.only_new]],
        "forms": {side: {form.name: [form.type, form.text] for form in _of_side(fields, side)} for side in SIDES},
    }


def _of_side(fields: Alignment, side: Side) -> list[Form]:
    alone = fields.only_old if side == "old" else fields.only_new
    return [*(pair.form(side) for pair in fields.pairs), *alone]


def _read(engine: Engine, state: Mapping[str, Any], path: Path) -> PairedChanges:
    columns = engine.columns(_reader(path))
    if {name: str(kind) for name, kind in columns.items()} != state["kinds"]:
        raise ValueError("the columns are not those that were written")
    table = engine.fresh("diff_stored")
    engine.execute(f"CREATE VIEW {table} AS SELECT * FROM {_reader(path)}")
    forms = {side: _forms(state, side, columns) for side in SIDES}

    def pairs(names: Sequence[Sequence[str]]) -> tuple[FieldPair, ...]:
        return tuple(FieldPair(old=forms["old"][old], new=forms["new"][new]) for old, new in names)

    credits, compared = state["credits"], pairs(state["compared"])
    differences = Differences(
        engine=engine,
        table=table,
        old_fields=tuple(state["old"]),
        new_fields=tuple(state["new"]),
        key=pairs(state["key"]),
        compared=compared,
        differing={number: pair for number, pair in enumerate(compared) if f"c{number}" in columns},
        matched=state["matched"],
        credits=None if credits is None else Credits(migrations=tuple(credits[0]), fields=tuple(credits[1])),
    )
    fields = Alignment(
        pairs=pairs(state["pairs"]),
        only_old=tuple(forms["old"][name] for name in state["only"][0]),
        only_new=tuple(forms["new"][name] for name in state["only"][1]),
    )
    return PairedChanges(differences, fields)


def _forms(state: Mapping[str, Any], side: Side, columns: Mapping[str, DuckDBPyType]) -> dict[str, Form]:
    places = {name: place for place, name in enumerate(state[side])}
    return {
        name: Form(name=name, type=kind, text=text, engine=columns[f"{side[0]}{places[name]}"])
        for name, (kind, text) in state["forms"][side].items()
    }


def _names(pairs: Sequence[FieldPair]) -> list[list[str]]:
    return [[pair.old.name, pair.new.name] for pair in pairs]


def _kinds(engine: Engine, relation: str) -> dict[str, str]:
    return {name: str(kind) for name, kind in engine.columns(relation).items()}


def _reader(path: Path) -> str:
    return f"read_parquet({literal(str(path))}, hive_partitioning = false)"
