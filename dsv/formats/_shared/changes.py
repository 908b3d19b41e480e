"""What a publication changes: for each row of the base, which cells differ; and the rows that are new."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, cast

from dsv.errors import FormatError
from dsv.formats._shared.bytes import copy, gzip_writer
from dsv.formats.base import Publication, scan
from dsv.model.schema import Field
from dsv.tables.duckdb import identifier
from dsv.tables.spelled import misfit
from dsv.tables.table import POSITION, Table, cast_text

TEXTS = ("string", "enum", "date", "datetime")
"""Types whose values typed files may hold as text too."""


@dataclass(frozen=True, slots=True)
class RowEdit:
    """A row of the base that is published otherwise. `values` are the final values of cells that differ."""

    position: int
    removed: bool
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The base and the final rows side by side. Values are read from the engine as they are needed.

    `base` holds values; of `text_fields` it also has the text, under the names that `_text` gives.
    """

    publication: Publication
    base: Table
    text_fields: frozenset[str] = frozenset()

    @property
    def final(self) -> Table:
        """The rows to publish."""
        return self.publication.final

    @property
    def kept(self) -> dict[str, str]:
        """Final field -> base field that its cells come from."""
        pairs = ((item.name, item.origin) for item in self.final.schema)
        return {name: origin for name, origin in pairs if origin is not None and origin in self.base.schema}

    @property
    def same_fields(self) -> bool:
        """The published file has the base's fields, in their order."""
        names = self.base.schema.names
        return [(item.name, item.origin) for item in self.final.schema] == list(zip(names, names, strict=True))

    @property
    def retyped(self) -> bool:
        """A field has another type than in the base."""
        pairs = ((self.final.schema[name].type, self.base.schema[origin].type) for name, origin in self.kept.items())
        return not all(alike(new, old) for new, old in pairs)

    def edits(self) -> Iterator[RowEdit]:
        """Rows of the base that are removed or have other cells, in the base's order.

        Raises: FormatError: two final rows belong to one row of the base.
        """
        names = self.final.schema.names
        differ = [self._differs(name) for name in names]
        columns = ", ".join([*(f"f.{identifier(name)}" for name in names), *differ])
        gone = f"f.{POSITION} IS NULL"
        query = (
            f"SELECT b.{POSITION}, {gone}, {columns} FROM {self.base.relation} b "
            f"LEFT JOIN {self.final.relation} f ON {self.pairs()} "
            f"WHERE {' OR '.join([gone, *differ])} ORDER BY b.{POSITION}"
        )
        last = 0
        for position, removed, *rest in self.base.engine.stream(query):
            if position == last:
                raise self._ambiguous()
            last = position
            cells, changed = rest[: len(names)], rest[len(names) :]
            values = {name: cell for name, cell, other in zip(names, cells, changed, strict=True) if other}
            yield RowEdit(position, bool(removed), {} if removed else values)

    def added(self) -> Iterator[Mapping[str, Any]]:
        """Rows that the base does not have, in the order of their key."""
        names = self.final.schema.names
        for row in self.base.engine.stream(self.added_sql()):
            yield dict(zip(names, row, strict=True))

    def added_sql(self) -> str:
        """SQL for the fields of the rows that the base does not have, in the order of their key."""
        columns = ", ".join(f"f.{identifier(name)}" for name in self.final.schema.names)
        order = ", ".join([*(f"f.{identifier(name)}" for name in self.publication.key), f"f.{POSITION}"])
        return (
            f"SELECT {columns} FROM {self.final.relation} f "
            f"ANTI JOIN {self.base.relation} b ON {self.pairs()} ORDER BY {order}"
        )

    def kept_sql(self) -> str:
        """SQL for the fields of the final rows that the base has, in the base's order."""
        columns = ", ".join(f"f.{identifier(name)}" for name in self.final.schema.names)
        return (
            f"SELECT {columns} FROM {self.base.relation} b JOIN {self.final.relation} f "
            f"ON {self.pairs()} ORDER BY b.{POSITION}"
        )

    def check_count(self, written: int) -> None:
        """Compare how many rows were written with how many there are. Raises: FormatError."""
        if written != self.final.count():
            raise self._ambiguous()

    def pairs(self) -> str:
        """SQL that pairs a row `f` of the final table with a row `b` of the base."""
        key = self.publication.key
        if not key:
            return f"f.{POSITION} = b.{POSITION}"
        lost = [name for name in key if name not in self.kept]
        if lost:
            raise FormatError(
                f"the key field {lost[0]!r} is not in the base, so its rows cannot be found again",
                where=self.publication.base.shown_path,
            )
        return " AND ".join(
            f"f.{identifier(name)} IS NOT DISTINCT FROM b.{identifier(self.kept[name])}" for name in key
        )

    def _differs(self, name: str) -> str:
        origin = self.kept.get(name)
        if origin is None:
            return "true"
        cell, before = f"f.{identifier(name)}", f"b.{identifier(origin)}"
        old, new = self.base.schema[origin], self.final.schema[name]
        if alike(old.type, new.type):
            return f"{cell} IS DISTINCT FROM {before}"
        return f"NOT ({_reads_as(before, old, new, cell, self._spelling(origin))})"

    def _spelling(self, origin: str) -> str | None:
        return f"b.{identifier(_text(origin))}" if origin in self.text_fields else None

    def _ambiguous(self) -> FormatError:
        key = ", ".join(self.publication.key) or "position"
        return FormatError(
            f"rows share one {key}, so they cannot be told apart",
            where=self.publication.base.shown_path,
            hint="give every row a key of its own",
        )


