"""Migrations as values: the state they change, the plan that foretells it, the lock that records it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from dsv.model.dataset import Media
from dsv.model.finding import Finding
from dsv.model.profile import ClassIdentity, Guideline
from dsv.model.schema import Schema
from dsv.model.snapshot import Dialect

BASE_ID = "m0000_base"

Summary = Literal["breaking", "additive", "corrective", "metadata"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassList:
    """The classes of one label or enum field, with the high-water mark of ids.

    `next_id` only grows, so that the id of a retired class is never dealt again. `next_index` is
    the training index that a new class gets; None: one more than was ever dealt.
    """

    field: str
    classes: tuple[ClassIdentity, ...]
    next_id: int
    next_index: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is known of a dataset at a point of its chain, apart from its rows."""

    schema: Schema
    key: tuple[str, ...]
    labels: tuple[str, ...]
    split: str | None
    media: Media | None = None
    unlabelled: str | None = None
    classes: tuple[ClassList, ...] = ()
    guidelines: tuple[Guideline, ...] = ()

    def class_list(self, field: str) -> ClassList | None:
        """The classes of a field, None if it has no class list."""
        return next((item for item in self.classes if item.field == field), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """`m0000_base.yaml`: what must not be inferred anew when base rows are added.

    `path` is the base file and `publishes` the published file, both repository paths; `parts` is
    the number of part files of every version. `squashed` is the last of the migrations that became
    part of the base, None where none did.
    """

    dataset: str
    path: str
    publishes: str
    format: str
    gzip: bool
    dialect: Dialect | None
    parts: int
    state: State
    squashed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What a migration must come to, as `plan --pin` writes it; what is None is not held against it.

    `rows` counts the rows after it; of `classes` (by label) and `splits` those that are named, after
    it. `cells` are the cells that change, by the fields' names after; a field that is not named must
    keep its cells.
    """

    rows: int | None = None
    rows_added: int | None = None
    rows_removed: int | None = None
    rows_changed: int | None = None
    cells: Mapping[str, int] | None = None
    classes: Mapping[str, Mapping[str, int]] | None = None
    splits: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowTest:
    """A test that a document brings: rows before, and what the migration must make of them.

    `expect` are the rows after it (of each only the cells that are named count), `counts` what it
    must come to; None of either is not asked. `unchanged`: the rows keep their cells. `line` is where
    the test stands in its document.
    """

    given: tuple[Mapping[str, Any], ...]
    expect: tuple[Mapping[str, Any], ...] | None = None
    unchanged: bool = False
    counts: Expectation | None = None
    name: str | None = None
    line: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """A migration document.

    `after` is the id of the migration before it. `operations` are the decoded operations, in
    order (dsv.operations.base.Operation; typed Any because the model imports nothing). `path` is
    the document, `side_files` the files it names, both repository paths. `expect` is what
    `plan --pin` wrote. `tuned` are the parameter names that `params.yaml` holds for it. `lines` are
    the lines of the document on which its keys begin (`after`), and its operations (`operations[0]`).
    """

    id: str
    after: str
    title: str
    why: str | None
    path: str
    operations: tuple[Any, ...]
    side_files: tuple[str, ...]
    tuned: tuple[str, ...]
    digest: str
    expect: Expectation | None = None
    tests: tuple[RowTest, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)

    def place(self, part: str) -> str:
        """`file:line` of a key or an operation of the document; of what is not there, the file."""
        return f"{self.path}:{self.lines[part]}" if part in self.lines else self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What an operation or a migration does on the four axes; True where it changes the axis."""

    schema: Literal["same", "widen", "add", "rename", "drop", "narrow"] = "same"
    class_head: Literal["same", "grow", "hole", "remap"] = "same"
    values: Literal["same", "filled", "corrected", "added", "removed"] = "same"
    evaluation: Literal["same", "moved"] = "same"

    @property
    def summary(self) -> Summary:
        """The word for the effect: the first of breaking, additive, corrective, metadata that applies."""
        narrows = self.schema in ("rename", "narrow", "drop") or self.class_head in ("hole", "remap")
        if narrows or self.evaluation == "moved":
            return "breaking"
        if self.schema in ("widen", "add") or self.class_head == "grow" or self.values in ("filled", "added"):
            return "additive"
        return "metadata" if self.values == "same" else "corrective"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Counts of a table, for plans and locks: rows, by split, by class, by (split, class)."""

    rows: int
    by_split: Mapping[str, int]
    by_class: Mapping[str, Mapping[str, int]]
    by_split_class: Mapping[str, Mapping[str, Mapping[str, int]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStep:
    """One pending migration, foretold.

    `lines` are the operations in words, each with its sign. `before` and `after` are tallies;
    `cells` maps a field to the number of cells that will change; `quarantined` counts rows set
    aside, `rows_changed` those with a cell that differs. `digest` is the row digest that the result
    will have, `schema_after` its fields. `guards` are sentences about what was checked and holds.
    """

    migration: Migration
    lines: tuple[tuple[str, str], ...]
    effect: Effect
    before: Tally
    after: Tally
    cells: Mapping[str, int]
    rows_added: int
    rows_removed: int
    quarantined: int
    digest: str
    classes_before: tuple[ClassList, ...]
    classes_after: tuple[ClassList, ...]
    findings: tuple[Finding, ...] = ()
    rows_changed: int = 0
    guards: tuple[str, ...] = ()
    schema_after: Schema = field(default_factory=Schema)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The pending migrations of a dataset up to a target, and the stages that will rerun after them."""

    dataset: str
    head: str
    target: str
    steps: tuple[PlanStep, ...]
    downstream: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCounts:
    """What a migration did to the rows that it was applied to, which `input` tells apart from others.

    `input` is the row digest of the version before; of the base, which has none, the MD5 of its file.
    """

    added: int
    removed: int
    changed: int
    input: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LockEntry:
    """What `chain.lock` records of one applied migration.

    `counts` are those of the plan that it was applied by; None once its input is another.
    """

    id: str
    document: str
    digest: str
    rows: int
    environment: Mapping[str, str]
    counts: RowCounts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainLock:
    """`chain.lock`: the head, and the applied migrations in order.

    `squashed` are those before them that became part of the base.
    """

    head: str
    entries: tuple[LockEntry, ...]
    squashed: tuple[LockEntry, ...] = ()

    @property
    def line(self) -> tuple[LockEntry, ...]:
        """All migrations that led to the head, squashed ones first."""
        return (*self.squashed, *self.entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version directory: `rows/part-*.parquet`, `schema.yaml`, `quarantine/`.

    `total` is the sum of the hashes of its rows, of which `digest` is made.
    """

    path: Path
    state: State
    rows: int
    digest: str
    total: int
