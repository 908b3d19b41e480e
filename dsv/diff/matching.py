"""Rows whose ids are dealt afresh from one file to the next: paired rung by rung (dsv.model.identity)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dsv.diff.equality import Form
from dsv.diff.fields import Alignment, FieldPair, Side, hash_of, key_hash
from dsv.diff.gaps import gaps
from dsv.diff.keys import Key
from dsv.diff.matching_classes import rename_classes
from dsv.diff.overlap import box, intersection_over_union
from dsv.diff.request import DiffRequest
from dsv.diff.rows import drop
from dsv.model.identity import Rung
from dsv.tables.duckdb import Engine, identifier, literal
from dsv.tables.table import POSITION, Table

IDENTITY = "_dsv_identity"
WHOLE_ROW = "whole row"
SIDES: tuple[Side, Side] = ("old", "new")


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """Both tables with a column that numbers their rows, equal for the two rows of a pair; the key is that column."""

    old: Table
    new: Table
    key: Key


def pair_by_identity(old: Table, new: Table, fields: Alignment, request: DiffRequest) -> Matched:
    """Pair the rows of two tables by `request.identity`.

    Rows that are equal in all compared fields pair first, then each rung pairs what the rungs before
    it left. A rung that names a field which a side lacks is passed over; a row that lacks a value of
    a rung's fields (an empty list and the number 0.0 are none) waits for another rung. Where several
    rows are equal in a rung's fields, they pair in the order of `request.surrogates`, then of their
    content, never of their place. A class that the pairs found so far show to be renamed counts as equal.
    """
    engine = old.engine
    label = next((pair for name in request.labels if (pair := fields.find(name)) and not pair.nested), None)
    ladder = [step for rung in request.identity if (step := _step(rung, fields, label)) is not None]
    pairs = _Pairs(engine)
    left, right = (_hashed(table, side, fields, request) for table, side in zip((old, new), SIDES, strict=True))
    pairs.add(0, f"(SELECT *, v AS k FROM {left})", f"(SELECT *, v AS k FROM {right})")
    rest = [_rest(old, "old", left, ladder, label, pairs), _rest(new, "new", right, ladder, label, pairs)]
    drop(engine, left, right)
    told = False
    for number, step in enumerate(ladder):
        if label is not None and step.labelled and not told and any(not other.labelled for other in ladder[:number]):
            rename_classes(old, new, label, pairs.table, rest[0])
            told = True
        if step.sequence is not None:
            pairs.add_between(number, step, gaps(old, new, step.sequence, pairs.table), rest[0], rest[1])
        elif step.boxes is None:
            keyed = (f"(SELECT p, v, t, {step.key(number)} AS k FROM {table} WHERE k IS NOT NULL)" for table in rest)
            pairs.add(number + 1, *keyed)
        else:
            pairs.add_overlapping(number, step, rest[0], rest[1])
    drop(engine, *rest)
    return _numbered(old, new, fields, request, pairs, ladder)


@dataclass(frozen=True, slots=True)
class _Step:
    """A rung, with its fields as both sides store them; `labelled`: the class is one of them."""

    rung: Rung
    fields: tuple[FieldPair, ...]
    boxes: FieldPair | None
    labelled: bool
    sequence: FieldPair | None = None

    @property
    def words(self) -> str:
        names = ", ".join(pair.name for pair in self.fields)
        if self.sequence is not None:
            return f"{names} and place of {self.sequence.name}" if names else f"place of {self.sequence.name}"
        return names if self.boxes is None else f"{names} and overlap of {self.boxes.name}"

    def key(self, number: int) -> str:
        """SQL for the key of a row of the rest."""
        if not self.labelled:
            return f"k{number}"
        return f"CASE WHEN c IS NOT NULL AND k{number} IS NOT NULL THEN hash(k{number}, c) END"


def _step(rung: Rung, fields: Alignment, label: FieldPair | None) -> _Step | None:
    """The rung for these tables; None if a side lacks one of its fields."""
    found = [fields.find(name) for name in rung.fields]
    pairs = tuple(pair for pair in found if pair is not None)
    boxes = None if rung.boxes is None else fields.find(rung.boxes)
    sequence = None if rung.sequence is None else fields.find(rung.sequence)
    if len(pairs) < len(found) or (rung.boxes is not None and (boxes is None or not boxes.nested)):
        return None
    if rung.sequence is not None and sequence is None:
        return None
    return _Step(rung, pairs, boxes, label in pairs, sequence)


def _hashed(table: Table, side: Side, fields: Alignment, request: DiffRequest) -> str:
    """A table of position `p`, hash of the compared fields `v`, and `t`, which orders equal rows."""
    # Where a row stands is not compared, but rows of two places are not one row.
    left_out = {*request.surrogates, *request.ignore} - {*request.context}
    whole = [pair for pair in fields.pairs if not {pair.old.name, pair.new.name} & left_out]
    dealt = [pair for name in request.surrogates if (pair := fields.find(name)) is not None]
    ordered = ", ".join(f"{pair.value(side)}, 'ASC NULLS FIRST'" for pair in dealt)
    order = f"create_sort_key({ordered})" if ordered else "''::BLOB"
    name = table.engine.fresh("match_rows")
    table.engine.execute(
        f"CREATE TABLE {name} AS SELECT {POSITION} AS p, {hash_of(whole, side)} AS v, {order} AS t "
        f"FROM {table.relation} AS dsv_table"
    )
    return name


def _rest(
    table: Table, side: Side, hashed: str, ladder: Sequence[_Step], label: FieldPair | None, pairs: _Pairs
) -> str:
    """A table of the rows without a partner: `p`, `v`, `t`, the class `c`, and of each rung a key `k…` and a box `b…`.

    The class is no part of the keys, so that it can be renamed.
    """
    columns = [f"{POSITION} AS p", f"{'NULL' if label is None else label.value(side)} AS c"]
    for number, step in enumerate(ladder):
        fields = [pair for pair in step.fields if pair is not label]
        key = key_hash(fields, side) if fields else "CAST(0 AS UBIGINT)"
        columns.append(f"CASE WHEN {_telling(fields, side)} THEN {key} END AS k{number}")
        if step.boxes is not None:
            columns.append(f"{box(identifier(step.boxes.form(side).name))} AS b{number}")
        if step.sequence is not None:
            columns.append(f"{identifier(step.sequence.form(side).name)} AS s{number}")
    name = table.engine.fresh("match_rest")
    table.engine.execute(
        f"CREATE TABLE {name} AS SELECT * FROM (SELECT * FROM {hashed} WHERE p NOT IN {pairs.taken(side)}) "
        f"JOIN (SELECT {', '.join(columns)} FROM {table.relation} AS dsv_table) USING (p)"
    )
    return name


def _telling(fields: Sequence[FieldPair], side: Side) -> str:
    """SQL that is true where a row has something to be told by: an empty list, or a 0.0, is a blank that was filled."""
    tests = ["true"]
    for pair in fields:
        form, column = pair.form(side), identifier(pair.form(side).name)
        if form.engine.id == "list":
            tests.append(f"len({column}) > 0")
        elif form.type == "json":
            tests.append(f"{column} NOT IN ('[]', '{{}}', 'null')")
        elif form.type == "number" and not form.text:
            tests.append(f"{column} <> 0")
    return " AND ".join(tests)


class _Pairs:
    """The pairs found so far: a table of the positions `o` and `n`, and of the number of the rung."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.table = engine.fresh("match_pairs")
        engine.execute(f"CREATE TABLE {self.table} (o BIGINT, n BIGINT, rung INTEGER)")

    def taken(self, side: Side) -> str:
        """SQL for the positions of the rows that have a partner."""
        return f"(SELECT {side[0]} FROM {self.table})"

    def counts(self) -> dict[int, int]:
        """Pairs by rung."""
        return dict(self._engine.rows(f"SELECT rung, count(*) FROM {self.table} GROUP BY rung"))

    def add(self, rung: int, left: str, right: str) -> None:
        """Pair rows of one key `k`: of several, the first with the first."""
        number = "row_number() OVER (PARTITION BY k ORDER BY t, v, p) AS number"
        old, new = (
            f"(SELECT p, k, {number} FROM {rows} WHERE p NOT IN {self.taken(side)})"
            for rows, side in zip((left, right), SIDES, strict=True)
        )
        self._engine.execute(
            f"INSERT INTO {self.table} SELECT l.p, r.p, {rung} FROM {old} AS l JOIN {new} AS r USING (k, number)"
        )

    def add_between(self, number: int, step: _Step, gaps: str, left: str, right: str) -> None:
        """Pair rows of groups that stand in the same place."""
        keyed = (
            f"(SELECT p, v, t, hash({step.key(number)}, g.o) AS k FROM {rows} AS r JOIN {gaps} AS g "
            f"ON g.{side[0]} = r.s{number} WHERE {step.key(number)} IS NOT NULL)"
            for rows, side in zip((left, right), SIDES, strict=True)
        )
        self.add(number + 1, *keyed)
        drop(self._engine, gaps)

    def add_overlapping(self, number: int, step: _Step, left: str, right: str) -> None:
        """Pair rows of one key whose boxes overlap more than with any other, until no two are left.

        Equal overlaps are told apart by content and never by side or place, so that the pairs are
        the same in both directions.
        """
        engine = self._engine
        candidates = engine.fresh("match_overlaps")
        overlap = intersection_over_union(f"l.b{number}", f"r.b{number}")
        old, new = (
            f"(SELECT *, {step.key(number)} AS k FROM {rows} WHERE p NOT IN {self.taken(side)} AND k IS NOT NULL)"
            for rows, side in zip((left, right), SIDES, strict=True)
        )
        engine.execute(
            f"CREATE TABLE {candidates} AS SELECT o, n, "
            "row_number() OVER (ORDER BY overlap DESC, content, old_order, new_order, o, n) AS place FROM ("
            f"SELECT l.p AS o, r.p AS n, {overlap} AS overlap, xor(l.v, r.v) AS content, "
            "l.t AS old_order, r.t AS new_order "
            f"FROM {old} AS l JOIN {new} AS r ON l.k = r.k) WHERE overlap >= {literal(step.rung.least_iou)}"
        )
        while engine.value(f"SELECT count(*) FROM {candidates}"):
            engine.execute(
                f"INSERT INTO {self.table} SELECT o, n, {number + 1} FROM {candidates} "
                "QUALIFY place = min(place) OVER (PARTITION BY o) AND place = min(place) OVER (PARTITION BY n)"
            )
            engine.execute(f"DELETE FROM {candidates} WHERE o IN {self.taken('old')} OR n IN {self.taken('new')}")
        drop(engine, candidates)


