"""What migrations should have made of rows and did not, where the two sides show no difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dsv.diff import cells, rows
from dsv.diff.fields import Alignment, FieldPair, forms
from dsv.diff.keys import Key
from dsv.diff.replay import Replayed
from dsv.diff.request import DiffRequest
from dsv.model.diff import Work
from dsv.model.finding import Finding
from dsv.model.schema import Schema
from dsv.tables.duckdb import identifier
from dsv.tables.table import POSITION, Table, cast_text


def undone(
    new: Table, fields: Alignment, key: Key, replayed: Replayed, unexplained: Work, request: DiffRequest
) -> tuple[Finding, ...]:
    """Compare the replay of all rows of old with new, and tell what the differences do not show.

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
        left, right, keyed = _by_identity(final, new, typed, key)
    elif any(name not in pairs for name in key.names):
        return ()
    else:
        keyed = Key(fields=tuple(pairs[name] for name in key.names))
    compared = [pairs[name] for name in _compared(fields, key, request) if name in pairs]
    pairing = rows.pair(left, right, keyed, compared, by_position=request.by_position)
    differences = cells.fetch(final, typed, pairing, keyed, compared, request)
    counts = cells.count(differences, request)
    rows.drop(new.engine, differences.table)
    return tuple(_findings(counts, unexplained))


def _by_identity(final: Table, new: Table, typed: Table, key: Key) -> tuple[Table, Table, Key]:
    """Both tables with the numbers that paired old and new: those of new's rows are the positions in old."""
    (number,) = key.fields
    name = identifier(number.name)
    left = f"(SELECT dsv_rows.*, {POSITION} AS {name} FROM {final.relation} AS dsv_rows)"
    numbers = f"(SELECT {POSITION}, {name} FROM {new.relation} AS dsv_table)"
    right = f"(SELECT dsv_rows.*, {name} FROM {typed.relation} AS dsv_rows JOIN {numbers} USING ({POSITION}))"
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


def _findings(counts: cells.CellCounts, unexplained: Work) -> Iterator[Finding]:
    beyond = {name: count - unexplained.cells.get(name, 0) for name, count in counts.cells.items()}
    stray = {name: count for name, count in beyond.items() if count > 0}
    if stray:
        listed = ", ".join(f"{count:,} of {name}" for name, count in stray.items())
        total = sum(stray.values())
        one = "1 cell is" if total == 1 else f"{total:,} cells are"
        message = f"{one} not what the migrations give, beside the changes that are listed: {listed}"
        yield Finding(rule="not-as-migrated", level="warning", message=message, count=total)
    kept = counts.added - unexplained.rows_added
    if kept > 0:
        yield _rows(kept, "still there that the migrations take out")
    lacking = counts.removed - unexplained.rows_removed
    if lacking > 0:
        yield _rows(lacking, "not there that the migrations add")


def _rows(count: int, what: str) -> Finding:
    rows_are = "1 row is" if count == 1 else f"{count:,} rows are"
    return Finding(rule="not-as-migrated", level="warning", message=f"{rows_are} {what}", count=count)
