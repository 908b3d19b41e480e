"""Stop where the rows are not as the next operations take for granted; nothing changes."""

from __future__ import annotations

from dataclasses import dataclass

from dsv.errors import MigrationError, SchemaError
from dsv.model.migration import Effect, State
from dsv.operations import _conditions, _listing, _references
from dsv.operations._rows import rewrite
from dsv.operations.base import Inputs, Operation, Outcome, condition
from dsv.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Assert(Operation):
    """Require that the SQL condition `every` is true for every row, or that rows are neither too few nor too many.

    `where` limits it to the rows for which that condition is true. With `at_least` and `at_most`
    their number is held between the two. `why` is told where it does not hold. A condition that is
    neither true nor false of a row (a missing cell) does not hold: say `x IS NULL OR …`.
    """

    name = "assert"
    symbol = "~"

    every: str | None = condition(default=None)
    where: str | None = condition(default=None)
    at_least: int | None = None
    at_most: int | None = None
    why: str | None = None

    def forward_schema(self, state: State, inputs: Inputs) -> State:
        bounded = self.at_least is not None or self.at_most is not None
        if self.every is None and not bounded:
            raise SchemaError("there is nothing to check", hint="give `every:`, `at_least:` or `at_most:`")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise SchemaError(f"no number is at least {self.at_least} and at most {self.at_most}")
        return state

    def forward(self, state: State, table: Table, inputs: Inputs) -> Outcome:
        self.forward_schema(state, inputs)
        bound = self.bind(inputs.parameters) if self.parameters() else self
        table = table.typed_table()
        guards = bound._checked(state, table) if inputs.guarded else ()
        return Outcome(table=rewrite(table, table.schema), guards=guards)

    def inverse(self, state: State) -> Operation | None:
        return self

    def describe(self, state: State, inputs: Inputs | None = None) -> str:
        return f"assert {' and '.join(self._claims())}"

    def effect(self, state: State) -> Effect:
        return Effect()

    def _claims(self) -> list[str]:
        limit = "" if self.where is None else f" where {_references.shown(self.where)}"
        claims = []
        if self.every is not None:
            claims.append(f"every row{limit}: {_references.shown(self.every)}")
        if self.at_least is not None or self.at_most is not None:
            claims.append(f"{self._bounds()} rows{limit}")
        return claims

    def _bounds(self) -> str:
        if self.at_least == self.at_most:
            return str(self.at_least)
        bounds = {"at least": self.at_least, "at most": self.at_most}
        return " and ".join(f"{word} {bound}" for word, bound in bounds.items() if bound is not None)

    def _checked(self, state: State, table: Table) -> tuple[str, ...]:
        """Check the bound conditions; what holds, in words. Raises: MigrationError: it does not."""
        within = "true" if self.where is None else _conditions.checked(table, self.where)
        if self.every is not None:
            fails = f"({within} AND NOT {_conditions.checked(table, self.every)})"
            _conditions.counts(table, [fails], self.every)
            _listing.refuse(
                table, state.key, fails, "for which it is not true", where=_references.shown(self.every), hint=self.why
            )
        if self.at_least is not None or self.at_most is not None:
            (rows,) = _conditions.counts(table, [within], self.where or "")
            if rows < (self.at_least or 0) or (self.at_most is not None and rows > self.at_most):
                where = None if self.where is None else _references.shown(self.where)
                raise MigrationError(
                    f"there are {rows} rows, not {self._bounds()} as asserted", where=where, hint=self.why
                )
        return tuple(self._claims())


plugin = Assert
