"""`dsv diff` beside what else could do its work, on the same tables in the same run.

Usage: python benchmarks/diff.py [--rows 1000000] [--runs 3] [--folder FOLDER] [--peers PYTHON] [--output PAGE.md]

CPU seconds of all processes are compared, as ratios: they hold where the speed of a machine drifts. `--peers` is the
Python of an environment that has the other tools (`make bench-peers`); without it only DuckDB is beside dsv. Counts
are checked against how the tables were made; a tool that counts otherwise is named, and not timed as if it did not.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

from measure import Measured, measure

HERE = Path(__file__).parent
DSV = str(Path(sys.executable).parent / "dsv")
PEERS = ("pandas_merge", "datacompy_polars", "diffly", "oxen", "csv_diff", "git_lines")
ON_CSV = ("csv_diff", "daff", "git_lines")
DAFF_ROWS = 10_000


Truth = dict[str, int]


def made(folder: Path, rows: int, *kinds: str) -> dict[str, Truth]:
    """Make the tables; what differs between them. Another process does it: the memory of a small one is measured."""
    subprocess.run(
        [sys.executable, str(HERE / "data.py"), str(folder), str(rows), *kinds], check=True, capture_output=True
    )
    found: dict[str, Truth] = json.loads((folder / "truth.json").read_text())
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the result. `wrong` says how the counts differ from the truth."""

    what: str
    cpu_s: float
    wall_s: float
    peak_mb: float
    wrong: str = ""


class Bench:
    """Runs commands in one folder; every cold run of dsv has a cache folder of its own."""

    def __init__(self, folder: Path, runs: int, peers: str | None) -> None:
        self.folder, self.runs, self.peers = folder, runs, peers
        self.rows: list[Row] = []

    def dsv(
        self, what: str, words: Sequence[str], truth: Truth | None = None, *, warm: bool = False, indexed: bool = False
    ) -> Row:
        """`dsv diff` with some words; `warm`: a run before has filled the cache.

        `indexed`: the Parquet files have their row indexes, and nothing else is kept.
        """
        cache = tempfile.mkdtemp(prefix="dsv-bench-")
        environment = {"XDG_CACHE_HOME": cache}
        if indexed:
            environment["DSV_ROW_INDEX"] = "always"
            # Compared with a version in another order: rows that kept their places pair without an index.
            for name in ("old.parquet", "relabelled.parquet"):
                measure([DSV, "diff", name, "new.parquet", *words[2:]], self.folder, environment)
        found: list[Measured] = []
        for number in range(self.runs + warm):
            if not warm and not indexed:
                shutil.rmtree(cache, ignore_errors=True)
            if indexed:
                _drop_changesets(Path(cache))
            done = measure([DSV, "diff", *words], self.folder, environment)
            if done.code:
                raise SystemExit(f"dsv diff {' '.join(words)}: exit {done.code}\n{done.errors}")
            if number or not warm:
                found.append(done)
        shutil.rmtree(cache, ignore_errors=True)
        return self._row(what, found, _wrong(_dsv_counts(found[-1].output), truth) if "--json" in words else "")

    def method(self, what: str, method: str, old: str, new: str, truth: Truth | None = None) -> Row:
        """A method of peers.py: DuckDB's with this Python, the others with the peers'."""
        own = method in ("floor", "parse", "wide_join")
        runs = self.runs if own else 1
        python = sys.executable if own else str(self.peers)
        command = [python, str(HERE / "peers.py"), method, old, new]
        found = [measure(command, self.folder) for _ in range(runs)]
        if found[-1].code:
            raise SystemExit(f"{method}: {found[-1].errors[-800:]}")
        return self._row(what, found, _wrong(json.loads(found[-1].output.splitlines()[-1]), truth))

    def _row(self, what: str, found: Sequence[Measured], wrong: str) -> Row:
        row = Row(
            what=what,
            cpu_s=statistics.median(item.cpu_s for item in found),
            wall_s=statistics.median(item.wall_s for item in found),
            peak_mb=max(item.peak_bytes for item in found) / 1e6,
            wrong=wrong,
        )
        print(f"{what:60} cpu {row.cpu_s:8.2f} s  wall {row.wall_s:7.2f} s  {row.peak_mb:6.0f} MB  {wrong}", flush=True)
        self.rows.append(row)
        return row


