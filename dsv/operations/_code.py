"""Code of the repository's authors, called in a process of its own over batches of rows."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from dsv.errors import MigrationError
from dsv.model.revision import SETTINGS_FROM
from dsv.model.schema import Schema
from dsv.model.values import shown
from dsv.tables.arrow import stage_batches
from dsv.tables.duckdb import Engine
from dsv.tables.table import POSITION
from dsv.tables.types import arrow_type, parse

Numbered = tuple[int, Any]
"""A record batch, with the number of its first row among all."""

_SCRIPT = Path(__file__).with_name("_apply_process.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A function of a file, what it reads and writes, and the files that it may open.

    `schema` is that of the dataset; `arguments` are passed by name; a call gets `batch` rows.
    """

    file: Path
    name: str
    function: str
    files: Mapping[str, Path]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    key: tuple[str, ...]
    schema: Schema
    arguments: Mapping[str, Any]
    batch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """What a function gave: a `relation` with `POSITION` (of the row) and `w0`, `w1`, …; what it printed.

    `batched` tells of a cell that is another when its row is called with fewer others; None: there is none.
    """

    relation: str
    printed: tuple[str, ...]
    batched: str | None = None


def called(engine: Engine, call: Call, rows: str) -> Cells:
    """Call the function over the rows of a query, in its order.

    The query gives `POSITION`, the key as `k0`, `k1`, … and what is read as `r0`, `r1`, …. The first
    and the last batch are given once more, to another process; and the first one in two halves.

    Raises: MigrationError: the function misbehaves, or gives other cells the second time; or the work tree
    is not trusted (`SETTINGS_FROM`), and nothing was called.
    """
    trusted = os.environ.get(SETTINGS_FROM)
    if trusted:
        raise MigrationError(
            f"{call.function} is code of the work tree, which is not trusted",
            where=f"{SETTINGS_FROM} names {trusted}",
            hint=f"unset {SETTINGS_FROM} where you trust the branch",
        )
    whole = _Process(engine.scratch(), call)
    batches = whole.write(_numbered(_even(engine.batches(rows, call.batch), call.batch), call.batch))
    whole.run()
    again = _Process(engine.scratch(), call)
    chosen = sorted({0, batches - 1}) if batches else []
    halves = _halves(whole) if batches else []
    repeated = (item for place, item in enumerate(_numbered(whole.batches("rows"), call.batch)) if place in chosen)
    again.write(chain(repeated, halves), optional=len(halves))
    again.run()
    _check_repeated(call, whole, again, chosen)
    batched = _batched(call, whole, again, len(chosen))
    relation = whole.load(engine)
    printed = whole.printed()
    for process in (whole, again):
        shutil.rmtree(process.folder)
    return Cells(relation=relation, printed=printed, batched=batched)


@dataclass(frozen=True, slots=True)
class _Process:
    """A process, and the folder through which it is talked to."""

    folder: Path
    call: Call

    def write(self, batches: Iterable[Numbered], *, optional: int = 0) -> int:
        """Write what the process is given; the number of batches. The last ones are `optional`: they may fail."""
        import pyarrow as pa

        code = self.folder / "code"
        for name, path in {self.call.name: self.call.file, **self.call.files}.items():
            (code / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, code / name)
        with pa.ipc.new_file(self.folder / "cells_schema.arrow", self._schema()):
            pass
        firsts = []
        with pa.ipc.new_file(self.folder / "rows.arrow", self._rows_schema()) as writer:
            for first, batch in batches:
                writer.write_batch(batch.cast(self._rows_schema()))
                firsts.append(first)
        told = json.dumps({**self._told(), "firsts": firsts, "optional": optional})
        (self.folder / "call.json").write_text(told, encoding="utf-8")
        return len(firsts)

    def run(self) -> None:
        """Let the process do all its calls. Raises: MigrationError: it ends with an error."""
        # Isolated: what is imported is what is installed, and what lies in the folder.
        command = [sys.executable, "-I", "-B", str(_SCRIPT), str(self.folder)]
        with (self.folder / "printed").open("wb") as out:
            ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False).returncode
        if ended == 0:
            return
        error = self.folder / "error.json"
        if not error.is_file():
            last = self.printed()[-1:]
            said = f": {last[0]}" if last else ""
            how = f"was killed by signal {-ended}" if ended < 0 else f"ended with {ended}"
            raise MigrationError(f"the process of {self.call.function} {how}{said}", where=self.call.name)
        told = json.loads(error.read_text(encoding="utf-8"))
        raise MigrationError(told["message"], where=told["where"], hint=told["hint"])

    def batches(self, name: str) -> Iterator[Any]:
        """The record batches of one of its files."""
        import pyarrow as pa

        with (
            pa.memory_map(str(self.folder / f"{name}.arrow")) as source,
            pa.ipc.open_file(source) as reader,
        ):
            for number in range(reader.num_record_batches):
                yield reader.get_batch(number)

    def load(self, engine: Engine) -> str:
        """Name a relation of the cells."""
        import pyarrow as pa

        size = (self.folder / "cells.arrow").stat().st_size
        names = ["p", *(f"w{place}" for place in range(len(self.call.writes)))]
        schema = pa.schema([item.with_name(name) for item, name in zip(self._schema(), names, strict=True)])
        return stage_batches(engine, schema, (batch.rename_columns(names) for batch in self.batches("cells")), size)

    def printed(self) -> tuple[str, ...]:
        """The lines that the code printed."""
        text = (self.folder / "printed").read_text(encoding="utf-8", errors="replace")
        return tuple(line for line in text.splitlines() if line.strip())

    def _told(self) -> dict[str, Any]:
        return {
            "file": self.call.name,
            "function": self.call.function,
            "reads": self.call.reads,
            "writes": self.call.writes,
            "key": self.call.key,
            "types": {name: self.call.schema[name].type for name in self.call.writes},
            "arguments": self.call.arguments,
        }

    def _schema(self) -> Any:
        import pyarrow as pa

        fields = [pa.field(name, arrow_type(parse(self.call.schema[name].type))) for name in self.call.writes]
        return pa.schema([pa.field(POSITION, pa.int64()), *fields])

    def _rows_schema(self) -> Any:
        import pyarrow as pa

        named = [(f"k{place}", name) for place, name in enumerate(self.call.key)]
        named += [(f"r{place}", name) for place, name in enumerate(self.call.reads)]
        fields = [pa.field(column, arrow_type(parse(self.call.schema[name].type))) for column, name in named]
        return pa.schema([pa.field(POSITION, pa.int64()), *fields])


