"""The rules of a review: their stable ids, how grave each is, and in which order a reviewer reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dsv.model.finding import Level
from dsv.model.review import Unit

Quotes = Literal["nothing", "classes", "values"]
View = Literal["removed", "schema", "labels", "rows", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule. Its `number` is its place among those of its level, and its id: `DSV104` is rule 104.

    `title` says what is wrong, for all of its `unit`. `quotes` says what its message repeats of the data, and so
    what stands in it that may have to be kept from the reader. `view` is what of a diff lists every case.
    """

    number: int
    slug: str
    level: Level
    unit: Unit
    title: str
    quotes: Quotes = "nothing"
    view: View = "none"

    @property
    def id(self) -> str:
        """The stable id."""
        return f"DSV{self.number:03}"

    @property
    def anchor(self) -> str:
        """The rule's heading in docs/reference/rules.md."""
        return f"{self.id}-{self.slug}".lower()


def _family(first: int, view: View, *rules: tuple[str, Level, Unit, Quotes, str]) -> list[Rule]:
    """Rules with consecutive numbers that the same view lists. New rules go to a family's end: numbers are kept."""
    return [
        Rule(number=number, slug=slug, level=level, unit=unit, quotes=quotes, title=title, view=view)
        for number, (slug, level, unit, quotes, title) in enumerate(rules, first)
    ]


