"""The job of docs/how-to/review-in-ci.md: lean rights, no pasted text, and its shell runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from dsv.documents.yaml import load

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "review-in-ci.md"
SHELL = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")


def test_the_job_is_safe_for_forks_and_runs(tmp_path: Path) -> None:
    text = re.search(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert text
    job = load(text[1].encode(), PAGE.name)
    assert job["on"] == "pull_request" and job["permissions"] == {"contents": "read"}
    checkout, compare = job["jobs"]["diff"]["steps"]
    assert checkout["with"]["persist-credentials"] is False
    assert "${{" not in compare["run"]
    assert compare["env"]["DSV_SETTINGS_FROM"] == compare["env"]["BASE"]

    work, summary = tmp_path / "work", tmp_path / "summary.md"
    work.mkdir()
    ours = {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    make = """git init -q && printf 'image,class\\na,bike\\nb,car\\n' > t.csv && dsv -q init t.csv -k image
        dsv -q commit -m one && printf 'image,class\\na,bike\\nb,bus\\n' > t.csv && dsv -q commit -m two"""
    subprocess.run([*SHELL, make], cwd=work, env={**os.environ, **ours}, check=True, capture_output=True)
    base, head = (
        subprocess.run(["git", "rev-parse", name], cwd=work, check=True, capture_output=True, text=True).stdout.strip()
        for name in ("HEAD~1", "HEAD")
    )
    given = {"BASE": base, "HEAD": head, "DSV_SETTINGS_FROM": base}
    runner = {"RUNNER_TEMP": str(tmp_path), "GITHUB_STEP_SUMMARY": str(summary)}
    subprocess.run([*SHELL, compare["run"]], cwd=work, env={**os.environ, **ours, **given, **runner}, check=True)
    shown = summary.read_text("utf-8")
    assert "<code>car</code>" in shown and "<code>bus</code>" in shown
