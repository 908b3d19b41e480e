"""Where conditions that users write are evaluated: a process of its own, without files, with little memory and time.

The grammar of `where` keeps a condition from reaching anything; what keeps it from filling the memory
(`rpad`, nested `replace`) is the operating system, since the engine's own limit is not of texts.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dsv.errors import DsvError, UsageError
from dsv.tables.duckdb import Engine

MOST_MEMORY_BYTES = 1536 * 1024 * 1024
LONGEST_S = 60.0

# The engine comes from where this process has it, and from nowhere else: not from the work folder.
_CHILD = """
import json, sys
paths, source, memory, sql = json.loads(sys.stdin.read())
sys.path[:] = paths
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
except ImportError:
    pass
import duckdb
settings = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "memory_limit": f"{memory // 3}B",
    "threads": "2",
    "lock_configuration": "true",
}
try:
    with duckdb.connect(source, config=settings) as connection:
        connection.execute(sql)
except (duckdb.OutOfMemoryException, MemoryError):
    print(json.dumps("memory"))
except duckdb.Error as error:
    print(json.dumps(str(error).splitlines()[0]))
else:
    print("null")
"""


def select(engine: Engine, rows: str, condition: str, shown: str, column: str = "id") -> str:
    """Name a table of the engine with the `id` of those `rows` for which a condition is true.

    `rows` is a SELECT that gives the ids in a column of that name, and what the condition refers to;
    `condition` is SQL that `where` admitted, `shown` what the user wrote.

    Raises: UsageError: it fails on a value. DsvError: it needs too much memory or time.
    """
    source = engine.scratch(".duckdb")
    name = engine.fresh("matching")
    with _attached(engine, source) as database:
        engine.execute(f"CREATE TABLE {database}.rows AS {rows}")
    _run(source, f"CREATE TABLE matching AS SELECT {column} AS id FROM rows WHERE {condition}", shown)
    with _attached(engine, source) as database:
        engine.execute(f"CREATE TABLE {name} AS FROM {database}.matching")
    source.unlink()
    return name


@contextmanager
def _attached(engine: Engine, path: Path) -> Iterator[str]:
    """A database file, under the name that is given, as long as the block runs."""
    name = engine.attach(path)
    try:
        yield name
    finally:
        engine.execute(f"DETACH {name}")


def _run(source: Path, sql: str, shown: str) -> None:
    words = json.dumps([sys.path, str(source), MOST_MEMORY_BYTES, sql])
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", _CHILD],
            input=words,
            capture_output=True,
            encoding="utf-8",
            timeout=LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DsvError(
            f"the condition takes longer than {LONGEST_S:.0f} seconds", where=shown, hint="write a simpler one"
        ) from None
    problem = json.loads(done.stdout) if done.returncode == 0 else "memory"
    if problem == "memory":
        limit = f"{MOST_MEMORY_BYTES / 2**30:.1f} GB"
        raise DsvError(f"the condition needs more than {limit} of memory", where=shown, hint="write a simpler one")
    if problem is not None:
        raise UsageError(f"the condition cannot be evaluated: {problem}", where=shown, hint="try_cast gives NULL")
