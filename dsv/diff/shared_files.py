"""Two folders of files that have files in common: the rows of these are equal, and are not read again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dsv.diff.fields import FieldPair, align, key_hash
from dsv.diff.keys import Key, is_unique
from dsv.diff.request import DiffRequest
from dsv.diff.rows import Pairing, pair_beside
from dsv.tables.duckdb import identifier
from dsv.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFiles:
    """The rows of two tables, by whether the other side has their file, byte for byte and under the same path.

    `old` and `new` are the rows of the other files, `equal` those of the shared ones as old has them,
    in `blocks`: first position in old, first position in new, number of rows.
    """

    old: Table
    new: Table
    equal: Table
    blocks: tuple[tuple[int, int, int], ...]
    unique: tuple[str, ...] | None = None

    def pair(
        self, old: Table, new: Table, key: Key, compared: Sequence[FieldPair], request: DiffRequest
    ) -> Pairing | None:
        """Pair the rows of `old` and `new` (all of them) without reading those that are shared.

        None where that is not certain to be right: a key that a shared row has may be that of another
        row, too, and then equal rows go first.
        """
        same = old.schema == new.schema and all(pair.old == pair.new for pair in align(old, new).pairs)
        if not same or not key.fields or request.by_position or request.identity or request.key_forms:
            return None
        # An inferred key was looked at already.
        if not (key.source == "inferred" or is_unique(old, key.fields)) or self._meet(key):
            return None
        return pair_beside(self.old, self.new, key, compared, self.blocks)

    def _meet(self, key: Key) -> bool:
        """A row of new that is not shared has the key of one that is."""
        others = f"{self.new.relation} AS dsv_table"
        shared = f"{self.equal.relation} AS dsv_table"
        if len(key.fields) > 1 or key.fields[0].nested:
            left, right = key_hash(key.fields, "old"), key_hash(key.fields, "new")
            query = f"(SELECT {left} AS k FROM {shared}) WHERE k IN (SELECT {right} FROM {others})"
        else:
            column = identifier(key.fields[0].name)
            # Where files hold ranges of keys, most of them need not be opened.
            within = f"(SELECT {{}}({column}) FROM {others})"
            query = (
                f"{shared} WHERE {column} BETWEEN {within.format('min')} AND {within.format('max')} "
                f"AND {column} IN (SELECT {column} FROM {others})"
            )
        return bool(self.old.engine.value(f"SELECT EXISTS (FROM {query})"))
