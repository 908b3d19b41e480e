"""Start-up and small-diff times, each beside `python -c pass` in the same run and the difference in ms.

Usage: python benchmarks/startup.py [RUNS]. Prints medians of wall time and of CPU time, children included; on a
machine that does other work too, CPU time tells more. Judges nothing.
"""

import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DSV = str(Path(sys.executable).parent / "dsv")
CLASSES = ["bike", "bus", "car", "scooter", "tram", "truck"]


# Installed packages have compiled files; a setting that forbids writing them would time the compiler.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def once(command: list[str], folder: Path) -> tuple[float, float]:
    """Wall and CPU time of a command in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(
        command,
        cwd=folder,
        env=ENVIRONMENT,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def write_table(path: Path, rows: int, changed: int) -> None:
    rng = random.Random(7)
    lines = ["image,class,split,score,annotator"]
    for number in range(rows):
        name, split = rng.choice(CLASSES), rng.choice(["train", "train", "train", "val", "test"])
        if number < changed:
            name = "bicycle"
        lines.append(f"img_{number:08d}.jpg,{name},{split},{rng.random():.4f},ann{rng.randrange(9)}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def repository(folder: Path) -> None:
    environment = {
        "GIT_AUTHOR_NAME": "b",
        "GIT_AUTHOR_EMAIL": "b@example.invalid",
        "GIT_COMMITTER_NAME": "b",
        "GIT_COMMITTER_EMAIL": "b@example.invalid",
    }

    def run(*words: str) -> None:
        subprocess.run(words, cwd=folder, check=True, capture_output=True, env={**os.environ, **environment})

    run("git", "init", "-q")
    write_table(folder / "signs.csv", 10_000, 0)
    run(DSV, "init", "signs.csv", "-k", "image", "-l", "class", "--split", "split")
    run(DSV, "commit", "-m", "first")
    write_table(folder / "signs.csv", 10_000, 300)
    run(DSV, "commit", "-m", "second")
    run("git", "commit", "-q", "--allow-empty", "-m", "third")


def main(runs: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        repository(folder)
        cases = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "dsv --help": [DSV, "--help"],
            "dsv diff, 10k rows, all views": [DSV, "diff", "HEAD~2", "HEAD~1"],
            "dsv diff, identical snapshots": [DSV, "diff", "HEAD~1", "HEAD"],
            "dsv diff, clean workspace": [DSV, "diff"],
            "dsv diff --labels, from profiles": [DSV, "diff", "--labels", "--profiles", "HEAD~2", "HEAD~1"],
            "dsv log": [DSV, "log"],
            "dsv status": [DSV, "status"],
        }
        times: dict[str, list[tuple[float, float]]] = {case: [] for case in cases}
        for _ in range(runs + 1):
            for case, command in cases.items():
                times[case].append(once(command, folder))
    floor = medians(times["python -c pass"])
    print(f"{'':34}{'wall ms':>9}{'above floor':>13}{'CPU ms':>9}{'above floor':>13}")
    for case, values in times.items():
        wall, cpu = medians(values)
        print(f"{case:34}{wall:9.0f}{wall - floor[0]:13.0f}{cpu:9.0f}{cpu - floor[1]:13.0f}")


def medians(values: list[tuple[float, float]]) -> tuple[float, float]:
    """Medians in ms; the first run fills caches, and is left out."""
    wall, cpu = (statistics.median(times[1:]) * 1e3 for times in zip(*values, strict=True))
    return wall, cpu


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
