"""The rows that differ, fetched once into one table, and what differs in their cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar

from dsv.diff.fields import FieldPair, Side
from dsv.diff.keys import Key
from dsv.diff.overlap import box, intersection_over_union
from dsv.diff.request import DiffRequest
from dsv.diff.rows import Pairing, drop
from dsv.tables.duckdb import Engine, identifier, literal
from dsv.tables.table import OFFSET, POSITION, Table

OLD, NEW = "old_position", "new_position"
FEW_FIELDS, MANY_FIELDS = 50, 200
"""The engine's time for one query grows with the square of what it is asked of each row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credits:
    """The migrations that account for differences, by number from 1, and the fields whose cells were asked about.

    They stand in columns of the differences: `ROW` for added and removed rows, one for each field.
    """

    migrations: tuple[str, ...]
    fields: tuple[str, ...]

    ROW: ClassVar[str] = "by_row"

    def cell(self, field: str) -> str:
        """SQL for the number of the migration that accounts for a changed cell of a field; NULL for none."""
        return f"by{self.fields.index(field)}" if field in self.fields else "CAST(NULL AS INTEGER)"


@dataclass(frozen=True, kw_only=True)
class Differences:
    """The rows that differ, side by side.

    `table` has the columns `OLD` and `NEW` (positions), `kind` ("added", "removed", "changed", or
    "same" for rows whose differences are hidden, tolerated or of spelling only), for each field of
    old and new its cell as stored (`column`), and for each compared field a `flag`. `differing` are
    the compared fields, by number, that may differ in a row; the others are equal in all. `key` names the
    rows; with `matched` they were paired by something else, and its cells may differ. `credits` say
    which migrations account for the differences, None where none was asked.
    """

    engine: Engine
    table: str
    old_fields: tuple[str, ...]
    new_fields: tuple[str, ...]
    key: tuple[FieldPair, ...]
    compared: tuple[FieldPair, ...]
    differing: Mapping[int, FieldPair]
    matched: bool = False
    credits: Credits | None = None

    def column(self, side: Side, field: str) -> str:
        """SQL for a side's cell of a field, which goes by that side's name."""
        return f"{side[0]}{self._places[side][field]}"

    def columns(self, pair: FieldPair) -> tuple[str, str]:
        """SQL for the cells of both sides."""
        return self.column("old", pair.old.name), self.column("new", pair.new.name)

    def flag(self, field: str) -> str | None:
        """SQL that is true where both sides have the row and its cells of a field differ, unless hidden.

        None for a field that was not compared.
        """
        number = self._numbers.get(field)
        if number is None:
            return None
        return f"c{number}" if number in self.differing else "false"

    @cached_property
    def _places(self) -> dict[Side, dict[str, int]]:
        return {
            "old": {name: place for place, name in enumerate(self.old_fields)},
            "new": {name: place for place, name in enumerate(self.new_fields)},
        }

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {pair.name: number for number, pair in enumerate(self.compared)}

    @property
    def unexplained(self) -> str:
        """SQL that is true of the rows of which a part, or all, is accounted for by no migration."""
        credits = self.credits
        if credits is None:
            return "true"
        cells = [f"({self.flag(name)} AND {credits.cell(name)} IS NULL)" for name in credits.fields]
        changed = " OR ".join(cells) or "false"
        return f"CASE kind WHEN 'changed' THEN ({changed}) ELSE {Credits.ROW} IS NULL END"

    @property
    def blanks_only(self) -> str:
        """SQL that is true of the changed rows all of whose changes are in whitespace only."""
        real = [
            f"c{number} AND NOT w{number}" if pair.textual else f"c{number}" for number, pair in self.differing.items()
        ]
        return f"(kind = 'changed' AND NOT ({' OR '.join(real) or 'false'}))"

    @property
    def later(self) -> str:
        """SQL for the place of a row among those shown: what migrations explain last, blanks before it."""
        return f"CASE WHEN NOT ({self.unexplained}) THEN 2 WHEN {self.blanks_only} THEN 1 ELSE 0 END"


@dataclass(frozen=True, slots=True, kw_only=True)
class CellCounts:
    """Rows by kind, and cells by field (only fields that have any).

    `overlapping` cells differ in boxes that overlap enough to count as equal.
    """

    added: int
    removed: int
    changed: int
    same: int
    cells: Mapping[str, int]
    whitespace_only: Mapping[str, int]
    case_only: Mapping[str, int]
    number_spelling: int
    overlapping: Mapping[str, int] = field(default_factory=dict)