RULES: dict[str, Rule] = {
    rule.slug: rule
    for rule in (
        # What could not be compared.
        *_family(
            1,
            "none",
            ("not-compared", "error", "cases", "values", "something could not be compared"),
            ("malformed-lines", "error", "rows", "values", "lines could not be parsed and were left out"),
            ("not-checked-out", "warning", "cases", "nothing", "data is not checked out; its record was compared"),
            ("formatting-not-counted", "info", "cases", "nothing", "differences of spelling were not counted"),
            ("where-rows-only", "info", "cases", "values", "a condition narrows the rows only"),
            ("no-boxes", "warning", "cases", "nothing", "there are no boxes to compare by overlap"),
        ),
        # Data that is lost, and an evaluation that no longer means what it meant.
        *_family(
            101,
            "removed",
            ("dataset-removed", "error", "rows", "nothing", "a dataset was removed"),
            ("rows-removed", "warning", "rows", "nothing", "rows were removed"),
        ),
        *_family(
            103,
            "labels",
            ("classes-removed", "error", "classes", "classes", "classes were removed: no row has them now"),
        ),
        *_family(
            104,
            "rows",
            ("split-leak", "error", "keys", "classes", "keys are in several splits: tested on what was trained on"),
            ("media-split-leak", "error", "files", "values", "files of equal content are in several splits"),
            ("test-rows-moved", "error", "rows", "classes", "rows moved into or out of test"),
            ("test-rows-changed", "warning", "rows", "nothing", "rows of test changed"),
            ("duplicate-keys", "error", "rows", "nothing", "rows share their key"),
            ("null-keys", "error", "rows", "nothing", "rows have no key"),
            ("media-missing", "error", "files", "values", "rows name files that are not there"),
            ("media-replaced", "warning", "files", "values", "files changed under rows that did not"),
            ("secret-in-data", "error", "cells", "nothing", "cells hold what looks like a secret"),
        ),
        *_family(
            121,
            "rows",
            ("key-form-changed", "warning", "rows", "values", "few keys pair: their form seems to have changed"),
            ("key-form", "info", "fields", "nothing", "a key was compared in another form"),
            ("renumbered", "info", "rows", "nothing", "rows only have another id"),
            ("boxes-overlap", "info", "cells", "nothing", "boxes that overlap were taken for equal"),
            ("media-shared", "warning", "files", "values", "files have the bytes of others"),
            ("media-orphan", "info", "files", "values", "files are there that no row names"),
        ),
        *_family(
            201,
            "schema",
            ("field-removed", "error", "fields", "nothing", "fields were removed"),
            ("field-renamed", "warning", "fields", "nothing", "fields were renamed: readers of the old name break"),
            ("type-narrowed", "warning", "fields", "nothing", "fields have another type that old values do not fit"),
            ("values-missing-now", "warning", "fields", "nothing", "fields lack values that never did before"),
            ("schema-widened", "info", "fields", "nothing", "fields were added or widened"),
        ),
        *_family(
            301,
            "labels",
            ("classes-exploded", "error", "classes", "nothing", "most classes were replaced by many more"),
            ("classes-collapsed", "error", "classes", "nothing", "most classes were replaced by few"),
            ("label-gone", "error", "rows", "nothing", "the field of a label is gone"),
            ("label-new", "info", "rows", "nothing", "a label is new"),
            ("label-like-id", "warning", "classes", "nothing", "a label has so many classes that it looks like an id"),
            ("class-not-in-test", "warning", "classes", "classes", "classes of train are missing from test now"),
            ("class-gap", "warning", "classes", "classes", "classes of train are missing from validation now"),
            ("bulk-relabel", "warning", "rows", "classes", "a large share of rows has another class"),
            ("share-shift", "warning", "classes", "classes", "classes have another share of the rows"),
            ("encoding-only", "info", "rows", "nothing", "classes are written otherwise and mean the same"),
        ),
        *_family(
            401,
            "rows",
            ("null-share-rise", "warning", "fields", "nothing", "fields lack more of their values"),
            ("constant-field", "warning", "fields", "nothing", "fields have one value in all rows now"),
            ("whitespace-hides", "warning", "rows", "nothing", "real changes stand among many of whitespace only"),
            ("coerced-missing", "warning", "cells", "nothing", "words for missing became missing cells"),
            ("coerced-zeros", "warning", "cells", "nothing", "leading zeros were dropped"),
            ("coerced-decimal", "warning", "cells", "nothing", "whole numbers got a decimal point"),
            ("coerced-boolean", "warning", "cells", "nothing", "truth values became numbers"),
            ("coerced-time", "warning", "cells", "nothing", "days got a time of day"),
            ("coerced-digits", "error", "cells", "nothing", "long numbers lost digits"),
            ("not-finite", "warning", "cells", "nothing", "numbers became not-a-number or infinite"),
            ("zone-changed", "warning", "fields", "nothing", "times got or lost their time zone"),
        ),
        *_family(
            501,
            "rows",
            ("unexplained", "warning", "cases", "nothing", "changes are there that no migration explains"),
            ("not-as-migrated", "warning", "cases", "values", "what a migration did was taken back by hand"),
            ("chains-diverge", "warning", "migrations", "nothing", "the migrations of base and head diverge"),
            ("replay-failed", "warning", "migrations", "values", "the migrations in between could not be replayed"),
            ("explained-backwards", "warning", "migrations", "nothing", "migrations of base were taken back"),
            ("breaking-migration", "warning", "migrations", "values", "migrations break what reads the dataset"),
            ("code-in-migration", "warning", "migrations", "nothing", "migrations run code of the branch"),
        ),
        *_family(
            601,
            "none",
            ("remote-changed", "error", "settings", "nothing", "settings of DVC changed: remotes, cache, commands"),
            ("command-changed", "warning", "cases", "nothing", "commands of stages are new or changed"),
            ("declaration-changed", "warning", "settings", "nothing", "what a dataset is declared to be changed"),
            ("privacy-weakened", "error", "fields", "nothing", "fields are no longer declared to hold personal data"),
            ("checks-changed", "warning", "settings", "nothing", "the thresholds and levels of this review changed"),
        ),
        *_family(
            701,
            "rows",
            ("dangling-image", "error", "rows", "values", "annotations name images that are not there"),
            ("dangling-category", "error", "rows", "values", "annotations name classes that are not there"),
            ("repeated-id", "error", "cases", "values", "ids name several elements"),
            ("repeated-file-name", "warning", "files", "values", "file names name several images"),
            ("repeated-name", "warning", "classes", "values", "names name several classes"),
            ("unused-class", "info", "classes", "classes", "classes have no annotation"),
            ("no-box", "warning", "rows", "values", "boxes are no list of four numbers"),
            ("no-shape", "warning", "rows", "values", "segmentations are neither polygons nor masks"),
            ("odd-polygon", "warning", "rows", "values", "polygons have an odd number of coordinates"),
            ("several-of-one-image", "info", "cases", "nothing", "images have several elements in a list of one each"),
            ("not-a-number", "warning", "cases", "nothing", "elements hold NaN or Infinity, which is no JSON"),
            ("duplicate-sent-id", "warning", "cases", "values", "sentences share their id"),
            ("missing-field", "warning", "files", "values", "parts lack a field that others have"),
            ("widened-field", "warning", "files", "values", "parts have another type of a field"),
            ("classes-differ", "warning", "cases", "values", "splits list other classes"),
            ("own-split", "warning", "cases", "values", "a field stands in the place of the folder's own split"),
            ("annotation-without-image", "warning", "files", "values", "annotations are there without their image"),
            ("class-count", "warning", "cases", "values", "the number of classes is not what is declared"),
            ("class-named-twice", "warning", "classes", "values", "classes are named twice"),
            ("duplicate-lines", "warning", "rows", "values", "lines stand twice"),
            ("duplicate-objects", "warning", "rows", "values", "objects stand twice"),
            ("empty-boxes", "warning", "rows", "values", "boxes have no area"),
            ("image-without-metadata", "warning", "files", "values", "images have no metadata"),
            ("images-of-one-name", "warning", "files", "values", "images share a name"),
            ("labels-shared", "warning", "files", "values", "images share their labels"),
            ("labels-without-image", "warning", "files", "values", "labels are there without their image"),
            ("metadata-without-image", "warning", "files", "values", "metadata is there without its image"),
            ("other-filename", "warning", "files", "values", "annotations name another file than theirs"),
            ("other-files", "warning", "files", "values", "files are there that the format has no place for"),
            ("outside-image", "warning", "rows", "values", "boxes reach out of the image"),
            ("several-splits", "warning", "files", "values", "files are in several splits"),
            ("split-missing", "warning", "cases", "values", "a declared split is not there"),
            ("task-twice", "warning", "cases", "values", "tasks stand twice"),
            ("unknown-class", "warning", "rows", "values", "classes are used that are not declared"),
        ),
    )
}  # fmt: skip
"""Every rule by its slug, which a finding names."""

