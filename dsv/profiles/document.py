"""The profile as a YAML document, which a plain Git diff shows well and `dvc metrics` can read.

`dvc metrics` reads numbers in maps and joins their keys with dots; it skips lists. So `rows`,
`splits.<name>` and `labels.<field>.<class>` are maps, and all else stands in lists. Two classes
whose joined names are equal would end every `dvc metrics`: they stand in the list `dotted` instead.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dsv.documents import decode, yaml
from dsv.errors import DocumentError
from dsv.model.profile import PROFILE_VERSION, ClassIdentity, FieldProfile, Guideline, LabelProfile, Profile
from dsv.model.schema import Field


def dump(profile: Profile) -> str:
    """The document of a profile; equal profiles give equal text."""
    listed, dotted = _listed(profile)
    about = {
        "profile": PROFILE_VERSION,
        "key": list(profile.key),
        **({} if profile.split is None else {"split": profile.split}),
        "digest": profile.digest,
        **({} if profile.version_digest is None else {"version_digest": profile.version_digest}),
        "md5": profile.md5,
        "size_bytes": profile.size_bytes,
    }
    head: dict[str, Any] = {"about": [about], "rows": profile.rows}
    if profile.split is not None:
        head["splits"] = dict(sorted(profile.splits.items()))
    if listed:
        head["labels"] = listed
    if profile.labels:
        head["label_details"] = [_details(label, dotted.get(label.field, {})) for label in profile.labels]
    described = [_without_defaults(_as_line(item)) for item in profile.fields]
    classes = [
        _without_defaults(_ClassLine(field=name, **_attributes(identity)))
        for name, identities in sorted(profile.classes.items())
        for identity in identities
    ]
    guidelines = [_keyed(item) for item in profile.guidelines]
    lines = {"fields": described, "classes": classes, "guidelines": guidelines}
    return yaml.dump(head) + "".join(_lines(title, items) for title, items in lines.items())


def load(text: str | bytes, where: str) -> Profile:
    """The profile that a document holds. Raises: DocumentError: it is no profile of this version."""
    mapping, lines = yaml.load_mapping(text, where)
    document = decode.decode(_Document, mapping, where, lines)
    if len(document.about) != 1 or document.about[0].profile != PROFILE_VERSION:
        raise DocumentError(
            f"not a profile of version {PROFILE_VERSION}",
            where=where,
            hint="write it anew with `dsv commit`, or use the dsv that wrote it",
        )
    about = document.about[0]
    if len(about.digest) != 32 or not set(about.digest) <= set("0123456789abcdef"):
        raise DocumentError("the row digest is not 32 hexadecimal digits", where=where)
    classes: dict[str, list[ClassIdentity]] = {}
    for line in document.classes:
        classes.setdefault(line.field, []).append(ClassIdentity(**_attributes(line)))
    return Profile(
        rows=document.rows,
        key=about.key,
        split=about.split,
        fields=tuple(map(_field_profile, document.fields)),
        labels=tuple(_label(details, document.labels) for details in document.label_details),
        splits=dict(document.splits),
        digest=about.digest,
        version_digest=about.version_digest,
        md5=about.md5,
        size_bytes=about.size_bytes,
        classes={name: tuple(identities) for name, identities in classes.items()},
        guidelines=document.guidelines,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _About:
    profile: int
    key: tuple[str, ...]
    split: str | None = None
    digest: str
    version_digest: str | None = None
    md5: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _SplitCounts:
    split: str
    classes: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Details:
    field: str
    class_count: int
    unlabelled: int
    truncated: bool = False
    dotted: Mapping[str, int] = dataclasses.field(default_factory=dict)
    by_split: tuple[_SplitCounts, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _FieldLine:
    name: str
    type: str
    nullable: bool = True
    values: tuple[str, ...] | None = None
    unlabelled: str | None = None
    origin: str | None = None
    description: str | None = None
    nulls: int
    distinct: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _ClassLine:
    field: str
    key: str
    id: int
    index: int | None = None
    name: str
    parent: str | None = None
    description: str | None = None
    coverage: str = "all"
    group: bool = False
    retired: bool = False
    split_from: str | None = None
    into: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    about: tuple[_About, ...]
    rows: int
    splits: Mapping[str, int] = dataclasses.field(default_factory=dict)
    labels: Mapping[str, Mapping[str, int]] = dataclasses.field(default_factory=dict)
    label_details: tuple[_Details, ...] = ()
    fields: tuple[_FieldLine, ...]
    classes: tuple[_ClassLine, ...] = ()
    guidelines: tuple[Guideline, ...] = ()


def _listed(profile: Profile) -> tuple[dict[str, dict[str, int]], dict[str, dict[str, int]]]:
    """Class counts by label for the map that `dvc metrics` reads, and those that would collide in it."""
    joined = Counter(f"{label.field}.{name}" for label in profile.labels for name in label.classes)
    listed: dict[str, dict[str, int]] = {}
    dotted: dict[str, dict[str, int]] = {}
    for label in profile.labels:
        for name, rows in sorted(label.classes.items()):
            into = listed if joined[f"{label.field}.{name}"] == 1 else dotted
            into.setdefault(label.field, {})[name] = rows
    return listed, dotted


def _details(label: LabelProfile, dotted: Mapping[str, int]) -> dict[str, Any]:
    details: dict[str, Any] = {
        "field": label.field,
        "class_count": label.class_count,
        "unlabelled": label.unlabelled,
    }
    if label.truncated:
        details["truncated"] = True
    if dotted:
        details["dotted"] = dict(dotted)
    if label.by_split:
        details["by_split"] = [
            {"split": split, "classes": dict(sorted(classes.items()))}
            for split, classes in sorted(label.by_split.items())
        ]
    return details


def _label(details: _Details, listed: Mapping[str, Mapping[str, int]]) -> LabelProfile:
    return LabelProfile(
        field=details.field,
        classes=dict(sorted({**listed.get(details.field, {}), **details.dotted}.items())),
        by_split={counts.split: dict(counts.classes) for counts in details.by_split},
        unlabelled=details.unlabelled,
        class_count=details.class_count,
        truncated=details.truncated,
    )


def _as_line(item: FieldProfile) -> _FieldLine:
    return _FieldLine(nulls=item.nulls, distinct=item.distinct, **_attributes(item.field))


def _field_profile(line: _FieldLine) -> FieldProfile:
    described = {name: value for name, value in _attributes(line).items() if name not in ("nulls", "distinct")}
    return FieldProfile(field=Field(**described), nulls=line.nulls, distinct=line.distinct)


def _attributes(value: Any) -> dict[str, Any]:
    """A dataclass's values by name; of a class line without its field."""
    skipped = {"field"} if isinstance(value, _ClassLine) else set()
    return {item.name: getattr(value, item.name) for item in dataclasses.fields(value) if item.name not in skipped}


