"""The contract `dsv.tag/1`: versions of datasets as JSON, described by schemas/dsv.tag.1.json."""

from __future__ import annotations

from dsv.model.versions import VersionList
from dsv.renderers._encode import dumps

SCHEMA = "dsv.tag/1"


def render(result: VersionList) -> str:
    """The whole document."""
    versions = [
        {
            "dataset": item.dataset,
            "artifact": item.artifact,
            "version": item.version,
            "tag": item.tag,
            "commit": item.commit,
            "date": item.date,
            "message": item.message,
            "annotated": item.annotated,
        }
        for item in result.versions
    ]
    document = {"schema": SCHEMA, "action": result.action, "versions": versions, "warnings": list(result.warnings)}
    return dumps(document, indent=2) + "\n"
