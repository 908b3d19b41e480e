"""The README's tour, command by command, and the links of the documents."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from tests.docs.pages import ran

TOP = Path(__file__).parents[2]
DSV = str(Path(sys.executable).parent / "dsv")
README = (TOP / "README.md").read_text(encoding="utf-8")
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
    found = commands(README)
    assert len(found) > 12
    for line in found:
        words = shlex.split(line.split(" | ")[0].replace("new.parquet", "new.csv"))
        done = subprocess.run([DSV, *words[1:]], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        if words[1] == "commit" and "Add" in line:
            git("tag", "v1")
            (tmp_path / "data/signs.csv").write_text(SIGNS.replace("car", "bus"))
            subprocess.run([DSV, "commit", "-m", "img_8"], cwd=tmp_path, check=True, capture_output=True)
            git("tag", "v2")
    assert "bicycle" in (tmp_path / "data/signs.csv").read_text()
    notebook(tmp_path)


def notebook(folder: Path) -> None:
    """What the README shows for notebooks gives the frames that it promises."""
    (shown,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    asked = "print(list(changes.rows.index), len(changes.cells), changes.transitions.values.tolist())\n"
    asked += "print(sorted(changes.classes['class'].unique()), len(changes.schema), changes._repr_html_()[:4])\n"
    done = subprocess.run(
        [sys.executable, "-c", shown + asked], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines() == [
        "[('changed', 'img_8.jpg')] 1 [['class', 'car', 'bus', 1]]",
        "['bike', 'bus', 'car'] 0 <div",
    ], done.stderr


def test_the_capture_of_the_readme_is_what_dsv_prints(tmp_path: Path) -> None:
    for name, version in (("old", "vA"), ("new", "vB")):
        shutil.copy(TOP / f"tests/cases/taco-coco/{version}.json.gz", tmp_path / f"{name}.json.gz")
    assert "-> Plastic Film" in README and ran(README, tmp_path) == README


def test_links_lead_somewhere() -> None:
    for page in [TOP / "README.md", TOP / "CONTRIBUTING.md", *TOP.glob("docs/**/*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"
