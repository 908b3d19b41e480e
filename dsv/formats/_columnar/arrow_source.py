"""Arrow IPC: files (Feather is the same) and streams, read batch by batch."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dsv.errors import FormatError
from dsv.formats._shared.bytes import open_bytes
from dsv.model.snapshot import Snapshot
from dsv.tables.arrow import stage_batches
from dsv.tables.duckdb import Engine
from dsv.tables.table import POSITION

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

FILE = b"ARROW1"
_FEATHER_1 = b"FEA1"
_CODECS = ("lz4", "zstd")
_HINT = "fetch or write the file again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An Arrow file on this machine, unzipped; a stream if not `is_file`. `shown` names it for people."""

    path: Path
    is_file: bool
    shown: str

    @contextmanager
    def batches(self) -> Iterator[tuple[Any, Iterator[Any]]]:
        """The schema, and the record batches one by one.

        Raises: FormatError: the file is not sound, or cut short.
        """
        import pyarrow as pa

        try:
            with pa.memory_map(str(self.path)) as mapped:
                if self.is_file:
                    reader = pa.ipc.open_file(mapped)
                    yield reader.schema, (reader.get_batch(n) for n in range(reader.num_record_batches))
                else:
                    stream = pa.ipc.open_stream(mapped)
                    yield stream.schema, iter(stream)
        except (pa.ArrowException, OSError) as error:
            raise self.unsound(error) from None

    def unsound(self, error: Exception) -> FormatError:
        """The error for bytes that pyarrow refuses."""
        reason = str(error).splitlines()[0].replace(str(self.path), self.shown)
        return FormatError(f"the file is no sound Arrow file: {reason}", where=self.shown, hint=_HINT)

    def first_batch(self) -> tuple[int, str | None]:
        """Rows of the first batch (0: there is none), and the codec of its buffers."""
        import pyarrow as pa

        try:
            with self.path.open("rb") as stream:
                stream.seek(8 if self.is_file else 0)
                for message in pa.ipc.MessageReader.open_stream(stream):
                    if message.type == "record batch":
                        return _batch_facts(message.metadata.to_pybytes())
        except pa.ArrowException as error:
            raise self.unsound(error) from None
        return 0, None


def source_of(engine: Engine, snapshot: Snapshot) -> Source:
    """The file that a snapshot is. Raises: FormatError: it is Feather's first version, or no Arrow file."""
    path = snapshot.path
    if snapshot.gzip:
        path = engine.scratch(".arrow")
        with open_bytes(snapshot) as source, path.open("wb") as target:
            while block := source.read(1 << 20):
                target.write(block)
    with path.open("rb") as stream:
        head = stream.read(8)
    if head.startswith(_FEATHER_1):
        raise FormatError(
            "the file is Feather version 1, which is read no more",
            where=snapshot.shown_path,
            hint="write it again as version 2: pyarrow.feather.write_feather",
        )
    if not head:
        raise FormatError("the file is empty", where=snapshot.shown_path, hint=_HINT)
    return Source(path=path, is_file=head.startswith(FILE), shown=snapshot.shown_path)


def staged(engine: Engine, source: Source) -> tuple[str, dict[str, DuckDBPyType]]:
    """The relation of all rows, with `POSITION`, and the types of its columns.

    Raises: FormatError: the file is not sound, cut short, or of types that the engine has not.
    """
    import duckdb
    import pyarrow as pa

    with source.batches() as (schema, batches):
        _check_schema(schema, source)
        try:
            relation = stage_batches(engine, schema, batches, source.path.stat().st_size)
        except pa.ArrowException as error:
            raise source.unsound(error) from None
        except duckdb.Error as error:
            raise source.unsound(error) from None
    found = engine.columns(relation)
    del found[POSITION]
    return relation, found


def _check_schema(schema: Any, source: Source) -> None:
    from dsv.formats._shared.names import check_names_apart

    if not schema.names:
        raise FormatError("the table has no fields", where=source.shown)
    check_names_apart(schema.names, source.shown)


def _batch_facts(metadata: bytes) -> tuple[int, str | None]:
    """Rows and codec in a message's FlatBuffer: pyarrow has no words for the codec."""
    message = _Flat(metadata, struct.unpack_from("<I", metadata)[0])
    batch = message.table(2)
    if batch is None:
        return 0, None
    rows = batch.number(0, "<q")
    compression = batch.table(3)
    return rows, None if compression is None else _CODECS[compression.number(0, "<b")]


@dataclass(frozen=True, slots=True)
class _Flat:
    """A FlatBuffer table: fields by number."""

    data: bytes
    place: int

    def table(self, field: int) -> _Flat | None:
        at = self._at(field)
        return None if at is None else _Flat(self.data, at + struct.unpack_from("<I", self.data, at)[0])

    def number(self, field: int, form: str) -> int:
        at = self._at(field)
        return 0 if at is None else int(struct.unpack_from(form, self.data, at)[0])

    def _at(self, field: int) -> int | None:
        fields = self.place - struct.unpack_from("<i", self.data, self.place)[0]
        (size,) = struct.unpack_from("<H", self.data, fields)
        entry = 4 + 2 * field
        (offset,) = struct.unpack_from("<H", self.data, fields + entry) if entry < size else (0,)
        return self.place + offset if offset else None