OF_REPOSITORY = ("remote-changed", "command-changed", "checks-changed")
"""Rules about no dataset, to which therefore no dataset's settings apply."""

_UNLISTED = Rule(number=999, slug="other", level="warning", unit="cases", quotes="values", title="something to look at")

_FIRST = ("not-compared", "malformed-lines", "dataset-removed", "classes-exploded", "classes-collapsed", "label-gone")
"""These say that other findings may be about something else than they seem."""
_RANKS: dict[Level, int] = {"error": 0, "warning": 1, "info": 2}


def rule_of(slug: str) -> Rule:
    """The rule that a finding names; one that quotes values for a slug that is not listed."""
    return RULES.get(slug, _UNLISTED)


def graver(one: Level, other: Level) -> Level:
    """The graver of two levels."""
    return min(one, other, key=lambda level: _RANKS[level])


def reading_order(slug: str, level: Level) -> tuple[int, int, int]:
    """What findings are sorted by: errors first; among equals what casts doubt on the others, then what is lost."""
    first = _FIRST.index(slug) if slug in _FIRST else len(_FIRST)
    return _RANKS[level], first, rule_of(slug).number


def amount(count: int, unit: str) -> str:
    """A count with its unit, such as `1 class` or `1,234 rows`."""
    one = unit.removesuffix("es") if unit.endswith("sses") else unit.removesuffix("s")
    return f"{count:,} {one if count == 1 else unit}"
