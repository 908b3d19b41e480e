r"""Keys that changed their form: 004 became 4, a folder was added, day and month were swapped.

Where few rows pair though both sides have about as many, a form is looked for in which the keys of
both sides are equal. What is found is a question to the user (a finding), never an answer: nothing
is paired by a form unless the request names it.
"""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from dsv.diff.equality import without_blanks
from dsv.diff.fields import Alignment, FieldPair, Side, align
from dsv.diff.keys import Key, unique_fields
from dsv.diff.request import DiffRequest
from dsv.diff.rows import MOST, Pairing
from dsv.errors import SchemaError, did_you_mean
from dsv.model.finding import Finding
from dsv.model.schema import Field, Schema
from dsv.tables.duckdb import Engine, identifier, literal
from dsv.tables.table import Table

HALF = 0.5
"""A form is told of when it pairs at least this share of the rows that are left.

Where fewer rows than this share pair, unique fields outside the key are suspected too.
"""
ALIKE = 0.8
"""Both sides have about as many rows: the smaller at least this share of the larger."""
MOST_FIELDS = 4
SAMPLED_ROWS = 100_000
SAMPLED_KEYS = 200
DATES = ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y%m%d")

SIDES: tuple[Side, Side] = ("old", "new")

_ZEROS = r"(^|[^0-9])0+([0-9])"
_FOLDER = r"^.*[/\\]"
_ENDING = r"\.[A-Za-z][A-Za-z0-9]{0,4}$"
_SWAPPED = r"^([0-9]{4})-(0[1-9]|1[0-2])-(0[1-9]|1[0-2])"


@dataclass(frozen=True, slots=True)
class KeyForm:
    """A form of a key: `sql` turns a side's text into it; `words` say so after "if"."""

    name: str
    words: str
    sql: Callable[[Side, str], str]


def _both(name: str, words: str, sql: Callable[[str], str]) -> KeyForm:
    return KeyForm(name, words, lambda _, text: sql(text))


def _without(pattern: str, by: str = "", every: bool = False) -> Callable[[str], str]:
    return lambda text: f"regexp_replace({text}, {literal(pattern)}, {literal(by)}, '{'g' if every else ''}')"


AS_IT_IS = _both("", "", lambda text: text)
FORMS: Mapping[str, KeyForm] = {
    form.name: form
    for form in (
        _both("unicode", "Unicode is normalised (NFC)", lambda text: f"nfc_normalize({text})"),
        _both("blanks", "blanks are left out", without_blanks),
        _both("case", "upper and lower case are taken for one", lambda text: f"lower({text})"),
        _both("leading-zeros", "leading zeros are dropped", _without(_ZEROS, r"\1\2", every=True)),
        _both("folder", "folders are dropped", _without(_FOLDER)),
        _both("ending", "file endings are dropped", _without(_ENDING)),
        _both("file", "folders and file endings are dropped", lambda text: _without(_ENDING)(_without(_FOLDER)(text))),
        KeyForm(
            "day-month",
            "day and month of the old keys are swapped (where both are at most 12)",
            lambda side, text: _without(_SWAPPED, r"\1-\3-\2")(text) if side == "old" else text,
        ),
    )
}
"""The forms without a parameter, the mildest first."""


def form(name: str) -> KeyForm:
    """The form of a name: one of `FORMS`, `prefix:TEXT`, `suffix:TEXT` or `dates:OLD,NEW`.

    Raises: SchemaError: there is no such form.
    """
    kind, _, text = name.partition(":")
    if name in FORMS:
        return FORMS[name]
    if kind == "prefix" and text:
        cut = f"CASE WHEN starts_with(@, {literal(text)}) THEN substr(@, {len(text) + 1}) ELSE @ END"
        return _both(name, f"the prefix {text!r} is dropped", lambda column: cut.replace("@", column))
    if kind == "suffix" and text:
        cut = f"CASE WHEN ends_with(@, {literal(text)}) THEN left(@, -{len(text)}) ELSE @ END"
        return _both(name, f"the suffix {text!r} is dropped", lambda column: cut.replace("@", column))
    old, _, new = text.partition(",")
    if kind == "dates" and old in DATES and new in DATES:
        layouts = {"old": old, "new": new}
        words = f"dates are read as {old} in old and as {new} in new"
        return KeyForm(name, words, lambda side, column: _date(column, layouts[side]))
    known = [*FORMS, "prefix:TEXT", "suffix:TEXT", f"dates:{DATES[1]},{DATES[0]}"]
    raise SchemaError(f"no such form of a key: {name!r}", hint=did_you_mean(name, known))


