"""The job of docs/how-to/review-in-ci.md: lean rights, no pasted text, and its shell runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from dsv.documents.yaml import load

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "review-in-ci.md"
SHELL = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")


def workflows() -> list[Any]:
    found = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return [load(text.encode(), PAGE.name) for text in found]


def test_of_the_two_workflows_one_may_write_and_runs_nothing_of_the_branch() -> None:
    first, second = workflows()[:2]
    assert first["on"] == "pull_request" and first["permissions"] == {"contents": "read"}
    checkout, review, upload = first["jobs"]["review"]["steps"]
    assert checkout["with"]["persist-credentials"] is False
    assert "/actions/review@" in review["uses"]
    assert list(second["on"]) == ["workflow_run"] and second["on"]["workflow_run"]["workflows"] == [first["name"]]
    download, post = second["jobs"]["post"]["steps"]
    assert download["with"]["name"] == upload["with"]["name"]
    assert "/actions/post@" in post["uses"]
    assert "checkout" not in str(second)


def test_the_job_is_safe_for_forks_and_runs(tmp_path: Path) -> None:
    job = workflows()[2]
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
