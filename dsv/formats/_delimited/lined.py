"""What the lines of a delimited file have to be, as the first ones are."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path

from dsv.errors import FormatError
from dsv.formats._delimited.layout import Layout, read_layout
from dsv.formats._delimited.records import records
from dsv.formats._delimited.scan import Source, reader
from dsv.formats._lined import SAMPLE_ROWS, Lined
from dsv.formats._shared.bytes import BOM, MARKER
from dsv.formats._shared.infer import Candidate, passed, schema_of
from dsv.model.snapshot import Snapshot
from dsv.tables.duckdb import Engine, identifier
from dsv.tables.lines import LONGEST_LINE_BYTES

MOST_FIELDS = 200


def lined(engine: Engine, snapshot: Snapshot, delimiters: Sequence[str]) -> Lined | None:
    """What the lines of a file have to be; None if it has one field, very many, or an unusual header."""
    import duckdb

    try:
        layout = read_layout(snapshot, delimiters)
        head = _head(snapshot, layout)
        if head is None or not 1 < len(layout.names) <= MOST_FIELDS:
            return None

        def read(path: Path) -> str:
            return reader(_source(path, layout), layout)

        found, filled = _sample(engine, read(snapshot.path), layout)
    except (FormatError, OSError, duckdb.Error):
        return None
    return Lined(
        schema=schema_of(layout.names, found),
        pattern=_pattern(layout.delimiter, found, filled),
        head=head,
        read=read,
        never=MARKER.decode(),
        text_fields=frozenset(layout.names),
    )


def _source(path: Path, layout: Layout) -> Source:
    return Source(path=path, gzip=False, size=path.stat().st_size, quotes=True, header=layout.header)


def _head(snapshot: Snapshot, layout: Layout) -> bytes | None:
    """The header with its line end, empty where there is none; None if it is more than a line."""
    with snapshot.path.open("rb") as stream:
        line = stream.readline(LONGEST_LINE_BYTES)
    record = next(records(io.BytesIO(line), layout.delimiter), None)
    if record is None or record.problem or record.blank or line.startswith(BOM) or not line.endswith(b"\n"):
        return None
    return line if layout.header else b""


def _sample(engine: Engine, rows: str, layout: Layout) -> tuple[list[Candidate | None], list[bool]]:
    """What the first rows say of each field: the candidate that all cells pass, and whether there is any."""
    table = engine.fresh("sample")
    engine.execute(f"CREATE TABLE {table} AS SELECT * FROM {rows} LIMIT {SAMPLE_ROWS}")
    found = passed(engine, table, layout.names)
    counts = engine.aggregates(table, [f"count({identifier(name)})" for name in layout.names])
    engine.execute(f"DROP TABLE {table}")
    return found, [count > 0 for count in counts]


def _pattern(delimiter: str, found: Sequence[Candidate | None], filled: Sequence[bool]) -> str:
    """RE2 for the lines that are one record each, with as many cells, which pass what the first ones pass."""
    mark = re.escape(delimiter)
    # Quotes inside an unquoted cell have several meanings: such a file is read record by record.
    text = rf'(?:[^"\x00\r\n{mark}]+|"(?:[^"\x00\r\n]|"")*")?'
    cells = []
    for candidate, some in zip(found, filled, strict=True):
        if candidate is not None:
            cells.append(rf'(?:{candidate.surely}|"(?:{candidate.surely})")?')
        else:
            cells.append(text if some else "")
    return mark.join(cells)