Write = Callable[[Changes, Iterator[RowEdit], Iterator[Mapping[str, Any]], IO[bytes]], int]
"""Writes the final rows, given what is changed and added; the number of rows written."""


def publish(publication: Publication, stream: IO[bytes], write: Write, *, typed: bool = False) -> None:
    """Write a publication: the base's very bytes if nothing changed, gzipped if the base is.

    `typed`: the file says of what type each field is, so that another type is a change.

    Raises: FormatError: the base cannot be read, or rows cannot be told apart.
    """
    scanned = scan(publication.final.engine, publication.base).table
    base = _typed(scanned)
    changes = Changes(publication=publication, base=base, text_fields=scanned.text_fields)
    edits, added = changes.edits(), changes.added()
    if changes.same_fields and not (typed and changes.retyped):
        first_edits, first_added = list(itertools.islice(edits, 1)), list(itertools.islice(added, 1))
        if not first_edits and not first_added:
            changes.check_count(base.count())
            copy(publication.base, stream)
            return
        if typed:
            # Their writers look up what differs by themselves, and a query that waits would hold its memory.
            edits, added = iter(first_edits), iter(first_added)
        else:
            edits, added = itertools.chain(first_edits, edits), itertools.chain(first_added, added)
    todo = changes, edits, added
    if publication.base.gzip:
        with gzip_writer(stream) as zipped:
            written = write(*todo, cast(IO[bytes], zipped))
    else:
        written = write(*todo, stream)
    changes.check_count(written)


def alike(one: str, other: str) -> bool:
    """Say whether files hold values of two types in the same way."""
    return one == other or {one, other} == {"string", "enum"}


def _typed(table: Table) -> Table:
    """The rows with every field as a value of its type, and what was text also as it is spelled."""
    if not table.text_fields:
        return table
    cells = [f"{table.typed(name)} AS {identifier(name)}" for name in table.schema.names]
    texts = [f"{table.text(name)} AS {identifier(_text(name))}" for name in sorted(table.text_fields)]
    relation = f"(SELECT {', '.join([*cells, *texts])}, {POSITION} FROM {table.relation})"
    return Table(engine=table.engine, relation=relation, schema=table.schema)


def _text(name: str) -> str:
    return f"_dsv_text_{name}"


def _reads_as(before: str, old: Field, new: Field, cell: str, spelling: str | None) -> str:
    """SQL: a cell of the base need not be written anew to be read as `cell`, of another type.

    `spelling` is its text, where the file holds nothing but text.
    """
    text = (
        spelling if spelling is not None else before if old.type in ("string", "enum") and new.type in TEXTS else None
    )
    if text is not None:
        stranger = misfit(text, Field(name=new.name, type=new.type)) or "false"
        return (
            f"NOT coalesce({stranger}, false) AND {cell} IS NOT DISTINCT FROM {cast_text(text, new.type, attempt=True)}"
        )
    if (old.type, new.type) == ("integer", "number"):
        return f"{cell} IS NOT DISTINCT FROM {before}"
    return f"{cell} IS NULL AND {before} IS NULL"
