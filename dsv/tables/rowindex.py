"""Row indexes: of each row the hash of its key, the hash of its value and its position, ordered by the key's hash.

An index is what one scan of a table would find, kept on disk at 20 bytes a row. It is cut into buckets
by the first bits of the key's hash, and a digest stands for each bucket: buckets of equal digests hold
equal rows at equal positions and are not read; of those that are read the digest is made anew, so that
damage is found out. An index is never the only source of anything: one that is missing, or damaged,
costs a scan.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsv.errors import TooLittleMemory
from dsv.tables.changesets import Changesets
from dsv.tables.duckdb import Engine, literal

VERSION = 2
"""Of what stands in an index: raise it when that changes."""
BUCKET_BITS = 12
MOST_ROWS = 2**32 - 1
"""Positions have 32 bits."""
WORTH_SKIPPING = 0.5
"""Where at least this share of the rows need not be read, buckets are picked out; else all are read."""
ROW_BYTES = 20
MOST_SHARE = 0.5
"""The share of the room of the cache that one index may take."""
ROWS, DIGESTS = "rows.parquet", "digests.parquet"
BUCKET = f"CAST(coalesce(CAST(k >> {64 - BUCKET_BITS} AS INTEGER), -1) AS SMALLINT)"
"""SQL for the bucket of a row; rows without a key have one of their own."""
ROW_GROUP = 32_768
"""Rows that are read together: few, as buckets are picked out."""
ROW = "hash(k, v, CAST(p AS BIGINT))"
CONTENT = f"count(*) AS rows, CAST(sum({ROW}) AS VARCHAR) AS total, bit_xor({ROW}) AS mixed"


class Unmade(OSError):
    """An index could not be made, or not of the rows that it was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexing:
    """Where the row indexes of a relation are kept.

    `content` names the rows of the relation: it is another wherever they may be. `unchanged` says
    whether it still does. An index is made where there is none if there are `least_rows` (None: never).
    """

    entries: Changesets
    relation: str
    content: str
    unchanged: Callable[[], bool]
    least_rows: int | None = None

    def open(self, engine: Engine, key: str, value: str, position: str, *, make: bool = True) -> RowIndex | None:
        """The index of the rows by the hashes `key` and `value` (SQL over the relation); made if it is worth it."""
        if not self.unchanged():
            return None
        name = self._name(engine, key, value)
        found = self.entries.find(name, unchecked=ROWS)
        if found is None and make and self._is_wanted(engine):
            source = f"SELECT {position} AS p, {key} AS k, {value} AS v FROM {self.relation} AS dsv_table"
            self.entries.add(name, lambda folder: self._fill(engine, source, folder))
            found = self.entries.find(name, unchecked=ROWS)
        return None if found is None else RowIndex(entries=self.entries, name=name, folder=found[1])

    def _is_wanted(self, engine: Engine) -> bool:
        if self.least_rows is None:
            return False
        rows = int(engine.value(f"SELECT count(*) FROM {self.relation} AS dsv_table"))
        room = int(MOST_SHARE * self.entries.cap_bytes()) // ROW_BYTES
        return self.least_rows <= rows <= min(MOST_ROWS, room)

    def _name(self, engine: Engine, key: str, value: str) -> str:
        """A name that is another wherever the engine might hash a row to another number."""
        import duckdb

        known = {
            "version": [VERSION, duckdb.__version__, platform.machine(), sys.byteorder],
            "content": self.content,
            "hashes": [key, value],
            "kinds": {name: str(kind) for name, kind in engine.columns(self.relation).items()},
        }
        return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()

    def _fill(self, engine: Engine, source: str, folder: Path) -> Mapping[str, Any]:
        try:
            self._write(engine, source, folder)
        except Exception as error:
            # Disk or memory may be full; and if the rows cannot be read, whoever reads them next says so.
            if not engine.is_damage(error) and not isinstance(error, TooLittleMemory):
                raise
            raise Unmade from None
        if not self.unchanged():
            raise Unmade
        return {}

    def _write(self, engine: Engine, source: str, folder: Path) -> None:
        rows = folder / ROWS
        ordered = f"SELECT {BUCKET} AS bucket, k, v, CAST(p AS UINTEGER) AS p FROM ({source}) ORDER BY k"
        options = f"FORMAT parquet, COMPRESSION uncompressed, ROW_GROUP_SIZE {ROW_GROUP}"
        engine.execute(f"COPY ({ordered}) TO {literal(str(rows))} ({options})")
        # Rows of one key stand side by side.
        beside = f"SELECT *, lag(k) OVER () AS before, lead(k) OVER () AS after FROM {_reader(rows)}"
        repeated = "count(*) FILTER (k = before OR k = after) AS repeated"
        digests = f"SELECT bucket, {CONTENT}, {repeated} FROM ({beside}) GROUP BY bucket ORDER BY bucket"
        engine.execute(f"COPY ({digests}) TO {literal(str(folder / DIGESTS))} (FORMAT parquet)")


