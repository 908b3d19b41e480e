"""The difference of two profiles: labels and schema, without the rows.

What only rows can tell (which of them changed, which class became which, whether a field was
renamed) is None; a renamed field stands as one removed and one added.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from dsv.diff.distances import js_distance
from dsv.diff.findings import of_profiles
from dsv.model.counts import Counts
from dsv.model.diff import DatasetDiff, Formatting, KeySource, RowCounts, SchemaChange
from dsv.model.finding import Finding
from dsv.model.labels import ClassCount, LabelDiff
from dsv.model.profile import FieldProfile, LabelProfile, Profile
from dsv.model.schema import widens


def diff_profiles(
    name: str,
    path: str,
    old: Profile | None,
    new: Profile | None,
    *,
    labels: Sequence[str] = (),
    key_source: KeySource = "declared",
) -> DatasetDiff:
    """Compare what two profiles record; a side that is None lacks the dataset.

    `labels` are the fields to compare, all that are recorded if there are none. A label that has
    too many classes to be recorded is left out, and a finding says so.
    """
    known = new or old
    if known is None:
        raise ValueError(f"neither side has the dataset {name}")
    equal = old is not None and new is not None and old.digest == new.digest
    changes = tuple(_schema_changes(old, new)) if old is not None and new is not None else ()
    wanted = labels or tuple(dict.fromkeys(label.field for side in (new, old) if side for label in side.labels))
    overfull = [field for field in wanted if any(_label(side, field).truncated for side in (old, new) if side)]
    found = DatasetDiff(
        dataset=name,
        path=path,
        status="added" if old is None else "removed" if new is None else "unchanged" if equal else "modified",
        compared="profiles",
        key=known.key,
        key_source=key_source if known.key else "none",
        key_evidence=None,
        rows=_rows(old, new, equal=equal),
        duplicate_keys=None,
        null_keys=None,
        formatting=Formatting(),
        schema_changes=changes,
        changed_cells={} if equal else None,
        changed_cells_whitespace_only={} if equal else None,
        changed_cells_case_only={} if equal else None,
        rekeyed=None,
        labels=tuple(_label_diff(old, new, field) for field in wanted if field not in overfull),
        split_moves=() if equal else None,
        changes=None,
        findings=tuple(_overfull(name, field, (old, new)) for field in overfull),
    )
    told = tuple(replace(finding, dataset=name) for finding in of_profiles(found))
    return replace(found, findings=(*found.findings, *told))


def _rows(old: Profile | None, new: Profile | None, *, equal: bool) -> RowCounts:
    """Equal digests mean equal rows; where a side lacks the dataset, all rows of the other differ."""
    before, after = (side.rows if side else 0 for side in (old, new))
    if equal:
        return RowCounts(old=before, new=after, added=0, removed=0, changed=0, unchanged=after, rekeyed=0)
    if old is None or new is None:
        return RowCounts(old=before, new=after, added=after, removed=before, changed=0, unchanged=0, rekeyed=0)
    return RowCounts(old=before, new=after, added=None, removed=None, changed=None, unchanged=None, rekeyed=None)


def _schema_changes(old: Profile, new: Profile) -> Iterator[SchemaChange]:
    before, after = ({item.field.name: item for item in side.fields} for side in (old, new))
    for name, item in before.items():
        if name in after:
            yield from _changes_of(item, old.rows, after[name], new.rows)
        else:
            yield SchemaChange(change="field_removed", field=name, old_type=item.field.type, breaking=True)
    for name, item in after.items():
        if name not in before:
            yield SchemaChange(change="field_added", field=name, new_type=item.field.type)


def _changes_of(old: FieldProfile, old_rows: int, new: FieldProfile, new_rows: int) -> Iterator[SchemaChange]:
    name, types = new.field.name, {"old_type": old.field.type, "new_type": new.field.type}
    # A side without any value says nothing about the type.
    if old.field.type != new.field.type and old.nulls < old_rows and new.nulls < new_rows:
        breaking = not widens(old.field.type, new.field.type)
        yield SchemaChange(change="type_changed", field=name, **types, breaking=breaking)
    if bool(old.nulls) != bool(new.nulls):
        yield SchemaChange(change="nullable_changed", field=name, **types, breaking=bool(new.nulls))


def _label(side: Profile, field: str) -> LabelProfile:
    """What a side records of a label; where it has no such field, no row is labelled."""
    nothing = LabelProfile(field=field, classes={}, by_split={}, unlabelled=side.rows, class_count=0)
    return next((label for label in side.labels if label.field == field), nothing)


def _label_diff(old: Profile | None, new: Profile | None, field: str) -> LabelDiff:
    nothing = LabelProfile(field=field, classes={}, by_split={}, unlabelled=0, class_count=0)
    before, after = (nothing if side is None else _label(side, field) for side in (old, new))
    equal = old is not None and new is not None and old.digest == new.digest
    splits = sorted({split for side in (old, new) if side is not None for split in side.splits})
    return LabelDiff(
        field=field,
        classes=tuple(
            ClassCount(
                name=name,
                old=before.classes.get(name, 0),
                new=after.classes.get(name, 0),
                by_split={
                    split: Counts(
                        old=before.by_split.get(split, {}).get(name, 0), new=after.by_split.get(split, {}).get(name, 0)
                    )
                    for split in splits
                },
            )
            for name in sorted({*before.classes, *after.classes})
        ),
        transitions=() if equal else None,
        inferred=() if equal else None,
        unlabelled=Counts(old=before.unlabelled, new=after.unlabelled),
        js_distance=js_distance(before.classes, after.classes),
    )


def _overfull(name: str, field: str, sides: Sequence[Profile | None]) -> Finding:
    number = max(_label(side, field).class_count for side in sides if side is not None)
    message = f"the label {field} has {number:,} classes, too many for a profile: it looks like an id"
    return Finding(rule="not-compared", level="error", message=message, dataset=name)
