"""Fields of two tables brought together: which are the same field, and how their cells compare."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from dsv.diff.equality import (
    Form,
    canonical_text,
    comparable,
    compares_as_text,
    without_blanks,
)
from dsv.diff.hashing import Value, row_hash
from dsv.diff.tolerance import within
from dsv.errors import SchemaError, did_you_mean
from dsv.model.schema import is_nested
from dsv.tables.duckdb import identifier
from dsv.tables.table import Table

Side = Literal["old", "new"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPair:
    """A field that both sides have. It goes by its new name."""

    old: Form
    new: Form

    @property
    def name(self) -> str:
        """The new name."""
        return self.new.name

    @property
    def renamed(self) -> bool:
        """The sides call it differently."""
        return self.old.name != self.new.name

    @property
    def nested(self) -> bool:
        """Its comparable values are nested."""
        return is_nested(self.old.type) and is_nested(self.new.type)

    @property
    def textual(self) -> bool:
        """Blanks and case are part of its values."""
        return compares_as_text(self.old, self.new)

    @property
    def numeric(self) -> bool:
        """Numbers on both sides."""
        return self.old.numeric and self.new.numeric

    @property
    def spelled(self) -> bool:
        """Equal values may have two spellings."""
        numbers = "number" in (self.old.type, self.new.type)
        return self.numeric and numbers and self.old.text and self.new.text

    def form(self, side: Side) -> Form:
        """How a side stores it."""
        return self.old if side == "old" else self.new

    def value(self, side: Side, column: str | None = None) -> str:
        """SQL for the comparable value of a side's cell, which stands in `column` (else its own name)."""
        mine, other = (self.old, self.new) if side == "old" else (self.new, self.old)
        return comparable(identifier(mine.name) if column is None else column, mine, other)

    def hashed(self, side: Side, column: str | None = None) -> Value:
        """What a side's cell adds to the hash of its row."""
        same = str(self.old.engine) == str(self.new.engine)
        kind = self.form(side).engine if same else None
        return Value(sql=self.value(side, column), nested=self.nested, kind=kind)

    def text(self, side: Side, column: str) -> str:
        """SQL for the comparable value of a side's cell as text."""
        if self.textual or self.spelled:
            return self.value(side, column)
        return canonical_text(column, self.form(side))

    def differs(self, old: str, new: str, tolerance: float | None) -> str:
        """SQL that is true where two cells differ; numbers, nested ones too, by more than a tolerance."""
        differ = f"{self.value('old', old)} IS DISTINCT FROM {self.value('new', new)}"
        # No tolerance at all is exact, whatever doubles hold.
        alike = within(old, new, (self.old, self.new), tolerance) if tolerance else None
        return differ if alike is None else f"{differ} AND NOT {alike}"

    def whitespace_only(self, old: str, new: str) -> str:
        """SQL that is true where two texts that differ are equal but for their blanks."""
        left, right = without_blanks(self.value("old", old)), without_blanks(self.value("new", new))
        return f"coalesce({left} = {right}, false)"

    def case_only(self, old: str, new: str, *, blanks: bool = True) -> str:
        """SQL that is true where two texts that differ are equal but for upper and lower case.

        Without `blanks`, these do not count, and texts that differ in them alone are none such.
        """
        left, right = self.value("old", old), self.value("new", new)
        if blanks:
            return f"coalesce(lower({left}) = lower({right}), false)"
        same = f"lower({without_blanks(left)}) = lower({without_blanks(right)})"
        return f"coalesce({same}, false) AND NOT {self.whitespace_only(old, new)}"


def forms(table: Table) -> dict[str, Form]:
    """How a table stores each of its fields, in their order."""
    columns = ", ".join(identifier(name) for name in table.schema.names)
    relation = table.engine.connection.sql(f"SELECT {columns} FROM {table.relation} AS dsv_table")
    return {
        field.name: Form(name=field.name, type=field.type, engine=engine, text=field.name in table.text_fields)
        for field, engine in zip(table.schema, relation.types, strict=True)
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """The fields of two tables: the pairs in the new side's order, and what only one side has."""

    pairs: tuple[FieldPair, ...]
    only_old: tuple[Form, ...]
    only_new: tuple[Form, ...]

    def find(self, name: str) -> FieldPair | None:
        """The pair that either side calls so; the new name goes first."""
        by_new = next((pair for pair in self.pairs if pair.new.name == name), None)
        return by_new or next((pair for pair in self.pairs if pair.old.name == name), None)

    def names(self) -> list[str]:
        """All names of both sides."""
        found = [name for pair in self.pairs for name in (pair.new.name, pair.old.name)]
        return list(dict.fromkeys([*found, *(form.name for form in (*self.only_old, *self.only_new))]))

    def check(self, name: str, what: str) -> None:
        """Make sure that a side has a field of that name. Raises: SchemaError."""
        known = self.names()
        if name not in known:
            raise SchemaError(f"unknown {what} {name!r}", hint=did_you_mean(name, known))

    def pair_up(self, found: Iterable[FieldPair]) -> Alignment:
        """The same with more pairs, each of a field that only old had and one that only new had."""
        found = tuple(found)
        old, new = {pair.old.name for pair in found}, {pair.new.name for pair in found}
        return Alignment(
            pairs=(*self.pairs, *found),
            only_old=tuple(form for form in self.only_old if form.name not in old),
            only_new=tuple(form for form in self.only_new if form.name not in new),
        )


def align(old: Table, new: Table, renames: Iterable[tuple[str, str]] = ()) -> Alignment:
    """Bring together the fields of one name, and those that `renames` (old name, new name) tells of.

    Raises: SchemaError: a renamed field is not there.
    """
    left, right = forms(old), forms(new)
    source = {after: before for before, after in renames}
    for after, before in source.items():
        for name, known, side in ((before, left, "old"), (after, right, "new")):
            if name not in known:
                raise SchemaError(f"no field {name!r} in the {side} rows to rename", hint=did_you_mean(name, known))
    taken = set(source.values())
    source.update({name: name for name in right if name in left and name not in taken and name not in source})
    known_as = set(source.values())
    return Alignment(
        pairs=tuple(FieldPair(old=left[source[name]], new=form) for name, form in right.items() if name in source),
        only_old=tuple(form for name, form in left.items() if name not in known_as),
        only_new=tuple(form for name, form in right.items() if name not in source),
    )


def hash_of(pairs: Sequence[FieldPair], side: Side) -> str:
    """SQL for the hash of the comparable values of a side's row."""
    return row_hash([pair.hashed(side) for pair in pairs])


def key_hash(key: Sequence[FieldPair], side: Side) -> str:
    """SQL for the hash of a side's key; NULL where a part of the key is missing."""
    missing = " OR ".join(f"{identifier(pair.form(side).name)} IS NULL" for pair in key)
    return f"CASE WHEN NOT ({missing}) THEN {hash_of(key, side)} END"
