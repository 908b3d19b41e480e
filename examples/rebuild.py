"""Rebuild the living example from a fresh clone and compare every byte with what is committed.

`dvc repro` runs in a scratch clone that has no cache, so every stage really runs; afterwards `dvc.lock`, the
published dataset and its profile must be as they were, and DVC must say that nothing changed.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="dsv-rebuild-") as folder:
        clone = Path(folder) / "clone"
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(Path(folder) / "site"),
        }
        subprocess.run(["git", "clone", "--quiet", f"file://{TOP}", str(clone)], check=True)
        subprocess.run(["dvc", "repro"], cwd=clone, env=environment, check=True)
        changed = subprocess.run(
            ["git", "status", "--porcelain"], cwd=clone, check=True, capture_output=True, text=True
        ).stdout
        state = subprocess.run(
            ["dvc", "status"], cwd=clone, env=environment, check=True, capture_output=True, text=True
        ).stdout
    if changed:
        print(f"the rebuilt example differs from what is committed:\n{changed}", file=sys.stderr)
        return 1
    print(f"rebuilt from a fresh clone: every output as dvc.lock records it. {state.strip()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