def fetch(
    old: Table,
    new: Table,
    pairing: Pairing,
    key: Key,
    compared: Sequence[FieldPair],
    request: DiffRequest,
) -> Differences:
    """Fetch the rows whose hashes differ and compare their cells. Uses up the pairing's table."""
    engine = old.engine
    differences = Differences(
        engine=engine,
        table=engine.fresh("diff_rows"),
        old_fields=old.schema.names,
        new_fields=new.schema.names,
        key=key.told,
        compared=tuple(compared),
        differing=dict(enumerate(compared)),
        matched=key.shown is not None,
    )
    left = _fetched(old, "old", pairing.table)
    right = _fetched(new, "new", pairing.table)
    if len(compared) > MANY_FIELDS:
        differences = replace(differences, differing=_differing(differences, pairing.table, left, right))
    engine.execute(_side_by_side(differences, pairing.table, left, right, request))
    drop(engine, left, right, pairing.table)
    return differences


def count(differences: Differences, request: DiffRequest) -> CellCounts:
    """Count the rows by kind and the cells by field and by how they differ."""
    names, sums = [], []
    overlapping = _overlaps(differences, request)
    for number, pair in differences.differing.items():
        flags = (
            ("c", True),
            ("w", pair.textual),
            ("i", pair.textual),
            ("s", pair.spelled),
            ("v", pair.name in overlapping),
        )
        for prefix, wanted in flags:
            if wanted:
                names.append((prefix, pair.name))
                sums.append(f"count(*) FILTER ({prefix}{number})")
    kinds = [f"count(*) FILTER (kind = '{kind}')" for kind in ("added", "removed", "changed", "same")]
    counts = differences.engine.aggregates(differences.table, [*kinds, *sums])
    added, removed, changed, same = counts[:4]
    by_prefix: dict[str, dict[str, int]] = {"c": {}, "w": {}, "i": {}, "s": {}, "v": {}}
    for (prefix, name), cells in zip(names, counts[4:], strict=True):
        if cells:
            by_prefix[prefix][name] = cells
    return CellCounts(
        added=added,
        removed=removed,
        changed=changed,
        same=same,
        cells=by_prefix["c"],
        whitespace_only=by_prefix["w"],
        case_only=by_prefix["i"],
        overlapping=by_prefix["v"],
        number_spelling=sum(by_prefix["s"].values()),
    )


def reconcile(pairing: Pairing, counts: CellCounts) -> int:
    """Number of rows that did not change. Raises: AssertionError: the counts contradict each other."""
    split = counts.removed - (pairing.rows.old - pairing.pairs)
    unchanged = pairing.pairs - split - counts.changed
    holds = (
        pairing.rows.old - counts.removed + counts.added == pairing.rows.new and split >= 0 and unchanged >= counts.same
    )
    if not holds:
        raise AssertionError(f"the rows do not add up: {pairing.rows}, {pairing.pairs} pairs, {counts}")
    return unchanged


def _fetched(table: Table, side: Side, differing: str) -> str:
    cells = ", ".join(f"{identifier(name)} AS {side[0]}{number}" for number, name in enumerate(table.schema.names))
    place, wanted = (OFFSET, f"{side[0]} - 1") if table.lookup else (POSITION, side[0])
    name = table.engine.fresh("diff_fetched")
    table.engine.execute(
        f"CREATE TABLE {name} AS SELECT {POSITION} AS {side}_position, {cells} "
        f"FROM {table.lookup or table.relation} AS dsv_table "
        f"WHERE {place} IN (SELECT {wanted} FROM {differing} WHERE {side[0]} IS NOT NULL)"
    )
    return name


