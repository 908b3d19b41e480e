"""A dataset at a revision: a local file to read, and how to read it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from dsv.model.schema import Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    r"""How a delimited text file is written. Only `csv` and `tsv` have one.

    `line_end` is "\\n" or "\\r\\n", as most lines have it; `final_line_end`: the last line has one.
    """

    delimiter: str = ","
    quote: str = '"'
    header: bool = True
    line_end: str = "\n"
    bom: bool = False
    final_line_end: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """What a reader is told beyond the file itself.

    `header`: the first line names the fields (delimited text). `skip_malformed`: leave out lines
    that cannot be parsed, and count them. `schema`: the declared schema (a chain's), which the
    reader follows in place of inferring types.
    """

    header: bool = True
    skip_malformed: bool = False
    schema: Schema | None = None
    dialect: Dialect | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A file of a folder that is one table.

    `path` is relative to the folder, with forward slashes. `open` gives a local file with its
    bytes, whose name may lack a suffix, and fetches it where it has to: pictures that only have to
    be told apart are never opened. `md5` is that of its bytes, 32 hexadecimal digits, known without
    opening the file where DVC recorded it.
    """

    path: str
    open: Callable[[], Path]
    md5: Callable[[], str]


def _nothing(paths: Collection[str]) -> None:
    """All members are here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A table's bytes on this machine.

    `path` is the file to read; its name may lack a suffix (a cache object), so `format` and
    `gzip` say what it is. `shown_path` is the name that messages show. `content_id` is equal for
    equal bytes (`md5:…` or `git:…`), None where nothing recorded it. `members` are the files of a
    table that is a folder, sorted by path; such a table need not lie together anywhere, so it is
    read through them and not through `path`. None: the table is one file. `fetch` takes paths of
    members that will be opened and brings them here all at once; one that was not asked for is
    fetched when it is opened.
    """

    path: Path
    format: str
    gzip: bool = False
    shown_path: str
    content_id: str | None = None
    options: ReadOptions = ReadOptions()
    members: tuple[Member, ...] | None = None
    fetch: Callable[[Collection[str]], None] = _nothing
