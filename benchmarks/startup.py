"""Start-up and small-diff times, each beside `python -c pass` in the same run and the difference in ms.

Usage: python benchmarks/startup.py [RUNS]. Prints medians; judges nothing.
"""

import os
import random
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


def once(command: list[str], folder: Path) -> float:
    start = time.perf_counter()
    subprocess.run(
        command,
        cwd=folder,
        env=ENVIRONMENT,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - start


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
            "dsv log": [DSV, "log"],
        }
        times: dict[str, list[float]] = {case: [] for case in cases}
        for _ in range(runs + 1):
            for case, command in cases.items():
                times[case].append(once(command, folder))
    floor = statistics.median(times["python -c pass"][1:])
    print(f"{'':34}{'median ms':>10}{'above floor':>13}{'x floor':>9}")
    for case, values in times.items():
        median = statistics.median(values[1:])
        print(f"{case:34}{median * 1e3:10.0f}{(median - floor) * 1e3:13.0f}{median / floor:9.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
