"""What a person and a machine see, byte for byte."""

from collections.abc import Callable

import pytest

from dsv.model.diff import DiffResult
from dsv.renderers import json as json_renderer
from dsv.renderers import jsonl, markdown, text
from dsv.views import diff as view

Golden = Callable[[str, str], None]


def test_text(result: DiffResult, golden: Golden) -> None:
    golden("diff.txt", text.render(view.build(result)))


def test_text_in_colour(result: DiffResult, golden: Golden) -> None:
    golden("diff-color.txt", text.render(view.build(result), width=100, color=True))


def test_markdown(result: DiffResult, golden: Golden) -> None:
    golden("diff.md", markdown.render(view.build(result)))


def test_json(result: DiffResult, golden: Golden) -> None:
    golden("diff.json", json_renderer.render(result))


def test_jsonl(result: DiffResult, golden: Golden) -> None:
    golden("diff.jsonl", jsonl.render(result))


@pytest.mark.parametrize("width", [1, 40, 80, 200])
def test_streaming_gives_the_same_as_rendering(result: DiffResult, width: int) -> None:
    page = view.build(result)
    assert "".join(text.stream(page, width=width)) == text.render(page, width=width)


def test_colour_only_adds_colour(result: DiffResult) -> None:
    import re

    page = view.build(result)
    plain = text.render(page)
    colored = text.render(page, color=True)
    stripped = "\n".join(line.rstrip() for line in re.sub("\x1b\\[[0-9;]*m", "", colored).split("\n"))
    assert stripped == plain
    assert colored != plain
