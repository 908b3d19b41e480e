"""The profile: what Git keeps about a dataset's content."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from dsv.model.schema import Field

PROFILE_VERSION = 2
CLASS_LIMIT = 10_000
DISTINCT_LIMIT = 10_000
SPLIT_LIMIT = 1_000
PROFILE_SUFFIX = ".profile.yaml"
COUNTS_SUFFIX = ".counts.csv"


def profile_path(path: str) -> str:
    """Where the profile of the dataset at a path is."""
    return path + PROFILE_SUFFIX


def counts_path(path: str) -> str:
    """Where the class counts of the dataset at a path are, as a table that `dvc plots` draws."""
    return path + COUNTS_SUFFIX


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldProfile:
    """One field: its type, how many cells are missing, how many values are distinct.

    `distinct` is exact for key, label and split fields; elsewhere None stands for more than
    `DISTINCT_LIMIT`, and nested fields always have None.
    """

    field: Field
    nulls: int
    distinct: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelProfile:
    """Rows by class and by (split, class). `truncated`: too many classes, none listed."""

    field: str
    classes: Mapping[str, int]
    by_split: Mapping[str, Mapping[str, int]]
    unlabelled: int
    class_count: int
    truncated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A function of the dataset alone: no time, host or library version in it.

    `digest` is the row digest, 32 hexadecimal digits; `version_digest` that of the rows as the
    version holds them from which they were published, None where it is the same. `md5` is of the dataset's bytes.
    `classes` are the class identities of a chained dataset, else empty; so are `guidelines`.
    """

    rows: int
    key: tuple[str, ...]
    split: str | None
    fields: tuple[FieldProfile, ...]
    labels: tuple[LabelProfile, ...]
    splits: Mapping[str, int]
    digest: str
    md5: str
    size_bytes: int
    classes: Mapping[str, tuple[ClassIdentity, ...]]
    guidelines: tuple[Guideline, ...] = ()
    version_digest: str | None = None

    @property
    def adds_up(self) -> bool:
        """The numbers can be those of one table: an edit by hand seldom keeps them so."""
        types = {item.field.name: item.field.type for item in self.fields}
        labels = all(
            _adds_up(label, self.rows, single=not types.get(label.field, "").startswith("list<"))
            for label in self.labels
        )
        return (
            labels and sum(self.splits.values()) <= self.rows and all(item.nulls <= self.rows for item in self.fields)
        )


def _adds_up(label: LabelProfile, rows: int, *, single: bool) -> bool:
    """Every row of a label with one class a cell has a class or none; no class has more rows than there are."""
    if label.truncated:
        return True
    if label.class_count != len(label.classes):
        return False
    if single and sum(label.classes.values()) + label.unlabelled != rows:
        return False
    parts: Counter[str] = Counter()
    for counts in label.by_split.values():
        parts.update(counts)
    return all(parts[name] <= label.classes.get(name, 0) <= rows for name in {*parts, *label.classes})


@dataclass(frozen=True, slots=True, kw_only=True)
class Guideline:
    """By which guideline a dataset, one of its fields or one of a field's classes is annotated.

    `class_key` is a class of `field`, None for all; without `field` it is about the dataset. `kind`
    says what its last version changed: a clarification changes no label that was right.
    """

    version: str
    field: str | None = None
    class_key: str | None = dataclasses.field(default=None, metadata={"key": "class"})
    kind: str | None = None
    file: str | None = None
    url: str | None = None
    text: str | None = None

    @property
    def subject(self) -> tuple[str | None, str | None]:
        """What it is about: field and class."""
        return self.field, self.class_key


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassIdentity:
    """A class of a chained dataset.

    `key` is immutable, `id` permanent and never reused, `index` the dense training index (None
    once retired), `name` what the cells hold, `parent` another class key. `coverage` says on
    which rows the class was looked for: "all", "none" or "reviewed". `split_from` is the key of
    the class that it was split out of, `into` that of the class which a retired one became part of.
    """

    key: str
    id: int
    index: int | None
    name: str
    parent: str | None = None
    description: str | None = None
    coverage: str = "all"
    group: bool = False
    retired: bool = False
    split_from: str | None = None
    into: str | None = None
