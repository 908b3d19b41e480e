"""Lines of a file: read only where the engine cuts it as dsv does, and copied from where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dsv.tables.duckdb import Engine
from dsv.tables.lines import read_lines


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as found:
        yield found


@pytest.mark.parametrize("head", [b"", b"head,\xc3\xa9\n"])
@pytest.mark.parametrize("end", [b"", b"\n"])
def test_lines_are_copied_in_their_order(tmp_path: Path, engine: Engine, head: bytes, end: bytes) -> None:
    lines = [b"a", b"\xc3\xa9" * 3, b'"x', b"a;b", b"last"]
    path, copy = tmp_path / "file", tmp_path / "copy"
    path.write_bytes(head + b"\n".join(lines) + end)
    found = read_lines(engine, path, head)
    assert found is not None
    assert (found.number, found.final_line_end) == (5, bool(end))
    found.copy("(VALUES (5), (2)) AS wanted(p)", copy)
    assert copy.read_bytes() == head + lines[1] + b"\nlast\n"


@pytest.mark.parametrize(
    "content", [b"a\n\nb\n", b"a\n\n", b"a\r\nb\r\n", b"a\rb\n", b"\xef\xbb\xbfa\n", b"a\n\xff\n", b"a\x01b\n"]
)
def test_other_line_ends_and_odd_bytes_are_not_read(tmp_path: Path, engine: Engine, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert read_lines(engine, path, b"") is None


def test_lines_that_do_not_match_are_not_read(tmp_path: Path, engine: Engine) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"1\n22\n3x\n")
    assert read_lines(engine, path, b"", "[0-9]+x?") is not None
    assert read_lines(engine, path, b"", "[0-9]+") is None
    assert read_lines(engine, path, b"", "[0-9]+x?", never="22") is None


def test_the_share_of_common_lines_is_guessed(tmp_path: Path, engine: Engine) -> None:
    def written(name: str, lines: Iterator[str]) -> Path:
        path = tmp_path / name
        path.write_text("".join(f"{line}\n" for line in lines))
        return path

    old = written("old", (f"{number:060}" for number in range(50_000)))
    half = written("half", (f"{number if number % 2 else -number:060}" for number in range(50_000)))
    other = written("other", (f"{-1 - number:060}" for number in range(50_000)))
    few = written("few", (f"{number:060}" for number in (3, 4, -1, -2)))
    long = written("long", ("x" * 10**6 for _ in range(4)))
    lines = read_lines(engine, old, b"")
    assert lines is not None
    shares = [lines.share_of(path, b"") for path in (old, half, other, few, long)]
    assert shares == [1.0, pytest.approx(0.5, abs=0.01), 0.0, 0.5, 0.0]
