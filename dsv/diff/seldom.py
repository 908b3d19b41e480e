"""What most diffs do not need (migrations, media, other keys, conditions), imported where it is asked for.

A small table is compared in less time than it takes to import all of this room.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dsv.diff import cells, rows
from dsv.diff.classes import ClassField
from dsv.diff.equality import Form
from dsv.diff.fields import Alignment, Side, forms
from dsv.diff.keys import Key
from dsv.diff.request import DiffRequest
from dsv.model.diff import KeyChange, RowMatch, SchemaChange, SimilarPair
from dsv.model.finding import Finding
from dsv.model.labels import LabelDiff
from dsv.tables.table import Table

if TYPE_CHECKING:
    from dsv.diff.explain import Explanation
    from dsv.diff.replay import Replay


def prepared(
    old: Table, new: Table, request: DiffRequest, replay: Replay | None
) -> tuple[Table, Table, DiffRequest, Replay | None]:
    """The tables with their keys in another form, or the request with the renames of migrations."""
    if request.key_forms:
        from dsv.diff.keyforms import applied

        # Migrations know the keys as they are.
        return (*applied(old, new, request.key_forms), request, None)
    if replay is not None:
        from dsv.diff.explain import recorded_renames

        request = replace(request, renames=recorded_renames(old, new, request, replay))
    return old, new, request, replay


def explained(
    old: Table,
    new: Table,
    fields: Alignment,
    key: Key,
    differences: cells.Differences,
    changed: Iterable[str],
    changes: Sequence[SchemaChange],
    replay: Replay,
    request: DiffRequest,
) -> tuple[cells.Differences, Explanation]:
    """The differences with credits, and what migrations explain, as `explain`."""
    from dsv.diff.backwards import explain_backwards
    from dsv.diff.explain import explain

    account = explain_backwards if replay.backwards else explain
    with old.engine.progress.task("replaying migrations"):
        return account(old, new, fields, key, differences, changed, changes, replay, request)


def meant(
    old: Table, new: Table, differences: cells.Differences, told: Explanation | None, request: DiffRequest
) -> tuple[RowMatch | None, str | None]:
    """How many of the rows that differ are asked for, and the table that names them; None if all are."""
    match: RowMatch | None = None
    only: str | None = None
    if request.where:
        from dsv.diff.where import matching

        match, only = matching(differences, forms(old), forms(new), request.where)
    if request.unexplained and told is not None:
        from dsv.diff.where import unexplained_rows

        match, only = unexplained_rows(differences, match, only)
    return match, only


def rekeyed(old: Table, new: Table, differences: cells.Differences, counts: cells.CellCounts) -> tuple[KeyChange, ...]:
    """The rows that have nothing but another key; there are some only if there are both added and removed ones."""
    if not counts.added or not counts.removed:
        return ()
    from dsv.diff.rekeyed import rekeyed as find

    return find(old, new, differences)


def similar(differences: cells.Differences, request: DiffRequest) -> tuple[SimilarPair, ...] | None:
    """The pairs of similar rows, if they are asked for."""
    if not request.similar:
        return None
    from dsv.diff.similar import similar as find

    return find(differences)


def renumbered(
    name: str,
    old: Table,
    new: Table,
    key: Key,
    fields: Alignment,
    differences: cells.Differences,
    request: DiffRequest,
) -> Iterator[Finding]:
    """The fields that are dealt afresh, where rows have nothing but another."""
    if request.surrogates:
        from dsv.diff.surrogates import renumbered as find

        yield from find(name, old, new, key, fields, differences, request)


def key_forms(
    name: str, old: Table, new: Table, fields: Alignment, key: Key, pairing: rows.Pairing, request: DiffRequest
) -> tuple[Finding, ...]:
    """What there is to say of the forms of keys: in which they were compared, or whether they changed."""
    if not request.key_forms and pairing.finds_most:
        return ()
    from dsv.diff.keyforms import changed_forms, told

    return (*told(name, request), *changed_forms(name, old, new, fields, key, pairing, request))


def shown_names(table: Table, request: DiffRequest) -> tuple[str, ...]:
    """The fields that tell people which row of one side is meant, where no key does."""
    from dsv.diff.matching import shown_names as find

    return find(table, request)


def meant_of_one(
    table: Table, own: Mapping[str, Form], side: Side, where: str | None
) -> tuple[RowMatch | None, str | None]:
    """How many rows of one side are asked for, and the table that names them; None if all are."""
    if not where:
        return None, None
    from dsv.diff.where import matching_one_side

    return matching_one_side(table, own, side, where)


def credited(found: LabelDiff, label: ClassField, differences: cells.Differences | None) -> LabelDiff:
    """The label with the migrations that account for its differences."""
    if differences is None or differences.credits is None:
        return found
    from dsv.diff.explain import label_credits

    return label_credits(found, label, differences)
