"""Fields that lost values, or came to say the same in every row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dsv.checks.rows import percent
from dsv.checks.thresholds import Thresholds
from dsv.diff.findings import named
from dsv.model.finding import Finding

SMALLEST = 20
"""Of fewer rows, shares say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldCounts:
    """Of one field: cells that are missing, and whether all others are equal (None where that is not known)."""

    nulls: int
    constant: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCounts:
    """The rows of a side, and its fields by name."""

    rows: int
    fields: Mapping[str, FieldCounts]


def of_fields(old: TableCounts, new: TableCounts, limits: Thresholds) -> Iterator[Finding]:
    """Findings about fields that both sides have."""
    if min(old.rows, new.rows) < SMALLEST:
        return
    both = [name for name in new.fields if name in old.fields]
    rises = {name: new.fields[name].nulls / new.rows - old.fields[name].nulls / old.rows for name in both}
    higher = sorted(
        (name for name in both if rises[name] >= max(limits.null_share_rise, 1e-9)), key=lambda name: -rises[name]
    )
    if higher:
        said = named(
            f"{name} {percent(old.fields[name].nulls / old.rows)} -> {percent(new.fields[name].nulls / new.rows)}"
            for name in higher
        )
        one = "a field lacks" if len(higher) == 1 else f"{len(higher):,} fields lack"
        message = f"{one} more of the values: {said}"
        yield Finding(rule="null-share-rise", level="warning", message=message, count=len(higher))
    constant = [name for name in both if new.fields[name].constant and old.fields[name].constant is False]
    if constant:
        one = "a field has" if len(constant) == 1 else f"{len(constant):,} fields have"
        message = f"{one} one value in every row now: {named(constant)}"
        yield Finding(rule="constant-field", level="warning", message=message, count=len(constant))
