"""The two jobs of a review in CI, run for real: a hostile branch, then a server that answers as the forges do."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dsv.documents.yaml import load
from tests.e2e.conftest import User
from tests.hosts.forge import TOKEN, Forge, serving

ACTIONS = Path(__file__).parents[2] / "actions"
SHELL = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")
HOSTILE = "x</code></td></table>\n::add-mask::x\n@org <!-- dsv:review --> \x1b[31m"


@pytest.fixture
def forge() -> Iterator[Forge]:
    with serving() as found:
        found.add("<!-- dsv:review -->\nforged", author="mallory")
        yield found


def script(name: str, step: str) -> str:
    steps = load((ACTIONS / name / "action.yml").read_bytes(), name)["runs"]["steps"]
    return str(next(item["run"] for item in steps if item["name"] == step))


def run(shell: str, work: Path, **given: object) -> subprocess.CompletedProcess[str]:
    ours = {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]), "NO_PROXY": "127.0.0.1"}
    env = {**os.environ, **ours, **{name: str(value) for name, value in given.items()}}
    return subprocess.run([*SHELL, shell], cwd=work, env=env, capture_output=True, text=True, check=False)


def hostile_branch(repo: User, canary: Path) -> tuple[str, str]:
    """Commits of `main` and of a branch that tries to run something wherever it can."""
    repo.write(
        "dvc.yaml", "artifacts:\n  data: {path: t.csv, type: dataset, meta: {dsv: {key: [id], label: [class]}}}\n"
    )
    repo.write("t.csv", "id,class\na,bike\nb,car\n")
    repo.git("branch", "-M", "main")
    repo.git("add", "-A")
    repo.git("commit", "-qm", "base")
    repo.git("checkout", "-qb", "topic")
    python = f"open({str(canary)!r}, 'w').close()\n"
    for name in ("conftest.py", "sitecustomize.py", "dsv.py", "click.py"):
        repo.write(name, python)
    repo.write("migrations/data/m0001_x.py", f"{python}def apply(table):\n    {python}    return table\n")
    remote = f"url = https://x.invalid\n    bearer_token_command = touch {canary}\n"
    repo.write(".dvc/config", f"[core]\n    remote = r\n['remote \"r\"']\n    {remote}")
    repo.write("dvc.yaml", (repo.folder / "dvc.yaml").read_text() + f"stages:\n  run: {{cmd: touch {canary}}}\n")
    repo.write("t.csv", f'id,class\na,bike\nb,"{HOSTILE}"\n')
    repo.git("add", "-A")
    repo.git("commit", "-qm", "change")
    return repo.git("rev-parse", "main").strip(), repo.git("rev-parse", "HEAD").strip()


def test_the_two_jobs_with_a_hostile_branch_of_a_fork(repo: User, forge: Forge, tmp_path: Path) -> None:
    canary, summary, temp = tmp_path / "canary", tmp_path / "summary.md", tmp_path / "runner"
    temp.mkdir()
    base, head = hostile_branch(repo, canary)
    given = {"BASE": base, "HEAD": head, "VALUES": "all", "FAIL_ON": "", "DSV_SETTINGS_FROM": base}
    first = run(script("review", "Review"), repo.folder, **given, RUNNER_TEMP=temp, GITHUB_STEP_SUMMARY=summary)
    assert first.returncode == 0, first.stderr
    assert first.stdout and all(
        line.startswith(("::error ", "::warning ", "::notice ")) for line in first.stdout.splitlines()
    )
    assert "<code>car</code>" in summary.read_text() and not canary.exists()

    event, elsewhere = tmp_path / "event.json", tmp_path / "trusted"
    elsewhere.mkdir()
    repository: dict[str, Any] = {"id": 77, "owner": {"login": "fork"}}
    ran = {"event": "pull_request", "head_branch": "topic", "head_sha": head, "head_repository": repository}
    event.write_text(json.dumps({"workflow_run": ran}))
    forge.pulls = [{"number": 5, "head": {"ref": "topic", "sha": head, "repo": {"id": 77, "owner": "fork"}}}]
    job = {
        "GITHUB_API_URL": forge.address,
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_EVENT_PATH": event,
        "FILE": temp / "dsv-review.json",
    }
    for told in ("created", "unchanged"):
        second = run(script("post", "Post"), elsewhere, **job)
        assert (second.returncode, second.stdout + second.stderr) == (0, f"{told} http://forge/c/2\n")
    forged, posted = (item["body"] for item in forge.comments)
    assert forged.endswith("forged") and re.sub(r"`[^`]*`", "", posted).count("<!--") == 1 and "\x1b" not in posted
    assert "\n::" not in posted and not canary.exists()

    event.write_text(json.dumps({"workflow_run": {**ran, "head_sha": base}}))
    forge.pulls[0]["head"]["sha"] = base
    other = run(script("post", "Post"), elsewhere, **job)
    assert other.returncode == 3 and "the job's event about" in other.stderr and len(forge.comments) == 2


@pytest.mark.parametrize("content", ["[" * 100_000, '{"schema": "dsv.review/9"}', "\x00", '{"schema": "dsv.review/1"}'])
def test_a_file_that_is_no_review_is_one_clear_message_and_posts_nothing(
    content: str, forge: Forge, tmp_path: Path
) -> None:
    file = tmp_path / "dsv-review.json"
    file.write_text(content)
    said = run(script("post", "Post"), tmp_path, FILE=file, GITHUB_TOKEN=TOKEN, GITHUB_API_URL=forge.address)
    assert said.returncode == 3 and "Traceback" not in said.stderr and "dsv-review.json" in said.stderr
    assert forge.asked == []


def test_the_job_of_gitlab_writes_its_report_and_one_note(repo: User, forge: Forge, tmp_path: Path) -> None:
    base, head = hostile_branch(repo, tmp_path / "canary")
    job = load((ACTIONS / "gitlab.yml").read_bytes(), "gitlab.yml")["dsv-review"]
    given = {
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
        "DSV_SETTINGS_FROM": base,
        "CI_COMMIT_SHA": head,
        "CI_API_V4_URL": f"{forge.address}/api/v4",
        "CI_PROJECT_ID": "7",
        "CI_MERGE_REQUEST_IID": "5",
        "CI_PROJECT_URL": "https://gitlab.example/o/r",
        "GITLAB_TOKEN": TOKEN,
    }
    done = run(job["script"][0], repo.folder, **given)
    assert done.returncode == 0 and "created https://gitlab.example/o/r/-/merge_requests/5#note_2" in done.stdout, (
        done.stderr
    )
    report = json.loads((repo.folder / job["artifacts"]["reports"]["codequality"]).read_text())
    assert {"description", "check_name", "fingerprint", "severity", "location"} == set(report[0])
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("name", ["review", "post"])
def test_no_expression_is_pasted_into_a_shell(name: str) -> None:
    steps = load((ACTIONS / name / "action.yml").read_bytes(), name)["runs"]["steps"]
    assert all("${{" not in step["run"] and step["shell"] == "bash" for step in steps)
    assert "python3 -I -m pip" in steps[0]["run"]
