"""A table becomes a profile: two scans for the fields, one for the digest, a few for each label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dsv.errors import SchemaError
from dsv.model.profile import (
    CLASS_LIMIT,
    DISTINCT_LIMIT,
    SPLIT_LIMIT,
    ClassIdentity,
    FieldProfile,
    Guideline,
    LabelProfile,
    Profile,
)
from dsv.model.schema import Field, is_nested
from dsv.profiles.digest import exact_digest
from dsv.profiles.fit import fit
from dsv.tables.duckdb import identifier, literal
from dsv.tables.table import Table
from dsv.tables.tally import tally

# An estimate is within a few per cent: from here on, more than DISTINCT_LIMIT is certain.
_SURELY_MORE = 2 * DISTINCT_LIMIT


def build(
    table: Table,
    *,
    key: Sequence[str],
    labels: Sequence[str],
    split: str | None,
    unlabelled: str | None,
    md5: str,
    size_bytes: int,
    classes: Mapping[str, tuple[ClassIdentity, ...]] | None = None,
    guidelines: tuple[Guideline, ...] = (),
) -> Profile:
    """The profile of a table's rows, of at most `fit.SIZE_LIMIT` bytes.

    `unlabelled` is the value that counts as not labelled in every label whose field names none;
    `md5` and `size_bytes` are of the dataset's bytes; `classes` the identities of a chained
    dataset, by field, and `guidelines` what it is annotated by.

    Raises: SchemaError: the split has so many values that it is none.
    """
    rows, nulls, estimates = _first_scan(table)
    exact = {*key, *labels, *([split] if split is not None else [])}
    distinct = _distinct(table, exact, estimates)
    check_split(split, distinct.get(split or "") or 0)
    totals = {name: _totals(table, table.schema[name], unlabelled) for name in labels}
    listed = [name for name, total in totals.items() if total.classes <= CLASS_LIMIT]
    counts = tally(table.typed_table(), labels=listed, split=split, unlabelled=unlabelled)
    profile = Profile(
        rows=rows,
        key=tuple(key),
        split=split,
        fields=tuple(
            FieldProfile(field=field, nulls=nulls[field.name], distinct=distinct.get(field.name))
            for field in table.schema
        ),
        labels=tuple(
            LabelProfile(
                field=name,
                classes=counts.by_class.get(name, {}),
                by_split=counts.by_split_class.get(name, {}),
                unlabelled=total.unlabelled,
                class_count=total.classes,
                truncated=total.classes > CLASS_LIMIT,
            )
            for name, total in totals.items()
        ),
        splits=counts.by_split,
        digest=exact_digest(table),
        md5=md5,
        size_bytes=size_bytes,
        classes=dict(classes or {}),
        guidelines=guidelines,
    )
    return fit(profile)


def check_split(split: str | None, values: int) -> None:
    """Refuse a split field with too many values. Raises: SchemaError."""
    if values > SPLIT_LIMIT:
        raise SchemaError(
            f"the split {split!r} has {values:,} values: it looks like an id",
            hint="declare another field as the split, or none",
        )


def _first_scan(table: Table) -> tuple[int, dict[str, int], dict[str, int]]:
    """Rows, missing cells by field, and the estimated number of values of each plain field."""
    plain = [field.name for field in table.schema if not is_nested(field.type)]
    counts = [f"count({identifier(name)})" for name in table.schema.names]
    counts += [f"approx_count_distinct({table.typed(name)})" for name in plain]
    found = table.engine.rows(f"SELECT {', '.join(['count(*)', *counts])} FROM {table.relation}")[0]
    rows, split_at = int(found[0]), 1 + len(table.schema.names)
    nulls = {name: rows - int(n) for name, n in zip(table.schema.names, found[1:split_at], strict=True)}
    return rows, nulls, dict(zip(plain, map(int, found[split_at:]), strict=True))


def _distinct(table: Table, exact: set[str], estimates: Mapping[str, int]) -> dict[str, int | None]:
    names = [name for name, estimate in estimates.items() if name in exact or estimate <= _SURELY_MORE]
    if not names:
        return {}
    counts = ", ".join(f"count(DISTINCT {table.typed(name)})" for name in names)
    found = table.engine.rows(f"SELECT {counts} FROM {table.relation}")[0]
    return {
        name: int(count) if name in exact or count <= DISTINCT_LIMIT else None
        for name, count in zip(names, found, strict=True)
    }


@dataclass(frozen=True, slots=True)
class _Totals:
    """Of one label: how many classes there are, and how many rows have none."""

    classes: int
    unlabelled: int


def _totals(table: Table, field: Field, unlabelled: str | None) -> _Totals:
    """Count classes without listing them, for a label that looks like an id would fill the memory."""
    cell = table.typed(field.name)
    if is_nested(field.type):
        name = f"unnest(CAST({cell} AS VARCHAR[]))"
        # A list without any class, and a missing one, are both of no class.
        labelled = f"list_filter(CAST({cell} AS VARCHAR[]), lambda x: {_labelled('x', field, unlabelled)})"
        missing = f"coalesce(len({labelled}), 0) = 0"
    else:
        name, missing = f"CAST({cell} AS VARCHAR)", f"NOT {_labelled('name', field, unlabelled)}"
    cells = f"SELECT {name} AS name FROM {table.relation}"
    classes = table.engine.value(
        f"SELECT count(DISTINCT name) FROM ({cells}) WHERE {_labelled('name', field, unlabelled)}"
    )
    source = table.relation if is_nested(field.type) else f"({cells})"
    rows = table.engine.value(f"SELECT count(*) FROM {source} WHERE {missing}")
    return _Totals(classes=int(classes), unlabelled=int(rows))


def _labelled(name: str, field: Field, unlabelled: str | None) -> str:
    """SQL: the name is a class, neither missing nor the value for not labelled."""
    nothing = unlabelled if field.unlabelled is None else field.unlabelled
    return f"({name} IS NOT NULL{'' if nothing is None else f' AND {name} <> {literal(nothing)}'})"
