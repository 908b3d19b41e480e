"""Field names of a file: told apart, and compared with the declared ones."""

from __future__ import annotations

from collections.abc import Sequence

from dsv.errors import FormatError
from dsv.model.schema import Schema
from dsv.tables.table import POSITION


def check_names_apart(names: Sequence[str], where: str) -> None:
    """Refuse names that are empty, or that SQL, which ignores case, could not tell apart.

    Raises: FormatError: with the name and its place.
    """
    seen: dict[str, str] = {}
    for number, name in enumerate(names, start=1):
        if not name:
            raise FormatError(
                f"field {number} of {len(names)} has no name",
                where=where,
                hint="name it, or read the file without a header: --no-header",
            )
        if name.lower() == POSITION:
            raise FormatError(f"the field name {name!r} is dsv's own", where=where, hint="rename the field")
        twin = seen.setdefault(name.lower(), name)
        if twin is not name:
            again = "twice" if twin == name else f"next to {twin!r}, from which only its case differs"
            raise FormatError(f"the field name {name!r} stands {again}", where=where, hint="rename one of them")


def check_names(found: Sequence[str], schema: Schema, where: str) -> None:
    """Compare a file's field names with the declared ones. Raises: FormatError."""
    missing = [name for name in schema.names if name not in found]
    unknown = [name for name in found if name not in schema]
    if not missing and not unknown:
        return
    parts = []
    if missing:
        parts.append("missing " + ", ".join(map(repr, missing[:5])))
    if unknown:
        parts.append("not declared " + ", ".join(map(repr, unknown[:5])))
    raise FormatError(
        f"the fields are not the declared ones: {'; '.join(parts)}",
        where=where,
        hint="a migration adds, renames or drops a field; or mend the file",
    )
