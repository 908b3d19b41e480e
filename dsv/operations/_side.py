"""Edits from a file beside the document: read, checked against the rows, and applied to them.

A side file has a row per edited row of the dataset: the key fields, new values and, for
compare-and-set, the values that its author saw. Other fields (a reviewer, a note) are let be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from dsv.errors import DsvError, MigrationError, did_you_mean
from dsv.files import inside
from dsv.formats import base as formats
from dsv.model.finding import Finding
from dsv.model.migration import State
from dsv.model.schema import Field, Schema
from dsv.model.snapshot import ReadOptions, Snapshot
from dsv.operations import _classes
from dsv.operations import _spreadsheet as spreadsheet
from dsv.operations._listing import SHOWN_ROWS, message, shown
from dsv.operations._rows import column, rewrite
from dsv.operations.base import Inputs
from dsv.tables.duckdb import Engine, literal
from dsv.tables.table import POSITION, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A field to set: `new` and `old` are fields of the side file.

    Without `old` any value may be there. `old_optional`: a file that lacks that field is read as
    if there were no `old`. `only_null`: a cell that has a value keeps it. `single`: the file gives one
    class, also where the field holds lists of them.
    """

    field: str
    new: str
    old: str | None = None
    old_optional: bool = False
    only_null: bool = False
    single: bool = False

    def type(self, field: Field) -> str:
        """The type of the file's cells."""
        return _classes.cell_type(field) if self.single else field.type


Wanted = Callable[[tuple[str, ...]], Sequence[Edit]]
"""What to read of a side file, given the names of its fields."""
Beside = Callable[[str], bool]
"""Whether to read a field of a side file as the file types it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """A side file that was read into the engine.

    `relation` is a temporary table with `line`, the key as `k0`, `k1`, …, and of each edit the new
    and the old value as `n0`, `o0`, …. `names` are all fields of the file; `beside` those that are
    read as the file types them, as `x0`, `x1`, …. Not `guarded`: rows that the file names may be
    missing or hold what it does not expect.
    """

    engine: Engine
    relation: str
    file: str
    names: tuple[str, ...]
    key: tuple[str, ...]
    edits: tuple[Edit, ...]
    guarded: bool
    beside: tuple[Field, ...] = ()

    def pairs(self, table: Table) -> str:
        """FROM clause: each side row `e` with the row `t` of its key, all NULL if there is none."""
        return f"{self.relation} AS e LEFT JOIN {table.relation} AS t ON {self.same_key()}"

    def applied(self, table: Table) -> Table:
        """The rows with the new values in; a cell that no longer has the expected value stays."""
        cells = {}
        for index, edit in enumerate(self.edits):
            cell = column(edit.field)
            test = "e.line IS NOT NULL"
            if edit.only_null:
                test += f" AND {cell} IS NULL"
            if edit.old is not None:
                test += f" AND {cell} IS NOT DISTINCT FROM e.o{index}"
            cells[edit.field] = f"CASE WHEN {test} THEN e.n{index} ELSE {cell} END"
        join = f"LEFT JOIN {self.relation} AS e ON {self.same_key()}"
        return rewrite(table, table.schema, cells, join=join)

    def conflicts(self, table: Table, index: int) -> str:
        """Query of the side rows whose cell has neither the expected nor the new value."""
        cell = column(self.edits[index].field)
        text = f"{self.key_text()} || ': expected ' || {shown(f'e.o{index}')} || ', found ' || {shown(cell)}"
        return (
            f"SELECT e.line, {text} AS text FROM {self.pairs(table)} "
            f"WHERE {cell} IS DISTINCT FROM e.o{index} AND {cell} IS DISTINCT FROM e.n{index}"
        )

    def unlike(self) -> str:
        """SQL that names the fields of the row `t` that do not hold the new values, and what they hold."""
        parts = []
        for index, edit in enumerate(self.edits):
            cell, told = column(edit.field), f"e.n{index}"
            text = f"{literal(edit.field)} || ' expected ' || {shown(told)} || ', found ' || {shown(cell)}"
            parts.append(f"CASE WHEN {cell} IS DISTINCT FROM {told} THEN {text} END")
        return f"concat_ws('; ', {', '.join(parts)})"

    def key_text(self) -> str:
        """SQL for the key of a side row, as people read it; empty where rows have none."""
        if not self.key:
            return "''"
        parts = [f"{literal(name + '=')} || {shown(f'e.k{index}')}" for index, name in enumerate(self.key)]
        return " || ' ' || ".join(parts)

    def refuse_rows(self, problem: str, query: str, *, hint: str | None = None) -> None:
        """As `refuse`, of what the dataset's rows must be like; nothing where they are not guarded."""
        if self.guarded:
            self.refuse(problem, query, hint=hint)

    def settle(
        self, problem: str, conflicts: str, *, on_conflict: Literal["error", "skip"], rule: str, skipped: str
    ) -> tuple[Finding, ...]:
        """Stop at conflicts, or tell how many there are: `skipped` says why their rows are left alone.

        Raises: MigrationError: as `refuse_rows`.
        """
        if on_conflict == "error":
            hint = "review them again, or leave them alone with `on_conflict: skip`"
            self.refuse_rows(problem, conflicts, hint=hint)
            return ()
        rows = self.engine.value(f"SELECT count(*) FROM ({conflicts})")
        text = f"{rows} rows of {self.file} were left alone: {skipped}"
        return () if not rows else (Finding(rule=rule, level="warning", message=text, count=rows),)

    def refuse(self, problem: str, query: str, *, hint: str | None = None) -> None:
        """Stop if a query of side rows finds any; it gives `line` and `text` of each.

        Raises: MigrationError: `problem` with the number of rows, and the first ten.
        """
        total = self.engine.value(f"SELECT count(*) FROM ({query})")
        if not total:
            return
        first = self.engine.rows(f"SELECT line, text FROM ({query}) ORDER BY line, text LIMIT {SHOWN_ROWS}")
        listed = [f"line {line}: {text.strip()}" for line, text in first]
        raise MigrationError(message(total, problem, listed), where=f"{self.file}:{first[0][0]}", hint=hint)

    def held(self, *, cells: bool = True) -> tuple[str, ...]:
        """What was checked of the rows that the file names (of `cells` too), in words; nothing where unguarded."""
        if not self.guarded:
            return ()
        rows = self.engine.value(f"SELECT count(*) FROM {self.relation}")
        fields = [edit.field for edit in self.edits if cells and edit.old is not None]
        seen = f" and hold the expected (or already the new) {', '.join(fields)}" if fields else ""
        once = ", once each" if self.key else ""
        return (f"the rows that {self.file} names ({rows:,}) are in the dataset{once}{seen}",)

    def same_key(self) -> str:
        """SQL: the side row `e` is about the row `t`."""
        return " AND ".join(f"{column(name)} = e.k{index}" for index, name in enumerate(self.key))