def _drop_changesets(cache: Path) -> None:
    for entry in (cache / "dsv" / "changesets").glob("*"):
        if not (entry / "rows.parquet").exists():
            shutil.rmtree(entry)


def _dsv_counts(output: str) -> dict[str, int | None]:
    dataset = json.loads(output)["datasets"][0]
    cells = dataset["changed_cells"]
    rows = {name: dataset["rows"][name] for name in ("added", "removed", "changed")}
    return rows if cells is None else {**rows, "label": cells.get("label", 0), "bbox": cells.get("bbox", 0)}


def _wrong(counts: dict[str, int | None], truth: Truth | None) -> str:
    if truth is None:
        return ""
    known = {name: count for name, count in counts.items() if count is not None and name in truth}
    return "; ".join(f"{name} {count:,} not {truth[name]:,}" for name, count in known.items() if count != truth[name])


def run(bench: Bench, rows: int, truths: dict[str, Truth]) -> list[str]:
    """All cases; lines of the page."""
    new, relabelled, parts = (truths[name] for name in ("new", "relabelled", "new-parts"))
    pair = ("old.parquet", "new.parquet")
    floor = bench.method("floor: decode and hash both Parquet files (DuckDB)", "floor", *pair)
    join = bench.method("wide full outer join by hand (DuckDB)", "wide_join", *pair, new)
    keyed = ("-k", "id", "-l", "label", "--split", "split", "--json", "--limit", "50")
    full = bench.dsv("dsv diff, nothing cached", [*pair, *keyed], new)
    again = bench.dsv("dsv diff, the same pair again", [*pair, *keyed], new, warm=True)
    part = bench.dsv("dsv diff, 1 of 64 part files differs", ["old-parts", "new-parts", *keyed], parts)
    place = bench.dsv(
        "dsv diff, 0.001 % relabelled in place", ["old.parquet", "relabelled.parquet", *keyed], relabelled
    )
    index_place = bench.dsv(
        "dsv diff, row indexes warm, 0.001 % relabelled",
        ["old.parquet", "relabelled.parquet", *keyed],
        relabelled,
        indexed=True,
    )
    count_place = bench.dsv(
        "dsv diff --counts, row indexes warm, 0.001 % relabelled",
        ["old.parquet", "relabelled.parquet", *keyed, "--counts"],
        relabelled,
        indexed=True,
    )
    count_new = bench.dsv(
        "dsv diff --counts, row indexes warm, 1 % changed, shuffled", [*pair, *keyed, "--counts"], new, indexed=True
    )
    index_new = bench.dsv("dsv diff, row indexes warm, 1 % changed, shuffled", [*pair, *keyed], new, indexed=True)
    same = bench.dsv("dsv diff, identical files", ["old.parquet", "old.parquet", "--json"])
    keyless = ("--ignore", "id", "--json", "--limit", "50")
    bag = bench.dsv("dsv diff without a key", [*pair, *keyless])
    similar = bench.dsv("dsv diff without a key, --similar", [*pair, *keyless, "--similar"])
    parsed = bench.method("parse both JSONL files once (DuckDB)", "parse", "old.jsonl", "new.jsonl")
    lines = bench.dsv("dsv diff of JSONL", ["old.jsonl", "new.jsonl", *keyed], new)
    ratios = [
        ("full diff over the floor", full.cpu_s / floor.cpu_s, "at most 2.8"),
        ("full diff over the wide join, CPU", full.cpu_s / join.cpu_s, "at most 1.3"),
        ("full diff over the wide join, memory", full.peak_mb / join.peak_mb, "at most 0.25 at 10M rows"),
        ("full diff over the same pair again", full.cpu_s / again.cpu_s, "at least 20 at 10M rows"),
        ("full diff over 1 of 64 parts", full.cpu_s / part.cpu_s, "at least 15 at 10M rows"),
        ("full diff over relabelled in place", full.cpu_s / place.cpu_s, "at least 6 at 10M rows"),
        ("full diff over row indexes, 0.001 % relabelled, counts", full.cpu_s / count_place.cpu_s, "at least 25"),
        ("full diff over row indexes, 1 % changed, counts", full.cpu_s / count_new.cpu_s, "at least 8"),
        ("full diff over row indexes, 0.001 % relabelled, all cells", full.cpu_s / index_place.cpu_s, "at least 7"),
        ("full diff over row indexes, 1 % changed, all cells", full.cpu_s / index_new.cpu_s, ""),
        ("full diff over identical files", full.cpu_s / same.cpu_s, ""),
        ("similarity pairing over the keyless diff", similar.cpu_s / bag.cpu_s, "at most 2"),
        ("JSONL diff over one parse of each file", lines.cpu_s / parsed.cpu_s, "at most 2"),
    ]
    page = [*_table(bench.rows), "", *_ratios(ratios)]
    return page + (_peers(bench, rows, new, full) if bench.peers else [])


