"""Who looked at the rows of a side file: so many people for the rows of a split, or the operation stops."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dsv.errors import MigrationError, SchemaError, did_you_mean
from dsv.model.migration import State
from dsv.model.schema import Field
from dsv.operations._rows import column
from dsv.operations._side import Edits
from dsv.tables.duckdb import literal
from dsv.tables.table import Table

EVERY = "*"
_NAME = re.compile(r"(reviewers?|reviewed_by)(_?[0-9]+)?", re.IGNORECASE)
_HINT = "the fields `reviewer`, `reviewer_2`, … name who looked at a row; in one cell, names stand apart by ;"


def names_people(field: str) -> bool:
    """Say whether a field of a side file names reviewers."""
    return _NAME.fullmatch(field) is not None


def check(state: State, wanted: Mapping[str, int] | None, *, where: str) -> None:
    """Check how many reviewers are asked for, by split or for all rows (`*`). Raises: SchemaError."""
    for split, people in (wanted or {}).items():
        if split != EVERY and state.split is None:
            raise SchemaError("`reviewers:` names splits, and the dataset has no split field", where=where)
        if people < 1:
            raise SchemaError(f"{people} is no number of reviewers", where=where)


def signed(state: State, table: Table, edits: Edits, wanted: Mapping[str, int] | None) -> tuple[str, ...]:
    """Require that different people, so many, signed each side row of a split; what holds, in words.

    Raises: MigrationError: some did not, naming the lines; no row is in such a split.
    """
    if not wanted or not edits.guarded:
        return ()
    told = []
    people = _people(edits.beside)
    for split, number in wanted.items():
        _check_split(state, table, split, edits.file)
        inside = "true" if split == EVERY else f"CAST({column(state.split or '')} AS VARCHAR) = {literal(split)}"
        whose = "" if split == EVERY else f" of {split}"
        many = "1 reviewer" if number == 1 else f"{number} reviewers"
        edits.refuse(
            f"{whose} signed by fewer than {many}".strip(),
            f"SELECT e.line, {edits.key_text()} || ' ' || coalesce(array_to_string({people}, ', '), '') AS text "
            f"FROM {edits.pairs(table)} WHERE {inside} AND len({people}) < {number}",
            hint=_HINT,
        )
        told.append(f"the rows{whose} that {edits.file} names are signed by {many} each")
    return tuple(told)


def _people(fields: tuple[Field, ...]) -> str:
    """SQL for the names that sign a side row `e`, each person once, whichever way the name is capitalised."""
    lists = [
        f"coalesce(CAST(e.x{place} AS VARCHAR[]), [])"
        if field.type.startswith("list<")
        else f"coalesce(string_split_regex(CAST(e.x{place} AS VARCHAR), '[;,|]'), [])"
        for place, field in enumerate(fields)
    ]
    names = (
        f"list_transform(flatten([{', '.join(lists)}]), lambda p: lower(trim(p)))" if lists else "CAST([] AS VARCHAR[])"
    )
    return f"list_sort(list_distinct(list_filter({names}, lambda p: p <> '')))"


def _check_split(state: State, table: Table, split: str, file: str) -> None:
    if split == EVERY or state.split is None:
        return
    cell = f"CAST({column(state.split)} AS VARCHAR)"
    known = [name for (name,) in table.engine.rows(f"SELECT DISTINCT {cell} FROM {table.relation} AS t") if name]
    if split not in known:
        raise MigrationError(f"no row is in the split {split!r}", where=file, hint=did_you_mean(split, sorted(known)))
