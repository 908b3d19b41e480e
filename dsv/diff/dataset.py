"""The diff of one dataset: keys, schema, rows, cells and labels joined into one value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from dsv.diff import cells, hashed, keys, labels, renames, rows, schema, seldom
from dsv.diff.changes import OneSideChanges, PairedChanges
from dsv.diff.classes import NOTHING, ClassField, ClassTally, class_field, tally, together
from dsv.diff.encoding import Sequences
from dsv.diff.fields import Alignment, FieldPair, Side, align, forms
from dsv.diff.findings import of_numbers
from dsv.diff.findings_cells import of_cells
from dsv.diff.findings_splits import of_splits
from dsv.diff.in_place import in_place
from dsv.diff.keys import Key
from dsv.diff.request import DiffRequest
from dsv.diff.shared_files import SharedFiles
from dsv.diff.shared_lines import SharedLines
from dsv.model.diff import DatasetDiff, Formatting, RowCounts, SchemaChange
from dsv.model.finding import Finding
from dsv.model.labels import LabelDiff
from dsv.tables.table import Table

if TYPE_CHECKING:
    from dsv.diff.media import MediaFiles
    from dsv.diff.replay import Replay


def diff_tables(
    name: str,
    path: str,
    old: Table | None,
    new: Table | None,
    request: DiffRequest,
    replay: Replay | None = None,
    media: MediaFiles | None = None,
    shared: SharedFiles | SharedLines | None = None,
) -> DatasetDiff:
    """Compare two tables of one engine; a side that is None lacks the dataset.

    `replay` are the migrations that lie between them, None if there are none to ask. `media` are
    the files that rows name. `shared` are the files, or the lines of their files, that both tables have.

    The changed rows are read from the engine, which must stay open as long as they are wanted.

    Raises: SchemaError: the request names a field that neither side has, or a key field that one lacks.
    """
    if old is not None and new is not None:
        return _diff(name, path, old, new, request, replay, media, shared)
    if new is not None:
        return _one_side(name, path, new, "new", request, media)
    if old is not None:
        return _one_side(name, path, old, "old", request, media)
    raise ValueError(f"neither side has the dataset {name}")


def index_rows(table: Table, request: DiffRequest) -> None:
    """Have the row index made of a table that its diff with another of the same fields reads.

    Raises: SchemaError: the table lacks a field that the request names.
    """
    key, fields = keys.choose(table, table, align(table, table), request)
    rows.index(table, key, _compared(fields, key, request))


def _diff(
    name: str,
    path: str,
    old: Table,
    new: Table,
    request: DiffRequest,
    replay: Replay | None,
    media: MediaFiles | None,
    shared: SharedFiles | SharedLines | None,
) -> DatasetDiff:
    old, new, request, replay = seldom.prepared(old, new, request, replay)
    elsewhere = replay is not None or _told_by_indexes(old, new, request)
    placed = None if elsewhere else in_place(old, new, request, _kept(request, media))
    if placed is not None:
        old, new, request = placed.old, placed.new, placed.request
    fields = renames.aligned(old, new, request)
    key, left, right, fields = _paired_by(old, new, fields, request)
    if request.infer_renames:
        fields = renames.by_content(left, right, fields, key, by_position=request.by_position)
    compared = _compared(fields, key, request)
    with old.engine.progress.task("pairing rows"):
        beside = None if shared is None or placed else shared.pair(old, new, key, compared, request)
        if placed is not None:
            pairing, before, after = placed.pair(compared), old, new
        elif shared is not None and beside is not None:
            pairing, before, after = beside, shared.old, shared.new
        else:
            pairing = rows.pair(left, right, key, compared, by_position=request.by_position)
            before, after = old, new
    if request.counts and media is None and hashed.suffices(key, compared, request):
        for name_of_class in (*request.labels, *filter(None, [request.split])):
            fields.check(name_of_class, "field")
        return hashed.diff_of(name, path, old, new, fields, key, pairing)
    with old.engine.progress.task("comparing cells"):
        differences = cells.fetch(before, after, pairing, key, compared, request)
        counts = cells.count(differences, request)
    unchanged = cells.reconcile(pairing, counts)
    found = seldom.rekeyed(old, new, differences, counts)
    schema_changes = schema.changes(old, new, fields, differences, request.optional)
    told = None
    if replay is not None:
        differences, told = seldom.explained(
            left, right, fields, key, differences, counts.cells, schema_changes, replay, request
        )
    formatting = Formatting(reordered=pairing.reordered, number_spelling=counts.number_spelling)
    split = class_field(fields, request.split, "split field") if request.split else None
    match, only = seldom.meant(old, new, differences, told, request)
    sequences = Sequences(old=old, new=new, fields=_sequence(fields, key, request))
    with old.engine.progress.task("counting classes"):
        label_diffs = _labels(old, new, fields, split, request, differences, sequences, shared if beside else None)
    diff = DatasetDiff(
        dataset=name,
        path=path,
        status="modified" if _modified(counts, schema_changes, formatting) else "unchanged",
        compared="rows",
        key=key.names,
        key_source=key.source,
        key_evidence=key.evidence,
        rows=RowCounts(
            old=pairing.rows.old,
            new=pairing.rows.new,
            added=counts.added,
            removed=counts.removed,
            changed=counts.changed,
            unchanged=unchanged,
            rekeyed=len(found),
        ),
        duplicate_keys=pairing.duplicate_keys,
        null_keys=pairing.null_keys,
        formatting=formatting,
        schema_changes=schema_changes,
        changed_cells=counts.cells,
        changed_cells_whitespace_only=counts.whitespace_only,
        changed_cells_case_only=counts.case_only,
        rekeyed=found,
        similar=seldom.similar(differences, request),
        changed_cells_encoding_only={
            label.field: sum(item.rows for item in label.encodings) for label in label_diffs if label.encodings
        },
        labels=label_diffs,
        split_moves=labels.split_moves(differences, split) if split else (),
        split=split.name if split else None,
        changes=PairedChanges(differences, fields, only),
        matching=match,
        explained=told.explained if told else None,
        unexplained=told.unexplained if told else None,
    )
    findings = [
        *of_numbers(diff),
        *of_cells(differences, counts),
        *(of_splits(left, right, key, split, pairing.duplicate_keys) if split else ()),
        *(told.findings if told else ()),
        *seldom.renumbered(name, left, right, key, fields, differences, request),
        *_overlapping(name, counts, request),
        *seldom.key_forms(name, old, new, fields, key, pairing, request),
    ]
    diff = replace(diff, findings=tuple(findings))
    return _with_media(diff, media, fields, split, old, new, differences)


def _told_by_indexes(old: Table, new: Table, request: DiffRequest) -> bool:
    """Whether counts alone are wanted, and both sides have row indexes: the files then need not be looked at."""
    if not (request.counts and request.key and old.schema == new.schema) or request.by_position:
        return False
    fields = align(old, new, request.renames)
    key, fields = keys.choose(old, new, fields, request)
    return rows.are_indexed(old, new, key, _compared(fields, key, request))


def _kept(request: DiffRequest, media: MediaFiles | None) -> list[str]:
    """Fields that are wanted, whether they differ or not."""
    return [*request.labels, *filter(None, [request.split]), *([media.field] if media is not None else [])]


def _paired_by(old: Table, new: Table, fields: Alignment, request: DiffRequest) -> tuple[Key, Table, Table, Alignment]:
    """What rows pair by, and both tables with it."""
    if request.identity and not request.key and not request.by_position:
        from dsv.diff.matching import pair_by_identity

        with old.engine.progress.task("finding which row is which"):
            matched = pair_by_identity(old, new, fields, request)
        return matched.key, matched.old, matched.new, fields
    key, fields = keys.choose(old, new, fields, request)
    return key, old, new, fields


def _overlapping(name: str, counts: cells.CellCounts, request: DiffRequest) -> Iterator[Finding]:
    """The cells that count as equal because boxes overlap."""
    for field, number in counts.overlapping.items():
        said = "1 cell differs" if number == 1 else f"{number:,} cells differ"
        message = f"{field}: {said} in boxes that overlap by at least {request.iou:g}; counted as equal"
        yield Finding(rule="boxes-overlap", level="info", message=message, count=number, dataset=name)


def _with_media(
    diff: DatasetDiff,
    media: MediaFiles | None,
    fields: Alignment,
    split: ClassField | None,
    old: Table | None,
    new: Table | None,
    differences: cells.Differences | None,
) -> DatasetDiff:
    """The diff with that of the media files, if there are any; theirs is a difference too."""
    if media is None:
        return diff
    from dsv.diff.media import compare

    field = class_field(fields, media.field, "media field")
    found, findings = compare(media, field, split, old, new, differences)
    modified = diff.status == "unchanged" and (found.added or found.removed or found.changed)
    status = "modified" if modified else diff.status
    return replace(diff, status=status, media=found, findings=(*diff.findings, *findings))


def _one_side(
    name: str, path: str, table: Table, side: Side, request: DiffRequest, media: MediaFiles | None
) -> DatasetDiff:
    """All rows of the one table are added or removed."""
    own = forms(table)
    present = tuple(own.values())
    removed = side == "old"
    fields = Alignment(pairs=(), only_old=present if removed else (), only_new=() if removed else present)
    for field in request.key:
        fields.check(field, "key field")
    key = () if request.by_position else request.key or seldom.shown_names(table, request)
    number = table.count()
    split = class_field(fields, request.split, "split field") if request.split else None
    old, new = (table, None) if removed else (None, table)
    match, only = seldom.meant_of_one(table, own, side, request.where)
    diff = DatasetDiff(
        dataset=name,
        path=path,
        status="removed" if removed else "added",
        compared="rows",
        key=key,
        key_source=request.key_source if request.key else "format" if key else "none",
        key_evidence=None,
        rows=RowCounts(
            old=number if removed else 0,
            new=0 if removed else number,
            added=0 if removed else number,
            removed=number if removed else 0,
            changed=0,
            unchanged=0,
            rekeyed=0,
        ),
        duplicate_keys=None,
        null_keys=None,
        formatting=Formatting(),
        schema_changes=(),
        changed_cells={},
        changed_cells_whitespace_only={},
        changed_cells_case_only={},
        rekeyed=(),
        similar=() if request.similar else None,
        changed_cells_encoding_only={},
        labels=_labels(old, new, fields, split, request),
        split_moves=(),
        split=split.name if split else None,
        changes=OneSideChanges(table, own, side, key, only),
        matching=match,
    )
    return _with_media(diff, media, fields, split, old, new, None)


def _compared(fields: Alignment, key: Key, request: DiffRequest) -> tuple[FieldPair, ...]:
    for name in request.ignore:
        fields.check(name, "field to ignore")
    left_out = {*request.ignore, *request.surrogates}
    # Rows that paired by identity may differ in what tells people which row is meant.
    left_out |= {*key.names} if key.shown is None else set()
    return tuple(pair for pair in fields.pairs if not {pair.old.name, pair.new.name} & left_out)


def _modified(counts: cells.CellCounts, schema_changes: tuple[SchemaChange, ...], formatting: Formatting) -> bool:
    differing = counts.added or counts.removed or counts.changed or counts.same
    return bool(differing or schema_changes or formatting.reordered)


def _labels(
    old: Table | None,
    new: Table | None,
    fields: Alignment,
    split: ClassField | None,
    request: DiffRequest,
    differences: cells.Differences | None = None,
    sequences: Sequences | None = None,
    shared: SharedFiles | SharedLines | None = None,
) -> tuple[LabelDiff, ...]:
    found: dict[str, LabelDiff] = {}
    for name in request.labels:
        label = class_field(fields, name, "label field", _unlabelled(old, new, name, request))
        if label.name not in found:
            before, after = _tallies(old, new, label, split, shared)
            compared = labels.compare(label, before, after, differences, sequences)
            found[label.name] = seldom.credited(compared, label, differences)
    return tuple(found.values())


def _tallies(
    old: Table | None,
    new: Table | None,
    label: ClassField,
    split: ClassField | None,
    shared: SharedFiles | SharedLines | None,
) -> tuple[ClassTally, ClassTally]:
    """Both sides' rows by class; those that are shared are counted once for both."""
    names = {form.name for field in (label, split) if field for form in (field.old, field.new) if form}
    if shared is not None and names <= {*shared.equal.schema.names}:
        both = tally(shared.equal, "old", label, split)
        before = together(both, tally(shared.old, "old", label, split))
        after = together(both, tally(shared.new, "new", label, split))
        if before is not None and after is not None:
            return before, after
    return tally(old, "old", label, split) if old else NOTHING, tally(new, "new", label, split) if new else NOTHING


def _sequence(fields: Alignment, key: Key, request: DiffRequest) -> tuple[FieldPair, ...]:
    """The fields that tell apart the sequences of rows: as the format says, else all of a key but its last field."""
    if request.sequence is None:
        return key.fields[:-1]
    pair = fields.find(request.sequence)
    return () if pair is None else (pair,)


def _unlabelled(old: Table | None, new: Table | None, name: str, request: DiffRequest) -> tuple[str, ...]:
    declared = [request.unlabelled, *(value for field, value in request.unlabelled_in if field == name)]
    declared += [table.schema[name].unlabelled for table in (old, new) if table and name in table.schema]
    return tuple(dict.fromkeys(value for value in declared if value is not None))
