"""The contract `dsv.status/1`: where datasets stand, described by schemas/dsv.status.1.json."""

from __future__ import annotations

import dataclasses

from dsv.model.history import Status
from dsv.renderers._encode import dumps

SCHEMA = "dsv.status/1"


def render(status: Status) -> str:
    """Where all datasets stand."""
    document = {
        "schema": SCHEMA,
        "complete": status.complete,
        "branch": status.branch,
        "commit": status.commit,
        "datasets": [{**dataclasses.asdict(item), "clean": item.clean} for item in status.datasets],
    }
    return dumps(document, indent=2) + "\n"
