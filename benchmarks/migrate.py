"""Migrations beside a hand-written DuckDB query that reads, transforms and writes the same Parquet, in the same run.

Usage: python benchmarks/migrate.py [--rows 1000000] [--runs 3] [--folder FOLDER] [--stages] [--output PAGE.md]

A scratch repository of Git and DVC adopts the table and gets a chain of migrations; then each stage runs by itself, as
DVC would run it, and `migrate up` as a whole, which plans, runs and publishes. CPU seconds of all processes are
compared, as ratios: they hold where the speed of a machine drifts. A query by hand reads the base, a stage the version
before it.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

from measure import Measured, measure

HERE = Path(__file__).parent
DSV = str(Path(sys.executable).parent / "dsv")
TABLE = "boxes"
FILE = f"data/{TABLE}.parquet"
RELABELLED_SHARE = 0.01
PERSON = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "b"), ("EMAIL", "b@example.invalid"))
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A migration, and the query that does the same by hand: SQL over `source` and the side file `labels`."""

    name: str
    words: tuple[str, ...]
    query: str


CASES = (
    Case(
        name="rename_class",
        words=("rename_class", "from=class_05", "to=car"),
        query="SELECT * REPLACE (CASE label WHEN 'class_05' THEN 'car' ELSE label END AS label) FROM source",
    ),
    Case(
        name="relabel",
        words=("relabel", "file=labels.csv"),
        query="SELECT s.* REPLACE (coalesce(l.new, s.label) AS label) FROM source s LEFT JOIN labels l USING (id)",
    ),
    Case(
        name="drop_rows",
        words=("drop_rows", "where=score < 0.05", "mode=delete"),
        query="SELECT * FROM source WHERE NOT score < 0.05",
    ),
    Case(
        name="add_field",
        words=("add_field", "name=weather", "type=string", "default=unknown"),
        query="SELECT *, 'unknown' AS weather FROM source",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the result: medians, and the peak of all runs."""

    what: str
    cpu_s: float
    wall_s: float
    peak_mb: float


class Bench:
    """Runs and measures commands in the scratch repository."""

    def __init__(self, folder: Path, runs: int) -> None:
        self.folder, self.runs = folder, runs
        self.rows: list[Row] = []

    def measured(self, what: str, command: Sequence[str], before: Callable[[], object] = lambda: None) -> Row:
        """The cost of a command; `before` is done ahead of each run, and not measured."""
        found: list[Measured] = []
        for _ in range(self.runs):
            before()
            done = measure(command, self.folder, PERSON)
            if done.code:
                raise SystemExit(f"{what}: exit {done.code}\n{done.output}{done.errors}")
            found.append(done)
        row = Row(
            what=what,
            cpu_s=statistics.median(item.cpu_s for item in found),
            wall_s=statistics.median(item.wall_s for item in found),
            peak_mb=max(item.peak_bytes for item in found) / 1e6,
        )
        print(f"{what:44} cpu {row.cpu_s:8.2f} s  wall {row.wall_s:7.2f} s  {row.peak_mb:6.0f} MB", flush=True)
        self.rows.append(row)
        return row


def hand(case: Case, source: str, labels: str, target: str) -> None:
    """Read, transform and write as one would without dsv."""
    import duckdb

    with duckdb.connect() as engine:
        engine.execute("SET enable_progress_bar = false")
        engine.execute(f"CREATE VIEW source AS FROM read_parquet('{source}')")
        engine.execute(f"CREATE VIEW labels AS FROM read_csv('{labels}')")
        engine.execute(f"COPY ({case.query}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")


def make(folder: Path, rows: int) -> tuple[Path, Path]:
    """The table, and the file of the rows that get another label; made by another process, as its memory counts."""
    script = [sys.executable, str(HERE / "data.py"), str(folder), str(rows), "parquet"]
    subprocess.run(script, check=True, capture_output=True)
    table, labels = folder / "old.parquet", folder / "labels.csv"
    query = (
        f"SELECT id, label AS old, 'class_29' AS new FROM read_parquet('{table}') "
        f"WHERE hash(id || '7') / 18446744073709551616.0 < {RELABELLED_SHARE} AND label NOT IN ('class_05', 'class_29')"
    )
    words = f"import duckdb; duckdb.execute({f'COPY ({query}) TO {str(labels)!r} (HEADER)'!r})"
    subprocess.run([sys.executable, "-c", words], check=True)
    return table, labels


def adopt(bench: Bench, table: Path, labels: Path) -> list[str]:
    """Make the repository with its chain, nothing applied; the ids of the migrations."""
    folder = bench.folder
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "data").mkdir(parents=True)
    shutil.copy(table, folder / FILE)

    def run(*words: str) -> None:
        subprocess.run(words, cwd=folder, check=True, capture_output=True, env={**os.environ, **PERSON})

    run("git", "init", "-q")
    run(DSV, "init", FILE, "-k", "id", "-l", "label", "--split", "split")
    run(DSV, "commit", "-m", "first")
    ids = []
    for number, case in enumerate(CASES, start=1):
        (folder / "migrations" / TABLE).mkdir(parents=True, exist_ok=True)
        shutil.copy(labels, folder / "migrations" / TABLE / "labels.csv")
        ids.append(f"m{number:04d}_{case.name}")
        run(DSV, "migrate", "new", *case.words, "--id", case.name)
    return ids


def run(bench: Bench, table: Path, labels: Path, *, whole: bool) -> list[str]:
    """All cases, and `migrate up` as a whole if asked for; lines of the page."""
    ids = adopt(bench, table, labels)
    by_hand, stages = {}, {}
    for case in CASES:
        target = bench.folder / f"{case.name}.parquet"
        words = [sys.executable, __file__, "--by-hand", case.name, str(table), str(labels), str(target)]
        by_hand[case.name] = bench.measured(f"{case.name} by hand (DuckDB)", words)
    for case, name in zip(CASES, ids, strict=True):
        stages[case.name] = bench.measured(f"stage {case.name}", [DSV, "migrate", "run", TABLE, name])
    published = bench.measured("stage publish", [DSV, "migrate", "publish", TABLE, ids[-1]])
    ratios = [
        (f"stage {name} over the same by hand", stage.cpu_s / by_hand[name].cpu_s, "at most 2")
        for name, stage in stages.items()
    ]
    usual = statistics.median(row.cpu_s for row in by_hand.values())
    ratios.append(("stage publish over a migration by hand", published.cpu_s / usual, ""))
    if whole:
        words = [DSV, "migrate", "up"]
        up = bench.measured("dsv migrate up, four migrations", words, lambda: adopt(bench, table, labels))
        ratios.append(("migrate up over the four by hand", up.cpu_s / sum(row.cpu_s for row in by_hand.values()), ""))
    return [*_table(bench.rows), "", *_ratios(ratios)]


def _table(rows: Sequence[Row]) -> list[str]:
    lines = ["| what | CPU s | wall s | peak MB |", "|---|--:|--:|--:|"]
    return lines + [f"| {row.what} | {row.cpu_s:.2f} | {row.wall_s:.2f} | {row.peak_mb:.0f} |" for row in rows]


def _ratios(ratios: Sequence[tuple[str, float, str]]) -> list[str]:
    return ["| CPU ratio | measured | target |", "|---|--:|---|"] + [
        f"| {what} | {ratio:.2f} | {target} |" for what, ratio, target in ratios
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "dsv-benchmark")
    parser.add_argument("--stages", action="store_true", help="leave `migrate up` as a whole out")
    parser.add_argument("--output", type=Path, metavar="PAGE.md")
    parser.add_argument("--by-hand", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.by_hand:
        name, *paths = given.by_hand
        hand(next(case for case in CASES if case.name == name), *paths)
        return
    folder = given.folder / str(given.rows)
    table, labels = make(folder, given.rows)
    lines = [
        f"## Migrations of {given.rows:,} rows",
        "",
        f"{date.today()}, {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, "
        f"DuckDB {version('duckdb')}, pyarrow {version('pyarrow')}; median of {given.runs} runs. "
        "Memory is that of the largest process.",
        "",
        *run(Bench(folder / "repository", given.runs), table, labels, whole=not given.stages),
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if given.output is not None:
        given.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
