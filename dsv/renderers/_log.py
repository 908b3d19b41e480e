"""The contract `dsv.log/1`: revisions that changed datasets, described by schemas/dsv.log.1.json."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from dsv.model.blame import RowEvent
from dsv.model.finding import Finding
from dsv.model.history import LogEntry
from dsv.renderers._encode import dumps, row

SCHEMA = "dsv.log/1"


def render(entries: Sequence[LogEntry]) -> str:
    """The log of datasets."""
    return _document([dataclasses.asdict(entry) for entry in entries], ())


def render_rows(events: Sequence[RowEvent], findings: Sequence[Finding]) -> str:
    """The log of one row."""
    return _document([_event(event) for event in events], findings)


def _event(event: RowEvent) -> dict[str, Any]:
    change = {"kind": event.change.kind, **row(event.change)}
    return {**dataclasses.asdict(event.origin), "dataset": event.dataset, "row": change}


def _document(entries: list[dict[str, Any]], findings: Sequence[Finding]) -> str:
    document = {
        "schema": SCHEMA,
        "complete": not findings,
        "entries": entries,
        "findings": [dataclasses.asdict(item) for item in findings],
    }
    return dumps(document, indent=2) + "\n"
