"""The contract `dsv.reproduce/1`, described by schemas/dsv.reproduce.1.json."""

from __future__ import annotations

import dataclasses

from dsv.model.reproduction import Reproduction
from dsv.renderers._encode import dumps

SCHEMA = "dsv.reproduce/1"


def render(found: Reproduction) -> str:
    """The whole document."""
    document = {
        "schema": SCHEMA,
        "revision": {"name": found.revision.name, "commit": found.revision.commit},
        "verified": found.verified,
        "holds": found.holds,
        "folder": found.folder,
        "datasets": [dataclasses.asdict(item) for item in found.datasets],
    }
    return dumps(document, indent=2) + "\n"