def _without_defaults(line: _FieldLine | _ClassLine) -> dict[str, Any]:
    return {
        item.name: getattr(line, item.name)
        for item in dataclasses.fields(line)
        if getattr(line, item.name) != item.default
    }


def _keyed(item: Guideline) -> dict[str, Any]:
    """What is given of a guideline, under the keys that documents have for it."""
    given = {str(part.metadata.get("key", part.name)): getattr(item, part.name) for part in dataclasses.fields(item)}
    return {key: value for key, value in given.items() if value is not None}


def _lines(title: str, items: Sequence[Mapping[str, Any]]) -> str:
    """A list with one line an item; nothing if it is empty."""
    if not items:
        return ""
    return "".join([f"{title}:\n", *(f"- {yaml.dump_flow(item)}\n" for item in items)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """What a profile says of its fields: which are labels, and which value of a field counts as not labelled."""

    labels: tuple[str, ...]
    unlabelled: tuple[tuple[str, str], ...]


def roles(text: bytes, where: str) -> Roles:
    """The roles that a document tells, without reading the counts of its classes, which may be many.

    Raises: DocumentError: its fields cannot be read.
    """
    sections = {match[1]: match[2] for match in _SECTION.finditer(text)}
    named = [yaml.load(match[1], where) for match in _LABEL.finditer(sections.get(b"label_details", b""))]
    fields = yaml.load(sections.get(b"fields", b""), where) or []
    known = [(str(item.get("name")), item.get("unlabelled")) for item in fields]
    return Roles(
        labels=tuple(map(str, named)),
        unlabelled=tuple((name, str(value)) for name, value in known if value is not None),
    )


_SECTION = re.compile(rb"^([a-z_]+):\n((?:[ -].*\n)*)", re.MULTILINE)
_LABEL = re.compile(rb"^- field: (.*)$", re.MULTILINE)
