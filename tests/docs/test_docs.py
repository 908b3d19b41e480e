"""The README's tour, command by command, and the links of the documents."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).parents[2]
DSV = str(Path(sys.executable).parent / "dsv")
SIGNS = "image,class,split\nimg_7.jpg,bike,train\nimg_8.jpg,car,test\n"


def commands(text: str) -> list[str]:
    blocks = re.findall(r"```\n(.*?)```", text[text.index("## Five minutes") :], re.DOTALL)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("dsv ")]


def test_the_tour_of_the_readme_runs(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        subprocess.run(["git", *words], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/signs.csv").write_text(SIGNS)
    for name in ("old.csv", "new.csv"):
        (tmp_path / name).write_text(SIGNS)
    found = commands((TOP / "README.md").read_text(encoding="utf-8"))
    assert len(found) > 12
    for line in found:
        words = shlex.split(line.split(" | ")[0].replace("new.parquet", "new.csv"))
        done = subprocess.run([DSV, *words[1:]], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        if words[1] == "commit" and "Add" in line:
            git("tag", "v1")
            git("tag", "v2")
    assert "bicycle" in (tmp_path / "data/signs.csv").read_text()


def test_links_lead_somewhere() -> None:
    for page in [TOP / "README.md", TOP / "CONTRIBUTING.md", *TOP.glob("docs/**/*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"
