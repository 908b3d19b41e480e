import io
import time

import pytest

from dsv.cli import progress
from dsv.cli.output import Terminal
from dsv.cli.progress import Bars
from dsv.model.progress import Silent


class Terminalike(io.StringIO):
    def isatty(self) -> bool:
        return True


def watch(monkeypatch: pytest.MonkeyPatch) -> Terminalike:
    """Take stderr's place. Not a fixture: pytest puts its own stderr back before the test begins."""
    stream = Terminalike()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr(progress, "DELAY_S", 0.01)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    return stream


def wait_for(stream: io.StringIO, text: str) -> bool:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if text in stream.getvalue():
            return True
        time.sleep(0.02)
    return False


def test_long_work_shows_its_title_and_count(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = watch(monkeypatch)
    bars = Bars(color=False)
    with bars.task("reading [/red] \x1b[2J", 10) as outer:
        outer.advance(4)
        assert wait_for(stderr, "reading [/red] <U+001B>[2J")
        assert wait_for(stderr, "4/10")
        with bars.task("inner") as inner:
            inner.advance()
            assert wait_for(stderr, "inner")
        outer.advance(6)
        assert wait_for(stderr, "10/10")
    with bars.task("again", 2):
        assert wait_for(stderr, "again")


def test_short_work_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = watch(monkeypatch)
    monkeypatch.setattr(progress, "DELAY_S", 60)
    with Bars(color=False).task("reading", 10) as task:
        task.advance(10)
    assert stderr.getvalue() == ""


def test_an_error_passes_through_and_ends_the_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = watch(monkeypatch)
    with pytest.raises(ValueError, match="odd"), Bars(color=False).task("reading"):
        assert wait_for(stderr, "reading")
        raise ValueError("odd")
    assert "\x1b[?25h" in stderr.getvalue()  # the cursor is back


def test_progress_is_off_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)
    assert isinstance(Terminal().progress(), Bars)
    assert isinstance(Terminal(quiet=True).progress(), Silent)
    monkeypatch.setattr("sys.stderr", io.StringIO())
    assert isinstance(Terminal().progress(), Silent)