def _side_by_side(differences: Differences, differing: str, left: str, right: str, request: DiffRequest) -> str:
    """The statement that joins the fetched rows.

    It compares the keys themselves, so that two keys that share a hash are never taken for one.
    """
    paired_by = () if differences.matched else differences.key
    keys = "".join(
        f" AND {pair.value('old', f'l.{a}')} = {pair.value('new', f'r.{b}')}"
        for pair in paired_by
        for a, b in [differences.columns(pair)]
    )
    joined = (
        f"{left} AS l FULL OUTER JOIN "
        f"(SELECT f.*, d.o AS partner FROM {right} AS f JOIN {differing} AS d ON d.n = f.{NEW}) AS r "
        f"ON l.{OLD} = r.partner{keys}"
    )
    overlaps = _overlaps(differences, request)
    layers: list[list[str]] = [[], [], []]
    for number, pair in differences.differing.items():
        for layer, flag in _flags(number, pair, differences.columns(pair), request, overlaps.get(pair.name)):
            layers[layer].append(flag)
    changed = " OR ".join(f"c{number}" for number in differences.differing) or "false"
    kind = (
        f"CASE WHEN {OLD} IS NULL THEN 'added' WHEN {NEW} IS NULL THEN 'removed' "
        f"WHEN {changed} THEN 'changed' ELSE 'same' END AS kind"
    )
    own = ["l.*", "r.* EXCLUDE (partner)", PAIRED]
    if len(differences.differing) <= FEW_FIELDS:
        columns = ", ".join([*own, *layers[0], *layers[1], *layers[2], kind])
        return f"CREATE TABLE {differences.table} AS SELECT {columns} FROM {joined}"
    # Each layer refers to columns of the one before: an alias of the same SELECT is copied wherever it
    # is used, which for thousands of fields takes minutes. But each layer has a buffer for every column.
    rows = f"SELECT {', '.join(own)} FROM {joined}"
    for flags in (*filter(None, layers), [kind]):
        rows = f"SELECT *, {', '.join(flags)} FROM ({rows})"
    return f"CREATE TABLE {differences.table} AS {rows}"


def _differing(differences: Differences, pairs: str, left: str, right: str) -> dict[int, FieldPair]:
    """Those of many compared fields that differ in any pair, in value or spelling."""
    joined = f"{left} AS l JOIN {pairs} AS d ON d.o = l.{OLD} JOIN {right} AS r ON r.{NEW} = d.n"
    tests = []
    for pair in differences.compared:
        old, new = (f"{side}.{column}" for side, column in zip("lr", differences.columns(pair), strict=True))
        spelled = f" OR {old} IS DISTINCT FROM {new}" if pair.spelled else ""
        tests.append(f"coalesce(bool_or({pair.differs(old, new, None)}{spelled}), false)")
    flags = differences.engine.aggregates(f"({joined})", tests)
    return {number: pair for number, pair in enumerate(differences.compared) if flags[number]}


PAIRED = f"({OLD} IS NOT NULL AND {NEW} IS NOT NULL) AS paired"


def _overlaps(differences: Differences, request: DiffRequest) -> dict[str, str]:
    """Of boxes and the fields that follow from them: SQL that is true where the boxes overlap enough."""
    found: dict[str, str] = {}
    for rung in request.identity if request.iou is not None else ():
        for pair in differences.compared:
            if pair.nested and rung.boxes in (pair.old.name, pair.new.name):
                old, new = differences.columns(pair)
                overlap = intersection_over_union(box(old), box(new))
                enough = f"coalesce({overlap} >= {literal(request.iou)}, false)"
                found |= dict.fromkeys((pair.name, *rung.follows), enough)
    return found


def _flags(
    number: int, pair: FieldPair, columns: tuple[str, str], request: DiffRequest, overlap: str | None
) -> Iterator[tuple[int, str]]:
    """Columns of one field, each with the layer that it is in.

    `d` differs, `w` in whitespace only, `i` in case only, `v` in boxes that overlap; `c` counts as
    changed (it differs and is not hidden), `s` has another spelling of an equal value.
    """
    old, new = columns
    yield 0, f"paired AND ({pair.differs(old, new, request.tolerance)}) AS d{number}"
    hidden = ""
    if overlap is not None:
        yield 1, f"CASE WHEN d{number} THEN {overlap} ELSE false END AS v{number}"
        hidden += f" AND NOT v{number}"
    if pair.textual:
        yield 1, f"CASE WHEN d{number} THEN {pair.whitespace_only(old, new)} ELSE false END AS w{number}"
        # Where blanks and case are hidden, what differs in both is hidden, too.
        case = pair.case_only(old, new, blanks=not (request.hide_whitespace and request.hide_case))
        yield 1, f"CASE WHEN d{number} THEN {case} ELSE false END AS i{number}"
        hidden += f" AND NOT w{number}" if request.hide_whitespace else ""
        hidden += f" AND NOT i{number}" if request.hide_case else ""
    if pair.spelled:
        equal = f"NOT ({pair.differs(old, new, None)})"
        yield 0, f"paired AND {equal} AND ({old} IS DISTINCT FROM {new}) AS s{number}"
    yield 2, f"d{number}{hidden} AS c{number}"
