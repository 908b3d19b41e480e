"""Deal rows to splits anew: by a stable hash of the key or of a group, or as a file says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dsv.errors import SchemaError, did_you_mean
from dsv.model.finding import Finding
from dsv.model.migration import Effect, State
from dsv.operations import _aside, _classes, _constants, _fields, _listing, _side
from dsv.operations._rows import column, rewrite
from dsv.operations._shares import Shares, number_of, shares_of
from dsv.operations.base import Inputs, Operation, Outcome, tuned
from dsv.tables.duckdb import literal
from dsv.tables.parts import stable_text
from dsv.tables.table import Table
from dsv.tables.types import engine_type

_HASHED = ("integer", "string", "enum", "boolean", "date")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resplit(Operation):
    """Deal rows to the splits of `shares`, as in `{train: 0.8, val: 0.1, test: 0.1}`, or as `file` says.

    The MD5 of a row's key decides, so that rows that are added later move none that is there; with
    `group`, that of these fields, so that no group straddles splits. `salt` makes it another deal.
    With `stratify`, each class of that label has its shares but for rounding, and added rows may move
    a few others. Rows of the splits in `protect` stay; with `only` and `only_null`, all rows do that
    are in none of these splits, or have one. Of a group with such rows, the others follow them.
    `file` has the key fields and the split field, and may have `old_<split>`, which must still hold.
    """

    name = "resplit"
    symbol = "~"

    shares: Mapping[str, float | str] | None = tuned(default=None)
    file: str | None = None
    group: tuple[str, ...] = ()
    stratify: str | None = None
    only: tuple[str, ...] = ()
    only_null: bool = False
    protect: tuple[str, ...] = ()
    salt: str = ""

    @property
    def rowwise(self) -> bool:
        """Strata are counted, and the rows of a group follow those that stay."""
        stays = self.only or self.only_null or self.protect
        return self.stratify is None and not (self.group and stays)

    def side_files(self) -> tuple[str, ...]:
        return () if self.file is None else (self.file,)

    def forward_schema(self, state: State, inputs: Inputs) -> State:
        if (self.shares is None) == (self.file is None):
            raise SchemaError("either shares or a file say which split is whose", hint="give `shares:` or `file:`")
        if self.file is not None and (self.group or self.stratify or self.only or self.only_null or self.salt):
            raise SchemaError("a file says each row's split; only `protect:` goes with it", where=self.file)
        self._check_fields(state)
        known = _classes.allowed(state, self._split(state))
        for name in self.shares or ():
            if known is not None and name not in known:
                hint = did_you_mean(name, known)
                raise SchemaError(f"field {state.split!r} has no value {name!r}", where="shares", hint=hint)
        return state

    def forward(self, state: State, table: Table, inputs: Inputs) -> Outcome:
        self.forward_schema(state, inputs)
        bound = self.bind(inputs.parameters) if self.parameters() else self
        table = table.typed_table()
        if bound.file is not None:
            return bound._by_file(state, table, inputs, bound.file)
        return bound._by_shares(state, table, inputs, shares_of(bound.shares or {}))

    def describe(self, state: State, inputs: Inputs | None = None) -> str:
        kept = f", keeping all of {', '.join(self.protect)}" if self.protect else ""
        if self.file is not None:
            rows = "rows" if inputs is None else _side.counted(inputs, self.file)
            return f"put {rows} into the splits of {self.file}{kept}"
        shares = ", ".join(f"{name} {share}" for name, share in (self.shares or {}).items())
        which = [*self.only, *(["none"] if self.only_null else [])]
        of = f" of {', '.join(which)}" if which else ""
        by = ", ".join(self.group or state.key)
        strata = f", each class of {self.stratify}" if self.stratify is not None else ""
        return f"deal rows{of} by {by} to {shares}{strata}{kept}"

    def effect(self, state: State) -> Effect:
        return Effect(values="corrected", evaluation="moved")

    def _split(self, state: State) -> str:
        if state.split is None:
            raise SchemaError(
                "the dataset has no split field", where="resplit", hint="declare it in dvc.yaml (meta.dsv.split)"
            )
        return state.split

    def _check_fields(self, state: State) -> None:
        split = self._split(state)
        if split in state.key:
            raise SchemaError(f"the split field {split!r} is part of the key", where="resplit")
        if self.file is None and not state.key and not self.group:
            raise SchemaError("rows are dealt by key, and the dataset has none", hint="deal them by `group:`")
        for name in self.group:
            kind = _fields.find(state, name).type
            if kind not in _HASHED or name == split:
                raise SchemaError(f"rows cannot be grouped by {name!r}, which is {kind}", where="group")
        if self.stratify is not None:
            field = state.schema[_classes.of(state, self.stratify).field]
            if _classes.cell_type(field) != field.type:
                raise SchemaError(f"the rows of {field.name!r} have several classes each", where="stratify")

    def _by_shares(self, state: State, table: Table, inputs: Inputs, shares: Shares) -> Outcome:
        split = column(self._split(state))
        kind = state.schema[self._split(state)].type
        for name in shares.names:
            _constants.sql(table.engine, name, kind, what="split", where="shares")
        dealt = self._dealt(state, table, inputs)
        unit = self._unit(state, table, dealt)
        number = number_of(f"{literal(self._prefix(shares))} || {unit}")
        join, new = "", shares.by_hash(number)
        findings: list[Finding] = []
        if not self.rowwise:
            name, stray = self._units(state, table, dealt, unit, number, shares)
            join, new = f"LEFT JOIN {name} AS u ON u.unit = {unit}", "u.split"
            findings += stray
        cell = f"CASE WHEN {dealt} THEN CAST({new} AS {engine_type(kind)}) ELSE {split} END"
        after = rewrite(table, table.schema, {self._split(state): cell}, join=join)
        findings += self._far_off(table, dealt, unit, new, join, shares)
        return Outcome(table=after, findings=tuple(findings))

    def _dealt(self, state: State, table: Table, inputs: Inputs) -> str:
        """SQL: the row `t` is dealt anew."""
        protected = _aside.protected(state, table, self.protect, inputs)
        chosen = [_aside.in_splits(state, table, self.only, inputs, where="only")] if self.only else []
        chosen += [f"{column(self._split(state))} IS NULL"] if self.only_null else []
        return f"(NOT {protected} AND ({' OR '.join(chosen) or 'true'}))"

    def _unit(self, state: State, table: Table, dealt: str) -> str:
        """SQL for the text of what goes to one split as a whole: the row, or its group."""
        key = f"'k' || {stable_text([column(name) for name in state.key])}" if state.key else "NULL"
        if not self.group:
            return f"({key})"
        cells = [column(name) for name in self.group]
        absent = " OR ".join(f"{cell} IS NULL" for cell in cells)
        if not state.key:
            _listing.refuse(
                table,
                state.key,
                f"{dealt} AND ({absent})",
                f"without {', '.join(self.group)}, and without a key",
                where="group",
            )
        return f"(CASE WHEN {absent} THEN {key} ELSE 'g' || {stable_text(cells)} END)"

    def _prefix(self, shares: Shares) -> str:
        """What makes this deal another than those before it, whose splits it may divide further."""
        told = [self.salt, shares.names, self.group, self.only, self.only_null, self.protect]
        return json.dumps(["dsv.resplit/1", *told], ensure_ascii=False)

    def _units(
        self, state: State, table: Table, dealt: str, unit: str, number: str, shares: Shares
    ) -> tuple[str, list[Finding]]:
        """A table of units with the `split` of each, and what cannot be as it should."""
        engine = table.engine
        stay, name = engine.fresh("stay"), engine.fresh("units")
        split = f"CAST({column(self._split(state))} AS VARCHAR)"
        engine.execute(
            f"CREATE TABLE {stay} AS SELECT {unit} AS unit, min({split}) AS split, count(DISTINCT {split}) AS splits "
            f"FROM {table.relation} AS t WHERE NOT {dealt} AND {split} IS NOT NULL GROUP BY unit"
        )
        stratum = (
            "''" if self.stratify is None else f"CAST({column(_classes.of(state, self.stratify).field)} AS VARCHAR)"
        )
        # A group belongs to the stratum that most of its rows are of; of equal ones to the first by name.
        usual = "QUALIFY row_number() OVER (PARTITION BY unit ORDER BY n DESC, stratum NULLS LAST) = 1"
        rows = (
            f"SELECT {unit} AS unit, any_value({number}) AS number, {stratum} AS stratum, count(*) AS n "
            f"FROM {table.relation} AS t WHERE {dealt} GROUP BY unit, stratum"
        )
        units = f"SELECT unit, number, stratum FROM ({rows}) {usual}"
        new = shares.by_hash("number")
        if self.stratify is not None:
            place = "row_number() OVER (PARTITION BY stratum ORDER BY number, unit)"
            new = shares.by_place(place, "count(*) OVER (PARTITION BY stratum)")
        engine.execute(
            f"CREATE TABLE {name} AS SELECT unit, {new} AS split FROM ({units}) "
            f"WHERE unit NOT IN (SELECT unit FROM {stay}) "
            f"UNION ALL SELECT unit, split FROM {stay}"
        )
        straddling = int(engine.value(f"SELECT count(*) FROM {stay} WHERE splits > 1"))
        if not straddling:
            return name, []
        message = f"groups whose rows that stay are in several splits already, so they straddle: {straddling}"
        return name, [Finding(rule="resplit-straddles", level="warning", message=message, count=straddling)]

    def _far_off(self, table: Table, dealt: str, unit: str, new: str, join: str, shares: Shares) -> Iterator[Finding]:
        """Shares that chance does not explain: the rows were dealt by the same hash before."""
        if not self.rowwise:
            return
        rows = f"SELECT {'DISTINCT' if self.group else ''} {unit} AS unit, {new} AS split"
        counts = table.engine.rows(
            f"SELECT split, count(*) FROM ({rows} FROM {table.relation} AS t {join} WHERE {dealt}) GROUP BY split"
        )
        for name, asked, given in shares.far_off(dict(counts)):
            message = f"{name} gets a share of {given:.3f}, not of {asked:g}: these rows were dealt so before"
            yield Finding(rule="resplit-shares", level="warning", message=f"{message} (`salt:` deals anew)", count=1)

    def _by_file(self, state: State, table: Table, inputs: Inputs, file: str) -> Outcome:
        split = self._split(state)
        edit = _side.Edit(field=split, new=split, old=f"old_{split}", old_optional=True)
        edits = _side.read(state, table, inputs, file, [edit])
        if edits.edits[0].old is not None:
            edits.refuse_rows(f"without the expected {split!r}", edits.conflicts(table, 0))
        protected = _aside.protected(state, table, self.protect, inputs)
        cell, other = column(split), f"{column(split)} IS DISTINCT FROM e.n0"
        kept = int(table.engine.value(f"SELECT count(*) FROM {edits.pairs(table)} WHERE {protected} AND {other}"))
        one, many = f"would move by {file}", f"would move by {file}"
        findings = _aside.protected_finding("resplit-protected", kept, one, many, self.protect)
        expected = "" if edits.edits[0].old is None else f" AND {cell} IS NOT DISTINCT FROM e.o0"
        moved = f"CASE WHEN e.line IS NOT NULL AND NOT {protected}{expected} THEN e.n0 ELSE {cell} END"
        join = f"LEFT JOIN {edits.relation} AS e ON {edits.same_key()}"
        after = rewrite(table, table.schema, {split: moved}, join=join)
        return Outcome(table=after, findings=findings, guards=edits.held())


plugin = Resplit
