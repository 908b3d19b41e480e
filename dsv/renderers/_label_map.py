"""The contract `dsv.labels-map/1`: a map of classes as JSON, described by schemas/dsv.labels-map.1.json."""

from __future__ import annotations

import dataclasses
from typing import Any

from dsv.model.labelmap import FieldMap, LabelMap
from dsv.renderers._encode import dumps

SCHEMA = "dsv.labels-map/1"


def render(result: LabelMap) -> str:
    """The whole document."""
    return dumps(document(result), indent=2) + "\n"


def document(result: LabelMap) -> dict[str, Any]:
    """The document as JSON values."""
    return {
        "schema": SCHEMA,
        "old": {"revision": result.old.name, "commit": result.old.commit},
        "new": {"revision": result.new.name, "commit": result.new.commit},
        "datasets": [
            {
                "dataset": item.dataset,
                "path": item.path,
                "labels": {name: _field(found) for name, found in item.fields.items()},
            }
            for item in result.datasets
        ],
        "findings": [dataclasses.asdict(item) for item in result.findings],
    }


def _field(found: FieldMap) -> dict[str, Any]:
    return {
        "matched": found.matched,
        "identical": found.identical,
        "old_outputs": found.old_outputs,
        "new_outputs": found.new_outputs,
        "old_to_new": list(found.old_to_new),
        "old": [dataclasses.asdict(item) for item in found.old],
        "new": [
            {
                "key": item.key,
                "id": item.id,
                "name": item.name,
                "index": item.index,
                "begin": {"method": item.method, "from": list(item.sources), "merged": list(item.merged)},
            }
            for item in found.new
        ],
        "roll_up": [dataclasses.asdict(item) for item in found.roll_up],
    }
