"""Files of edits: the key of each row, what was there and what is wanted."""

from __future__ import annotations

from dsv.migrations.capture.draft import Draft
from dsv.migrations.capture.wanted import Wanted, paired
from dsv.model.schema import Field, Schema
from dsv.tables.duckdb import identifier
from dsv.tables.table import POSITION, Table


def differs(name: str) -> str:
    """SQL: the row `t` of the draft and the row `w` that it is to be differ in a field."""
    return f"t.{identifier(name)} IS DISTINCT FROM w.{identifier(name)}"


def edit_file(
    draft: Draft, wanted: Wanted, name: str, where: str, columns: tuple[str, str] = ("old", "new")
) -> tuple[str, str, str]:
    """Write the file of the rows that pair and for which `where` is true, with both values of a field.

    Gives the file's name and those of the columns of the old and the new value: `columns`, unless
    the key has such fields.
    """
    key = draft.state.key
    old, new = (_free(column, key) for column in columns)
    return draft.side_file(name, _rows(draft, wanted, name, where, old, new), key), old, new


def _free(name: str, key: tuple[str, ...]) -> str:
    """A name for a column, which SQL can tell from those of the key."""
    taken = {item.lower() for item in key}
    while name.lower() in taken:
        name += "_"
    return name


def _rows(draft: Draft, wanted: Wanted, name: str, where: str, old: str, new: str) -> Table:
    key, schema = draft.state.key, draft.state.schema
    cells = [f"t.{identifier(part)} AS {identifier(part)}" for part in key]
    cells += [f"t.{identifier(name)} AS {identifier(old)}", f"w.{identifier(name)} AS {identifier(new)}"]
    fields = [Field(name=part, type=schema[part].type) for part in key]
    fields += [Field(name=one, type=schema[name].type) for one in (old, new)]
    relation = f"(SELECT {', '.join(cells)}, t.{POSITION} AS {POSITION} FROM {paired(draft, wanted)} WHERE {where})"
    return Table(engine=draft.table.engine, relation=relation, schema=Schema(fields=tuple(fields)))
