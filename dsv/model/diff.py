"""The result of a diff, field for field the JSON contract `dsv.diff/1`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, Protocol

from dsv.model.finding import Finding
from dsv.model.revision import Revision

if TYPE_CHECKING:
    from dsv.model.counts import Counts
    from dsv.model.labels import LabelDiff

Kind = Literal["added", "removed", "changed"]
KINDS: tuple[Kind, ...] = ("added", "removed", "changed")
Layer = Literal["formatting", "schema", "content"]
LAYERS: tuple[Layer, ...] = ("formatting", "schema", "content")
KeySource = Literal["declared", "given", "format", "inferred", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell before and after. None stands for missing.

    `migration` accounts for the change; None where none does, or none was asked.
    """

    old: Any
    new: Any
    migration: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChange:
    """A row that differs.

    `key` maps key fields to values (empty without a key). `cells` holds, of a changed row, the
    fields that differ; of an added or removed row, all fields, with the other side None.
    `old_position` and `new_position` count rows from 1; None on the side that lacks the row.
    `migration` accounts for an added or removed row, as a cell's does for a changed cell. `context`
    holds, of a changed row, what else was asked for: fields by which rows are filtered, before and after.
    """

    kind: Kind
    key: Mapping[str, Any]
    cells: Mapping[str, Cell]
    old_position: int | None = None
    new_position: int | None = None
    migration: str | None = None
    context: Mapping[str, Cell] = field(default_factory=dict)


class Changeset(Protocol):
    """All rows that differ between two snapshots, read while they are shown."""

    def rows(self, kinds: tuple[Kind, ...] = KINDS, limit: int | None = None) -> Iterator[RowChange]:
        """Rows of the given kinds, at most `limit` of each kind.

        Rows that migrations explain come last, before them those that differ in whitespace only;
        else by old, then new position.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCounts:
    """Counts of all rows. None where only the profiles were compared.

    `old`, `new` and `unchanged` are None too where equal bytes were never opened and no profile
    says how many rows they hold.
    """

    old: int | None
    new: int | None
    added: int | None
    removed: int | None
    changed: int | None
    unchanged: int | None
    rekeyed: int | None

    @property
    def differing(self) -> int:
        """Rows added, removed and changed, as far as they are known."""
        return sum(count or 0 for count in (self.added, self.removed, self.changed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Formatting:
    """Differences that change no value. None where it was not compared.

    `reordered`: the common rows stand in another order; `bom`, `delimiter`, `final_line_end`: the
    files differ in it. The others count cells (quoting, number spelling) or lines (line ends; of
    JSON the order of names, blanks, and escapes in texts), of rows that pair.
    """

    reordered: bool | None = None
    quoting: int | None = None
    line_ends: int | None = None
    number_spelling: int | None = None
    bom: bool | None = None
    delimiter: bool | None = None
    final_line_end: bool | None = None
    key_order: int | None = None
    whitespace: int | None = None
    escapes: int | None = None

    @property
    def any(self) -> bool:
        """Something is known to differ."""
        return any(getattr(self, item.name) for item in fields(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaChange:
    """A difference between two schemas. `to` is the new name of a renamed field."""

    change: Literal["field_added", "field_removed", "field_renamed", "type_changed", "nullable_changed"]
    field: str
    to: str | None = None
    old_type: str | None = None
    new_type: str | None = None
    breaking: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitMove:
    """Paired rows that went from one split to another."""

    source: str | None
    target: str | None
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange:
    """A row of equal content under another key."""

    old: Mapping[str, Any]
    new: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarPair:
    """A removed and an added row that share most cells, though no key says that they are one.

    Positions count rows from 1. `similarity` is the share (0-1) of the compared cells that are
    equal; `cells` are those that are not.
    """

    old_position: int
    new_position: int
    similarity: float
    cells: Mapping[str, Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowMatch:
    """The differing rows for which a condition that the user wrote is true, by kind; only they are shown."""

    condition: str
    added: int
    removed: int
    changed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A part of a difference: numbers of rows, of cells by field, of schema changes.

    `rows_changed` are those with at least one of the cells.
    """

    rows_added: int = 0
    rows_removed: int = 0
    rows_changed: int = 0
    cells: Mapping[str, int] = field(default_factory=dict)
    schema_changes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What one migration accounts for. `title` is that of its document."""

    migration: str
    title: str
    work: Work


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaDiff:
    """Media files of a dataset, in numbers of files, or of rows for `missing`.

    `changed` have other bytes under their name; `missing` are rows of new whose file is not there,
    `orphan` files of new that no row names, `shared` files of new whose bytes another file has too.
    """

    added: int
    removed: int
    changed: int
    missing: int
    orphan: int
    shared: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetDiff:
    """What differs in one dataset. Counts are always of all rows.

    What profiles cannot know is None where `compared` is "profiles", and what only cells tell where it is
    "hashes". `changed_cells*` map a field
    (by its new name) to a number of cells; the whitespace-only and case-only cells are part of
    `changed_cells` unless their flag hid them. `key_evidence` says in words why the key was chosen.
    `explained` names the migrations that account for differences, in the order of their chain, and
    `unexplained` what is left; None where there are none to ask. `tables` are the other tables of
    the format, by name. `similar` pairs are rows that stay counted as added and removed. `matching`
    counts the rows that the user's condition picks; every other count is of all rows. `split` is the field
    whose values are splits, by its new name.
    """

    dataset: str
    path: str
    status: Literal["added", "removed", "modified", "unchanged"]
    compared: Literal["rows", "hashes", "profiles"]
    key: tuple[str, ...]
    key_source: KeySource
    key_evidence: str | None
    rows: RowCounts
    duplicate_keys: Counts | None
    null_keys: Counts | None
    formatting: Formatting
    schema_changes: tuple[SchemaChange, ...]
    changed_cells: Mapping[str, int] | None
    changed_cells_whitespace_only: Mapping[str, int] | None
    changed_cells_case_only: Mapping[str, int] | None
    rekeyed: tuple[KeyChange, ...] | None
    labels: tuple[LabelDiff, ...]
    split_moves: tuple[SplitMove, ...] | None
    changes: Changeset | None
    changed_cells_encoding_only: Mapping[str, int] | None = None
    similar: tuple[SimilarPair, ...] | None = None
    explained: tuple[Explained, ...] | None = None
    unexplained: Work | None = None
    media: MediaDiff | None = None
    tables: Mapping[str, DatasetDiff] = field(default_factory=dict)
    matching: RowMatch | None = None
    split: str | None = None

    def layers(self) -> frozenset[Layer]:
        """The layers that differ."""
        rows = self.rows
        equal = self.compared != "profiles" and rows.added == rows.removed == rows.changed == 0
        parts = any(part.status != "unchanged" for part in self.tables.values())
        hidden = any((self.changed_cells_whitespace_only or {}).values()) or any(
            (self.changed_cells_case_only or {}).values()
        )
        differing: dict[Layer, bool] = {
            "formatting": self.formatting.any,
            "schema": bool(self.schema_changes),
            "content": self.status in ("added", "removed") or not equal or hidden or parts,
        }
        found = frozenset(layer for layer, differs in differing.items() if differs)
        return found or frozenset({"content"} if self.status != "unchanged" else ())

    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffResult:
    """A diff between two revisions. `complete` is False when something asked for was not compared."""

    old: Revision
    new: Revision
    complete: bool
    datasets: tuple[DatasetDiff, ...]
    findings: tuple[Finding, ...]
