"""What a publication changes: for each row of the base, which cells differ; and the rows that are new."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dsv.formats.base import Publication, scan
from dsv.tables.duckdb import identifier
from dsv.tables.table import POSITION, Table


@dataclass(frozen=True, slots=True)
class RowEdit:
    """A row of the base that is published otherwise. `values` are the final values of cells that differ."""

    position: int
    removed: bool
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The base and the final rows side by side. Values are read from the engine as they are needed."""

    publication: Publication
    base: Table

    @property
    def kept(self) -> dict[str, str]:
        """Final field -> base field that its cells come from."""
        final = self.publication.final.schema
        pairs = ((item.name, item.origin) for item in final)
        return {name: origin for name, origin in pairs if origin is not None and origin in self.base.schema}

    @property
    def same_fields(self) -> bool:
        """The published file has the base's fields, in their order."""
        final = self.publication.final.schema
        return [(item.name, item.origin) for item in final] == [(name, name) for name in self.base.schema.names]

    def edits(self) -> Iterator[RowEdit]:
        """Rows of the base that are removed or have other cells, in the base's order."""
        names = self.publication.final.schema.names
        differ = [self._differs(name) for name in names]
        columns = ", ".join([*(f"f.{identifier(name)}" for name in names), *differ])
        gone = f"f.{POSITION} IS NULL"
        query = (
            f"SELECT b.{POSITION}, {gone}, {columns} FROM {self.base.relation} b "
            f"LEFT JOIN {self.publication.final.relation} f ON {self.pairs()} "
            f"WHERE {' OR '.join([gone, *differ])} ORDER BY b.{POSITION}"
        )
        for position, removed, *rest in self.base.engine.stream(query):
            cells, changed = rest[: len(names)], rest[len(names) :]
            values = {name: cell for name, cell, other in zip(names, cells, changed, strict=True) if other}
            yield RowEdit(position, bool(removed), {} if removed else values)

    def added(self) -> Iterator[Mapping[str, Any]]:
        """Rows that the base does not have, in the order of their key."""
        names = self.publication.final.schema.names
        columns = ", ".join(f"f.{identifier(name)}" for name in names)
        order = ", ".join([*(f"f.{identifier(name)}" for name in self.publication.key), f"f.{POSITION}"])
        query = (
            f"SELECT {columns} FROM {self.publication.final.relation} f "
            f"ANTI JOIN {self.base.relation} b ON {self.pairs()} ORDER BY {order}"
        )
        for row in self.base.engine.stream(query):
            yield dict(zip(names, row, strict=True))

    def none(self) -> bool:
        """Nothing is published otherwise than the base has it."""
        return self.same_fields and next(self.edits(), None) is None and next(self.added(), None) is None

    def _differs(self, name: str) -> str:
        origin = self.kept.get(name)
        if origin is None:
            return "true"
        return f"f.{identifier(name)} IS DISTINCT FROM b.{identifier(origin)}"

    def pairs(self) -> str:
        """SQL that pairs a row `f` of the final table with a row `b` of the base."""
        key = self.publication.key
        if not key:
            return f"f.{POSITION} = b.{POSITION}"
        return " AND ".join(f"f.{identifier(name)} = b.{identifier(self.kept[name])}" for name in key)


def find(publication: Publication) -> Changes:
    """Put the base beside the final rows. Raises: FormatError: the base cannot be read."""
    base = scan(publication.final.engine, publication.base).table.typed_table()
    return Changes(publication=publication, base=base)
