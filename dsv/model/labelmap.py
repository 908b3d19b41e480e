"""What became of the classes of a label between two revisions, for a model that was trained on the old ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dsv.model.finding import Finding
from dsv.model.revision import Revision

Fate = Literal["kept", "renamed", "merged", "split", "removed"]
Method = Literal["keep", "copy", "mean", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heir:
    """A new class that rows of an old one may have.

    `share` is the part (0-1) that its rows are of the rows of all heirs together, in the new
    revision; None where they are not known or there are none.
    """

    key: str
    name: str
    index: int
    share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OldClass:
    """An output of the old model, and what became of it. `heirs` of a removed class are none."""

    key: str
    name: str
    index: int
    fate: Fate
    heirs: tuple[Heir, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClass:
    """An output of the new model, and how to begin it.

    `method`: `keep` the old output of the same class, `copy` the one output in `sources`, take the
    `mean` of those in `sources`, or begin anew (`none`). `sources` are old indices. `merged` are old
    indices whose rows went into a class that is kept; its own output stays as it is all the same.
    """

    key: str
    id: int | None
    name: str
    index: int
    method: Method
    sources: tuple[int, ...]
    merged: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RollUp:
    """A class above others, with the old and the new outputs that stand for it or for a class below it.

    An old output is listed where all that became of it is below the class.
    """

    key: str
    name: str
    old: tuple[int, ...]
    new: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldMap:
    """The map of one label.

    `matched` says how classes were found again: by `identity`, or by `name` where a side has no
    chain. `old_outputs` and `new_outputs` are numbers of outputs: the highest index and one.
    """

    matched: Literal["identity", "name"]
    old_outputs: int
    new_outputs: int
    old: tuple[OldClass, ...]
    new: tuple[NewClass, ...]
    roll_up: tuple[RollUp, ...]

    @property
    def old_to_new(self) -> tuple[int | None, ...]:
        """By old index: the new index of the same class, or of the only heir; None where there is no one such."""
        found: list[int | None] = [None] * self.old_outputs
        for item in self.old:
            same = [heir.index for heir in item.heirs if heir.key == item.key]
            only = [heir.index for heir in item.heirs] if len(item.heirs) == 1 else []
            found[item.index] = next(iter(same or only), None)
        return tuple(found)

    @property
    def identical(self) -> bool:
        """The old outputs are the new ones, in their order."""
        return self.old_outputs == self.new_outputs and all(
            item.method == "keep" and item.sources == (item.index,) and not item.merged for item in self.new
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetMap:
    """The maps of a dataset's labels, by field."""

    dataset: str
    path: str
    fields: Mapping[str, FieldMap]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelMap:
    """What `dsv labels map` finds between two revisions."""

    old: Revision
    new: Revision
    datasets: tuple[DatasetMap, ...]
    findings: tuple[Finding, ...] = ()
