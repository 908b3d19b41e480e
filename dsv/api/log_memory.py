"""What a log found out about commits, kept on this machine: commits never change."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dsv import __version__
from dsv.model.dataset import Dataset
from dsv.model.diff import SchemaChange
from dsv.model.history import ClassMove, LogEntry, Meaning, RowDelta
from dsv.store.hashes import load_json, save_json

REMEMBERED = 50_000
FORM = 2
CHANGED, UNCHANGED = "changed", "unchanged"


class LogMemory:
    """Counts, migrations and meanings of commits, by commit and declaration.

    A copy of what Git and the profiles say, never a source: nothing is kept that was not known for sure, and
    what is damaged is found out again.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "log.json"
        found = load_json(self._path)
        stamp = [FORM, __version__]
        entries = found.get("entries") if found.get("stamp") == stamp else None
        self._stamp = stamp
        self._known: dict[str, Any] = entries if isinstance(entries, dict) else {}
        self._fresh = False

    def recall(self, entry: LogEntry, declaration: str, *, meaning: bool) -> LogEntry | None:
        """The entry with all that is remembered of its commit; None if that is not all that is wanted."""
        try:
            delta, rows, migrations, told = self._known[f"{entry.commit} {declaration}"]
            if meaning and told is None:
                return None
            return LogEntry(
                commit=entry.commit,
                author=entry.author,
                date=entry.date,
                subject=entry.subject,
                dataset=entry.dataset,
                delta=RowDelta(added=int(delta[0]), removed=int(delta[1]), changed=int(delta[2])),
                rows=None if rows is None else int(rows),
                migrations=tuple(map(str, migrations)),
                meaning=_meaning(told) if meaning else None,
            )
        except (KeyError, TypeError, ValueError, IndexError):
            return None

    def keep(self, entry: LogEntry, declaration: str) -> None:
        """Remember an entry, if its counts are known."""
        if entry.delta is None:
            return
        told = None if entry.meaning is None else asdict(entry.meaning)
        delta = [entry.delta.added, entry.delta.removed, entry.delta.changed]
        self._known[f"{entry.commit} {declaration}"] = [delta, entry.rows, list(entry.migrations), told]
        self._fresh = True

    def changed(self, commit: str, declaration: str) -> bool | None:
        """Whether the commit changed the dataset; None if it is not remembered."""
        known = self._known.get(f"{commit} {declaration}")
        return None if known is None else known != UNCHANGED

    def keep_changed(self, commit: str, declaration: str, changed: bool) -> None:
        """Remember whether a commit changed the dataset."""
        self._known[f"{commit} {declaration}"] = CHANGED if changed else UNCHANGED
        self._fresh = True

    def save(self) -> None:
        """Write what is new."""
        if self._fresh:
            save_json(self._path, {"stamp": self._stamp, "entries": dict(list(self._known.items())[-REMEMBERED:])})


def declaration_id(dataset: Dataset, first: str | None) -> str:
    """A name for all of a declaration that a count depends on."""
    told = [dataset.name, dataset.path, dataset.declared_in, dataset.key, dataset.header, dataset.format, first]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def _meaning(told: Any) -> Meaning:
    return Meaning(
        schema_changes=tuple(SchemaChange(**item) for item in told["schema_changes"]),
        moves=tuple(ClassMove(**item) for item in told["moves"]),
        more=int(told["more"]),
    )
