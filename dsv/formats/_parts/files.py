"""The files of a folder of parts: which are rows, of which format, and what their folders say of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from dsv.errors import FormatError
from dsv.formats._shared.folder import where
from dsv.formats._shared.notes import Notes
from dsv.formats.base import detect
from dsv.model.snapshot import Member, Snapshot

FORMATS = ("csv", "tsv", "jsonl", "parquet", "arrow")
NOTHING = "__HIVE_DEFAULT_PARTITION__"
"""How Hive spells a missing value in a folder's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartFile:
    """A file of rows; `fields` are those that the names of its folders give, None a missing value."""

    member: Member
    format: str
    gzip: bool
    fields: dict[str, str | None]
    shown: str


def is_part(path: str) -> bool:
    """Say whether a file's name is that of a file of rows; names that begin with `_` are the writers' own."""
    return _format(path) is not None


def found_parts(files: Iterable[Member], snapshot: Snapshot, notes: Notes) -> list[PartFile]:
    """The files of rows by path. Raises: FormatError: they are of several formats."""
    found = []
    for member in sorted(files, key=lambda item: item.path):
        known = _format(member.path)
        shown = where(snapshot, member.path)
        if known is not None:
            name, gzip = known
            fields = _folder_fields(member.path, shown)
            found.append(PartFile(member=member, format=name, gzip=gzip, fields=fields, shown=shown))
        elif not _is_own(member.path):
            notes.add("other-files", "files that hold no rows", shown, "info")
    _check_one_format(found, snapshot)
    return found


def _check_one_format(found: list[PartFile], snapshot: Snapshot) -> None:
    firsts: dict[str, PartFile] = {}
    for part in found:
        firsts.setdefault(part.format, part)
    if len(firsts) > 1:
        each = ", ".join(f"{name} ({part.member.path})" for name, part in firsts.items())
        raise FormatError(
            f"the folder has files of several formats: {each}",
            where=snapshot.shown_path,
            hint="a table's parts are of one format; name one file, or a folder of equal ones",
        )


def _format(path: str) -> tuple[str, bool] | None:
    if _is_own(path):
        return None
    try:
        found, gzip = detect(path)
    except FormatError:
        return None
    return (found, gzip) if found in FORMATS else None


def _is_own(path: str) -> bool:
    """What Hive and Spark write for themselves: `_SUCCESS`, `_metadata`, `_temporary/…`."""
    return any(step.startswith("_") and "=" not in step for step in path.split("/"))


def _folder_fields(path: str, shown: str) -> dict[str, str | None]:
    fields: dict[str, str | None] = {}
    for step in path.split("/")[:-1]:
        name, mark, value = step.partition("=")
        if not mark or not name:
            continue
        try:
            name, value = unquote(name, errors="strict"), unquote(value, errors="strict")
        except UnicodeDecodeError:
            raise FormatError(f"the folder's name {step!r} is not UTF-8", where=shown) from None
        if name in fields:
            raise FormatError(f"two folders give the field {name!r}", where=shown, hint="rename one of them")
        fields[name] = None if value == NOTHING else value
    return fields
