"""Every command that a page of the documentation shows prints what the page says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import BLOCK, comparable, ran, steps

TOP = Path(__file__).parents[2]
PAGES = [path for path in sorted(TOP.glob("docs/**/*.md")) if "```console" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_page_shows_what_its_commands_print(path: Path, tmp_path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    assert comparable(ran(page, tmp_path)) == comparable(page)


def test_there_are_pages_and_each_shows_a_dsv_command() -> None:
    assert PAGES
    for path in PAGES:
        blocks = BLOCK.findall(path.read_text(encoding="utf-8"))
        assert any("dsv " in step.command for _, block, _ in blocks for step in steps(block)), path


def test_steps_are_commands_with_their_outputs() -> None:
    found = list(steps("$ one \\\n  more\nout\n\nput\n$ two  # exit 3\n$ cat <<'END'\na\nEND\nb\n"))
    assert [(step.command, step.output, step.status) for step in found] == [
        ("one \\\n  more", "out\n\nput\n", 0),
        ("two  # exit 3", "", 3),
        ("cat <<'END'\na\nEND", "b\n", 0),
    ]