def applied(old: Table, new: Table, wanted: Sequence[tuple[str, str]]) -> tuple[Table, Table]:
    """Both tables with fields brought into a form, for (field, form) pairs.

    Raises: SchemaError: no such form, or a side has no such field.
    """
    for name, form_name in wanted:
        pair = align(old, new).find(name)
        if pair is None or pair.renamed:
            known = [item for item in old.schema.names if item in new.schema]
            raise SchemaError(f"no field {name!r} on both sides to bring into a form", hint=did_you_mean(name, known))
        found = form(form_name)
        old, new = _formed(old, "old", pair, found), _formed(new, "new", pair, found)
    return old, new


def told(dataset: str, request: DiffRequest) -> tuple[Finding, ...]:
    """Say which forms the keys were compared in."""
    return tuple(
        Finding(
            rule="key-form",
            level="info",
            message=f"{name} was compared in another form: {form(kind).words}",
            dataset=dataset,
        )
        for name, kind in request.key_forms
    )


def changed_forms(
    dataset: str, old: Table, new: Table, fields: Alignment, key: Key, pairing: Pairing, request: DiffRequest
) -> tuple[Finding, ...]:
    """Ask whether the key's form changed, where few rows pair.

    Forms are tried on a sample of the keys; the best one is counted on all of them.
    """
    if request.by_position or (request.identity and not request.key) or request.key_forms:
        return ()
    pairs, rows = pairing.pairs, sorted((pairing.rows.old, pairing.rows.new))
    if rows[0] < ALIKE * rows[1] or pairing.finds_most:
        return ()
    tries = _Tries(old, new, max(1, rows[1] // SAMPLED_ROWS))
    best: tuple[int, _Suspect, KeyForm] | None = None
    for suspect in _suspects(old, new, fields, key, request, widely=pairs < HALF * rows[0]):
        least = max(tries.count(suspect, AS_IT_IS), 0 if best is None else best[0])
        for candidate in _candidates(old, new, suspect.field):
            paired = tries.count(suspect, candidate)
            if paired > least:
                least = paired
                best = paired, suspect, candidate
    if best is None:
        return ()
    exact = _Tries(old, new, 1)
    paired, as_they_are = exact.count(best[1], best[2]), exact.count(best[1], AS_IT_IS)
    if as_they_are >= MOST * rows[0] or paired - as_they_are < HALF * (rows[0] - as_they_are):
        return ()
    return (_asked(dataset, key, best[1].field.name, best[2], paired, pairs, rows[0]),)


def _asked(dataset: str, key: Key, name: str, found: KeyForm, paired: int, pairs: int, rows: int) -> Finding:
    again = [] if name in key.names else ["-k", name]
    command = shlex.join([*again, "--key-form", f"{name}={found.name}"])
    message = (
        f"did the key's form change? {pairs:,} of {rows:,} rows pair as they are; "
        f"{paired:,} of {rows:,} pair by {name} if {found.words}: compare so with {command}"
    )
    return Finding(rule="key-form-changed", level="warning", message=message, count=paired, dataset=dataset)


@dataclass(frozen=True, slots=True)
class _Suspect:
    """A field that may have changed its form, and the other fields of the key."""

    field: FieldPair
    others: tuple[FieldPair, ...] = ()


def _suspects(
    old: Table, new: Table, fields: Alignment, key: Key, request: DiffRequest, *, widely: bool
) -> Iterator[_Suspect]:
    for pair in key.fields:
        if not pair.renamed:
            yield _Suspect(pair, tuple(other for other in key.fields if other is not pair))
    if widely and key.source in ("inferred", "none"):
        exclude = {*request.labels, *request.ignore, request.split or "", *key.names}
        others = (pair for pair in unique_fields(old, new, fields, exclude) if not pair.renamed)
        yield from map(_Suspect, itertools.islice(others, MOST_FIELDS))


@dataclass(frozen=True, slots=True)
class _Tries:
    """Counts what pairs by a form, of one in so many keys."""

    old: Table
    new: Table
    one_in: int

    def count(self, suspect: _Suspect, found: KeyForm) -> int:
        """Rows that pair one to one, by a field in a form and by the other fields of the key as they are."""
        parts = [self._keys(side, suspect, found) for side in SIDES]
        names = ", ".join(f"k{number}" for number in range(len(suspect.others) + 1))
        return int(self.old.engine.value(f"SELECT count(*) FROM {parts[0]} JOIN {parts[1]} USING ({names})"))

    def _keys(self, side: Side, suspect: _Suspect, found: KeyForm) -> str:
        table = self.old if side == "old" else self.new
        values = [found.sql(side, _text(suspect.field, side)), *(_text(other, side) for other in suspect.others)]
        columns = ", ".join(f"{value} AS k{number}" for number, value in enumerate(values))
        wanted = [f"k{number} IS NOT NULL" for number in range(len(values))]
        wanted += [f"hash(k0) % {self.one_in} = 0"] if self.one_in > 1 else []
        return (
            f"(SELECT * FROM (SELECT {columns} FROM {table.relation} AS dsv_table) WHERE {' AND '.join(wanted)} "
            "GROUP BY ALL HAVING count(*) = 1)"
        )


def _candidates(old: Table, new: Table, pair: FieldPair) -> Iterator[KeyForm]:
    yield from FORMS.values()
    yield from _added_texts(old, new, pair)
    for before, after in itertools.product(_layouts(old, "old", pair), _layouts(new, "new", pair)):
        if before != after:
            yield form(f"dates:{before},{after}")


def _added_texts(old: Table, new: Table, pair: FieldPair) -> Iterator[KeyForm]:
    """Prefixes and suffixes that most of some keys of one side have on top of keys of the other."""
    sides: tuple[tuple[Table, Side], ...] = ((old, "old"), (new, "new"))
    for (longer, side), (shorter, other) in itertools.permutations(sides):
        sample = (
            f"(SELECT DISTINCT {_text(pair, side)} AS k FROM {longer.relation} AS dsv_table "
            f"ORDER BY hash(k) LIMIT {SAMPLED_KEYS})"
        )
        places = f"SELECT k, unnest(range(1, length(k))) AS place FROM {sample} WHERE length(k) < 1000"
        keys = f"(SELECT DISTINCT {_text(pair, other)} AS rest FROM {shorter.relation} AS dsv_table)"
        for kind, kept, dropped in (
            ("prefix", "substr(k, place + 1)", "left(k, place)"),
            ("suffix", "left(k, place)", "substr(k, place + 1)"),
        ):
            cuts = f"(SELECT {kept} AS rest, {dropped} AS text FROM ({places}))"
            most = _most(
                old.engine, f"SELECT text, count(*) AS n FROM {cuts} SEMI JOIN {keys} USING (rest) GROUP BY text"
            )
            if most is not None:
                yield form(f"{kind}:{most}")


def _most(engine: Engine, counts: str) -> str | None:
    """The text that is cut off most often; digits alone are no addition, but another number."""
    found = engine.rows(
        f"SELECT text FROM ({counts}) WHERE NOT regexp_full_match(text, '[0-9]+') "
        "ORDER BY n DESC, length(text), text LIMIT 1"
    )
    return str(found[0][0]) if found else None


def _layouts(table: Table, side: Side, pair: FieldPair) -> list[str]:
    """The layouts in which nearly all of some keys are dates."""
    text = _text(pair, side)
    tests = ", ".join(f"count({_date('k', layout)}) > 0.9 * count(*)" for layout in DATES)
    sample = f"(SELECT {text} AS k FROM {table.relation} AS dsv_table WHERE {text} IS NOT NULL LIMIT {SAMPLED_KEYS})"
    fits = table.engine.rows(f"SELECT {tests} FROM {sample}")[0]
    return [layout for layout, fit in zip(DATES, fits, strict=True) if fit]


def _date(column: str, layout: str) -> str:
    return f"CAST(CAST(try_strptime({column}, {literal(layout)}) AS DATE) AS VARCHAR)"


def _text(pair: FieldPair, side: Side) -> str:
    return f"CAST({pair.text(side, identifier(pair.form(side).name))} AS VARCHAR)"


def _formed(table: Table, side: Side, pair: FieldPair, found: KeyForm) -> Table:
    name = pair.form(side).name
    fields = tuple(Field(name=name, type="string") if item.name == name else item for item in table.schema)
    sql = found.sql(side, _text(pair, side))
    return replace(
        table,
        relation=f"(SELECT * REPLACE ({sql} AS {identifier(name)}) FROM {table.relation} AS dsv_table)",
        schema=Schema(fields=fields),
        text_fields=table.text_fields - {name},
    )
