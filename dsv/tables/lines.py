"""A file as its lines: two hashes of each and where it stands; some of them copied into a file of their own.

Most lines of two versions of a text are the same, byte for byte, and to see that costs a fraction of parsing them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dsv.tables.duckdb import Engine, literal

LONGEST_LINE_BYTES = 2 * 1000 * 1000
SPANS_AT_ONCE = 2**14
PLACES, PLACE_BYTES = 8, 2**18
"""So many pieces of a file are looked at to guess what is in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """The lines of a file after its head, in a table: hashes `k` and `v` of each, and its `bytes` with the line end.

    The two hashes have nothing in common, and so they tell lines apart by 96 bits.
    """

    engine: Engine
    path: Path
    head: bytes
    table: str
    number: int
    final_line_end: bool

    @property
    def hashed(self) -> str:
        """A relation of the position `p`, counted from 1, and the hashes."""
        return f"(SELECT rowid + 1 AS p, k, v FROM {self.table})"

    def share_of(self, path: Path, head: bytes) -> float:
        """About which share (0-1) of the lines of another file are among these, from a few of its places."""
        sample = self.engine.scratch(".txt")
        found = read_lines(self.engine, sample, b"") if sample.write_bytes(b"".join(_some(path, len(head)))) else None
        if found is None:
            return 0.0
        known = self.engine.value(f"SELECT count(*) FROM {found.table} SEMI JOIN {self.table} USING (k, v)")
        self.engine.execute(f"DROP TABLE {found.table}")
        return float(known / found.number)

    def copy(self, positions: str, target: Path) -> None:
        """Write the head and the lines at some positions (a relation of `p`), in their order, each with its end."""
        last = "sum(bytes) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
        placed = f"(SELECT rowid + 1 AS p, bytes, CAST({last} AS BIGINT) AS last FROM {self.table})"
        spans = f"SELECT last - bytes, bytes FROM {placed} SEMI JOIN {positions} USING (p) ORDER BY p"
        with self.path.open("rb", buffering=0) as source, target.open("wb") as copied:
            copied.write(self.head)
            for first, size in self.engine.stream(spans, size=SPANS_AT_ONCE):
                source.seek(len(self.head) + first)
                line = source.read(size)
                copied.write(line if line.endswith(b"\n") else line + b"\n")


def read_lines(
    engine: Engine, path: Path, head: bytes, pattern: str | None = None, never: str | None = None
) -> Lines | None:
    """Read the lines of a file that has nothing but line feeds at their ends, after a head of one line or none.

    None if it has other line ends, blank lines, lines of several megabytes or text that is no UTF-8; and if a line
    does not match the pattern as a whole, or begins with `never`.
    """
    import duckdb

    table = engine.fresh("lines")
    match = "true" if pattern is None else f"coalesce(regexp_full_match(line, {literal(pattern)}), false)"
    match += "" if never is None else f" AND NOT starts_with(line, {literal(never)})"
    lines = (
        f"SELECT CASE WHEN {match} THEN hash(line) END AS k, CAST(hash('#' || line) % {2**32} AS UINTEGER) AS v, "
        "CAST(strlen(line) + 1 AS UINTEGER) AS bytes"
    )
    try:
        number = engine.write(f"CREATE TABLE {table} AS {lines} FROM {_reader(path, skip=bool(head))}")
    except (duckdb.InvalidInputException, duckdb.NotImplementedException, duckdb.IOException):
        return None
    size, fitting = engine.rows(f"SELECT coalesce(sum(bytes), 0), count(k) FROM {table}")[0]
    final_line_end = _ends_with_line_end(path)
    # Every byte stands in a line or ends one: so the engine cut the file where dsv does, and left nothing out.
    if fitting == number and size + len(head) == path.stat().st_size + (not final_line_end):
        return Lines(engine=engine, path=path, head=head, table=table, number=number, final_line_end=final_line_end)
    engine.execute(f"DROP TABLE {table}")
    return None


def _reader(path: Path, skip: bool) -> str:
    options = {
        "auto_detect": "false",
        # Characters that no text holds: a line is a cell, whatever stands in it.
        "delim": "chr(1)",
        "nullstr": "chr(2)",
        "quote": "''",
        "escape": "''",
        "comment": "''",
        "header": "false",
        "skip": str(int(skip)),
        "new_line": r"'\n'",
        "strict_mode": "true",
        "max_line_size": str(LONGEST_LINE_BYTES),
        "buffer_size": str(16 * LONGEST_LINE_BYTES),
        "compression": "'none'",
        "columns": "{line: 'VARCHAR'}",
    }
    settings = ", ".join(f"{name} = {value}" for name, value in options.items())
    return f"read_csv({literal(str(path))}, {settings})"


def _some(path: Path, start: int) -> Iterator[bytes]:
    """Whole lines of a file after its head, from some of its places; all of a small file."""
    size = path.stat().st_size - start
    with path.open("rb") as stream:
        for place in range(PLACES if size > PLACES * PLACE_BYTES else 1):
            stream.seek(start + place * size // PLACES)
            lines = stream.read(PLACE_BYTES if size > PLACES * PLACE_BYTES else size).splitlines(keepends=True)
            yield from (line for line in lines[bool(place) :] if line.endswith(b"\n"))


def _ends_with_line_end(path: Path) -> bool:
    with path.open("rb") as stream:
        stream.seek(-1, 2)
        return stream.read(1) == b"\n"
