"""Fields under another name: found by label, by an unchanged table below another header, and by content."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from dsv.diff.fields import Alignment, FieldPair, Side, align, hash_of
from dsv.diff.keys import Key
from dsv.diff.request import DiffRequest
from dsv.diff.rows import drop, hashes
from dsv.model.schema import is_nested
from dsv.tables.table import POSITION, Table

ALIKE = 0.95
"""A renamed field has at least this share of its cells equal over the paired rows."""
ALIKE_IN_PLACE = 0.8
"""The same for a field that kept its place among the fields."""
TELLING = 0.5
"""The share that must be equal where not both cells hold the most frequent value."""
PROMISING = 0.7
"""What a sample of the paired rows must show before all are compared."""
SAMPLE_PAIRS = 2000
TRIED_AT_ONCE = 200


def aligned(old: Table, new: Table, request: DiffRequest) -> Alignment:
    """The fields of both tables, with the renames that can be told before rows are paired.

    Raises: SchemaError: a field of `request.renames` is not there.
    """
    fields = align(old, new, request.renames)
    if not request.infer_renames:
        return fields
    labels = _renamed_label(fields, request.labels)
    if labels is not None:
        fields = fields.pair_up([labels])
    return fields.pair_up(_header_only(old, new, fields))


def by_content(old: Table, new: Table, fields: Alignment, key: Key, *, by_position: bool) -> Alignment:
    """The fields with those paired that only one side has by name, but whose cells are (nearly) equal.

    Rows pair by key or position, as asked for. Where neither pairs them, a field is renamed if the
    sides have equally many rows and all its cells stand where they stood.
    """
    candidates = [
        FieldPair(old=before, new=after)
        for before, after in itertools.product(fields.only_old, fields.only_new)
        if is_nested(before.type) == is_nested(after.type)
    ]
    if not candidates:
        return fields
    paired = bool(key.fields) or by_position
    if not paired and old.count() != new.count():
        return fields
    pairs = _pairs(old, new, key)
    tried = [candidates[start : start + TRIED_AT_ONCE] for start in range(0, len(candidates), TRIED_AT_ONCE)]
    promising = [found for some in tried for found in _promising(old, new, pairs, some)]
    alike = _alike(old, new, pairs, promising) if promising else []
    drop(old.engine, pairs)
    enough = [item for item in alike if item.share >= (_least(old, new, item.pair) if paired else 1.0)]
    return fields.pair_up(_one_to_one(enough))


@dataclass(frozen=True, slots=True)
class _Likeness:
    pair: FieldPair
    share: float


def _renamed_label(fields: Alignment, labels: Sequence[str]) -> FieldPair | None:
    """One label that only old has and one that only new has are one label."""
    before = [form for form in fields.only_old if form.name in labels]
    after = [form for form in fields.only_new if form.name in labels]
    return FieldPair(old=before[0], new=after[0]) if len(before) == len(after) == 1 else None


def _header_only(old: Table, new: Table, fields: Alignment) -> list[FieldPair]:
    """The fields that only have another name, if every cell of the table stands where it stood."""
    names = old.schema.names, new.schema.names
    before = {form.name: form for form in fields.only_old}
    after = {form.name: form for form in fields.only_new}
    if not before or len(before) != len(after) or len(names[0]) != len(names[1]):
        return []
    known = {pair.old.name: pair.new.name for pair in fields.pairs}
    found = []
    for left, right in zip(*names, strict=True):
        if left in before and right in after:
            found.append(FieldPair(old=before[left], new=after[right]))
        elif known.get(left) != right:
            return []
    if not old.count() or old.count() != new.count():
        return []
    every = [*fields.pairs, *found]
    return found if _digest(old, "old", every) == _digest(new, "new", every) else []


def _digest(table: Table, side: Side, fields: Sequence[FieldPair]) -> tuple[int, ...]:
    row = f"hash({POSITION}, {hash_of(fields, side)})"
    return tuple(table.engine.rows(f"SELECT bit_xor({row}), sum({row}) FROM {table.relation} AS dsv_table")[0])


def _pairs(old: Table, new: Table, key: Key) -> str:
    """A table of the positions `o` and `n` of rows whose key occurs once on each side."""
    by_position = not key.fields
    left = hashes(old, "old", key, (), by_position=by_position)
    right = hashes(new, "new", key, (), by_position=by_position)
    once = "GROUP BY k HAVING count(*) = 1"
    name = old.engine.fresh("diff_pairs")
    old.engine.execute(
        f"CREATE TABLE {name} AS SELECT l.p AS o, r.p AS n FROM (SELECT k, min(p) AS p FROM {left} {once}) AS l "
        f"JOIN (SELECT k, min(p) AS p FROM {right} {once}) AS r USING (k)"
    )
    return name


def _least(old: Table, new: Table, candidate: FieldPair) -> float:
    places = old.schema.names.index(candidate.old.name), new.schema.names.index(candidate.new.name)
    return ALIKE_IN_PLACE if places[0] == places[1] else ALIKE


def _promising(old: Table, new: Table, pairs: str, candidates: Sequence[FieldPair]) -> list[FieldPair]:
    """The candidates that a sample of the paired rows speaks for."""
    sample = f"(SELECT * FROM {pairs} ORDER BY hash(o) LIMIT {SAMPLE_PAIRS})"
    shares = ", ".join(f"avg(CAST({_equal(number)} AS INTEGER))" for number in range(len(candidates)))
    found = old.engine.rows(f"SELECT {shares} FROM {_side_by_side(old, new, sample, candidates)}")[0]
    return [pair for pair, share in zip(candidates, found, strict=True) if (share or 0) >= PROMISING]


def _alike(old: Table, new: Table, pairs: str, candidates: Sequence[FieldPair]) -> list[_Likeness]:
    """How alike the candidates are over all paired rows; those whose likeness may be chance are left out."""
    numbers = range(len(candidates))
    modes = ", ".join(
        f"(SELECT o{number} FROM joined GROUP BY ALL ORDER BY count(*) DESC, o{number} LIMIT 1) AS m{number}"
        for number in numbers
    )
    sums = ", ".join(
        f"count(*) FILTER ({_equal(number)}), "
        f"count(*) FILTER ({_equal(number)} AND o{number} IS DISTINCT FROM m{number}), "
        f"count(*) FILTER (o{number} IS DISTINCT FROM m{number} OR n{number} IS DISTINCT FROM m{number})"
        for number in numbers
    )
    rows, *counts = old.engine.rows(
        f"WITH joined AS MATERIALIZED (FROM {_side_by_side(old, new, pairs, candidates)}), "
        f"modes AS (SELECT {modes}) SELECT count(*), {sums} FROM joined, modes"
    )[0]
    found = []
    for number, candidate in enumerate(candidates):
        equal, telling_equal, telling = counts[3 * number : 3 * number + 3]
        if telling and telling_equal >= TELLING * telling:
            found.append(_Likeness(candidate, equal / rows))
    return found


def _one_to_one(alike: Sequence[_Likeness]) -> list[FieldPair]:
    """The best pairs first, each field once."""
    chosen: list[FieldPair] = []
    for item in sorted(alike, key=lambda item: -item.share):
        if all(item.pair.old.name != pair.old.name and item.pair.new.name != pair.new.name for pair in chosen):
            chosen.append(item.pair)
    return chosen


def _side_by_side(old: Table, new: Table, pairs: str, candidates: Sequence[FieldPair]) -> str:
    """The comparable cells of paired rows: one column for each candidate and side."""
    left = ", ".join(f"{pair.value('old')} AS o{number}" for number, pair in enumerate(candidates))
    right = ", ".join(f"{pair.value('new')} AS n{number}" for number, pair in enumerate(candidates))
    return (
        f"(SELECT l.*, r.* FROM {pairs} AS p "
        f"JOIN (SELECT {POSITION} AS lp, {left} FROM {old.relation} AS dsv_table) AS l ON l.lp = p.o "
        f"JOIN (SELECT {POSITION} AS rp, {right} FROM {new.relation} AS dsv_table) AS r ON r.rp = p.n)"
    )


def _equal(number: int) -> str:
    return f"o{number} IS NOT DISTINCT FROM n{number}"
