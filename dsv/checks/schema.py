"""Schema changes, by what they do to those who read the dataset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dsv.model.diff import DatasetDiff, SchemaChange
from dsv.model.finding import Finding, Level
from dsv.model.values import shown

NAMED = 5


def of_schema(diff: DatasetDiff) -> Iterator[Finding]:
    """One finding a kind of change."""
    if diff.status in ("added", "removed"):
        return
    by_rule: dict[str, list[SchemaChange]] = {}
    for change in diff.schema_changes:
        by_rule.setdefault(_rule(change), []).append(change)
    told: tuple[tuple[str, Level, str], ...] = (
        ("field-removed", "error", "fields are gone"),
        ("field-renamed", "warning", "fields have another name"),
        ("type-narrowed", "warning", "fields have another type, which not every value of before fits"),
        ("values-missing-now", "warning", "fields lack values now, which they never did"),
        ("schema-widened", "info", "fields were added or allow more"),
    )
    for rule, level, words in told:
        found = by_rule.get(rule)
        if found:
            one = words.replace("fields are", "a field is").replace("fields have", "a field has")
            one = one.replace("fields lack", "a field lacks").replace(
                "fields were added or allow", "a field was added or allows"
            )
            message = f"{one if len(found) == 1 else words}: {_listed(found)}"
            yield Finding(rule=rule, level=level, message=message, count=len(found))


def _rule(change: SchemaChange) -> str:
    if change.change == "field_removed":
        return "field-removed"
    if change.change == "field_renamed":
        return "field-renamed"
    if not change.breaking:
        return "schema-widened"
    return "values-missing-now" if change.change == "nullable_changed" else "type-narrowed"


def _listed(changes: Sequence[SchemaChange]) -> str:
    names = [_words(change) for change in changes[:NAMED]]
    left = len(changes) - NAMED
    return ", ".join(names) + (f" and {left:,} more" if left > 0 else "")


def _words(change: SchemaChange) -> str:
    name = shown(change.field)
    if change.to is not None:
        return f"{name} -> {shown(change.to)}"
    return f"{name} ({change.old_type} -> {change.new_type})" if change.change == "type_changed" else name
