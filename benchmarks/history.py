"""`dsv log` in long histories and among many pointers, beside `git log` of the same paths, as ratios.

Usage: python benchmarks/history.py [COMMITS…] [--pointers N] [--rows N…]. For each number of commits it makes a
repository in which every second commit changes one dataset of 1,000 rows (pointer, profile, trailer), and all pointers
of N other files are there. Prints medians of 5 runs: wall and CPU seconds, children included. Then, for each number of
rows, `dsv blame` of all cells of a table with 100 versions, each of which changes 1 % of the rows. Judges nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import measure

DSV = str(Path(sys.executable).parent / "dsv")
RUNS = 5
VERSIONS = 100
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


def versions(folder: Path, rows: int) -> None:
    """100 versions of a table: each has another value in 1 % of its rows, one cell in each."""
    drawn = random.Random(rows)
    table = [[f"{row:07}.jpg", drawn.choice(CLASSES), str(drawn.randrange(100))] for row in range(rows)]
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    lines = []
    for number in range(VERSIONS):
        for row in drawn.sample(range(rows), rows // 100 if number else 0):
            table[row][drawn.choice((1, 2))] = f"version {number}"
        content = "image,class,score\n" + "".join(",".join(row) + "\n" for row in table)
        lines.append(f"commit refs/heads/main\ncommitter Ada <ada@example.invalid> {1_700_000_000 + number} +0000")
        lines.append(f"data 1\nv\nM 100644 inline signs.csv\ndata {len(content)}\n{content}")
    text = ("\n".join(lines) + "\n").encode()
    subprocess.run(["git", "fast-import", "--quiet"], cwd=folder, check=True, input=text)
    subprocess.run(["git", "reset", "-q", "--hard", "main"], cwd=folder, check=True)


def blame(rows: int) -> None:
    """Follow all cells, beside the diffs of all versions, which read and compare the same tables."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        versions(folder, rows)
        pair = [DSV, "diff", "--stat", "-k", "image", "HEAD~1", "HEAD", "--", "signs.csv"]
        (floor, _) = median(pair, folder)
        found = measure(
            [DSV, "blame", "-k", "image", "--where", "true", "--limit", str(rows), "--json", "signs.csv"], folder
        )
        if found.code:
            raise SystemExit(f"blame ended with {found.code}: {found.errors[-500:]}")
        print(f"{rows:8,} rows, blame: {found.wall_s:.1f} s, {found.peak_bytes / 1e6:.0f} MB, ", end="")
        print(f"{found.wall_s / floor:.1f} times one dsv diff --stat of two of the {VERSIONS} versions", flush=True)


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
    parser.add_argument("--rows", nargs="*", type=int, default=[1_000, 10_000])
    given = parser.parse_args()
    main(given.commits, given.pointers)
    for number in given.rows:
        blame(number)
