"""A floor: of the rows that would go, those that stay so that no class is left with fewer than so many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dsv.model.migration import State
from dsv.operations import _classes
from dsv.operations._rows import column
from dsv.tables.duckdb import literal
from dsv.tables.table import POSITION, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """Each class of the label `field` keeps `rows` rows, or all that it has.

    Of a class's rows those stay that have the `keep` (highest, lowest) value of the number field
    `by`; a row without a value comes last, ties go by key (without a key, by content). Without
    `by`, all are ties. A row of several classes stays if one of them needs it.
    """

    field: str
    rows: int
    keep: Literal["highest", "lowest"]
    by: str | None

    def kept(self, state: State, table: Table, gone: str, counted: str) -> str:
        """Query of the positions `p` of the rows `t` that stay for it, of those that meet the SQL test `gone`.

        Rows that meet `counted` make up a class; it holds for all that meet `gone`.
        """
        engine, name = table.engine, table.engine.fresh("floor")
        tied_by = state.key or state.schema.names
        order = [_rank(self.keep)] if self.by is not None else []
        order += [f"o{index}" for index in range(len(tied_by))]
        ties = "".join(f", {column(field)} AS o{index}" for index, field in enumerate(tied_by))
        score = f", {column(self.by)} AS score" if self.by is not None else ""
        engine.execute(
            f"CREATE TABLE {name} AS SELECT t.{POSITION} AS p, {gone} AS gone, "
            f"unnest({self._classes(state)}) AS class{score}{ties} FROM {table.relation} AS t WHERE {counted}"
        )
        need = f"SELECT class, {self.rows} - count(*) FILTER (NOT gone) AS need FROM {name} GROUP BY class"
        place = f"row_number() OVER (PARTITION BY class ORDER BY {', '.join([*order, 'p'])})"
        ranked = f"SELECT p, class, {place} AS place FROM {name} WHERE gone"
        return f"SELECT DISTINCT p FROM ({ranked}) JOIN ({need}) USING (class) WHERE place <= need"

    def _classes(self, state: State) -> str:
        """SQL for the classes of the row `t`, as texts, each once."""
        field = state.schema[self.field]
        nested = _classes.cell_type(field) != field.type
        cell = f"CAST({column(field.name)} AS VARCHAR{'[]' if nested else ''})"
        nothing = _classes.unlabelled(state, field.name)
        listed = f"list_distinct(coalesce({cell}, []))" if nested else f"[{cell}]"
        told = "" if nothing is None else f" AND c <> {literal(nothing)}"
        return f"list_filter({listed}, lambda c: c IS NOT NULL{told})"


def _rank(keep: str) -> str:
    """SQL that sorts the field `score` so that what is kept comes first; a NaN is no value."""
    direction = "DESC" if keep == "highest" else "ASC"
    return f"CASE WHEN NOT isnan(CAST(score AS DOUBLE)) THEN score END {direction} NULLS LAST"
