"""Runs a command and measures it: CPU seconds of all its processes, wall seconds, peak memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a command cost, and what it said. `peak_bytes` is of its largest process."""

    cpu_s: float
    wall_s: float
    peak_bytes: int
    code: int
    output: str
    errors: str


def measure(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> Measured:
    """Run a command in a folder to its end."""
    # Installed packages have compiled files; a setting that forbids writing them would time the compiler.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            list(command), cwd=folder, env={**inherited, **(environment or {})}, stdout=output, stderr=errors
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        return Measured(
            cpu_s=usage.ru_utime + usage.ru_stime,
            wall_s=wall,
            peak_bytes=usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
            code=process.returncode,
            output=output.read().decode("utf-8", "replace"),
            errors=errors.read().decode("utf-8", "replace"),
        )


if __name__ == "__main__":
    found = measure(sys.argv[1:], Path.cwd())
    print(found.output[-1500:], found.errors[-1500:], sep="\n")
    print(
        f"cpu {found.cpu_s:.2f} s, wall {found.wall_s:.2f} s, peak {found.peak_bytes / 1e6:.0f} MB, exit {found.code}"
    )
