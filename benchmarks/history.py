"""`dsv log` in long histories and among many pointers, beside `git log` of the same paths, as ratios.

Usage: python benchmarks/history.py [COMMITS…] [--pointers N]. For each number of commits it makes a repository in
which every second commit changes one dataset of 1,000 rows (pointer, profile, trailer), and all pointers of N other
files are there. Prints medians of 5 runs: wall and CPU seconds, children included. Judges nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import measure

DSV = str(Path(sys.executable).parent / "dsv")
RUNS = 5
CLASSES = ("bike", "car", "bus")
DECLARATION = """artifacts:
  signs:
    path: data/signs.csv
    type: dataset
    meta:
      dsv:
        key: [image]
        label: class
"""


def pointer(path: str, content: str) -> str:
    return f"outs:\n- md5: {md5(content)}\n  size: 41000\n  hash: md5\n  path: {path}\n"


def md5(content: str) -> str:
    return hashlib.md5(content.encode(), usedforsecurity=False).hexdigest()


def profile(version: int) -> str:
    """A profile of 1,000 rows; each version has moved one row from a class to the next."""
    rows = [400, 350, 250]
    rows[version % 3] += 1
    rows[(version + 1) % 3] -= 1
    listed = "".join(f"    {name}: {count}\n" for name, count in sorted(zip(CLASSES, rows, strict=True)))
    return (
        f"about:\n- profile: 1\n  key:\n  - image\n  digest: {md5(f'rows {version}')}\n  md5: {md5(str(version))}\n"
        f"  size_bytes: 41000\nrows: 1000\nlabels:\n  class:\n{listed}"
        "label_details:\n- field: class\n  class_count: 3\n  unlabelled: 0\n"
        "fields:\n- {name: image, type: string, nulls: 0, distinct: 1000}\n"
        "- {name: class, type: string, nulls: 0, distinct: 3}\n"
    )


def stream(commits: int, pointers: int) -> bytes:
    """The history for `git fast-import`."""
    lines: list[str] = []

    def file(path: str, content: str) -> None:
        lines.append(f"M 100644 inline {path}\ndata {len(content.encode())}\n{content}")

    for number in range(commits):
        changes = number % 2 == 0
        message = f"Version {number}\n" + ("\nDsv-Rows: signs +0 -0 ~1\n" if changes else "")
        when = 1_700_000_000 + 3600 * number
        lines.append(f"commit refs/heads/main\ncommitter Ada <ada@example.invalid> {when} +0000")
        lines.append(f"data {len(message)}\n{message}")
        if number == 0:
            file("dvc.yaml", DECLARATION)
            file(".dvc/config", "")
            file(".dvc/.gitignore", "/config.local\n/tmp\n/cache\n")
            for other in range(pointers):
                file(f"files/{other:04d}.bin.dvc", pointer(f"{other:04d}.bin", f"file {other}"))
        if changes:
            file("data/signs.csv.dvc", pointer("signs.csv", str(number)))
            file("data/signs.csv.profile.yaml", profile(number))
        else:
            file("README", f"{number}\n")
    return ("\n".join(lines) + "\n").encode()


def make(folder: Path, commits: int, pointers: int) -> None:
    def git(*words: str, stdin: bytes | None = None) -> None:
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, input=stdin)

    git("init", "-q", "-b", "main")
    git("fast-import", "--quiet", stdin=stream(commits, pointers))
    git("reset", "-q", "--hard", "main")


def median(command: list[str], folder: Path) -> tuple[float, float]:
    """Medians of wall and CPU seconds; a first run fills caches."""
    found = [measure(command, folder) for _ in range(RUNS + 1)]
    for item in found:
        if item.code:
            raise SystemExit(f"{command} ended with {item.code}: {item.errors[-500:]}")
    return statistics.median(item.wall_s for item in found[1:]), statistics.median(item.cpu_s for item in found[1:])


def main(sizes: list[int], pointers: int) -> None:
    paths = ["--", "data/signs.csv", "data/signs.csv.dvc", "data/signs.csv.profile.yaml"]
    print(f"{'commits':>8} {'':26}{'wall s':>9}{'CPU s':>9}{'times git log':>15}")
    for commits in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            make(folder, commits, pointers)
            floor = median(["git", "log", "--format=%H %an %aI %s %b", *paths], folder)
            first = measure([DSV, "log", "--stat"], folder)
            cases = {
                "git log, same paths": None,
                "dsv log": [DSV, "log"],
                "dsv log -n 10": [DSV, "log", "-n", "10"],
                "dsv log --stat": [DSV, "log", "--stat"],
                "dsv log --json": [DSV, "log", "--json"],
                "dsv status": [DSV, "status"],
                "dsv git textconv": [DSV, "git", "textconv", "data/signs.csv.dvc"],
            }
            print(f"{commits:8,} {'dsv log --stat, first time':26}{first.wall_s:9.3f}{first.cpu_s:9.3f}", end="")
            print(f"{first.wall_s / floor[0]:15.1f}", flush=True)
            for case, command in cases.items():
                wall, cpu = floor if command is None else median(command, folder)
                print(f"{commits:8,} {case:26}{wall:9.3f}{cpu:9.3f}{wall / floor[0]:15.1f}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("commits", nargs="*", type=int, default=[10, 1_000, 10_000])
    parser.add_argument("--pointers", type=int, default=500)
    given = parser.parse_args()
    main(given.commits, given.pointers)
