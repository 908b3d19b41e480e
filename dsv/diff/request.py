"""What to compare, and how."""

from __future__ import annotations

from dataclasses import dataclass

from dsv.model.diff import KeySource
from dsv.model.identity import Rung


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffRequest:
    """How two tables are compared. Field names may be those of either side.

    `key` is empty to have it inferred; `key_source` says where a key comes from, and `key_evidence`
    why an inferred one is one. `unlabelled` is the class that counts as not labelled, `unlabelled_in` are pairs of a
    field and the class that does so there. `ignore` names fields whose
    cells are not compared. `tolerance` is the largest difference of two numbers that counts as
    equal, in numbers and in lists of them. `renames` are pairs of an old and a new name of one field.
    `identity` is how the format tells rows apart, used where there is no `key`; it also says which
    fields are boxes: with `iou` (0-1) two boxes are equal that overlap by at least that share of their
    union. `surrogates` are fields that only name rows inside one file, such as ids that are dealt
    afresh: they are not compared, and rows that differ in nothing else are counted in a finding.
    `unexplained`: where migrations lie between, only rows that they do not explain are listed.
    `where` is SQL over old.FIELD and new.FIELD: of the rows that differ, only those for which it is
    true are listed. `sequence` is the field that numbers the sequences (sentences) in which the rows
    stand in order. `key_forms` are pairs of a field and the form that its values are brought into on
    both sides (diff/keyforms.py); no migration is then asked what it explains.
    `optional` are fields that any row may lack: that one does is no change of the schema.
    `context` are those of the ignored fields that say where a row stands: rows of two places are
    never equal as a whole. `told` are the fields that tell people which row of an `identity` is meant,
    where its rungs do not. `counts`: only the numbers of rows are wanted; cells are then read where the numbers
    depend on them. `infer_renames`: fields under another name are looked for; of a few rows that would be a guess.
    """

    key: tuple[str, ...] = ()
    key_source: KeySource = "given"
    key_evidence: str | None = None
    labels: tuple[str, ...] = ()
    split: str | None = None
    unlabelled: str | None = None
    unlabelled_in: tuple[tuple[str, str], ...] = ()
    ignore: tuple[str, ...] = ()
    tolerance: float | None = None
    by_position: bool = False
    hide_whitespace: bool = False
    hide_case: bool = False
    renames: tuple[tuple[str, str], ...] = ()
    identity: tuple[Rung, ...] = ()
    where: str | None = None
    similar: bool = False
    unexplained: bool = False
    sequence: str | None = None
    context: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    surrogates: tuple[str, ...] = ()
    counts: bool = False
    infer_renames: bool = True
    iou: float | None = None
    key_forms: tuple[tuple[str, str], ...] = ()
