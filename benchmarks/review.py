"""`dsv review --html` of a large table beside `dsv diff` of the same, as a ratio; and how large the page is.

Usage: python benchmarks/review.py [ROWS] [CHANGED]. It makes a repository with two versions of a table of so many rows,
which differ in so many of them, and prints wall and CPU seconds (children included), peak memory, and the size of the
page. A first run of each fills the caches and is not counted; the diff is the floor, since a review makes it as well.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import measure

DSV = str(Path(sys.executable).parent / "dsv")
CLASSES = ("bike", "car", "bus", "van", "tram")
SPLITS = ("train",) * 8 + ("val", "test")
DECLARATION = (
    "artifacts:\n  signs: {path: signs.csv, type: dataset, meta: {dsv: {key: [image], label: class, split: split}}}\n"
)


def write(folder: Path, table: list[list[str]], message: str) -> None:
    with (folder / "signs.csv").open("w") as file:
        file.write("image,class,split,score,note\n")
        file.writelines(",".join(row) + "\n" for row in table)
    for words in (("add", "-A"), ("commit", "-q", "-m", message)):
        subprocess.run(["git", *words], cwd=folder, check=True)


def make(folder: Path, rows: int, changed: int) -> None:
    drawn = random.Random(rows)
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    (folder / "dvc.yaml").write_text(DECLARATION)
    table = [
        [f"{row:08}.jpg", drawn.choice(CLASSES), drawn.choice(SPLITS), f"0.{drawn.randrange(1000):03}", f"seen {row}"]
        for row in range(rows)
    ]
    write(folder, table, "old")
    for row in drawn.sample(range(rows), changed):
        table[row][1] = drawn.choice([name for name in CLASSES if name != table[row][1]])
        table[row][3] = f"1.{drawn.randrange(1000):03}"
    write(folder, table, "new")


def main(rows: int, changed: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, rows, changed)
        page = folder / "review.html"
        cases = {
            "dsv diff": [DSV, "diff", "HEAD~1", "HEAD", "-o", "diff.txt"],
            "dsv review": [DSV, "review", "HEAD~1...HEAD", "-o", "review.txt"],
            "dsv review --html": [DSV, "review", "HEAD~1...HEAD", "-o", "review.txt", "--html", "review.html"],
        }
        print(f"{rows:,} rows, {changed:,} of them changed")
        print(f"{'':20}{'wall s':>9}{'CPU s':>9}{'peak MB':>9}{'times diff':>12}")
        floor = 0.0
        for case, command in cases.items():
            measure(command, folder)
            found = measure(command, folder)
            if found.code:
                raise SystemExit(f"{command} ended with {found.code}: {found.errors[-500:]}")
            floor = floor or found.wall_s
            print(f"{case:20}{found.wall_s:9.2f}{found.cpu_s:9.2f}{found.peak_bytes / 1e6:9.0f}", end="")
            print(f"{found.wall_s / floor:12.1f}", flush=True)
        print(f"the page: {page.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", nargs="?", type=int, default=1_000_000)
    parser.add_argument("changed", nargs="?", type=int, default=100_000)
    given = parser.parse_args()
    main(given.rows, given.changed)