def _even(batches: Iterator[Any], size: int) -> Iterator[Any]:
    """The same rows in batches of exactly `size`, but for the last: results may depend on them."""
    import pyarrow as pa

    waiting: list[Any] = []
    count = 0
    for batch in batches:
        waiting.append(batch)
        count += batch.num_rows
        while count >= size:
            table = pa.Table.from_batches(waiting).combine_chunks()
            yield table.slice(0, size).combine_chunks().to_batches()[0]
            waiting, count = table.slice(size).to_batches(), count - size
    if count:
        yield pa.Table.from_batches(waiting).combine_chunks().to_batches()[0]


def _numbered(batches: Iterable[Any], size: int) -> Iterator[Numbered]:
    return ((place * size + 1, batch) for place, batch in enumerate(batches))


def _halves(process: _Process) -> list[Numbered]:
    """The first batch in two; nothing if it is a single row."""
    first = next(process.batches("rows"))
    middle = first.num_rows // 2
    return [(1, first.slice(0, middle)), (middle + 1, first.slice(middle))] if middle else []


def _check_repeated(call: Call, whole: _Process, again: _Process, chosen: list[int]) -> None:
    """Hold the cells of two runs against each other. Raises: MigrationError: the first that differs."""
    once = (batch for place, batch in enumerate(whole.batches("cells")) if place in chosen)
    rows = (batch for place, batch in enumerate(whole.batches("rows")) if place in chosen)
    for first, second, given in zip(once, again.batches("cells"), rows, strict=False):
        told = _difference(call, first, second, given)
        if told is not None:
            raise MigrationError(
                f"{call.function} gives other cells when it is run again: {told}",
                where=call.name,
                hint="let cells depend on their rows alone: no chance, no clock, no order of a set, "
                "nothing kept between calls",
            )


def _batched(call: Call, whole: _Process, again: _Process, skipped: int) -> str | None:
    """The first cell of the first batch that is another where the batch is cut in two."""
    start = 0
    for half in islice(again.batches("cells"), skipped, None):
        first, given = (next(whole.batches(name)).slice(start, half.num_rows) for name in ("cells", "rows"))
        told = _difference(call, first, half, given)
        if told is not None:
            return told
        start += half.num_rows
    return None


def _difference(call: Call, first: Any, second: Any, given: Any) -> str | None:
    """The first cell that two runs over the same rows do not agree on, in words."""
    for name in call.writes:
        one, other = first.column(name), second.column(name)
        if one.equals(other):
            continue
        pairs = enumerate(zip(one.to_pylist(), other.to_pylist(), strict=True))
        # A NaN is no other NaN, but for people.
        place = next((place for place, (old, new) in pairs if repr(old) != repr(new)), None)
        if place is not None:
            keys = [f"{key}={given.column(f'k{index}')[place].as_py()}" for index, key in enumerate(call.key)]
            row = " ".join(keys) or f"row {given.column(POSITION)[place].as_py()}"
            return f"{name!r} of {row} is {shown(one[place].as_py())}, then {shown(other[place].as_py())}"
    return None