def _none(name: str) -> bool:
    return False


def read(
    state: State, table: Table, inputs: Inputs, file: str, edits: Sequence[Edit], *, beside: Beside = _none
) -> Edits:
    """Read a side file and check what holds whatever the edits mean. The table holds typed values.

    Raises: MigrationError: the dataset has no key, or the file is not there, lacks a field, names a
        row twice or one that is not there, or has a value that the field cannot hold.
        FormatError: it is malformed, or a cell does not fit its field's type.
    """
    return read_expected(state, table, inputs, file, lambda names: edits, beside=beside)


def read_expected(
    state: State, table: Table, inputs: Inputs, file: str, wanted: Wanted, *, beside: Beside = _none
) -> Edits:
    """As `read`, where the file's own fields tell which edits it holds."""
    _check_keyed(state, file)
    found = _opened(state, table.engine, inputs, file, wanted, beside)
    _check_keys(found)
    _check_found(state, found, table)
    for index, edit in enumerate(found.edits):
        _check_values(state, found, index, edit)
    return found


def read_beside(state: State, table: Table, inputs: Inputs, file: str) -> Edits:
    """Read a side file of what is known of rows beside the dataset, such as scores: `beside` are its fields.

    Raises: MigrationError: as `read`; but it may lack rows, and have others. A field of it is one of
        the dataset's too. FormatError: it is malformed.
    """
    _check_keyed(state, file)
    found = _opened(state, table.engine, inputs, file, lambda names: (), lambda name: True)
    _check_keys(found)
    spreadsheet.refuse(state, found, table)
    names = {name.lower() for name in state.schema.names}
    twice = next((item.name for item in found.beside if item.name.lower() in names), None)
    if twice is not None:
        raise MigrationError(
            f"the file and the dataset both have a field {twice!r}",
            where=file,
            hint="leave it out of the file, or give it another name there",
        )
    return found


