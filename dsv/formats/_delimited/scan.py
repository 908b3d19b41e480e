"""Scanning delimited text: DuckDB reads it, and what DuckDB refuses is read record by record.

Both readers must understand a file alike. So bytes that DuckDB takes in a way of its own (a quote
after a blank, a lone carriage return) never reach it: such a file is rewritten, record by record,
into one that has a single meaning.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dsv.errors import FormatError
from dsv.formats._delimited.census import Census
from dsv.formats._delimited.layout import Layout, lines, read_layout, record_error
from dsv.formats._delimited.records import UNCLOSED, syntax
from dsv.formats._shared.bytes import MARKER, marker_error, open_bytes, text_pieces
from dsv.formats._shared.infer import check_cells, infer
from dsv.formats._shared.names import check_names
from dsv.formats.base import Scan
from dsv.model.snapshot import Snapshot
from dsv.tables.duckdb import Engine, identifier, literal
from dsv.tables.spelled import misfit
from dsv.tables.table import Table, origin, stage
from dsv.tables.types import columns

_LONGEST_RECORD_BYTES = 256 * 1024 * 1024
_USUAL_RECORD_BYTES = 2 * 1000 * 1000


@dataclass(frozen=True, slots=True)
class Source:
    """A file that DuckDB is to read, and the malformed lines that are not in it."""

    path: Path
    gzip: bool
    size: int
    quotes: bool
    header: bool
    malformed: int = 0
    first_malformed: str | None = None


def scan(engine: Engine, snapshot: Snapshot, delimiters: Sequence[str]) -> Scan:
    """Read a delimited file as a table of text fields. Raises: FormatError."""
    layout = read_layout(snapshot, delimiters)
    engine.expect(len(layout.names))
    schema = snapshot.options.schema
    if schema is not None:
        check_names(layout.names, schema, f"{snapshot.shown_path}:1")
    source, relation = _read(engine, snapshot, layout)
    if schema is None:
        schema = infer(engine, relation, layout.names)
    else:
        tests = {field.name: misfit(identifier(field.name), field) for field in schema}
        check_cells(
            engine,
            relation,
            schema,
            {name: test for name, test in tests.items() if test is not None},
            lambda position: f"{snapshot.shown_path}:{_line_of(snapshot, layout, position)}",
        )
    names = frozenset(schema.names)
    table = Table(engine=engine, relation=relation, schema=schema, text_fields=names, origin=origin(relation))
    return Scan(table=table, malformed=source.malformed, first_malformed=source.first_malformed)


def _read(engine: Engine, snapshot: Snapshot, layout: Layout) -> tuple[Source, str]:
    census = Census(layout)
    # How many bytes a gzipped file holds is known at its end only.
    size = None if snapshot.gzip else snapshot.path.stat().st_size
    with engine.progress.task("checking lines", size) as task, open_bytes(snapshot) as stream:
        for piece in text_pieces(snapshot, stream):
            census.add(piece)
            task.advance(len(piece))
    if census.plain:
        source = Source(
            path=snapshot.path,
            gzip=snapshot.gzip,
            size=census.size_bytes,
            quotes=census.quotes,
            header=layout.header,
        )
        relation = _try_load(engine, source, layout)
        if relation is not None and census.agrees(engine.count(relation)):
            return source, relation
    source = _rewrite(engine, snapshot, layout)
    return source, _load(engine, source, layout, _LONGEST_RECORD_BYTES)


def _try_load(engine: Engine, source: Source, layout: Layout) -> str | None:
    import duckdb

    for longest in (_USUAL_RECORD_BYTES, _LONGEST_RECORD_BYTES):
        if longest > _USUAL_RECORD_BYTES:
            engine.expect(len(layout.names), longest if source.gzip else min(longest, source.path.stat().st_size))
        try:
            return _load(engine, source, layout, longest)
        except duckdb.NotImplementedException:
            # a record is larger than the piece of a thread; the next attempt has one thread
            continue
        except duckdb.InvalidInputException as error:
            if "Maximum line size" not in str(error):
                return None
    return None


def _load(engine: Engine, source: Source, layout: Layout, longest: int) -> str:
    """Read a file for the engine; the relation's name."""
    return stage(engine, reader(source, layout, longest), source.size)


def reader(source: Source, layout: Layout, longest: int = _USUAL_RECORD_BYTES) -> str:
    """SQL that reads a file whose records take no more than `longest` bytes."""
    options = {
        "auto_detect": "false",
        "delim": literal(layout.delimiter),
        "quote": "'\"'",
        "escape": "'\"'",
        "header": literal(source.header),
        "nullstr": "''",
        "allow_quoted_nulls": "false",
        "strict_mode": "true",
        "hive_partitioning": "false",
        # the engine's threads cut a file into pieces, and a record must fit one
        "parallel": literal(not source.quotes and longest == _USUAL_RECORD_BYTES),
        "max_line_size": literal(longest),
        # unless told, sixteen times the longest line
        "buffer_size": literal(max(longest + 1, 16 * _USUAL_RECORD_BYTES)),
        "compression": literal("gzip" if source.gzip else "none"),
        "columns": columns((name, "VARCHAR") for name in layout.names),
    }
    settings = ", ".join(f"{name} = {value}" for name, value in options.items())
    return f"read_csv({literal(str(source.path))}, {settings})"


def _rewrite(engine: Engine, snapshot: Snapshot, layout: Layout) -> Source:
    """Copy the sound records in a spelling with one meaning, and count the others.

    Raises: FormatError: a record is malformed, and the snapshot does not say to skip such.
    """
    rules = syntax(layout.delimiter)
    skip = snapshot.options.skip_malformed
    path = engine.scratch(".csv")
    malformed = 0
    first: str | None = None
    with open_bytes(snapshot) as stream, path.open("wb") as target:
        size = target.write(rules.delimiter.join([b"_"] * len(layout.names)) + b"\n")
        for kind, record in layout.walk(lines(stream), check=False):
            if record.raw.startswith(MARKER):
                raise marker_error(snapshot, record.line)
            if kind == "malformed" and (not skip or record.problem == UNCLOSED):
                raise record_error(snapshot, record)
            cells = rules.cells(record) if kind == "row" else []
            if len(cells) == len(layout.names):
                size += target.write(rules.delimiter.join(map(_normal, cells)) + b"\n")
            elif kind in ("row", "malformed"):
                malformed += 1
                first = first or f"{snapshot.shown_path}:{record.line}"
    if malformed and not skip:
        raise _ragged(malformed, len(layout.names), first)
    return Source(
        path=path,
        gzip=False,
        size=size,
        quotes=True,
        header=True,
        malformed=malformed,
        first_malformed=first,
    )


def _normal(cell: bytes) -> bytes:
    if b'"' not in cell or cell.startswith(b'"'):
        return cell
    return b'"' + cell.replace(b'"', b'""') + b'"'


def _ragged(count: int, width: int, first: str | None) -> FormatError:
    lines_do = "1 line does" if count == 1 else f"{count} lines do"
    return FormatError(
        f"{lines_do} not have {width} field{'s' if width > 1 else ''}",
        where=first,
        hint="mend the file, or leave such lines out: --skip-malformed",
    )


def _line_of(snapshot: Snapshot, layout: Layout, position: int) -> int:
    """The line on which the row at a position begins."""
    with open_bytes(snapshot) as stream:
        rows = (
            record.line
            for kind, record in layout.walk(lines(stream), check=snapshot.options.skip_malformed)
            if kind == "row"
        )
        return next(itertools.islice(rows, position - 1, None), 0)
