"""Split one or more new classes out of a class, row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dsv import registry
from dsv.errors import SchemaError
from dsv.model.finding import Finding
from dsv.model.migration import ClassList, Effect, State
from dsv.model.profile import ClassIdentity
from dsv.model.schema import Field
from dsv.operations import _classes, _conditions, _listing, _references, _reviewers, _side
from dsv.operations._cells import changed, has, mapped, value
from dsv.operations._rows import column, rewrite
from dsv.operations.base import Inputs, Operation, Outcome, condition, keyed
from dsv.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClass:
    """A class to be: `name` is what cells will hold (the key, unless given)."""

    key: str
    class_name: str | None = keyed("name", default=None)
    parent: str | None = None
    description: str | None = None

    @property
    def word(self) -> str:
        """The name."""
        return self.key if self.class_name is None else self.class_name


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitClass(Operation):
    """Split the new classes of `into` out of the class `from`.

    Which rows become which class is told by a reviewed `file`, or by an SQL condition: the rows of
    the class for which `where` is true become the one class of `into`. The file has the key fields
    and, in the field that `new` names, one of `into`, or `from` where the class stays; where it has
    the field that `expect` names, that must be `from`. A row that no longer has the class is an
    error, or with `on_conflict: skip` is left alone and told.
    `rest` says what becomes of the rows that this leaves: `error` (there must be none), `keep`,
    `unlabelled`, or `relabel_to` the class that `relabel_to` names. A new class stands below the
    same parent, unless it names another. `coverage` is that of the new classes: all where `rest` is
    an error or a condition told, else reviewed.
    `reviewers` asks for so many names in the file's fields `reviewer`, `reviewer_2`, … for rows of a
    split, such as `{test: 2}`; `*` stands for all rows.
    """

    name = "split_class"
    symbol = "~"

    source: str = keyed("from")
    into: tuple[str | NewClass, ...]
    file: str | None = None
    where: str | None = condition(default=None)
    rest: Literal["error", "keep", "unlabelled", "relabel_to"] = "error"
    relabel_to: str | None = None
    coverage: str | None = None
    expect: str = "old"
    new: str = "new"
    on_conflict: Literal["error", "skip"] = "error"
    reviewers: Mapping[str, int] | None = None
    field: str | None = None

    def side_files(self) -> tuple[str, ...]:
        return () if self.file is None else (self.file,)

    def forward_schema(self, state: State, inputs: Inputs) -> State:
        classes = _classes.of(state, self.field)
        source = self._source(state)
        self._check()
        _reviewers.check(state, self.reviewers, where=self.source)
        coverage = self._coverage()
        for made in self._new():
            _check_free(state, classes, made)
            classes = _classes.added(
                classes,
                made.key,
                made.word,
                parent=source.parent if made.parent is None else _classes.find(classes, made.parent).key,
                description=made.description,
                coverage=coverage,
                split_from=source.key,
            )
        after = _classes.with_classes(state, classes)
        self._remainder(state, after)
        return after

    def forward(self, state: State, table: Table, inputs: Inputs) -> Outcome:
        after = self.forward_schema(state, inputs)
        bound = self.bind(inputs.parameters) if self.parameters() else self
        table = table.typed_table()
        forward = bound._by_condition if self.file is None else bound._by_file
        return forward(state, after, table, inputs)

    def inverse(self, state: State) -> Operation | None:
        field = state.schema[_classes.of(state, self.field).field]
        # A list in which the class stood twice would come back with one; a label that went is gone.
        if self.rest in ("unlabelled", "relabel_to") or _classes.cell_type(field) != field.type:
            return None
        words = tuple(made.word for made in self._new())
        undo: Operation = registry.get("operations", "merge_classes")(
            sources=words, into=self._source(state).name, field=self.field
        )
        return undo

    def describe(self, state: State, inputs: Inputs | None = None) -> str:
        words = ", ".join(made.word for made in self._new())
        told = f"where {_references.shown(self.where)}" if self.where is not None else f"as {self.file} says"
        if inputs is not None and self.file is not None:
            told = f"{_side.counted(inputs, self.file)} {told}"
        rest = {
            "error": "",
            "keep": "; the rest stays",
            "unlabelled": "; the rest loses the label",
            "relabel_to": f"; the rest becomes {self.relabel_to}",
        }
        return f"split class {self.source} -> {words}, {told}{rest[self.rest]}"

    def effect(self, state: State) -> Effect:
        moved = _classes.of(state, self.field).field == state.split
        return Effect(class_head="grow", values="corrected", evaluation="moved" if moved else "same")

    def _by_file(self, state: State, after: State, table: Table, inputs: Inputs) -> Outcome:
        source, file = self._source(state), str(self.file)
        field = after.schema[_classes.of(state, self.field).field]
        edit = _side.Edit(field=field.name, new=self.new, old=self.expect, old_optional=True, single=True)
        edits = _side.read(after, table, inputs, file, [edit], beside=_reviewers.names_people)
        signed = _reviewers.signed(state, table, edits, self.reviewers)
        self._check_file(edits, field, source.name)
        holds = has(field, [source.name])
        findings = edits.settle(
            f"without the class {source.name!r}",
            f"SELECT e.line, {edits.key_text()} || ': found ' || {_listing.shown(column(field.name))} AS text "
            f"FROM {edits.pairs(table)} WHERE NOT {holds}",
            on_conflict=self.on_conflict,
            rule="split-class-skipped",
            skipped=f"they no longer have the class {source.name!r}",
        )
        join = f"LEFT JOIN {edits.relation} AS e ON {edits.same_key()}"
        rest = f"{holds} AND e.line IS NULL"
        self._refuse_rest(state, table, inputs, rest, join=join)
        counts = edits.engine.rows(f"SELECT CAST(n0 AS VARCHAR), count(*) FROM {edits.relation} GROUP BY ALL")
        cell = self._cell(state, after, f"{holds} AND e.line IS NOT NULL", "e.n0", rest)
        rewritten = rewrite(table, after.schema, {field.name: cell}, join=join)
        held = () if findings else edits.held(cells=False)
        guards = (*held, *signed, *self._guards(inputs, source.name))
        return Outcome(table=rewritten, findings=(*findings, *self._empty(dict(counts))), guards=guards)

    def _by_condition(self, state: State, after: State, table: Table, inputs: Inputs) -> Outcome:
        source, where = self._source(state), str(self.where)
        field = after.schema[_classes.of(state, self.field).field]
        holds, matches = has(field, [source.name]), _conditions.checked(table, where)
        (rows,) = _conditions.counts(table, [f"{holds} AND {matches}"], where)
        rest = f"{holds} AND NOT {matches}"
        self._refuse_rest(state, table, inputs, rest)
        (made,) = self._new()
        cell = self._cell(state, after, f"{holds} AND {matches}", value(field, made.word), rest)
        rewritten = rewrite(table, after.schema, {field.name: cell})
        findings = self._empty({made.word: rows})
        return Outcome(table=rewritten, findings=findings, guards=self._guards(inputs, source.name))

    def _new(self) -> list[NewClass]:
        return [NewClass(key=item) if isinstance(item, str) else item for item in self.into]

    def _source(self, state: State) -> ClassIdentity:
        found = _classes.find(_classes.of(state, self.field), self.source)
        if found.group:
            raise SchemaError(f"{self.source!r} is a group, which no cell holds", where=self.source)
        return found

    def _check(self) -> None:
        """Check what the parameters say together. Raises: SchemaError."""
        if not self.into:
            raise SchemaError("there is no class to split out", where=self.source, hint="name new classes in `into:`")
        if (self.file is None) == (self.where is None):
            raise SchemaError(
                "either a file or a condition tells the rows apart", where=self.source, hint="give `file:` or `where:`"
            )
        if self.where is not None and len(self.into) > 1:
            raise SchemaError(
                "a condition tells one class from the rest",
                where=self.source,
                hint="give one class in `into:`, and the next one an operation of its own",
            )
        if (self.rest == "relabel_to") != (self.relabel_to is not None):
            raise SchemaError("`relabel_to:` names a class, and goes with `rest: relabel_to`", where=self.source)
        if self.reviewers and self.file is None:
            raise SchemaError("`reviewers:` go with `file:`", where=self.source)
        if self.coverage is not None:
            _classes.check_coverage(self.coverage)

    def _coverage(self) -> str:
        if self.coverage is not None:
            return self.coverage
        return "all" if self.rest == "error" or self.where is not None else "reviewed"

    def _remainder(self, state: State, after: State) -> str | None:
        """What the cells of the rest hold; None: nothing. Raises: SchemaError: they cannot."""
        classes = _classes.of(after, self.field)
        if self.relabel_to is not None:
            target = _classes.find(classes, self.relabel_to)
            if target.group or target.key == self._source(state).key:
                raise SchemaError(f"the rest cannot be relabelled to {self.relabel_to!r}", where=self.relabel_to)
            return target.name
        if self.rest == "unlabelled":
            return _classes.emptied(after, classes.field, where=self.source)
        return self._source(state).name

    def _cell(self, state: State, after: State, test: str, new: str, rest: str) -> str:
        """SQL for the cell of the row `t`: `new` where the test is true, and what becomes of the rest."""
        name = self._source(state).name
        field = after.schema[_classes.of(after, self.field).field]
        cell = column(field.name)
        whens = f"WHEN {test} THEN {changed(field, name, new)}"
        if self.rest in ("unlabelled", "relabel_to"):
            whens += f" WHEN {rest} THEN {mapped(field, {name: self._remainder(state, after)}, merging=True)}"
        return f"CASE {whens} ELSE {cell} END"

    def _check_file(self, edits: _side.Edits, field: Field, source: str) -> None:
        """Require that each line says one of the classes, and expects the one that is split."""
        rows = f"SELECT e.line, {edits.key_text()} || ' ' || {{}} AS text FROM {edits.relation} AS e WHERE {{}}"
        names = ", ".join(value(field, name) for name in (source, *(made.word for made in self._new())))
        edits.refuse(
            "that the split does not tell apart",
            rows.format(_listing.shown("e.n0"), f"coalesce(e.n0 NOT IN ({names}), true)"),
            hint=f"{self.new!r} is one of the classes of `into:`, or {source} where it stays",
        )
        if edits.edits[0].old is not None:
            expected = value(field, source)
            edits.refuse(
                f"expecting another class than {source!r}",
                rows.format(_listing.shown("e.o0"), f"e.o0 IS DISTINCT FROM {expected}"),
            )

    def _refuse_rest(self, state: State, table: Table, inputs: Inputs, rest: str, *, join: str = "") -> None:
        if self.rest == "error" and inputs.guarded:
            _listing.refuse(
                table,
                state.key,
                rest,
                f"of class {self._source(state).name!r} left over",
                where=self.file or self.where,
                hint="say what becomes of them with `rest: keep`, `unlabelled` or `relabel_to`",
                join=join,
            )

    def _guards(self, inputs: Inputs, source: str) -> tuple[str, ...]:
        checked = []
        if self.file is not None and self.on_conflict == "error":
            checked.append(f"the rows that {self.file} names have the class {source}")
        if self.rest == "error":
            checked.append(f"no row of the class {source} is left over")
        return tuple(checked) if inputs.guarded else ()

    def _empty(self, rows: Mapping[str, int]) -> tuple[Finding, ...]:
        words = [made.word for made in self._new() if not rows.get(made.word)]
        return tuple(
            Finding(rule="split-class-empty", level="warning", message=f"no row becomes {word}", count=1)
            for word in words
        )


def _check_free(state: State, classes: ClassList, made: NewClass) -> None:
    try:
        _classes.check_key(classes, made.key)
        _classes.check_name(state, classes, made.word)
    except SchemaError as error:
        if _classes.lookup(classes, made.word) is not None:
            error.hint = "relabel moves rows between classes that exist"
        raise


plugin = SplitClass