def read_rows(state: State, table: Table, inputs: Inputs, file: str) -> Edits:
    """Read a side file of new rows: it has the key, and all other fields that it has are the dataset's.

    Every one of them is the `new` of an edit. The table holds typed values.

    Raises: MigrationError: the file is not there, lacks a field of the key, has one that the dataset
        lacks, names a row twice or one that is there, or has a value that the field cannot hold.
        FormatError: it is malformed, or a cell does not fit its field's type.
    """

    def every(names: tuple[str, ...]) -> list[Edit]:
        _check_names(state, names, file)
        return [Edit(field=name, new=name) for name in names if name not in state.key]

    found = _opened(state, table.engine, inputs, file, every)
    _check_keys(found)
    spreadsheet.refuse(state, found, table)
    there = f"SELECT e.line, {found.key_text()} AS text FROM {found.pairs(table)} WHERE t.{POSITION} IS NOT NULL"
    if found.key:
        found.refuse_rows(
            "in the dataset already",
            f"{there} GROUP BY ALL",
            hint="take them out of the file; cells of rows that are there change by `set_values` or `relabel`",
        )
    for index, edit in enumerate(found.edits):
        _check_values(state, found, index, edit)
    return found


def count(inputs: Inputs, file: str) -> int:
    """Number of rows of a side file. Raises: MigrationError, FormatError: as `read`."""
    with Engine() as engine:
        return formats.scan(engine, _snapshot(inputs, file)).table.count()


def counted(inputs: Inputs, file: str) -> str:
    """How many rows a side file has, in words. Raises: MigrationError, FormatError: as `read`."""
    rows = count(inputs, file)
    return "1 row" if rows == 1 else f"{rows} rows"


def _check_keyed(state: State, file: str) -> None:
    if not state.key:
        raise MigrationError(
            "rows are found by key, and the dataset has none",
            where=file,
            hint="declare a key in dvc.yaml (meta.dsv.key) before the chain begins",
        )


def _opened(state: State, engine: Engine, inputs: Inputs, file: str, wanted: Wanted, beside: Beside = _none) -> Edits:
    """A side file in the engine, with the dataset's types; fields `beside` them as it types them."""
    snapshot = _snapshot(inputs, file)
    plain = formats.scan(engine, snapshot).table.schema
    known = plain.names
    edits = [replace(edit, old=None) if edit.old_optional and edit.old not in known else edit for edit in wanted(known)]
    others = [item for item in plain if item.name not in state.key and beside(item.name)]
    found = Edits(
        engine=engine,
        relation=engine.fresh("edits"),
        file=file,
        names=known,
        key=state.key,
        edits=tuple(edits),
        guarded=inputs.guarded,
        beside=tuple(others),
    )
    typed = ReadOptions(schema=_declared(state, plain, found))
    _load(formats.scan(engine, replace(snapshot, options=typed)).table, found)
    return found


def _check_names(state: State, known: Sequence[str], file: str) -> None:
    stray = next((name for name in known if name not in state.schema), None)
    if stray is not None:
        raise MigrationError(
            f"the side file has a field {stray!r}, which the dataset lacks",
            where=file,
            hint=did_you_mean(stray, state.schema.names) or "add the field first (add_field), or leave it out",
        )


def _snapshot(inputs: Inputs, file: str) -> Snapshot:
    try:
        path = inside(inputs.folder, file)
    except DsvError as error:
        raise MigrationError(error.message, where=file) from None
    if not path.is_file():
        raise MigrationError("the side file is not there", where=file, hint="it stands beside its document")
    name, gzip = formats.detect(file)
    return Snapshot(path=path, format=name, gzip=gzip, shown_path=file)


