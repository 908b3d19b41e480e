"""Progress as lines, and back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from dsv.store import relay
from dsv.store.relay import Heard, Told


class Log:
    """A progress that notes what happens."""

    def __init__(self) -> None:
        self.said: list[str] = []

    @contextmanager
    def task(self, title: str, total: int | None = None) -> Iterator[Units]:
        self.said.append(f"+ {title} {total}")
        yield Units(self, title)
        self.said.append(f"- {title}")


class Units:
    def __init__(self, log: Log, title: str) -> None:
        self.log, self.title = log, title

    def advance(self, done: int = 1) -> None:
        self.log.said.append(f"{self.title} {done}")


@pytest.fixture
def log() -> Log:
    return Log()


def test_tasks_are_heard_as_they_were_told(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "_EVERY_S", 0.0)
    heard = Heard(log)
    told = Told(lambda line: heard.hear(line + "\n"))
    with told.task("rows", 3) as rows:
        rows.advance()
        with told.task("a\nb") as part:
            part.advance(2)
        rows.advance(2)
    with told.task("next"):
        pass
    expected = ["+ rows 3", "rows 1", "+ a\nb None", "a\nb 2", "- a\nb", "rows 2", "- rows", "+ next None", "- next"]
    assert log.said == expected


def test_units_are_told_together(log: Log) -> None:
    lines: list[str] = []
    told = Told(lines.append)
    with told.task("rows", 1000) as rows:
        for _ in range(1000):
            rows.advance()
    assert len(lines) < 20


def test_what_a_killed_stage_left_open_ends(log: Log) -> None:
    heard = Heard(log)
    heard.hear('dsv-progress {"depth": 0, "title": "rows", "total": null}')
    heard.close()
    assert log.said == ["+ rows None", "- rows"]


@pytest.mark.parametrize(
    "line",
    ["", "[]", "{}", "nonsense", '{"depth": "x"}', '{"depth": 7, "done": 1}', '{"depth": -1, "end": true}',
     '{"depth": 0, "done": "1"}', '{"depth": 0, "title": "t", "total": "many"}'],
)  # fmt: skip
def test_a_line_that_says_nothing_harms_nothing(log: Log, line: str) -> None:
    heard = Heard(log)
    assert heard.hear("dsv-progress " + line)
    assert not heard.hear("Running stage 'x':")
    heard.close()
