"""Bytes of text files: opened plain or gzipped, read in pieces that end with a line, checked."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from dsv.errors import FormatError
from dsv.model.snapshot import Snapshot

BOM = b"\xef\xbb\xbf"
MARKER = b"<<<<<<< "
_PIECE = 4 * 1024 * 1024


@contextmanager
def open_bytes(snapshot: Snapshot) -> Iterator[IO[bytes]]:
    """Open a snapshot's content, unzipped. Raises: FormatError: the gzip stream is damaged."""
    try:
        with snapshot.path.open("rb") as raw:
            if snapshot.gzip:
                with gzip.GzipFile(fileobj=raw) as unzipped:
                    yield io.BufferedReader(unzipped, 1 << 20)
            else:
                yield raw
    except EOFError as error:
        raise FormatError(
            "the gzip file is cut short", where=snapshot.shown_path, hint="fetch or write the file again"
        ) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise FormatError(
            "the file is no sound gzip file", where=snapshot.shown_path, hint="fetch or write the file again"
        ) from error


def pieces(stream: IO[bytes]) -> Iterator[bytes]:
    """Pieces of some megabytes that end where a line ends."""
    while piece := stream.read(_PIECE):
        if not piece.endswith(b"\n"):
            piece += stream.readline()
        yield piece


def text_pieces(snapshot: Snapshot, stream: IO[bytes]) -> Iterator[bytes]:
    """Pieces of a text file, each checked to be UTF-8 without NUL bytes. A byte order mark is kept.

    Raises: FormatError: with the line of the first byte that is wrong.
    """
    lines = 0
    for piece in pieces(stream):
        if lines == 0 and piece.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise FormatError(
                "the text is UTF-16, not UTF-8", where=f"{snapshot.shown_path}:1", hint="convert it to UTF-8"
            )
        bad = _first_bad(piece)
        if bad is not None:
            offset, message, hint = bad
            line = lines + piece.count(b"\n", 0, offset) + 1
            raise FormatError(message, where=f"{snapshot.shown_path}:{line}", hint=hint)
        yield piece
        lines += piece.count(b"\n")


def _first_bad(piece: bytes) -> tuple[int, str, str] | None:
    nul = piece.find(b"\0")
    if nul >= 0:
        return nul, "the text holds a NUL byte", "write the file again without it; it may be cut or binary"
    if piece.isascii():
        return None
    try:
        piece.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start, "the text is not UTF-8", "convert the file to UTF-8"
    return None


def marker_offset(piece: bytes) -> int | None:
    """Where a merge marker begins a line, None if no line begins with one."""
    if piece.startswith(MARKER):
        return 0
    found = piece.find(b"\n" + MARKER)
    return None if found < 0 else found + 1


def marker_error(snapshot: Snapshot, line: int) -> FormatError:
    """The error for a merge marker in a table."""
    return FormatError(
        "the file holds the markers of an unfinished merge",
        where=f"{snapshot.shown_path}:{line}",
        hint="choose a side: git checkout --ours or --theirs",
    )


def gzip_writer(stream: IO[bytes]) -> gzip.GzipFile:
    """A gzip stream whose bytes depend on the content alone."""
    return gzip.GzipFile(filename="", mode="wb", fileobj=stream, compresslevel=6, mtime=0)


def copy(snapshot: Snapshot, stream: IO[bytes]) -> None:
    """Copy a snapshot's bytes as they lie on disk."""
    with snapshot.path.open("rb") as source:
        while block := source.read(1 << 20):
            stream.write(block)


def line_end(line: bytes) -> bytes:
    """The end of a line: none on a last line without one."""
    if line.endswith(b"\r\n"):
        return b"\r\n"
    return b"\n" if line.endswith(b"\n") else b""


class LineWriter:
    """Writes lines so that the last one has a line end exactly if the base's last line has one.

    Tell it of every line of the base with `saw`, also of those that are not written.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._held: tuple[bytes, bytes] | None = None
        self._usual, self._last = b"\n", b"\n"

    def saw(self, end: bytes) -> None:
        """Take note of the line end of a line of the base."""
        self._usual, self._last = end or self._usual, end

    def write(self, body: bytes, end: bytes = b"") -> None:
        """Write a line; without an end of its own it ends as the line before it."""
        self._release(self._usual)
        self._held = body, end

    def close(self) -> None:
        """Write the last line. One without any byte keeps its line end, or it would be no line."""
        empty = self._held is not None and not self._held[0]
        self._release(self._usual if self._last or empty else b"", last=True)

    def _release(self, end: bytes, last: bool = False) -> None:
        if self._held is not None:
            body, own = self._held
            self._stream.write(body + (end if last and not end else own or end))
        self._held = None
