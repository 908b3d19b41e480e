"""Rows of part files, gathered into one relation file by file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from dsv.errors import FormatError
from dsv.formats._parts.files import PartFile
from dsv.formats._parts.types import Fields, Own
from dsv.formats._shared.infer import infer
from dsv.formats._shared.json_fields import in_one_spelling
from dsv.formats.base import MemberRows, Scan, scan
from dsv.model.finding import Finding
from dsv.model.schema import Field, Schema
from dsv.model.snapshot import Snapshot
from dsv.tables.duckdb import Engine, identifier, literal
from dsv.tables.table import POSITION, STAGE_LIMIT_BYTES, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """One table of all parts, and what `Scan` tells beside it."""

    table: Table
    ranges: tuple[MemberRows, ...]
    some: Callable[[Collection[str]], Table] | None = None
    findings: tuple[Finding, ...] = ()
    malformed: int = 0
    first_malformed: str | None = None


Meaning = Callable[[PartFile, Table], Table]
"""Makes of a file's rows what they mean."""


def gather(
    engine: Engine,
    snapshot: Snapshot,
    parts: Sequence[PartFile],
    meaning: Meaning = lambda part, table: table,
    refusals: Mapping[str, str] = MappingProxyType({}),
) -> Gathered:
    """Read the files one after the other, each with its own format's reader.

    `refusals` are sentences by what the engine says where `meaning` made it refuse a cell.

    Raises: FormatError.
    """
    size = sum(part.member.open().stat().st_size for part in parts)
    place = "memory" if size <= STAGE_LIMIT_BYTES else engine.attached()
    gathering = _Gathering(engine, f"{place}.main.{engine.fresh('parts')}", snapshot, meaning, size)
    for part in parts:
        try:
            gathering.add(part)
        except Exception as error:
            refused = next((sentence for said, sentence in refusals.items() if said in str(error)), None)
            if refused is None:
                raise
            raise FormatError(refused, where=part.shown) from None
    return gathering.result()


class _Gathering:
    """The relation that grows by a file's rows at a time, and its fields as far as they are known."""

    def __init__(self, engine: Engine, relation: str, snapshot: Snapshot, meaning: Meaning, size: int) -> None:
        self.engine = engine
        self.size = size
        self.relation = relation
        self.snapshot = snapshot
        self.meaning = meaning
        self.fields = Fields(engine, relation)
        self.ranges: list[MemberRows] = []
        self.malformed = 0
        self.first_malformed: str | None = None
        self.texts: frozenset[str] = frozenset()
        self.zoned: frozenset[str] = frozenset()

    def add(self, part: PartFile) -> None:
        """Read a file, and put its rows behind the others."""
        options = replace(self.snapshot.options, schema=None, dialect=None)
        path = part.member.open()
        own = Snapshot(path=path, format=part.format, gzip=part.gzip, shown_path=part.shown, options=options)
        with self.engine.aside():
            found = scan(self.engine, own)
            self._take(part, self.meaning(part, found.table))
            self._count(part, found)

    def _take(self, part: PartFile, table: Table) -> None:
        given = self._given(part, table)
        natives = self.engine.columns(table.relation)
        del natives[POSITION]
        self.texts |= table.text_fields
        own = {
            name: Own(
                type="string" if name in table.text_fields else table.schema[name].type,
                native=str(kind),
                told=table.schema[name].type,
            )
            for name, kind in natives.items()
        }
        self.fields.meet(part, own, list(given), table.relation)
        cells = [f"{self.fields.cast(name, item)} AS {identifier(name)}" for name, item in own.items()]
        cells += [f"{literal(value)} AS {identifier(name)}" for name, value in given.items()]
        self.engine.execute(f"INSERT INTO {self.relation} BY NAME SELECT {', '.join(cells)} FROM {table.relation}")

    def _given(self, part: PartFile, table: Table) -> Mapping[str, str | None]:
        """The fields that the folders give and the file does not. Raises: FormatError: they disagree."""
        by_case = {name.lower(): name for name in table.schema.names}
        for name, value in part.fields.items():
            twin = by_case.get(name.lower())
            if twin is None:
                continue
            other = f"CAST({table.typed(twin)} AS VARCHAR) IS DISTINCT FROM {literal(value)}"
            if self.engine.value(f"SELECT count(*) FROM {table.relation} WHERE {other}"):
                raise FormatError(
                    f"the field {name!r} is {value!r} by the folder's name, and something else in the file",
                    where=part.shown,
                    hint="rename the field or the folder",
                )
        return {name: value for name, value in part.fields.items() if name.lower() not in by_case}

    def _count(self, part: PartFile, found: Scan) -> None:
        first = self.ranges[-1].first + self.ranges[-1].count if self.ranges else 1
        count = found.table.count()
        self.ranges.append(MemberRows(path=part.member.path, first=first, count=count))
        self.zoned |= found.table.zoned_fields
        self.malformed += found.malformed
        self.first_malformed = self.first_malformed or found.first_malformed

    def result(self) -> Gathered:
        """All rows. Text is typed only now, as that of one file is: by all of it."""
        name = self.engine.fresh("scan")
        self.engine.execute(f"CREATE VIEW {name} AS SELECT *, rowid + 1 AS {POSITION} FROM {self.relation}")
        schema = self.fields.schema()
        mixed = [item.name for item in schema if item.type == "json"]
        name = in_one_spelling(self.engine, name, mixed, self.size)
        if self.texts:
            inferred = infer(self.engine, name, [item.name for item in schema if item.name in self.texts])
            schema = Schema(fields=tuple(_of(item, inferred) for item in schema))
        table = Table(engine=self.engine, relation=name, schema=schema, text_fields=self.texts, zoned_fields=self.zoned)
        return Gathered(
            table=table,
            ranges=tuple(self.ranges),
            findings=self.fields.findings(schema),
            malformed=self.malformed,
            first_malformed=self.first_malformed,
        )


def _of(field: Field, inferred: Schema) -> Field:
    return next((item for item in inferred if item.name == field.name), field)
