"""Show dsv on the living example, in a scratch clone: history, diff, plan, up, status, report.

The clone replays the example's own chain, one commit a migration, so that there is a history to look at.
"""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
REPORT = TOP / "demo-report.md"
CHAIN = ["m0001_fix_labels", "m0002_review_outcome", "m0003_group_classes"]
LAST = "m0004_set_aside"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="dsv-demo-") as folder:
        clone = Path(folder) / "newsgroups"
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "DVC_NO_ANALYTICS": "1",
            "GIT_AUTHOR_NAME": "Demo",
            "GIT_AUTHOR_EMAIL": "demo@example.invalid",
            "GIT_COMMITTER_NAME": "Demo",
            "GIT_COMMITTER_EMAIL": "demo@example.invalid",
        }

        def run(*words: str, show: bool = True) -> None:
            if show:
                print(f"\n$ {shlex.join(words)}", flush=True)
            subprocess.run(words, cwd=clone, env=environment, check=True, stdout=None if show else subprocess.DEVNULL)

        print("A scratch clone of this repository; its dataset is put back to the base of its chain.")
        subprocess.run(["git", "clone", "--quiet", f"file://{TOP}", str(clone)], check=True)
        run("git", "switch", "--quiet", "-c", "demo", show=False)
        run("dvc", "repro", "--quiet", show=False)
        run("dsv", "-q", "migrate", "down", "m0000_base", show=False)
        run("dsv", "-q", "commit", "-m", "Start from the given labels", show=False)
        run("git", "tag", "given-labels", show=False)

        print("\nWhat is pending, and what it would do, counted before anything runs:")
        run("dsv", "migrate", "status")
        run("dsv", "migrate", "plan", CHAIN[0])
        for name in CHAIN:
            run("dsv", "-q", "migrate", "up", name, show=name == CHAIN[0])
            run("dsv", "-q", "commit", "-m", f"Apply {name}", show=False)
        run("dsv", "migrate", "up", LAST)
        run("dsv", "commit", "-m", f"Apply {LAST}")

        print("\nThe history of the dataset, and what differs since the start:")
        run("dsv", "log")
        run("dsv", "diff", "--limit", "5", "given-labels", "HEAD")
        run("dsv", "migrate", "status")
        run("dvc", "status")
        run("dsv", "diff", "given-labels", "HEAD", "--md", "-o", str(REPORT), show=False)
    print(f"\nThe same diff as Markdown, as for a pull request: {REPORT.name}")


if __name__ == "__main__":
    main()
