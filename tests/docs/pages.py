"""Pages whose commands are run: what stands under a `$ command` in a console block is what it prints.

`python tests/docs/pages.py PAGE…` runs pages and writes the outputs into them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"(```console\n)(.*?)(```)", re.DOTALL)
PROMPT = "$ "
STATUS = re.compile(r"# exit ([0-9]+)$")
HASHES = re.compile(r"\b(?=[0-9a-f]*[0-9])[0-9a-f]{7,64}\b")
"""Commits differ from machine to machine, as `chain.lock` names the environment."""


@dataclass(slots=True)
class Step:
    """A command, what it prints, and its exit code (0 unless the line ends with `# exit N`)."""

    command: str
    output: str

    @property
    def status(self) -> int:
        found = STATUS.search(self.command)
        return int(found[1]) if found else 0


def steps(block: str) -> Iterator[Step]:
    """The steps of a console block. A line that ends with a backslash goes on, as does a text up to its END."""
    found: list[Step] = []
    going = False
    for line in block.splitlines():
        if going:
            found[-1].command += "\n" + line
        elif line.startswith(PROMPT):
            found.append(Step(line.removeprefix(PROMPT), ""))
        elif found:
            found[-1].output += line + "\n"
        in_text = bool(found) and "<<'END'" in found[-1].command and not found[-1].command.endswith("\nEND")
        going = bool(found) and (in_text or (line.endswith("\\") and not found[-1].output))
    yield from found


def environment() -> dict[str, str]:
    """The variables that the commands see: always the same author, date, width and language."""
    people = {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Ada"), ("EMAIL", "ada@example.invalid"), ("DATE", "2026-03-02T10:00:00Z"))
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    settings = {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "init.defaultBranch",
        "GIT_CONFIG_VALUE_0": "main",
        "NO_COLOR": "1",
    }
    return {
        **os.environ,
        **people,
        **settings,
        "PATH": path,
        "COLUMNS": "100",
        "DVC_NO_ANALYTICS": "1",
        "LC_ALL": "C.UTF-8",
    }


def run(step: Step, folder: Path) -> tuple[int, str]:
    """The exit code and all output of a step; `cd` is not remembered from one step to the next."""
    done = subprocess.run(
        ["bash", "-c", step.command],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def ran(page: str, folder: Path) -> str:
    """The page with the outputs that its commands really have. Raises: AssertionError: a wrong exit code."""

    def replaced(match: re.Match[str]) -> str:
        text = ""
        for step in steps(match[2]):
            code, output = run(step, folder)
            if code != step.status:
                raise AssertionError(f"{step.command}\nexit {code} in place of {step.status}\n{output}")
            output = "\n".join(line.rstrip() for line in output.splitlines())
            text += f"{PROMPT}{step.command}\n" + (output + "\n" if output else "")
        return match[1] + text + match[3]

    return BLOCK.sub(replaced, page)


def comparable(page: str) -> str:
    """A page without what differs from machine to machine."""
    return HASHES.sub("HASH", page)


def main(paths: list[str]) -> None:
    for path in map(Path, paths):
        with tempfile.TemporaryDirectory(prefix="dsv-page-") as folder:
            path.write_text(ran(path.read_text(encoding="utf-8"), Path(folder)), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
