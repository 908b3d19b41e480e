"""What a span tag (B-PER, I-PER, …, O) says, as SQL over the tag and its neighbours in the sequence.

One rule reads all schemes: a span begins at a tag that says so, that follows on another type or on
the end of a span; it ends where the next one begins or the type changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from dsv.tables.duckdb import Engine
from dsv.tables.table import POSITION

TAG = re.compile(r"[BIESLUM]-.+|O", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Tag:
    """SQL for a tag and for its neighbours, NULL at the ends of the sequence."""

    tag: str
    before: str
    after: str

    @property
    def type(self) -> str:
        """SQL for the type of its span, NULL outside of spans."""
        return _type(self.tag)

    @property
    def letter(self) -> str:
        """SQL for the letter that says where in its span it stands, NULL outside of spans."""
        return f"(CASE WHEN {self.tag} <> 'O' THEN left({self.tag}, 1) END)"

    @property
    def begins(self) -> str:
        """SQL: a span begins here."""
        return _begins(self.tag, self.before)

    @property
    def ends(self) -> str:
        """SQL: a span ends here."""
        other = f"{_type(self.after)} IS DISTINCT FROM {self.type}"
        return f"({self.type} IS NOT NULL AND ({other} OR {_begins(self.after, self.tag)}))"

    @property
    def inside(self) -> str:
        """SQL: a span begins here with the letter I."""
        return f"({self.letter} = 'I' AND {self.begins})"

    @property
    def needless(self) -> str:
        """SQL: a span begins here with the letter B where an I would do."""
        return f"({self.letter} = 'B' AND {_type(self.before)} IS DISTINCT FROM {self.type})"


def type_of(tag: str | None) -> str:
    """The type of a tag of a span."""
    return (tag or "")[2:]


def are_tags(names: Collection[str | None]) -> bool:
    """Say whether all classes are span tags, and some are of spans."""
    given = [name for name in names if name is not None]
    return any(name != "O" for name in given) and all(map(TAG.fullmatch, given))


def over_rows(relation: str, tag: str, groups: str) -> str:
    """SQL for the position `p` of the rows, their tag, and what it says, by the names of `Tag`.

    `groups` are SQL columns, with commas between them, whose values tell apart the sequences.
    """
    window = f"({f'PARTITION BY {groups} ' if groups else ''}ORDER BY p)"
    said = Tag("tag", "before", "after")
    more = f", {groups}" if groups else ""
    return (
        f"(SELECT p, tag, {said.type} AS type, {said.letter} AS letter, {said.begins} AS begins, {said.ends} AS ends, "
        f"{said.inside} AS inside, {said.needless} AS needless FROM "
        f"(SELECT p, tag, lag(tag) OVER {window} AS before, lead(tag) OVER {window} AS after FROM "
        f"(SELECT {POSITION} AS p, {tag} AS tag{more} FROM {relation} AS dsv_table)))"
    )


def over_list(column: str, sql: Callable[[Tag], str]) -> str:
    """SQL for the list of what an expression makes of each tag of a list."""
    at = [f"list_extract({column}, dsv_place{step})" for step in ("", " - 1", " + 1")]
    tag = Tag(at[0], f"(CASE WHEN dsv_place > 1 THEN {at[1]} END)", at[2])
    return f"list_transform(range(1, len({column}) + 1), lambda dsv_place: {sql(tag)})"


def scheme_of_rows(engine: Engine, rows: str) -> str:
    """The name of the scheme of what `over_rows` gives."""
    found = engine.rows(
        "SELECT list(DISTINCT letter) FILTER (letter IS NOT NULL), count(*) FILTER (inside), "
        f"count(*) FILTER (needless) FROM {rows}"
    )
    return _scheme(*found[0])


def scheme_of_lists(engine: Engine, relation: str, column: str) -> str:
    """The name of the scheme of a column of lists."""
    letters = over_list(column, lambda tag: tag.letter)
    inside, needless = (
        f"count(*) FILTER (list_contains({over_list(column, sql)}, true))"
        for sql in (lambda tag: tag.inside, lambda tag: tag.needless)
    )
    found = engine.rows(f"SELECT list_distinct(flatten(list({letters}))), {inside}, {needless} FROM {relation}")
    return _scheme(*found[0])


def _type(tag: str) -> str:
    return f"(CASE WHEN {tag} <> 'O' THEN substr({tag}, 3) END)"


def _begins(tag: str, before: str) -> str:
    other = f"{_type(before)} IS DISTINCT FROM {_type(tag)}"
    said = f"left({tag}, 1) IN ('B', 'S', 'U') OR coalesce(left({before}, 1) IN ('E', 'S', 'L', 'U'), false)"
    return f"({_type(tag)} IS NOT NULL AND ({other} OR {said}))"


def _scheme(letters: Collection[str] | None, inside: int, needless: int) -> str:
    names = ((("L", "U"), "BILOU"), (("M",), "BMES"), (("E", "S"), "IOBES"))
    found = next((name for wanted, name in names if any(letter in (letters or ()) for letter in wanted)), None)
    if found is not None or not inside:
        return found or "BIO"
    return "IOB1 and BIO mixed" if needless else "IOB1"