def _declared(state: State, found: Schema, edits: Edits) -> Schema:
    """The schema of the side file, with the dataset's types. Raises: MigrationError: it lacks a field."""
    types = {name: state.schema[name].type for name in edits.key}
    for edit in edits.edits:
        kind = edit.type(state.schema[edit.field])
        types |= {name: kind for name in (edit.new, edit.old) if name is not None}
    for name in types:
        if name not in found:
            raise MigrationError(
                f"the side file has no field {name!r}", where=edits.file, hint=did_you_mean(name, found.names)
            )
    return Schema(fields=tuple(Field(name=item.name, type=_free(types.get(item.name, item.type))) for item in found))


def _free(type_name: str) -> str:
    return "string" if type_name == "enum" else type_name


def _load(side: Table, edits: Edits) -> None:
    line = POSITION
    if side.text_fields:
        breaks = " + ".join(
            f"coalesce(length({side.text(name)}) - length(replace({side.text(name)}, chr(10), '')), 0)"
            for name in side.schema.names
        )
        before = f"ORDER BY {POSITION} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
        line += f" + 1 + coalesce(sum({breaks}) OVER ({before}), 0)"
    columns = [f"CAST({line} AS BIGINT) AS line"]
    columns += [f"{side.typed(name)} AS k{index}" for index, name in enumerate(edits.key)]
    for index, edit in enumerate(edits.edits):
        columns.append(f"{side.typed(edit.new)} AS n{index}")
        if edit.old is not None:
            columns.append(f"{side.typed(edit.old)} AS o{index}")
    columns += [f"{side.typed(item.name)} AS x{index}" for index, item in enumerate(edits.beside)]
    edits.engine.execute(f"CREATE TABLE {edits.relation} AS SELECT {', '.join(columns)} FROM {side.relation}")


def _check_keys(edits: Edits) -> None:
    if not edits.key:
        return
    keys = [f"e.k{index}" for index in range(len(edits.key))]
    text = f"SELECT e.line, {edits.key_text()} AS text FROM {edits.relation} AS e"
    missing = " OR ".join(f"{name} IS NULL" for name in keys)
    edits.refuse("without a key", f"{text} WHERE {missing}")
    same = f"PARTITION BY {', '.join(keys)}"
    edits.refuse("with a key that another line has too", f"{text} QUALIFY count(*) OVER ({same}) > 1")


def _check_found(state: State, edits: Edits, table: Table) -> None:
    pairs = f"SELECT e.line, {edits.key_text()} AS text FROM {edits.pairs(table)} GROUP BY ALL"
    found = f"count(t.{POSITION})"
    missing = f"{pairs} HAVING {found} = 0"
    if edits.guarded and edits.engine.value(f"SELECT count(*) FROM ({missing})"):
        edits.refuse("not in the dataset", missing, hint=spreadsheet.hint(state, edits, table))
    edits.refuse_rows(
        "with a key that several rows of the dataset share",
        f"{pairs} HAVING {found} > 1",
        hint="a key tells rows apart; run `dsv diff` to see the duplicate keys",
    )


def _check_values(state: State, edits: Edits, index: int, edit: Edit) -> None:
    field = state.schema[edit.field]
    rows = f"SELECT e.line, {edits.key_text()} AS text FROM {edits.relation} AS e"
    if not field.nullable:
        edits.refuse(f"with no value for {field.name!r}, which needs one", f"{rows} WHERE e.n{index} IS NULL")
    allowed = _classes.allowed(state, field.name)
    if allowed is None:
        return
    nested = not edit.single and _classes.cell_type(field) != field.type
    cell = f"unnest(e.n{index})" if nested else f"e.n{index}"
    columns = f"e.line, {edits.key_text()} AS row, CAST({cell} AS VARCHAR) AS value"
    values = f"SELECT {columns} FROM {edits.relation} AS e"
    unknown = _unknown(edits.engine, values, allowed)
    if unknown:
        edits.refuse(
            f"with a class that {field.name!r} does not have",
            f"SELECT line, row || ' ' || value AS text FROM ({values}) "
            f"WHERE value IN ({', '.join(map(literal, unknown))})",
            hint=did_you_mean(unknown[0], allowed),
        )


def _unknown(engine: Engine, values: str, allowed: Iterable[str]) -> list[str]:
    known = set(allowed)
    found = engine.rows(f"SELECT value FROM ({values}) WHERE value IS NOT NULL GROUP BY value ORDER BY min(line)")
    return [value for (value,) in found if value not in known]
