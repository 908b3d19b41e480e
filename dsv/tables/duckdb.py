"""The embedded engine: one DuckDB connection that spills to disk and never prints."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from dsv.errors import TooLittleMemory
from dsv.files import FULL
from dsv.model.progress import SILENT, Progress
from dsv.scratch import Scratch
from dsv.tables.memory import LARGE_BYTES, WIDE, engine_limit, large_limits

if TYPE_CHECKING:
    from threading import Thread

    import duckdb
    from duckdb.sqltypes import DuckDBPyType


FEW = 200
"""So many aggregates are computed in one query."""


def identifier(name: str) -> str:
    """A name as an SQL identifier, whatever characters it holds."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | int | float | bool | None) -> str:
    """A value as an SQL literal, whatever characters it holds."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"CAST('{value!r}' AS DOUBLE)"
    parts = value.split("\0")
    return "(" + " || chr(0) || ".join("'" + part.replace("'", "''") + "'" for part in parts) + ")"


@contextmanager
def _told() -> Iterator[None]:
    """Turn the engine's own errors about memory and room on the disk into those that say what to do."""
    import duckdb

    try:
        yield
    except duckdb.OutOfMemoryException as error:
        reason = str(error).splitlines()[0].removeprefix("Out of Memory Error: ")
        if "max_temp_directory_size" in str(error):
            import tempfile

            raise OSError(errno.ENOSPC, f"{os.strerror(errno.ENOSPC)}: {reason}", tempfile.gettempdir()) from None
        raise TooLittleMemory(
            f"there is too little memory: {reason}",
            hint="grant more than that, as in --memory 4GB; in Parquet, fewer fields take less: --field",
        ) from None
    except duckdb.IOException as error:
        number = next((number for number in FULL if os.strerror(number) in str(error)), None)
        if number is None:
            raise
        file = re.search(r'file \\?"([^"\\]+)', str(error))
        raise OSError(number, os.strerror(number), file[1] if file else None) from None


