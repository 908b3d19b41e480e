"""Versions of datasets: Git tags of the form in which DVC writes and reads those of its artifacts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_NUMBER = r"(?:0|[1-9]\d*)"
_WORD = r"(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_REST = rf"(?:-{_WORD}(?:\.{_WORD})*)?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?"
_WRITTEN = re.compile(rf"v({_NUMBER})(\.{_NUMBER})?(\.{_NUMBER})?({_REST})", re.ASCII)
_TAG = re.compile(rf"([a-zA-Z0-9._/=-]+)@(v{_NUMBER}\.{_NUMBER}\.{_NUMBER}{_REST})(!?)(?:#\d+)?", re.ASCII)
_ARTIFACT = re.compile(r"(?:[a-zA-Z0-9._/-]+:)?[a-zA-Z0-9](?:[a-zA-Z0-9/_-]*[a-zA-Z0-9])?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version that a tag gives to an artifact; `artifact` is `signs`, or `folder:signs`.

    `date` is ISO 8601 with the tagger's offset, `id` that of the tag's own object. A tag that is
    not `annotated` is one that DVC does not read.
    """

    artifact: str
    version: str
    tag: str
    id: str
    commit: str
    date: str
    message: str
    annotated: bool = True

    @property
    def dataset(self) -> str:
        """The name without the folder."""
        return self.artifact.rpartition(":")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionList:
    """What was done, the versions that it was done to, and what the user should know of it."""

    action: Literal["listed", "created", "deleted"]
    versions: tuple[Version, ...]
    warnings: tuple[str, ...] = ()


def normal(version: str) -> str | None:
    """A version with all three numbers, `v1.2` as `v1.2.0`; None of what is no version."""
    found = _WRITTEN.fullmatch(version)
    if found is None:
        return None
    major, minor, patch, rest = found.groups()
    return f"v{major}{minor or '.0'}{patch or '.0'}{rest}"


def precedence(version: str) -> tuple[object, ...]:
    """What semantic versions are sorted by: a prerelease is before its release, numbers are before words."""
    numbers, _, pre = version.removeprefix("v").partition("+")[0].partition("-")
    words = tuple((0, int(word), "") if word.isdigit() else (1, 0, word) for word in pre.split(".")) if pre else ()
    return (*(int(number) for number in numbers.split(".")), not pre, words)


def tag_name(artifact: str, version: str) -> str | None:
    """The tag of a version; None where the artifact's name or folder has characters that DVC does not read in one."""
    if not _ARTIFACT.fullmatch(artifact):
        return None
    return f"{artifact.replace(':', '=')}@{version}"


def read_tag(tag: str) -> tuple[str, str, bool] | None:
    """The artifact and version of a tag, and whether it takes the version back; None of any other tag."""
    found = _TAG.fullmatch(tag)
    if found is None:
        return None
    name, version, cancel = found.groups()
    return name.replace("=", ":"), version, bool(cancel)
