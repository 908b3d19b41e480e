"""The contract `dsv.review/1`: a review as one JSON document, described by schemas/dsv.review.1.json.

Additive over `dsv.diff/1`, whose names it keeps: `old` is the merge base, `new` the head.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from dsv.model.review import Group, Review
from dsv.model.revision import Revision
from dsv.renderers._encode import dumps, encode, row

SCHEMA = "dsv.review/1"


def render(review: Review, diff: Mapping[str, Any]) -> str:
    """The whole document; `diff` is the diff of the review's datasets, one of `dsv.diff/1`, as JSON values."""
    return dumps(document(review, diff), indent=2) + "\n"


def document(review: Review, diff: Mapping[str, Any]) -> dict[str, Any]:
    """The document as JSON values."""
    datasets = [
        {
            **found,
            "split": dataset.diff.split,
            "redacted": list(dataset.redacted),
            "groups": None if dataset.groups is None else [_group(group) for group in dataset.groups],
            "more_groups": dataset.more_groups,
            "more_cells": dataset.more_cells,
        }
        for dataset, found in zip(review.datasets, diff["datasets"], strict=True)
    ]
    return {
        "schema": SCHEMA,
        "verdict": review.verdict,
        "complete": review.complete,
        "base": _revision(review.base),
        "head": _revision(review.head),
        "merge_base": _revision(review.merge_base),
        "old": _revision(review.merge_base),
        "new": _revision(review.head),
        "command": review.command,
        "values": review.values,
        "findings": [dataclasses.asdict(finding) for finding in review.findings],
        "datasets": datasets,
        "errors": [dataclasses.asdict(error) for error in review.errors],
    }


def _revision(revision: Revision) -> dict[str, Any]:
    return {"revision": revision.name, "commit": revision.commit}


def _group(group: Group) -> dict[str, Any]:
    return {
        "field": group.field,
        "before": encode(group.before),
        "after": encode(group.after),
        "count": group.count,
        "share": group.share,
        "migration": group.migration,
        "samples": [row(change) for change in group.samples],
    }