def _numbered(
    old: Table, new: Table, fields: Alignment, request: DiffRequest, pairs: _Pairs, ladder: Sequence[_Step]
) -> Matched:
    """Number rows: those of old by their position, those of new by their partner's, else below zero."""
    name = IDENTITY
    while name in old.schema or name in new.schema:
        name += "_"
    left = f"(SELECT dsv_rows.*, {POSITION} AS {identifier(name)} FROM {old.relation} AS dsv_rows)"
    right = (
        f"(SELECT dsv_rows.*, coalesce(dsv_pairs.o, -{POSITION}) AS {identifier(name)} FROM {new.relation} AS dsv_rows "
        f"LEFT JOIN {pairs.table} AS dsv_pairs ON dsv_pairs.n = {POSITION})"
    )
    tables = replace(old, relation=left), replace(new, relation=right)
    engine_type = old.engine.columns(left)[name]
    form = Form(name=name, type="integer", engine=engine_type, text=False)
    counts = pairs.counts()
    words = [WHOLE_ROW, *(step.words for step in ladder)]
    said = [f"{word} {counts[number]:,}" for number, word in enumerate(words) if counts.get(number)]
    evidence = "rows paired by " + "; ".join(said) if said else "no rows pair"
    key = Key(
        fields=(FieldPair(old=form, new=form),),
        source="format",
        evidence=evidence,
        shown=_shown(fields, request),
    )
    return Matched(old=tables[0], new=tables[1], key=key)


def shown_names(table: Table, request: DiffRequest) -> tuple[str, ...]:
    """The fields of a table that tell a person which row is meant: what all rungs ask for, with the id or the box."""
    return tuple(name for name in _told(request) if name in table.schema)


def _shown(fields: Alignment, request: DiffRequest) -> tuple[FieldPair, ...]:
    found = [fields.find(name) for name in _told(request)]
    return tuple(pair for pair in found if pair is not None)


def _told(request: DiffRequest) -> list[str]:
    if request.told:
        return list(request.told)
    ladder = request.identity
    common = [name for rung in ladder[:1] for name in rung.fields if all(name in other.fields for other in ladder)]
    boxes = [rung.boxes for rung in ladder if rung.boxes is not None]
    return list(dict.fromkeys([*common, *(request.surrogates or boxes[:1])]))
