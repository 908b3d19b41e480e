"""Which fields tell rows apart: validated where someone named them, else inferred with evidence."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from dsv.diff.equality import Form
from dsv.diff.fields import Alignment, FieldPair, Side, align, hash_of, key_hash
from dsv.diff.request import DiffRequest
from dsv.errors import SchemaError
from dsv.model.diff import KeySource
from dsv.model.schema import is_nested
from dsv.tables.duckdb import identifier
from dsv.tables.table import Table

BEST_NAMES = ("id", "key", "uuid", "guid", "uid", "_id")
GOOD_ENDINGS = ("_id", "-id", " id", "_key", "_uuid")
GOOD_NAMES = ("image", "image_path", "file", "file_name", "filename", "path", "url", "index")
UNFIT_TYPES = ("number", "boolean", "json")
SAMPLE_ROWS = 5000
PAIRED_FIELDS = 8
TRIED_AT_ONCE = 50
SHARED = 0.5
"""A key that was renamed has at least this share of its values in common."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """The fields that pair rows (none: no key), where they come from, and why.

    `shown` are the fields that tell a person which row is meant, where those that pair rows say
    nothing to people: numbers that pairing by identity gave out.
    """

    fields: tuple[FieldPair, ...] = ()
    source: KeySource = "none"
    evidence: str | None = None
    shown: tuple[FieldPair, ...] | None = None

    @property
    def told(self) -> tuple[FieldPair, ...]:
        """The fields that people are told."""
        return self.fields if self.shown is None else self.shown

    @property
    def names(self) -> tuple[str, ...]:
        """The fields that people are told, by their new names."""
        return tuple(pair.name for pair in self.told)


def infer(old: Table, new: Table, exclude: Collection[str] = ()) -> tuple[tuple[str, ...], str]:
    """The key of two tables (or of one, given twice) and the evidence for it; () if there is none.

    Fields called id, key and the like go first, then the others in their order, then pairs of
    fields. `exclude` names fields that are never a key, such as labels.
    """
    key = _inferred(old, new, align(old, new), exclude)
    return key.names, key.evidence or ""


def choose(old: Table, new: Table, fields: Alignment, request: DiffRequest) -> tuple[Key, Alignment]:
    """The key to pair rows by, and the fields with the renames of key fields that it took.

    Raises: SchemaError: a named key field is on neither side, or on one side only.
    """
    if request.by_position:
        return Key(evidence="rows paired by position"), fields
    if request.key:
        fields = _find_renamed(old, new, fields, request.key)
        pairs = [fields.find(name) for name in request.key]
        named = tuple(pair for pair in pairs if pair)
        return Key(fields=named, source=request.key_source, evidence=request.key_evidence), fields
    exclude = {*request.labels, *request.ignore, request.split or ""}
    key = _inferred(old, new, fields, exclude)
    if not key.fields:
        pair = _renamed(old, new, fields.only_old, fields.only_new, exclude)
        if pair is not None:
            return _found([pair]), fields.pair_up([pair])
    return key, fields


def unique_fields(old: Table, new: Table, fields: Alignment, exclude: Collection[str]) -> Iterator[FieldPair]:
    """Single fields that could be a key if their values met: unique and without nulls on both sides."""
    fit = sorted((pair for pair in fields.pairs if _fit(pair, exclude)), key=_rank)
    for key in _unique_in_sample(old, new, [[pair] for pair in fit]):
        if _unique_on_both(old, new, key):
            yield key[0]


def _find_renamed(old: Table, new: Table, fields: Alignment, names: Sequence[str]) -> Alignment:
    for name in names:
        fields.check(name, "key field")
        if fields.find(name):
            continue
        before = [form for form in fields.only_old if form.name == name]
        after = [form for form in fields.only_new if form.name == name]
        pair = _renamed(old, new, before or fields.only_old, after or fields.only_new, ())
        if pair is None:
            raise SchemaError(
                f"the key field {name!r} is not in the {'new' if before else 'old'} rows",
                hint="name a key that both sides have with --key",
            )
        fields = fields.pair_up([pair])
    return fields


def _renamed(
    old: Table, new: Table, before: Sequence[Form], after: Sequence[Form], exclude: Collection[str]
) -> FieldPair | None:
    """The two fields, unique each on its side, that share most values; None if all share too few."""
    best, best_share = None, 0.0
    for left, right in itertools.product(before, after):
        pair = FieldPair(old=left, new=right)
        if _fit(pair, exclude) and _unique_on_both(old, new, [pair]):
            share = _shared(old, new, pair)
            if share >= SHARED and share > best_share:
                best, best_share = pair, share
    return best


def _inferred(old: Table, new: Table, fields: Alignment, exclude: Collection[str]) -> Key:
    fit = sorted((pair for pair in fields.pairs if _fit(pair, exclude)), key=_rank)
    for key in _candidates(old, new, fit):
        if _unique_on_both(old, new, key) and _meet(old, new, key):
            return _found(key)
    return Key(evidence="no key: no field or pair of fields is unique and without nulls on both sides")


def _found(key: Sequence[FieldPair]) -> Key:
    names = ", ".join(pair.name for pair in key)
    evidence = f"key {names}: unique 100 %, no nulls"
    return Key(fields=tuple(key), source="inferred", evidence=evidence)


def _fit(pair: FieldPair, exclude: Collection[str]) -> bool:
    types = (pair.old.type, pair.new.type)
    unfit = any(name in UNFIT_TYPES or is_nested(name) for name in types)
    return not unfit and pair.old.name not in exclude and pair.new.name not in exclude


def _rank(pair: FieldPair) -> int:
    name = pair.name.casefold()
    if name in BEST_NAMES:
        return BEST_NAMES.index(name)
    if name.endswith(GOOD_ENDINGS):
        return len(BEST_NAMES)
    return len(BEST_NAMES) + (1 if name in GOOD_NAMES else 2)


def _candidates(old: Table, new: Table, fit: Sequence[FieldPair]) -> Iterator[list[FieldPair]]:
    """Single fields, then pairs of fields, that are unique in the first rows of both sides."""
    yield from _unique_in_sample(old, new, [[pair] for pair in fit])
    pairs = itertools.combinations(fit[:PAIRED_FIELDS], 2)
    yield from _unique_in_sample(old, new, [list(pair) for pair in pairs])


def _unique_in_sample(old: Table, new: Table, keys: Sequence[list[FieldPair]]) -> Iterator[list[FieldPair]]:
    # Each takes memory of its own while it is counted; and mostly an early one is taken.
    for start in range(0, len(keys), TRIED_AT_ONCE):
        some = keys[start : start + TRIED_AT_ONCE]
        passes = [_passes(old, "old", some), _passes(new, "new", some)]
        yield from (key for key, *passed in zip(some, *passes, strict=True) if all(passed))


def _passes(table: Table, side: Side, keys: Sequence[list[FieldPair]]) -> list[bool]:
    counts = ", ".join(f"count(DISTINCT {key_hash(key, side)}) = count(*)" for key in keys)
    names = {pair.form(side).name for key in keys for pair in key}
    columns = ", ".join(identifier(name) for name in sorted(names))
    sample = f"(SELECT {columns} FROM {table.relation} AS dsv_table LIMIT {SAMPLE_ROWS})"
    return list(table.engine.rows(f"SELECT {counts} FROM {sample}")[0])


def _unique_on_both(old: Table, new: Table, key: Sequence[FieldPair]) -> bool:
    return _unique(old, "old", key) and _unique(new, "new", key)


def _unique(table: Table, side: Side, key: Sequence[FieldPair]) -> bool:
    sql = f"SELECT count(DISTINCT {key_hash(key, side)}) = count(*) FROM {table.relation} AS dsv_table"
    return bool(table.engine.value(sql))


def is_unique(table: Table, key: Sequence[FieldPair]) -> bool:
    """No two rows of old have one key, and none lacks a part of it."""
    source = f"{table.relation} AS dsv_table"
    if len(key) == 1 and not key[0].nested:
        # Keys that rise from row to row are unique, and to see that needs no memory.
        column = identifier(key[0].old.name)
        rising = f"count(*) FILTER ({column} > previous IS NOT TRUE) <= 1 AND count({column}) = count(*)"
        tried = (f"(SELECT {column} FROM {source} LIMIT {SAMPLE_ROWS})", f"(SELECT {column} FROM {source})")
        pairs = (f"(SELECT {column}, lag({column}) OVER () AS previous FROM {some})" for some in tried)
        if all(table.engine.value(f"SELECT {rising} FROM {some}") for some in pairs):
            return True
    return bool(table.engine.value(f"SELECT count(DISTINCT {key_hash(key, 'old')}) = count(*) FROM {source}"))


def _values(table: Table, side: Side, key: Sequence[FieldPair]) -> str:
    return f"(SELECT {hash_of(key, side)} AS h FROM {table.relation} AS dsv_table)"


def _meet(old: Table, new: Table, key: Sequence[FieldPair]) -> bool:
    """At least one key is on both sides, unless a side has no rows."""
    left, right = _values(old, "old", key), _values(new, "new", key)
    empty = f"NOT EXISTS (FROM {left}) OR NOT EXISTS (FROM {right})"
    # Of most tables the first rows are still there: then a few keys are looked for, and not all.
    first = f"(FROM {left} LIMIT {SAMPLE_ROWS})"
    return any(
        old.engine.value(f"SELECT EXISTS (FROM {right} SEMI JOIN {some} USING (h)) OR {empty}")
        for some in (first, left)
    )


def _shared(old: Table, new: Table, pair: FieldPair) -> float:
    left, right = _values(old, "old", [pair]), _values(new, "new", [pair])
    sql = (
        f"SELECT count(*), (SELECT count(*) FROM {left}), (SELECT count(*) FROM {right}) "
        f"FROM (FROM {left} SEMI JOIN {right} USING (h))"
    )
    shared, rows_old, rows_new = old.engine.rows(sql)[0]
    return float(shared / min(rows_old, rows_new)) if rows_old and rows_new else 0.0
