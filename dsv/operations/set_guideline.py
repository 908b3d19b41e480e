"""Record by which guideline a dataset, a field or a class is annotated; no cell changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from dsv.errors import SchemaError
from dsv.model.migration import Effect, State
from dsv.model.profile import Guideline
from dsv.operations import _classes, _fields
from dsv.operations._rows import rewrite
from dsv.operations.base import Inputs, Operation, Outcome, keyed
from dsv.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class SetGuideline(Operation):
    """Record the `version` of the annotation guideline of the dataset, of `field`, or of one `class` of it.

    What it says is told by a `file` beside the document, a `url` or a `text`. `kind` is what this
    version changed: a clarification, an amendment (labels that were right may now be wrong), or a
    rule of the validator. The empty text as the version takes the record away.
    """

    name = "set_guideline"
    symbol = "~"

    version_name: str = keyed("version")
    kind: Literal["clarification", "amendment", "validator"] | None = None
    file: str | None = None
    url: str | None = None
    text: str | None = None
    class_name: str | None = keyed("class", default=None)
    field: str | None = None

    def side_files(self) -> tuple[str, ...]:
        return () if self.file is None else (self.file,)

    def forward_schema(self, state: State, inputs: Inputs) -> State:
        made = self._guideline(state)
        given = (made.kind, made.file, made.url, made.text)
        if not made.version and (any(given) or self._before(state) is None):
            raise SchemaError("an empty version takes away a guideline that is there", where=made.field)
        others = [item for item in state.guidelines if item.subject != made.subject]
        kept = [*others, made] if made.version else others
        return replace(state, guidelines=tuple(sorted(kept, key=_place)))

    def forward(self, state: State, table: Table, inputs: Inputs) -> Outcome:
        return Outcome(table=rewrite(table, self.forward_schema(state, inputs).schema))

    def inverse(self, state: State) -> Operation | None:
        before = self._before(state)
        old = Guideline(version="") if before is None else before
        return replace(
            self,
            version_name=old.version,
            kind=old.kind,  # type: ignore[arg-type]
            file=old.file,
            url=old.url,
            text=old.text,
        )

    def describe(self, state: State, inputs: Inputs | None = None) -> str:
        subject = f" of class {self.class_name}" if self.class_name is not None else ""
        subject = subject or (f" of field {self.field}" if self.field is not None else "")
        if not self.version_name:
            return f"no guideline{subject}"
        source = self.file or self.url
        kind = [] if self.kind is None else [self.kind]
        details = ", ".join([*kind, *([source] if source is not None else [])])
        return f"guideline {self.version_name}{subject}" + (f" ({details})" if details else "")

    def effect(self, state: State) -> Effect:
        return Effect()

    def _before(self, state: State) -> Guideline | None:
        subject = self._guideline(state).subject
        return next((item for item in state.guidelines if item.subject == subject), None)

    def _guideline(self, state: State) -> Guideline:
        """What is to be recorded. Raises: SchemaError: there is no such field or class."""
        field, key = self.field, None
        if self.class_name is not None:
            classes = _classes.of(state, self.field)
            field, key = classes.field, _classes.find(classes, self.class_name).key
        elif field is not None:
            _fields.find(state, field)
        return Guideline(
            version=self.version_name,
            field=field,
            class_key=key,
            kind=self.kind,
            file=self.file,
            url=self.url,
            text=self.text,
        )


def _place(item: Guideline) -> tuple[str, str]:
    return item.field or "", item.class_key or ""


plugin = SetGuideline
