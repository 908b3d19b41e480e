"""How much memory the engine may use before it spills to disk."""

from __future__ import annotations

import os
import re
from pathlib import Path

from dsv.errors import UsageError

LEAST, USUAL = 512 * 2**20, 2**30
WIDE = 1_000
"""A table of more fields needs memory for their number, not for its rows."""
_FIELD_BYTES = 2**20
"""Buffers for each field and thread, in all steps of a query together; most of them are never touched."""
LARGE_BYTES = 16 * 2**20
"""Of a record that is larger, every step makes copies that do not fit the usual limit."""
_COPIES = 16
_LARGE_THREADS = 4
ENGINES_SHARE = 0.8
"""The engine's own limit leaves out some buffers and all of Python."""
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)
_CGROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def parse_size(text: str) -> int:
    """Bytes of a size such as 800MB, 2GB or 1.5GiB. Raises: UsageError: it is no size."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{text!r} is no size", hint="800MB, 2GB, 1.5GiB")
    number, prefix, binary = found.groups()
    power = " kmgt".index(prefix.lower() or " ")
    return int(float(number) * (1024 if binary else 1000) ** power)


def engine_limit(granted: int | None = None) -> int:
    """The engine's limit in bytes: of what was granted, else of half of the machine's memory or 1 GiB."""
    if granted is not None:
        return int(ENGINES_SHARE * granted)
    return int(ENGINES_SHARE * max(LEAST, min(USUAL, _machine() // 2)))


def large_limits(fields: int, record_bytes: int, threads: int, granted: int | None = None) -> tuple[int, int]:
    """The engine's limit in bytes, and its number of threads, for records of so many fields, and bytes at most.

    What was granted is not exceeded; else the limit grows with them, as far as the machine has memory.
    """
    each = fields * _FIELD_BYTES + _COPIES * record_bytes
    most = engine_limit(granted) if granted is not None else int(ENGINES_SHARE * _machine())
    threads = max(1, min(threads, _LARGE_THREADS, most // each))
    return (most if granted is not None else min(most, engine_limit() + threads * each)), threads


def _machine() -> int:
    """Memory of this machine, or of the container if it has less."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 2 * USUAL
    return min([physical, *(limit for path in _CGROUPS if (limit := _limit(Path(path))) is not None)])


def _limit(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
