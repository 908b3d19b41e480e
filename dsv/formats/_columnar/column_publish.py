"""Publishing typed columns: the base's rows in their order, in its Arrow schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dsv.formats._shared.changes import Changes, alike
from dsv.model.schema import is_nested
from dsv.tables.duckdb import identifier
from dsv.tables.table import POSITION
from dsv.tables.types import arrow_type, parse

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

_BATCH = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """SQL for the final cells as values of the base's own column types.

    Cells that did not change come from the base's own column, so that no value is rounded by a
    type of dsv's that is narrower than the file's. `natives` are the types of the base's columns in
    `source` (SQL after FROM), whose `number` counts rows from 1.
    """

    changes: Changes
    natives: Mapping[str, DuckDBPyType]
    source: str
    number: str

    def kept_sql(self) -> str:
        """The final rows that the base has, in its order."""
        same = self.unchanged()
        cells = ", ".join(self._kept(name, name in same) for name in self.changes.final.schema.names)
        return (
            f"SELECT {cells} FROM {self.changes.base.relation} b "
            f"JOIN {self.changes.final.relation} f ON {self.changes.pairs()} "
            f"JOIN {self.source} r ON r.{self.number} = b.{POSITION} ORDER BY b.{POSITION}"
        )

    def added_sql(self) -> str:
        """The rows that the base does not have, in the order of their key."""
        names = self.changes.final.schema.names
        cells = ", ".join(f"{self._back(name, identifier(name))} AS {identifier(name)}" for name in names)
        return f"SELECT {cells} FROM ({self.changes.added_sql()})"

    def tables(self, size: int) -> Iterator[Any]:
        """All final rows, as Arrow tables of `size` rows, the last of fewer."""
        return _tables(self.changes, [self.kept_sql(), self.added_sql()], size)

    def unchanged(self) -> frozenset[str]:
        """Fields in which no row that the base has holds another value: their cells need not be looked up.

        Found by the sums of the hashes of cells with their keys, for which no row is held in memory.
        """
        kept, key = self.changes.kept, self.changes.publication.key
        names = [name for name in kept if self._native(name) is not None]
        final = [self._sum(name, key, name) for name in names]
        base = [self._sum(kept[name], [kept[part] for part in key], name) for name in names]
        old, new, pairs = self.changes.base, self.changes.final, self.changes.pairs()
        found = new.engine.aggregates(f"{new.relation} f SEMI JOIN {old.relation} b ON {pairs}", final)
        known = new.engine.aggregates(f"{old.relation} b SEMI JOIN {new.relation} f ON {pairs}", base)
        return frozenset(name for name, one, other in zip(names, found, known, strict=True) if one == other)

    def _sum(self, cell: str, key: Sequence[str], final: str) -> str:
        value = identifier(cell)
        if is_nested(self.changes.final.schema[final].type):
            # The engine's hash takes some lists for others.
            value = f"create_sort_key({value}, 'ASC NULLS LAST')"
        return f"sum(CAST(hash({', '.join(map(identifier, key or (POSITION,)))}, {value}) AS HUGEINT))"

    def _kept(self, name: str, unchanged: bool) -> str:
        cell = f"f.{identifier(name)}"
        origin = self.changes.kept.get(name)
        if origin is None or self._native(name) is None:
            return f"{cell} AS {identifier(name)}"
        own = identifier(origin)
        if unchanged:
            return f"r.{own} AS {identifier(name)}"
        same = f"{cell} IS NOT DISTINCT FROM b.{own}"
        return f"CASE WHEN {same} THEN r.{own} ELSE {self._back(name, cell)} END AS {identifier(name)}"

    def _back(self, name: str, cell: str) -> str:
        """A value of dsv's as one of the base column's type."""
        kind = self._native(name)
        if kind is None:
            return cell
        if kind.id == "map":
            return f"CAST(map_from_entries({cell}) AS {kind})"
        if self.changes.final.schema[name].type == "json" and str(kind) != "VARCHAR":
            return f"CAST(CAST({cell} AS JSON) AS {kind})"
        return f"CAST({cell} AS {kind})"

    def _native(self, name: str) -> DuckDBPyType | None:
        """The base column's type; None where the field is new or has another type now."""
        origin = self.changes.kept.get(name)
        if origin is None or not alike(self.changes.final.schema[name].type, self.changes.base.schema[origin].type):
            return None
        return self.natives[origin]


def _tables(changes: Changes, queries: list[str], size: int) -> Iterator[Any]:
    import pyarrow as pa

    held: list[Any] = []
    count = 0
    for query in queries:
        for batch in changes.base.engine.batches(query, _BATCH):
            while count + batch.num_rows >= size:
                cut = size - count
                yield pa.Table.from_batches([*held, batch.slice(0, cut)])
                held, count, batch = [], 0, batch.slice(cut)
            if batch.num_rows:
                held.append(batch)
                count += batch.num_rows
    if held:
        yield pa.Table.from_batches(held)


def arrow_schema(changes: Changes, base: Any) -> Any:
    """The base's Arrow schema with the fields of the final one."""
    import pyarrow as pa

    fields = []
    for item in changes.final.schema:
        origin = changes.kept.get(item.name)
        if origin is not None and alike(item.type, changes.base.schema[origin].type):
            fields.append(base.field(origin).with_name(item.name))
        else:
            fields.append(pa.field(item.name, arrow_type(parse(item.type))))
    return pa.schema(fields, metadata=base.metadata if changes.same_fields else None)


def as_type(column: Any, kind: Any) -> Any:
    """An Arrow column with values of a type: of the file's own, where the engine has none like it."""
    import pyarrow as pa

    if isinstance(kind, pa.BaseExtensionType):
        return pa.chunked_array(
            [pa.ExtensionArray.from_storage(kind, as_type(column, kind.storage_type).combine_chunks())], kind
        )
    if pa.types.is_null(kind):
        return pa.chunked_array([pa.nulls(len(column))])
    if pa.types.is_dictionary(kind):
        return column.cast(kind.value_type).dictionary_encode().cast(kind)
    try:
        return column.cast(kind)
    except pa.ArrowNotImplementedError:
        return pa.chunked_array([pa.array(column.to_pylist(), kind)])
