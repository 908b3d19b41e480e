"""How many rows differ, told from hashes alone: no cell is read, and nothing is said of what differs in it."""

from __future__ import annotations

from collections.abc import Sequence

from dsv.diff import schema
from dsv.diff.fields import Alignment, FieldPair
from dsv.diff.keys import Key
from dsv.diff.request import DiffRequest
from dsv.diff.rows import Pairing, drop
from dsv.model.diff import DatasetDiff, Formatting, RowCounts
from dsv.tables.table import Table


def suffices(key: Key, compared: Sequence[FieldPair], request: DiffRequest) -> bool:
    """Say whether hashes tell how many rows differ: no difference is let pass, and no row is looked into."""
    cells = request.where or request.similar or request.unexplained or request.hide_whitespace or request.hide_case
    near = request.tolerance is not None or request.iou is not None
    return not (cells or near or key.shown is not None or any(pair.spelled for pair in compared))


def diff_of(name: str, path: str, old: Table, new: Table, fields: Alignment, key: Key, pairing: Pairing) -> DatasetDiff:
    """The diff that a pairing tells; what only cells tell is None. Uses up the pairing's table."""
    engine = old.engine
    added, removed, changed = engine.rows(
        "SELECT count(*) FILTER (o IS NULL AND n IS NOT NULL), count(*) FILTER (n IS NULL AND o IS NOT NULL), "
        f"count(*) FILTER (o IS NOT NULL AND n IS NOT NULL) FROM {pairing.table}"
    )[0]
    drop(engine, pairing.table)
    unchanged = pairing.pairs - changed
    if pairing.rows.old - removed + added != pairing.rows.new or unchanged < 0:
        raise AssertionError(f"the rows do not add up: {pairing.rows}, {pairing.pairs} pairs, +{added} -{removed}")
    schema_changes = schema.changes(old, new, fields, None)
    modified = added or removed or changed or schema_changes or pairing.reordered
    return DatasetDiff(
        dataset=name,
        path=path,
        status="modified" if modified else "unchanged",
        compared="hashes",
        key=key.names,
        key_source=key.source,
        key_evidence=key.evidence,
        rows=RowCounts(
            old=pairing.rows.old,
            new=pairing.rows.new,
            added=added,
            removed=removed,
            changed=changed,
            unchanged=unchanged,
            rekeyed=None if added and removed else 0,
        ),
        duplicate_keys=pairing.duplicate_keys,
        null_keys=pairing.null_keys,
        formatting=Formatting(reordered=pairing.reordered),
        schema_changes=schema_changes,
        changed_cells=None if changed else {},
        changed_cells_whitespace_only=None if changed else {},
        changed_cells_case_only=None if changed else {},
        rekeyed=None if added and removed else (),
        labels=(),
        split_moves=None if changed else (),
        changes=None,
    )
