"""Rows as they were before a migration, where nothing touched them since: a three-way merge with now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dsv.migrations.capture.draft import Draft
from dsv.migrations.revert.conflicts import SHOWN, Conflicts
from dsv.model.migration import State
from dsv.model.schema import Schema
from dsv.operations import _classes
from dsv.operations._cells import mapped, only
from dsv.tables.duckdb import identifier, literal
from dsv.tables.table import POSITION, Table
from dsv.tables.types import engine_type


def expressed(state: State, table: Table, names: Mapping[str, str], draft: Draft) -> Table:
    """A version's rows as the draft would have them: fields by its names and types, classes by theirs.

    `names` maps fields of the version to those of the draft. A class that is retired now keeps its name.
    """
    cells, fields = [], []
    for name, now in names.items():
        field = draft.state.schema[now]
        cell = f"t.{identifier(name)}"
        old, new = state.class_list(name), draft.state.class_list(now)
        if old is not None and new is not None:
            known = {item.key: item.name for item in _classes.active(new)}
            renamed = {item.name: known.get(item.key, item.name) for item in _classes.active(old)}
            renamed = {before: after for before, after in renamed.items() if before != after}
            cell = mapped(state.schema[name], dict(renamed)) if renamed else cell
        if state.schema[name].type != field.type:
            cell = f"TRY_CAST({cell} AS {engine_type(field.type)})"
        cells.append(f"{cell} AS {identifier(now)}")
        fields.append(field)
    relation = f"(SELECT {', '.join([*cells, f't.{POSITION} AS {POSITION}'])} FROM {table.typed_table().relation} AS t)"
    return Table(engine=table.engine, relation=relation, schema=Schema(fields=tuple(fields))).stored("version")


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreeWay:
    """The rows before and after a migration, and those of the draft, all in the draft's terms."""

    before: Table
    after: Table
    draft: Draft

    def wanted(self, conflicts: Conflicts) -> Table:
        """The draft's rows with what the migration did undone, where nothing touched it since."""
        if not self.draft.state.key:
            return self._by_content(conflicts)
        names = self.draft.state.schema.names
        cells = [f"{self._cell(name)} AS {identifier(name)}" for name in names]
        for name in names:
            self._tell_cells(name, conflicts)
        self._tell_rows(conflicts)
        kept = f"SELECT {', '.join(cells)}, t.{POSITION} AS {POSITION} FROM {self._joined()} WHERE NOT ({self._goes()})"
        back = ", ".join(
            f"{f'b.{identifier(name)}' if name in self.before.schema else 'NULL'} AS {identifier(name)}"
            for name in names
        )
        gone = (
            f"SELECT {back}, {_after_all(self.draft.table)} + row_number() OVER (ORDER BY b.{POSITION}) AS {POSITION} "
        )
        gone += f"FROM {self.before.relation} AS b ANTI JOIN {self.after.relation} AS a USING ({self._key()}) "
        gone += f"ANTI JOIN {self.draft.table.relation} AS t USING ({self._key()})"
        return self._table(f"{kept} UNION ALL {gone}")

    def _key(self) -> str:
        return ", ".join(map(identifier, self.draft.state.key))

    def _joined(self) -> str:
        """FROM clause: each row `t` of the draft with those before (`b`) and after (`a`)."""
        on = {
            row: " AND ".join(f"t.{identifier(name)} = {row}.{identifier(name)}" for name in self.draft.state.key)
            for row in "ba"
        }
        return (
            f"{self.draft.table.relation} AS t LEFT JOIN {self.before.relation} AS b ON {on['b']} "
            f"LEFT JOIN {self.after.relation} AS a ON {on['a']}"
        )

    def _changed(self, name: str) -> str:
        """SQL: the migration gave the row's cell another value; a field that it dropped was there before."""
        then = f"a.{identifier(name)}" if name in self.after.schema else "NULL"
        return f"b.{POSITION} IS NOT NULL AND a.{POSITION} IS NOT NULL AND b.{identifier(name)} IS DISTINCT FROM {then}"

    def _undone(self, name: str) -> str:
        """SQL: the cell is as the migration left it, and may hold again what it held."""
        then = f"a.{identifier(name)}" if name in self.after.schema else "NULL"
        return f"{self._changed(name)} AND t.{identifier(name)} IS NOT DISTINCT FROM {then} AND {self._may(name)}"

    def _may(self, name: str) -> str:
        allowed = _classes.allowed(self.draft.state, name)
        if allowed is None:
            return "true"
        return only(self.draft.state.schema[name], allowed, f"b.{identifier(name)}")

    def _cell(self, name: str) -> str:
        cell = f"t.{identifier(name)}"
        if name not in self.before.schema or name in self.draft.state.key:
            return cell
        return f"CASE WHEN {self._undone(name)} THEN b.{identifier(name)} ELSE {cell} END"

    def _goes(self) -> str:
        """SQL: the migration added the row, and it is as it was added."""
        same = [f"t.{identifier(name)} IS NOT DISTINCT FROM a.{identifier(name)}" for name in self.after.schema.names]
        return f"a.{POSITION} IS NOT NULL AND b.{POSITION} IS NULL AND {' AND '.join(same)}"

    def _tell_cells(self, name: str, conflicts: Conflicts) -> None:
        if name not in self.before.schema or name in self.draft.state.key:
            return
        where = (
            f"{self._changed(name)} AND NOT ({self._undone(name)}) "
            f"AND t.{identifier(name)} IS DISTINCT FROM b.{identifier(name)}"
        )
        shown = f"{_shown(f'b.{identifier(name)}')} || ', is ' || {_shown(f't.{identifier(name)}')}"
        self._tell(f"{literal(f'{name} of ')} || {self._row()} || ' was ' || {shown}", where, conflicts)

    def _tell_rows(self, conflicts: Conflicts) -> None:
        added = f"a.{POSITION} IS NOT NULL AND b.{POSITION} IS NULL AND NOT ({self._goes()})"
        self._tell(f"'the row ' || {self._row()} || ' was added, and edited since'", added, conflicts)
        back = f"b.{POSITION} IS NOT NULL AND a.{POSITION} IS NULL"
        self._tell(f"'the row ' || {self._row()} || ' was taken out, and is there again'", back, conflicts)

    def _row(self) -> str:
        parts = [f"{literal(f'{name}=')} || {_shown(f't.{identifier(name)}')}" for name in self.draft.state.key]
        return " || ' ' || ".join(parts)

    def _tell(self, text: str, where: str, conflicts: Conflicts) -> None:
        engine = self.draft.table.engine
        count = engine.value(f"SELECT count(*) FROM {self._joined()} WHERE {where}")
        if count:
            found = engine.rows(
                f"SELECT {text} FROM {self._joined()} WHERE {where} ORDER BY t.{POSITION} LIMIT {SHOWN}"
            )
            conflicts.add_all(int(count), [line for (line,) in found])

    def _by_content(self, conflicts: Conflicts) -> Table:
        """Without a key: rows that the migration added go, those that it took out come back; equal ones by number."""
        names = [
            name for name in self.draft.state.schema.names if name in self.before.schema and name in self.after.schema
        ]
        listed = ", ".join(map(identifier, names))
        before, after = (f"(SELECT {listed} FROM {table.relation})" for table in (self.before, self.after))
        added, gone = f"({after} EXCEPT ALL {before})", f"({before} EXCEPT ALL {after})"
        all_names = ", ".join(map(identifier, self.draft.state.schema.names))
        now = f"(SELECT {listed} FROM {self.draft.table.relation})"
        lost = self.draft.table.engine.value(f"SELECT count(*) FROM ({added} EXCEPT ALL {now})")
        if lost:
            rows = "1 row" if lost == 1 else f"{lost:,} rows"
            conflicts.add_all(int(lost), [f"{rows} that it gave are not there any more"])
        place = f"row_number() OVER (PARTITION BY {listed} ORDER BY {POSITION} DESC)"
        mine = f"(SELECT {all_names}, {POSITION}, {place} AS dsv_place FROM {self.draft.table.relation} AS d)"
        theirs = f"(SELECT {listed}, row_number() OVER (PARTITION BY {listed}) AS dsv_place FROM {added} AS g)"
        on = " AND ".join(f"t.{name} IS NOT DISTINCT FROM g.{name}" for name in (*map(identifier, names), "dsv_place"))
        kept = ", ".join(f"t.{identifier(name)}" for name in (*self.draft.state.schema.names, POSITION))
        stays = f"SELECT {kept} FROM {mine} AS t ANTI JOIN {theirs} AS g ON {on}"
        back = ", ".join(
            f"{f'g.{identifier(name)}' if name in names else 'NULL'} AS {identifier(name)}"
            for name in self.draft.state.schema.names
        )
        place = f"{_after_all(self.draft.table)} + row_number() OVER () AS {POSITION}"
        return self._table(f"{stays} UNION ALL SELECT {back}, {place} FROM {gone} AS g")

    def _table(self, query: str) -> Table:
        schema = self.draft.state.schema
        return Table(engine=self.draft.table.engine, relation=f"({query})", schema=schema).stored("wanted")


def untouched(after: Table, now: Table, key: Sequence[str], field: str) -> bool:
    """Say whether no cell of a field was set since, in rows of both tables, and none in rows since."""
    if not key or field not in after.schema:
        return False
    on = " AND ".join(f"t.{identifier(name)} = a.{identifier(name)}" for name in key)
    differs = f"t.{identifier(field)} IS DISTINCT FROM a.{identifier(field)}"
    source = f"{now.relation} AS t LEFT JOIN {after.relation} AS a ON {on}"
    return not now.engine.value(f"SELECT count(*) FROM {source} WHERE a.{POSITION} IS NOT NULL AND {differs}")


def _after_all(table: Table) -> str:
    return f"(SELECT coalesce(max({POSITION}), 0) FROM {table.relation} AS t)"


def _shown(cell: str) -> str:
    return f"coalesce(CAST({cell} AS VARCHAR), '(missing)')"
