"""What migrations should have made of rows and did not, where the two sides show no difference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from dsv.diff import cells, rows
from dsv.diff.cells import NEW, OLD
from dsv.diff.fields import Alignment, FieldPair, Side, forms
from dsv.diff.findings import NAMED
from dsv.diff.keys import Key
from dsv.diff.replay import Replayed
from dsv.diff.request import DiffRequest
from dsv.model.diff import Work
from dsv.model.finding import Finding
from dsv.model.schema import Schema
from dsv.model.values import shown
from dsv.tables.duckdb import identifier
from dsv.tables.table import POSITION, Table, cast_text


def undone(
    old: Table,
    new: Table,
    fields: Alignment,
    key: Key,
    replayed: Replayed,
    listed: cells.Differences,
    unexplained: Work,
    request: DiffRequest,
) -> tuple[Finding, ...]:
    """Compare the replay of all rows of old with new, and tell what the differences that are `listed` do not show.

    That are cells that a migration changes and that are as they were before it, cells of a field
    that a migration adds, and rows that it adds or takes out. `unexplained` are the differences that no
    migration accounts for, which are known already.
    """
    final = replayed.final
    typed = _typed(new, final)
    known, found = forms(final), forms(typed)
    pairs = {name: FieldPair(old=known[name], new=found[name]) for name in typed.schema.names}
    left, right = final, typed
    if key.shown is not None:
        left, right, keyed = _by_identity(old, final, new, typed, key)
    elif any(name not in pairs for name in key.names):
        return ()
    else:
        keyed = Key(fields=tuple(pairs[name] for name in key.names))
    compared = [pairs[name] for name in _compared(fields, key, request) if name in pairs]
    pairing = rows.pair(left, right, keyed, compared, by_position=request.by_position)
    differences = cells.fetch(final, typed, pairing, keyed, compared, request)
    counts = cells.count(differences, request)
    told = _Beyond(differences=differences, listed=listed, names=key.names)
    findings = tuple(_findings(counts, unexplained, told))
    rows.drop(new.engine, differences.table)
    return findings


def _by_identity(old: Table, final: Table, new: Table, typed: Table, key: Key) -> tuple[Table, Table, Key]:
    """Both tables with the numbers that paired old and new; a row that a migration added has none."""
    (number,) = key.fields
    name = identifier(number.name)
    before, after = (f"(SELECT {POSITION}, {name} FROM {side.relation} AS dsv_table)" for side in (old, new))
    left = f"(SELECT dsv_rows.*, {name} FROM {final.relation} AS dsv_rows LEFT JOIN {before} USING ({POSITION}))"
    right = f"(SELECT dsv_rows.*, {name} FROM {typed.relation} AS dsv_rows JOIN {after} USING ({POSITION}))"
    return replace(final, relation=left), replace(typed, relation=right), Key(fields=key.fields, shown=())


def _compared(fields: Alignment, key: Key, request: DiffRequest) -> Iterator[str]:
    """New's names of the fields to compare."""
    left_out = {*request.ignore, *request.surrogates, *(key.names if key.shown is None else ())}
    for pair in fields.pairs:
        if not {pair.old.name, pair.new.name} & left_out:
            yield pair.new.name
    yield from (form.name for form in fields.only_new if form.name not in left_out)


def _typed(new: Table, final: Table) -> Table:
    """New's rows with the fields that the replay has too.

    Text becomes values of the replay's types, unless the file's text is of another type: it may
    not fit then, and stays as it is.
    """
    fields, columns, text = [], [], set()
    for field in new.schema:
        if field.name not in final.schema:
            continue
        column, wanted = identifier(field.name), final.schema[field.name]
        if field.name in new.text_fields and wanted.type in (field.type, "string", "enum"):
            field, column = wanted, cast_text(column, wanted.type)
        elif field.name in new.text_fields:
            text.add(field.name)
        fields.append(field)
        columns.append(f"{column} AS {identifier(field.name)}")
    relation = f"(SELECT {', '.join([*columns, POSITION])} FROM {new.relation} AS dsv_table)"
    return Table(engine=new.engine, relation=relation, schema=Schema(fields=tuple(fields)), text_fields=frozenset(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Beyond:
    """The rows in which the replay differs from new, beside those that are `listed`; `names` is their key."""

    differences: cells.Differences
    listed: cells.Differences
    names: tuple[str, ...]

    def strays(self, fields: Iterable[str]) -> str:
        """Some rows, by their keys, of which a cell of some fields is not as the replay gives it."""
        tests = [
            f"(u.{self.differences.flag(name)} AND NOT coalesce(m.{flag}, false))"
            if (flag := self.listed.flag(name)) not in (None, "false")
            else f"u.{self.differences.flag(name)}"
            for name in fields
        ]
        return self._some("new", f"u.kind = 'changed' AND ({' OR '.join(tests)})")

    def kept(self) -> str:
        """Some rows, by their keys, that the replay takes out."""
        return self._some("new", "u.kind = 'added' AND coalesce(m.kind, '') <> 'added'")

    def lacking(self) -> str:
        """Some rows, by their keys, that the replay adds."""
        return self._some("old", "u.kind = 'removed' AND coalesce(m.kind, '') <> 'removed'")

    def _some(self, side: Side, condition: str) -> str:
        """Some rows that a side has, and how many more there are, in words; nothing if they have no key."""
        fields = self.differences.new_fields if side == "new" else self.differences.old_fields
        known = [self.differences.column(side, name) for name in self.names if name in fields]
        if not known:
            return ""
        place = NEW if side == "new" else OLD
        flags = "".join(f", c{number}" for number in self.listed.differing)
        listed = f"(SELECT {place}, kind{flags} FROM {self.listed.table} WHERE {place} IS NOT NULL)"
        found = self.differences.engine.rows(
            f"SELECT count(*) OVER (), {', '.join(known)} FROM {self.differences.table} AS u "
            f"LEFT JOIN {listed} AS m USING ({place}) WHERE {condition} ORDER BY {place} LIMIT {NAMED}"
        )
        rows_named = ", ".join(", ".join(shown(part) for part in row[1:]) for row in found)
        more = found[0][0] - len(found) if found else 0
        return f"; {', '.join(self.names)}: {rows_named}" + (f" and {more:,} more" if more else "")


def _findings(counts: cells.CellCounts, unexplained: Work, beyond: _Beyond) -> Iterator[Finding]:
    found = {name: count - unexplained.cells.get(name, 0) for name, count in counts.cells.items()}
    stray = {name: count for name, count in found.items() if count > 0}
    if stray:
        each = ", ".join(f"{count:,} of {name}" for name, count in stray.items())
        total = sum(stray.values())
        one = "1 cell is" if total == 1 else f"{total:,} cells are"
        message = f"{one} not what the migrations give, beside the changes that are listed: {each}"
        yield Finding(rule="not-as-migrated", level="warning", message=message + beyond.strays(stray), count=total)
    kept = counts.added - unexplained.rows_added
    if kept > 0:
        yield _rows(kept, "still there that the migrations take out", beyond.kept())
    lacking = counts.removed - unexplained.rows_removed
    if lacking > 0:
        yield _rows(lacking, "not there that the migrations add", beyond.lacking())


def _rows(count: int, what: str, some: str) -> Finding:
    rows_are = "1 row is" if count == 1 else f"{count:,} rows are"
    return Finding(rule="not-as-migrated", level="warning", message=f"{rows_are} {what}{some}", count=count)