@dataclass(frozen=True, slots=True, kw_only=True)
class RowIndex:
    """An index on disk. Any of its files may be damaged, or gone, at any time."""

    entries: Changesets
    name: str
    folder: Path

    @property
    def digests(self) -> str:
        """SQL for its buckets: number, rows, digest, and how many of the rows have a key that repeats."""
        return _reader(self.folder / DIGESTS)

    def rows(self, engine: Engine, buckets: str | None = None) -> str | None:
        """A relation of position `p`, key's hash `k` and value's hash `v`; None if the index is damaged.

        `buckets` names a table of the buckets to read, and they are read into a table of that engine (None: all,
        where they lie).
        """
        try:
            return self._sound_rows(engine, buckets)
        except Exception as error:
            if not engine.is_damage(error):
                raise
        self.discard()
        return None

    def _sound_rows(self, engine: Engine, buckets: str | None) -> str | None:
        every = f"SELECT bucket, k, v, CAST(p AS BIGINT) AS p FROM {_reader(self.folder / ROWS)}"
        rows, digests = f"({every})", self.digests
        if buckets is not None:
            rows = engine.fresh("index_rows")
            engine.execute(f"CREATE TABLE {rows} AS {every} WHERE bucket IN (FROM {buckets})")
            digests = f"(FROM {digests} SEMI JOIN {buckets} USING (bucket))"
        sound = (
            f"SELECT count(*) FROM (SELECT bucket, {CONTENT} FROM {rows} GROUP BY bucket) AS l "
            f"FULL JOIN {digests} AS r USING (bucket) "
            "WHERE (l.rows, l.total, l.mixed) IS DISTINCT FROM (r.rows, r.total, r.mixed)"
        )
        if engine.value(sound):
            self.discard()
            return None
        return rows

    def discard(self) -> None:
        """Forget the index."""
        self.entries.discard(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What two indexes share: `rows` pairs of equal rows at equal positions, `repeated` of them of a repeated key.

    `buckets` names a table of the other buckets.
    """

    rows: int
    repeated: int
    buckets: str


def common(engine: Engine, old: RowIndex, new: RowIndex) -> Common | None:
    """What two indexes share, None where it is too little to leave it out."""
    name = engine.fresh("index_buckets")
    differ = "(l.rows, l.total, l.mixed) IS DISTINCT FROM (r.rows, r.total, r.mixed)"
    # Rows without a key pair with none, be they equal or not.
    engine.execute(
        f"CREATE TABLE {name}_all AS SELECT bucket, bucket = -1 OR {differ} AS differs, "
        "coalesce(l.rows, r.rows) AS rows, coalesce(l.repeated, r.repeated) AS repeated "
        f"FROM {old.digests} AS l FULL JOIN {new.digests} AS r USING (bucket)"
    )
    total, rows, repeated = engine.rows(
        "SELECT coalesce(sum(rows), 0), coalesce(sum(rows) FILTER (NOT differs), 0), "
        f"coalesce(sum(repeated) FILTER (NOT differs), 0) FROM {name}_all"
    )[0]
    if not rows or rows < (1 - WORTH_SKIPPING) * total:
        return None
    engine.execute(f"CREATE TABLE {name} AS SELECT bucket FROM {name}_all WHERE differs")
    return Common(rows=int(rows), repeated=int(repeated), buckets=name)


def _reader(path: Path) -> str:
    return f"read_parquet({literal(str(path))}, hive_partitioning = false)"
