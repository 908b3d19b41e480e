r"""Records of delimited text: where each begins and ends, and its cells as they are spelled.

The rules are RFC 4180's: a quote opens a cell only at the cell's first byte, a doubled quote
inside stands for one, a line ends with `\n` or `\r\n`. A quote elsewhere in a cell is a
character like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

TEXT_AFTER_QUOTE = "text follows the closing quote of a cell"
LONE_RETURN = "a carriage return stands outside quotes and ends no line"
UNCLOSED = "a quoted cell that begins here is never closed"


@dataclass(slots=True)
class Record:
    """One record: its bytes with the line end, and the line it begins on.

    `problem` says why it cannot be split into cells, None if it can.
    """

    raw: bytes
    line: int
    problem: str | None = None

    @property
    def blank(self) -> bool:
        """Nothing but a line end."""
        return self.raw in (b"\n", b"\r\n")

    def body(self) -> bytes:
        """The bytes without the line end."""
        if self.raw.endswith(b"\r\n"):
            return self.raw[:-2]
        return self.raw[:-1] if self.raw.endswith(b"\n") else self.raw

    def line_end(self) -> bytes:
        """The bytes of the line end; none on a last line without one."""
        return self.raw[len(self.body()) :]


@dataclass(frozen=True, slots=True)
class Syntax:
    """The patterns of one delimiter.

    `whole` and `closing` match a line that begins outside and inside a quoted cell. `quoted`
    finds the beginning of every quoted cell (and some places inside of one).
    """

    delimiter: bytes
    whole: re.Pattern[bytes]
    closing: re.Pattern[bytes]
    cell: re.Pattern[bytes]
    quoted: re.Pattern[bytes]

    def cells(self, record: Record) -> list[bytes]:
        """The cells of a sound record, quotes included."""
        body = record.body()
        if b'"' not in body or not self.quoted.search(body):
            return body.split(self.delimiter)
        return [match[1] for match in self.cell.finditer(body)]


@lru_cache
def syntax(delimiter: str) -> Syntax:
    """The patterns of a delimiter of one ASCII character."""
    mark = re.escape(delimiter.encode())
    inside = rb'[^"]*+(?:""[^"]*+)*+'
    cell = rb'(?:"' + inside + rb'"|(?!")[^\r\n' + mark + rb"]*+)"
    end = rb"(?:(?P<end>(?:\r?\n)?\Z)|"
    return Syntax(
        delimiter=delimiter.encode(),
        whole=re.compile(
            rb"(?:" + cell + mark + rb")*+(?:" + cell + end + rb'(?P<bad>))|(?P<open>"' + inside + rb"\Z))"
        ),
        closing=re.compile(
            inside
            + rb"(?:(?P<open>\Z)|\"(?:"
            + mark
            + cell
            + rb")*+"
            + end
            + mark
            + rb'(?P<reopen>"'
            + inside
            + rb"\Z)|(?P<bad>)))"
        ),
        quoted=re.compile(rb"(?:\A|" + mark + rb')"'),
        cell=re.compile(rb"(?:\A|(?<=" + mark + rb"))(" + cell + rb")(?:" + mark + rb"|\Z)"),
    )


def records(lines: Iterable[bytes], delimiter: str) -> Iterator[Record]:
    """Split lines (each with its line end, the first without a BOM) into records."""
    rules = syntax(delimiter)
    held: list[bytes] = []
    begin = 0
    for number, line in enumerate(lines, start=1):
        if held:
            held.append(line)
            if b'"' not in line:
                continue
            match = rules.closing.match(line)
        elif b'"' not in line and _one_line_end(line):
            yield Record(line, number)
            continue
        else:
            held, begin = [line], number
            match = rules.whole.match(line)
        if match is None or match.lastgroup not in ("open", "reopen"):
            yield Record(b"".join(held), begin, _problem(match, line))
            held = []
    if held:
        yield Record(b"".join(held), begin, UNCLOSED)


def _one_line_end(line: bytes) -> bool:
    found = line.find(b"\r")
    return found < 0 or (found == len(line) - 2 and line.endswith(b"\n"))


def _problem(match: re.Match[bytes] | None, line: bytes) -> str | None:
    if match is not None and match.lastgroup == "end":
        return None
    stopped = match.end() if match is not None else 0
    return LONE_RETURN if line[stopped : stopped + 1] == b"\r" else TEXT_AFTER_QUOTE