class Engine:
    """Runs SQL. Temporary tables live as long as the engine; use it as a context manager.

    `memory` is what the process may use in bytes (None: half of the machine's, 1 GiB at most): what
    does not fit goes to disk.
    """

    def __init__(self, memory: int | None = None, threads: int | None = None, progress: Progress = SILENT) -> None:
        self.progress = progress
        self._memory = memory
        self._threads = threads
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._opening: Thread | None = None
        self._spill: Scratch | None = None
        self._limit = engine_limit(memory)
        self._largest = 0, 0
        self._names = 0
        self._home = "memory.main"
        self._attached: dict[str, Path] = {}
        self._counted: dict[str, int] = {}

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The connection, opened on first use."""
        self._opened()
        if self._connection is None:
            self._connection = self._open()
        return self._connection

    def warm(self) -> None:
        """Begin to open the connection, beside what the caller does next."""
        from threading import Thread

        import duckdb  # noqa: F401 - two threads that import wait for each other

        if self._connection is None and self._opening is None:
            self._opening = Thread(target=self._open_early, daemon=True)
            self._opening.start()

    def _open_early(self) -> None:
        # What fails here fails again on first use, and is told then.
        with suppress(Exception):
            self._connection = self._open()

    def _opened(self) -> None:
        if self._opening is not None:
            self._opening.join()
            self._opening = None

    @staticmethod
    def is_damage(error: Exception) -> bool:
        """Say whether the engine failed on the bytes that it read, and not on the SQL that it was given."""
        import duckdb

        bugs = (duckdb.ProgrammingError, duckdb.InternalError, duckdb.NotSupportedError)
        return isinstance(error, duckdb.Error) and not isinstance(error, bugs)

    def _open(self) -> duckdb.DuckDBPyConnection:
        import duckdb

        connection = duckdb.connect(config={"python_enable_replacements": "false"})
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"SET temp_directory = {literal(self._folder())}")
        connection.execute(f"SET memory_limit = '{self._limit}B'")
        if self._threads is not None:
            connection.execute(f"SET threads = {int(self._threads)}")
        return connection

    def _folder(self) -> str:
        if self._spill is None:
            self._spill = Scratch("spill")
        return str(self._spill.path)

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Run a statement whose rows nobody wants. Raises: TooLittleMemory. OSError: the disk is full."""
        self.rows(sql, parameters)

    @contextmanager
    def room(self, size_bytes: int) -> Iterator[None]:
        """Let statements take so much memory beyond the limit, on one thread: one value may need it; 0 for nothing."""
        if not size_bytes:
            yield
            return
        threads = self.value("SELECT current_setting('threads')")
        self.execute(f"SET memory_limit = '{self._limit + size_bytes}B'")
        self.execute("SET threads = 1")
        try:
            yield
        finally:
            self.execute(f"SET threads = {int(threads)}")
            self.execute(f"SET memory_limit = '{self._limit}B'")

    def expect(self, fields: int, record_bytes: int = 0) -> None:
        """Be ready for records of so many fields and bytes, from now on; nothing for usual ones."""
        known = self._largest
        self._largest = max(known[0], fields), max(known[1], record_bytes)
        if self._largest == known or (self._largest[0] <= WIDE and self._largest[1] <= LARGE_BYTES):
            return
        threads = int(self.value("SELECT current_setting('threads')"))
        self._limit, threads = large_limits(*self._largest, threads, self._memory)
        self.execute(f"SET memory_limit = '{self._limit}B'")
        self.execute(f"SET threads = {threads}")
        if self._largest[0] > WIDE:
            # What they take grows with the square of the number of fields.
            self.execute("SET disabled_optimizers = 'common_subexpressions,statistics_propagation'")

    def write(self, sql: str) -> int:
        """Run a statement that makes a table or a file of rows; how many rows it wrote."""
        return int(self.rows(sql)[0][0])

    def count(self, relation: str) -> int:
        """Number of rows of a relation."""
        known = self._counted.get(relation)
        return int(self.value(f"SELECT count(*) FROM {relation}")) if known is None else known

    def counted(self, relation: str, rows: int) -> None:
        """Remember how many rows a relation has, which nothing changes as long as it is there."""
        self._counted[relation] = rows

    @contextmanager
    def unordered(self) -> Iterator[None]:
        """Let statements give rows in any order: a limit then ends its query early."""
        self.execute("SET preserve_insertion_order = false")
        try:
            yield
        finally:
            self.execute("SET preserve_insertion_order = true")

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query. Raises: TooLittleMemory. OSError: the disk is full."""
        with _told():
            return self.connection.execute(sql, list(parameters)).fetchall()

    def value(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """The first cell of a query's first row."""
        return self.rows(sql, parameters)[0][0]

    def aggregates(self, relation: str, aggregates: Sequence[str]) -> list[Any]:
        """The values of aggregates over a relation: few at once, since what many cost grows with their square."""
        found: list[Any] = []
        for start in range(0, len(aggregates), FEW):
            found += self.rows(f"SELECT {', '.join(aggregates[start : start + FEW])} FROM {relation}")[0]
        return found

    def stream(self, sql: str, parameters: Sequence[Any] = (), size: int = 2048) -> Iterator[tuple[Any, ...]]:
        """Rows of a query, fetched `size` at a time on a cursor of their own."""
        cursor = self.connection.cursor()
        try:
            with _told():
                cursor.execute(f"USE {self._home}")
                cursor.execute(sql, list(parameters))
                while batch := cursor.fetchmany(size):
                    yield from batch
        finally:
            cursor.close()

    def batches(self, sql: str, size: int) -> Iterator[Any]:
        """Rows of a query as Arrow record batches of at most `size` rows, on a cursor of their own."""
        cursor = self.connection.cursor()
        try:
            relation = cursor.sql(sql)
            # DuckDB 1.4 has the same method under another name.
            reader = (
                relation.to_arrow_reader if hasattr(type(relation), "to_arrow_reader") else relation.fetch_arrow_reader
            )
            with _told():
                yield from reader(size)
        finally:
            cursor.close()

    def columns(self, relation: str) -> dict[str, DuckDBPyType]:
        """Names and engine types of what a relation has; no row is read."""
        found = self.connection.sql(f"SELECT * FROM {relation}")
        return dict(zip(found.columns, found.types, strict=True))

    def scratch(self, suffix: str = "") -> Path:
        """A path for a file that lives as long as the engine; nothing is there yet."""
        return Path(self._folder()) / (self.fresh("scratch") + suffix)

    def attached(self) -> str:
        """The name of a new database in a file that lives as long as the engine: for what may not fit memory."""
        path = self.scratch(".duckdb")
        name = self.attach(path)
        self._attached[name] = path
        return name

    def attach(self, path: Path) -> str:
        """Open a database file, new or not; the name that it has from now on."""
        name = self.fresh("attached")
        # Older engines take no expression here, so no `literal`; a path holds no NUL.
        quoted = str(path).replace("'", "''")
        self.execute(f"ATTACH '{quoted}' AS {name}")
        return name

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Tables, views and databases that are made in the block are gone after it.

        Inside, what others made is named with its database and schema (`memory.main.NAME`).
        """
        name, before = self.fresh("aside"), set(self._attached)
        self.execute(f"CREATE SCHEMA memory.{name}")
        self._home = f"memory.{name}"
        self.execute(f"USE {self._home}")
        try:
            yield
        finally:
            self._home = "memory.main"
            self.execute(f"USE {self._home}")
            self.execute(f"DROP SCHEMA memory.{name} CASCADE")
            for other in self._attached.keys() - before:
                self.execute(f"DETACH {other}")
                self._attached.pop(other).unlink()

    def fresh(self, prefix: str) -> str:
        """A name for a table or view that nothing else has."""
        self._names += 1
        return f"{prefix}_{self._names}"

    def close(self) -> None:
        """Close the connection and remove what it spilled."""
        self._opened()
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._spill is not None:
            self._spill.close()
            self._spill = None

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