def _peers(bench: Bench, rows: int, truth: Truth, full: Row) -> list[str]:
    text = bench.dsv("dsv diff of CSV, as these tools read it", ["old.csv", "new.csv", "-k", "id", "--json"], truth)
    own = {True: text, False: full}
    ratios = []
    for method in PEERS:
        suffix = "csv" if method in ON_CSV else "parquet"
        peer = bench.method(method, method, f"old.{suffix}", f"new.{suffix}", truth)
        ratios.append((method, peer, own[method in ON_CSV]))
    small = bench.folder / "small"
    truths = made(small, min(rows, DAFF_ROWS), "csv")
    tiny = Bench(small, bench.runs, bench.peers)
    mine = tiny.dsv(
        f"dsv diff of {DAFF_ROWS:,} rows of CSV", ["old.csv", "new.csv", "-k", "id", "--json"], truths["new"]
    )
    ratios.append((f"daff, {DAFF_ROWS:,} rows", tiny.method("daff", "daff", "old.csv", "new.csv"), mine))
    lines = ["", "| peer | CPU s | times dsv's CPU | MB | times dsv's memory | counts |", "|---|--:|--:|--:|--:|---|"]
    for name, peer, dsv in ratios:
        lines.append(
            f"| {name} | {peer.cpu_s:.2f} | {peer.cpu_s / dsv.cpu_s:.1f} | {peer.peak_mb:.0f} "
            f"| {peer.peak_mb / dsv.peak_mb:.1f} | {peer.wrong or 'agree where given'} |"
        )
    return lines


def _table(rows: Sequence[Row]) -> list[str]:
    lines = ["| what | CPU s | wall s | peak MB | counts |", "|---|--:|--:|--:|---|"]
    return lines + [
        f"| {row.what} | {row.cpu_s:.2f} | {row.wall_s:.2f} | {row.peak_mb:.0f} | {row.wrong or 'right'} |"
        for row in rows
    ]


def _ratios(ratios: Sequence[tuple[str, float, str]]) -> list[str]:
    return ["| CPU ratio | measured | target |", "|---|--:|---|"] + [
        f"| {what} | {ratio:.2f} | {target} |" for what, ratio, target in ratios
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "dsv-benchmark")
    parser.add_argument("--peers", metavar="PYTHON")
    parser.add_argument("--output", type=Path, metavar="PAGE.md")
    given = parser.parse_args()
    folder = given.folder / str(given.rows)
    truths = made(folder, given.rows)
    lines = [
        f"## {given.rows:,} rows",
        "",
        f"{date.today()}, {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, "
        f"DuckDB {version('duckdb')}, pyarrow {version('pyarrow')}; median of {given.runs} runs "
        "(other tools: one run). Memory is that of the largest process.",
        "",
        *run(Bench(folder, given.runs, given.peers), given.rows, truths),
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if given.output is not None:
        given.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
