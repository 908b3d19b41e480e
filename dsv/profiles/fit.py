"""A profile stays small: what would make it too large is counted, and not listed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dsv.model.profile import LabelProfile, Profile
from dsv.profiles.document import dump

SIZE_LIMIT = 1_000_000
"""Bytes of a profile's document."""


def fit(profile: Profile) -> Profile:
    """The profile, with the classes of its longest labels left out until its document is within the limit.

    A label that is left out keeps its number of classes, and is `truncated`.
    """
    while len(dump(profile).encode("utf-8")) > SIZE_LIMIT:
        listed = [label for label in profile.labels if label.classes]
        if not listed:
            return profile
        longest = max(listed, key=_length)
        cut = replace(longest, classes={}, by_split={}, truncated=True)
        profile = replace(
            profile,
            labels=tuple(cut if label is longest else label for label in profile.labels),
            classes={name: found for name, found in profile.classes.items() if name != longest.field},
        )
    return profile


def warnings(profile: Profile) -> Iterator[str]:
    """Sentences about labels whose classes are not listed."""
    for label in profile.labels:
        if label.truncated:
            yield (
                f"label {label.field} has {label.class_count:,} classes and looks like an id: "
                "its profile only counts them"
            )


def _length(label: LabelProfile) -> int:
    lists = (label.classes, *label.by_split.values())
    return sum(len(name) for names in lists for name in names)
