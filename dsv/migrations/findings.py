"""What a person should know of a step before it is applied: the findings of a plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from dsv.errors import DsvError
from dsv.files import inside
from dsv.formats import base as formats
from dsv.migrations import expect
from dsv.migrations.apply import Applied
from dsv.migrations.changes import Changes, is_evaluation
from dsv.model.finding import Finding, Level
from dsv.model.migration import ClassList, Migration, PlanStep, State
from dsv.model.snapshot import Snapshot
from dsv.operations.base import Operation
from dsv.tables.duckdb import Engine, identifier
from dsv.tables.table import Table

REVIEWERS = ("reviewer", "reviewers", "reviewed_by")


def of_step(
    dataset: str,
    migration: Migration,
    before: tuple[State, Table],
    applied: Applied,
    counts: Changes,
    quarantined: int,
    folder: Path,
) -> tuple[Finding, ...]:
    """The findings of one step; `before` is what it is applied to, `folder` holds its side files."""
    state, table = before
    told = [
        *_destructive(state, applied, counts.removed - quarantined),
        *_evaluation(counts),
        *_leak(state, table, applied, counts),
        *_code(migration),
        *_unreviewed(migration, state, table.engine, folder, counts),
    ]
    for classes in applied.state.classes:
        told += _new_classes(state, classes)
    return tuple(replace(item, dataset=dataset) for item in (*told, *applied.findings))


def of_pin(dataset: str, step: PlanStep) -> Iterator[Finding]:
    """What a step would come to and was not pinned to: `up` refuses it."""
    if step.migration.expect is not None:
        for text in expect.differences(step.migration.expect, step):
            yield Finding(rule="pin-differs", level="error", message=text, dataset=dataset)


def _destructive(before: State, applied: Applied, deleted: int) -> Iterator[Finding]:
    if deleted > 0:
        yield _finding("destructive", "warning", f"{_rows(deleted)} deleted, not set aside", deleted)
    dropped = [name for name in before.schema.names if name not in applied.fields]
    if dropped:
        yield _finding("destructive", "warning", f"dropped with their cells: {', '.join(dropped)}", len(dropped))


def _evaluation(counts: Changes) -> Iterator[Finding]:
    if counts.touched:
        text = f"{_rows(counts.touched)} changed in an evaluation split: scores before and after do not compare"
        yield _finding("evaluation-touched", "warning", text, counts.touched)
    if counts.leaked:
        text = f"{_rows(counts.leaked)} moved between an evaluation split and another: models have seen them"
        yield _finding("split-leak", "warning", text, counts.leaked)


def _leak(before: State, table: Table, applied: Applied, counts: Changes) -> Iterator[Finding]:
    """Evaluation rows whose content another split has too, if the step makes more of them."""
    apart = {*applied.state.key, *applied.state.labels, applied.state.split}
    if not (counts.moved or counts.added or any(name not in apart for name in counts.cells)):
        return
    old, new = _shared(before, table), _shared(applied.state, applied.table)
    if new > old:
        text = f"{_rows(new)} in an evaluation split and, with the same content, in another ({old} before)"
        yield _finding("split-leak", "warning", text, new - old)


def _shared(state: State, table: Table) -> int:
    """How many evaluation rows have the content (all but key, split and labels) of a row of another split."""
    if state.split is None:
        return 0
    apart = {*state.key, *state.labels, state.split}
    if state.media is not None:
        content = [identifier(state.media.field)] if state.media.field not in apart else []
    else:
        content = [identifier(name) for name in state.schema.names if name not in apart]
    if not content:
        return 0
    columns = ", ".join(content)
    test = is_evaluation(f"CAST({identifier(state.split)} AS VARCHAR)")
    grouped = (
        f"SELECT count(*) FILTER (WHERE {test}) AS evaluated, count(*) FILTER (WHERE NOT {test}) AS others "
        f"FROM {table.relation} GROUP BY {columns}"
    )
    return int(table.engine.value(f"SELECT coalesce(sum(evaluated), 0) FROM ({grouped}) WHERE others > 0"))


def _code(migration: Migration) -> Iterator[Finding]:
    names = [operation.name for operation in migration.operations if operation.runs_code]
    if names:
        text = f"{', '.join(names)} runs code: it gives the same bytes again only if the code is deterministic"
        yield _finding("non-deterministic", "info", text, len(names))


def _unreviewed(migration: Migration, state: State, engine: Engine, folder: Path, counts: Changes) -> Iterator[Finding]:
    """Corrections from a file that does not say, of every row, who looked at it."""
    level: Level = "warning" if counts.touched else "info"
    for operation in migration.operations:
        for name in _corrections(operation, state):
            rows, unsigned = _signed(engine, folder, name)
            if unsigned:
                whom = "no row" if unsigned == rows else f"{unsigned} of {rows} rows"
                said = "names a reviewer" if unsigned == rows else "name no reviewer"
                text = f"{whom} of {name} {said} (a field `reviewer`)"
                yield _finding("unreviewed", level, text, unsigned)


def _corrections(operation: Operation, state: State) -> tuple[str, ...]:
    """Side files whose rows correct values."""
    try:
        corrects = operation.effect(state).values == "corrected"
    except DsvError:  # about a field that an operation before it made
        corrects = False
    return operation.side_files() if corrects and not operation.runs_code else ()


def _signed(engine: Engine, folder: Path, name: str) -> tuple[int, int]:
    """Rows of a side file, and those of them without a reviewer."""
    format_name, gzip = formats.detect(name)
    snapshot = Snapshot(path=inside(folder, name), format=format_name, gzip=gzip, shown_path=name)
    table = formats.scan(engine, snapshot).table
    fields = [item for item in table.schema.names if item.lower() in REVIEWERS]
    rows = table.count()
    if not fields:
        return rows, rows
    # Any of the fields may hold the name.
    blank = " AND ".join(
        f"trim(coalesce({table.text(field)}, '')) = ''" if table.text_fields else f"{identifier(field)} IS NULL"
        for field in fields
    )
    return rows, int(engine.value(f"SELECT count(*) FROM {table.relation} WHERE {blank}"))


def _new_classes(before: State, classes: ClassList) -> list[Finding]:
    """New classes that nobody has looked for in the rows that are there."""
    known = before.class_list(classes.field)
    keys = {item.key for item in known.classes} if known is not None else set()
    return [
        _finding(
            "coverage-unknown",
            "info",
            f"{item.name} was not looked for in all rows (coverage {item.coverage}): a row without it is "
            "unknown, not negative",
            1,
        )
        for item in classes.classes
        if item.key not in keys and not item.group and item.coverage != "all"
    ]


def _finding(rule: str, level: Level, message: str, count: int) -> Finding:
    return Finding(rule=rule, level=level, message=message, count=count)


def _rows(count: int) -> str:
    return "1 row is" if count == 1 else f"{count} rows are"
